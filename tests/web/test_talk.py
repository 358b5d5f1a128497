"""The socket: what is said is stored before it is confirmed, and nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from websockets.exceptions import InvalidStatus

from bot.platforms.web import sockets
from bot.platforms.web.door import HistoryLine, StoredFile, Visitor
from bot.platforms.web.platform import WebPlatform
from bot.talk.message import Button, Outgoing
from tests.web.conftest import MENTOR, STUDENT, Browse, line
from tests.web.house import House, open_house

ME = STUDENT.address


def shown(lines: list[dict[str, Any]]) -> list[str]:
    return [one["text"] for one in lines]


# ---------------------------------------------------------------- who may talk


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_another_sites_page_gets_no_socket(site: str, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with line(site, origin=origin):
            pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("session", ["", "made-up"])
async def test_a_stranger_is_told_to_sign_in(site: str, session: str) -> None:
    async with line(site, session) as page:
        assert await page.closed() == sockets.SIGNED_OUT


async def test_signing_out_closes_that_sessions_pages_only(
    house: House, site: str, browse: Browse
) -> None:
    house.sessions["other-device"] = STUDENT
    async with line(site) as here, line(site, "other-device") as there:
        await here.hear()
        await there.hear()
        await browse("of-student").post("/out")
        assert await here.closed() == sockets.SIGNED_OUT
        await there.say(text="在")
        assert "ack" in await there.hear()


async def test_a_session_that_ends_elsewhere_is_noticed_at_the_next_word(
    house: House, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "RECHECK", 0.0)
    async with line(site) as page:
        await page.hear()
        house.sessions.clear()
        await page.say(text="还在吗")
        assert await page.closed() == sockets.SIGNED_OUT
    assert not house.inbox


async def test_a_new_name_reaches_the_open_page(
    house: House, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "RECHECK", 0.0)
    async with line(site) as page:
        await page.hear()
        house.sessions["of-student"] = replace(STUDENT, name="李晓明")
        await page.say(ping=1)
        assert await page.hear() == {"name": "李晓明", "language": "zh"}


# ---------------------------------------------------------------- what a person says


@pytest.mark.parametrize(
    ("said", "understood"),
    [
        ({"text": "你好"}, ("你好", None)),
        ({"text": "/log", "label": "记一次培养活动"}, ("/log", None)),
        ({"press": "q:3:yes", "label": "是", "on": 7}, (None, "q:3:yes")),
        ({"press": "card:1"}, (None, "card:1")),
        ({"text": "a\0b"}, ("ab", None)),
        ({"text": "半个\ud83d"}, ("半个?", None)),
    ],
)
async def test_what_is_said_is_stored_then_confirmed(
    house: House, site: str, said: dict[str, Any], understood: tuple[str | None, str | None]
) -> None:
    async with line(site) as page:
        await page.hear()
        sent = await page.say(**said)
        assert (await page.hear())["ack"] == sent
    assert list(house.inbox) == [f"{ME}:{sent}"]
    assert house.platform
    incoming = house.platform.decode(house.inbox[f"{ME}:{sent}"].raw)
    assert (incoming.text, incoming.press) == understood
    assert incoming.address == ME
    assert "of-student" not in house.inbox[f"{ME}:{sent}"].raw


async def test_nothing_is_confirmed_before_it_is_stored(house: House, site: str) -> None:
    house.open = asyncio.Event()
    async with line(site) as page:
        await page.hear()
        sent = await page.say(text="别急")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(page.hear(), 0.2)
        house.open.set()
        assert (await page.hear())["ack"] == sent


async def test_nothing_is_confirmed_that_could_not_be_stored(house: House, site: str) -> None:
    house.closed = True
    async with line(site) as page:
        await page.hear()
        sent = await page.say(text="别丢了")
        assert await page.closed() == sockets.FAULT
    house.closed = False
    async with line(site) as page:
        await page.hear()
        await page.say(id=sent, text="别丢了")
        assert (await page.hear())["ack"] == sent
    assert len(house.inbox) == 1


async def test_the_same_message_twice_is_confirmed_twice_and_handled_once(
    house: House, site: str
) -> None:
    async with line(site) as page:
        await page.hear()
        sent = await page.say(text="一次")
        await page.say(id=sent, text="一次")
        assert [(await page.hear())["ack"] for _ in range(2)] == [sent, sent]
    assert house.delivered == [f"{ME}:{sent}"] * 2
    assert len(house.inbox) == 1


async def test_two_people_may_hit_on_one_id(house: House, site: str) -> None:
    one_id = str(uuid4())
    for session in ("of-student", "of-mentor"):
        async with line(site, session) as page:
            await page.hear()
            await page.say(id=one_id, text="你好")
            assert (await page.hear())["ack"] == one_id
    assert set(house.inbox) == {f"{ME}:{one_id}", f"{MENTOR.address}:{one_id}"}


async def test_what_is_said_on_one_page_shows_on_the_persons_others(
    house: House, site: str
) -> None:
    async with line(site) as phone, line(site) as desk, line(site, "of-mentor") as mentor:
        for page in (phone, desk, mentor):
            await page.hear()
        sent = await phone.say(text="在手机上")
        assert (await desk.hear())["line"]["id"] == sent
        assert house.platform
        await house.platform.send(1, MENTOR.address, Outgoing("只给导师"), None)
        assert (await mentor.hear())["line"]["text"] == "只给导师"


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"text": "  "},
        {"text": "又写", "press": "又按"},
        {"text": 5},
        {"text": "x", "admin": True},
        {"press": "x" * 201},
        {"files": ["x"] * 10},
        {"id": "short", "text": "x"},
        {"on": -1, "press": "x"},
    ],
)
async def test_what_makes_no_sense_is_refused_with_a_sentence(
    house: House, site: str, said: dict[str, Any]
) -> None:
    async with line(site) as page:
        await page.hear()
        sent = await page.say(**said)
        refused = await page.hear()
        assert refused["refused"] == sent
        assert "没有送出" in refused["words"]
        await page.say(text="接着说")
        assert "ack" in await page.hear()
    assert len(house.inbox) == 1


@pytest.mark.parametrize(
    "frame", ["", "[]", "{", "null", "[" * 60_000, b"\x00\x01", '{"older": "yesterday"}']
)
async def test_noise_is_refused_and_the_line_stays(site: str, frame: str | bytes) -> None:
    async with line(site) as page:
        await page.hear()
        await page.socket.send(frame)
        assert (await page.hear())["refused"] is None
        await page.say(text="还在")
        assert "ack" in await page.hear()


async def test_what_is_too_long_is_refused_by_name(house: House, site: str) -> None:
    async with line(site, "of-mentor") as page:
        await page.hear()
        sent = await page.say(text="长" * sockets.FRAME_LIMIT)
        assert await page.hear() == {
            "refused": sent,
            "words": "That is too long and was not sent. Please send it in several parts.",
        }
    assert not house.inbox


async def test_one_page_that_hurries_is_slowed_and_loses_nothing(
    house: House, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "BURST", 5)
    monkeypatch.setattr(sockets, "PER_SECOND", 50.0)
    async with line(site) as page:
        await page.hear()
        began = asyncio.get_running_loop().time()
        sent = [await page.say(text=str(number)) for number in range(15)]
        confirmed = [(await page.hear())["ack"] for _ in sent]
        took = asyncio.get_running_loop().time() - began
    assert confirmed == sent
    # Five at once, then ten at fifty a second.
    assert took >= 10 / 50


async def test_a_page_that_says_nothing_is_taken_for_gone(
    site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "SILENCE", 0.05)
    async with line(site) as page:
        await page.hear()
        assert await page.closed() == sockets.RESTART


async def test_one_person_has_a_limited_number_of_pages(
    house: House, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "PAGES_AT_ONCE", 1)
    house.sessions["of-another"] = Visitor("stu-2", "赵敏", "zh")
    async with line(site, "of-another") as first:
        await first.hear()
        async with line(site, "of-another") as second:
            assert await second.closed() == sockets.TRY_LATER
        async with line(site, "of-mentor") as mentor:
            assert "hello" in await mentor.hear()


async def test_a_page_whose_session_has_ended_closes_once_it_is_told(
    house: House, site: str
) -> None:
    """Signed out from elsewhere: what follows is shown to nobody."""
    async with line(site) as page:
        await page.hear()
        visitor = house.sessions.pop("of-student")
        assert house.platform
        await house.platform.offer(visitor.address, [("menu", "菜单")])
        assert await page.closed() == sockets.SIGNED_OUT


# ---------------------------------------------------------------- what the assistant says


async def test_a_row_is_shown_on_open_pages_and_repeats_say_so(house: House, site: str) -> None:
    question = Outgoing("去了吗？", ((Button("去了", "y"),),), kind="question", card="q")
    async with line(site) as page:
        await page.hear()
        assert house.platform
        given = [await house.platform.send(7, ME, question, None) for _ in range(2)]
        heard = [(await page.hear())["line"] for _ in range(2)]
    assert given == ["7", "7"]
    assert heard[0] == heard[1]
    assert heard[0]["row"] == 7
    assert heard[0]["rows"] == [[{"label": "去了", "press": "y"}]]
    assert (heard[0]["kind"], heard[0]["card"]) == ("question", "q")


async def test_a_row_for_somebody_who_is_away_is_no_failure(house: House, site: str) -> None:
    assert house.platform
    assert await house.platform.send(3, "nobody", Outgoing("在吗"), None) == "3"


async def test_a_line_names_only_the_files_its_reader_may_see(
    house: House, site: str, tmp_path: Path
) -> None:
    house.files = {n: StoredFile(tmp_path / "x", f"{n}.png", "image/png") for n in (1, 2)}
    house.readers = {1: {ME}}
    async with line(site) as page:
        await page.hear()
        house.say(ME, Outgoing("看", files=(1, 2, 3)))
        files = (await page.hear())["line"]["files"]
    assert files == [{"url": "/files/1", "name": "1.png", "image": True}]


async def test_a_page_too_slow_to_listen_is_cut_off_and_holds_nobody_up(
    house: House, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "BACKLOG", 3)
    async with line(site) as slow, line(site, "of-mentor") as other:
        await slow.hear()
        await other.hear()
        assert house.platform
        for row in range(1, 11):  # no await between: the writer never gets its turn
            house.say(ME, Outgoing(str(row)))
        house.say(MENTOR.address, Outgoing("不受影响"))
        assert (await other.hear())["line"]["text"] == "不受影响"
        assert await slow.closed() == sockets.TRY_LATER


async def test_the_menu_is_in_the_greeting_and_follows_when_it_changes(
    house: House, site: str
) -> None:
    house.menu[ME] = [("log", "记一次")]
    async with line(site) as page:
        assert (await page.hear())["commands"] == [["log", "记一次"]]
        assert house.platform
        await house.platform.offer(ME, [("help", "帮助")])
        assert await page.hear() == {"commands": [["help", "帮助"]]}


# ---------------------------------------------------------------- history


async def test_the_greeting_holds_both_sides_of_the_history(house: House, site: str) -> None:
    async with line(site) as page:
        await page.hear()
        await page.say(text="第一句")
        await page.hear()
        house.say(ME, Outgoing("答一", ((Button("好", "ok"),),), kind="question", card="q"))
        row = (await page.hear())["line"]["row"]
        pressed = await page.say(press="ok", label="好", on=row)
        await page.hear()
        await page.say(press="card-button")
        await page.hear()
    async with line(site) as page:
        greeting = await page.hear()
    assert shown(greeting["lines"]) == ["第一句", "答一", "好"]
    assert greeting["lines"][2] | {"at": 0} == {
        "id": pressed,
        "at": 0,
        "text": "好",
        "on": row,
        "press": "ok",
    }
    assert greeting["cursor"] == ""


async def walk_back(site: str) -> list[list[str]]:
    """All pages of history, the newest first."""
    pages = []
    async with line(site) as page:
        heard = await page.hear()
        pages.append(shown(heard["lines"]))
        while heard["cursor"]:
            await page.say(older=heard["cursor"])
            heard = await page.hear()
            assert heard["older"] is True
            pages.append(shown(heard["lines"]))
    return pages


async def test_older_lines_come_page_by_page(house: House, site: str) -> None:
    for number in range(120):
        house.record(ME, Outgoing(str(number)))
    pages = await walk_back(site)
    assert pages[0] == [str(n) for n in range(70, 120)]
    # Each page takes the last moment of the one after it again.
    assert pages[1] == [str(n) for n in range(21, 71)]
    assert pages[2] == [str(n) for n in range(22)]


@pytest.mark.parametrize("together", [3, 7, 50, 140])
async def test_lines_of_one_moment_are_not_lost_between_pages(
    house: House, site: str, together: int
) -> None:
    for number in range(140):
        moment = house.clock.now() + timedelta(seconds=number // together)
        house.said[ME].append(HistoryLine(moment, number + 1, Outgoing(str(number))))
    seen = {text for page in await walk_back(site) for text in page}
    assert seen == {str(number) for number in range(140)}


async def test_nobody_sees_anothers_history(house: House, site: str) -> None:
    house.record(MENTOR.address, Outgoing("只给导师"))
    async with line(site) as page:
        assert (await page.hear())["lines"] == []


async def test_what_is_sent_while_the_history_is_read_comes_after_it(
    house: House, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = house.history

    async def slow_history(*args: Any) -> Any:
        lines = await read(*args)
        house.say(ME, Outgoing("刚刚"))
        await asyncio.sleep(0.02)
        return lines

    monkeypatch.setattr(house, "history", slow_history)
    async with line(site) as page:
        assert (await page.hear())["lines"] == []
        assert (await page.hear())["line"]["text"] == "刚刚"


# ---------------------------------------------------------------- the server goes and comes back


async def test_pages_are_told_of_a_restart_and_find_what_they_missed(
    house: House, tmp_path: Path
) -> None:
    async with AsyncExitStack() as pages:
        async with open_house(house, tmp_path) as url:
            page = await pages.enter_async_context(line(url))
            await page.hear()
            sent = await page.say(text="重启之前")
            await page.hear()
        assert await page.closed() == sockets.RESTART
    house.record(ME, Outgoing("重启时说的"))
    port = int(url.rsplit(":", 1)[1])
    async with open_house(house, tmp_path, port=port) as url, line(url) as page:
        lines = (await page.hear())["lines"]
    assert [one.get("id") or one["text"] for one in lines] == [sent, "重启时说的"]


def test_a_poisonous_update_is_an_error(tmp_path: Path) -> None:
    platform = WebPlatform(House(), data_dir=tmp_path)
    for raw in ("", "{}", "[]", json.dumps({"address": "a", "files": [{}]})):
        with pytest.raises((ValueError, KeyError, TypeError)):
            platform.decode(raw)
