"""Files on their way in."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest

from bot.chat import FileTooLarge, Unsent
from bot.platforms.web import uploads
from bot.platforms.web.uploads import Uploads
from tests.web.conftest import Browse, line
from tests.web.house import House, open_house

LIMIT = 3_000_000


@pytest.fixture
async def small_site(house: House, tmp_path: Path) -> AsyncIterator[str]:
    async with open_house(house, tmp_path, file_limit=LIMIT) as url:
        yield url


async def upload(
    url: str, content: bytes | AsyncIterator[bytes], name: str = "照片.jpg", kind: str = "image/jpeg"
) -> httpx2.Response:
    headers = {"origin": url, "x-file-name": quote(name), "content-type": kind}
    async with httpx2.AsyncClient(cookies={"session": "of-student"}) as client:
        return await client.post(f"{url}/upload", content=content, headers=headers)


def kept(folder: Path) -> list[Path]:
    return list((folder / "uploads").iterdir())


async def test_a_file_arrives_whole_and_goes_with_a_message(
    house: House, small_site: str
) -> None:
    content = os.urandom(2_500_000)
    answer = (await upload(small_site, content)).json()
    assert (answer["name"], answer["size"]) == ("照片.jpg", len(content))

    async with line(small_site) as page:
        await page.hear()
        await page.say(text="看照片", files=[answer["ref"]])
        assert "ack" in await page.hear()

    assert house.platform
    (update,) = house.inbox.values()
    (file,) = house.platform.decode(update.raw).files
    assert (file.name, file.media_type, file.size) == ("照片.jpg", "image/jpeg", len(content))
    assert await house.platform.fetch(file.ref, LIMIT) == content
    assert await house.platform.fetch(file.ref, LIMIT) == content
    with pytest.raises(FileTooLarge):
        await house.platform.fetch(file.ref, len(content) - 1)


async def test_a_reference_cannot_be_guessed(small_site: str) -> None:
    refs = [(await upload(small_site, b"x")).json()["ref"] for _ in range(2)]
    secrets = [ref.split("-", 1)[1] for ref in refs]
    assert refs[0] != refs[1]
    # 24 characters of base64: 144 bits.
    assert all(len(secret) == 24 for secret in secrets)


async def test_nobody_can_send_or_see_anothers_upload(
    house: House, small_site: str
) -> None:
    ref = (await upload(small_site, b"mine")).json()["ref"]
    async with line(small_site, "of-mentor") as page:
        await page.hear()
        sent = await page.say(files=[ref])
        assert (await page.hear())["refused"] == sent
    assert not house.inbox
    for session, status in (("of-student", 200), ("of-mentor", 404), ("", 404)):
        async with httpx2.AsyncClient(cookies={"session": session}) as client:
            assert (await client.get(f"{small_site}/uploads/{ref}")).status_code == status


async def test_a_file_that_is_gone_is_refused_by_name_and_the_words_are_not_stored(
    house: House, small_site: str
) -> None:
    ref = (await upload(small_site, b"x")).json()["ref"]
    async with line(small_site) as page:
        await page.hear()
        sent = await page.say(text="附件", files=[ref, ref[:-1] + "?"])
        assert await page.hear() == {
            "refused": sent,
            "words": "附件已经过期，请重新选择后再发。",
        }
    assert not house.inbox


async def test_a_file_that_says_it_is_too_large_is_refused_at_once(
    small_site: str, tmp_path: Path
) -> None:
    refused = await upload(small_site, bytes(LIMIT + 1))
    assert refused.status_code == 413
    assert refused.json() == {"words": "文件太大了，每个最多 2 MB。"}
    assert not kept(tmp_path)


async def test_a_file_that_does_not_say_is_stopped_where_it_becomes_too_large(
    small_site: str, tmp_path: Path
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(LIMIT // 100_000 + 1):
            yield bytes(100_000)

    refused = await upload(small_site, endless())
    assert refused.status_code == 413
    assert not kept(tmp_path)


async def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"the beginning"
        raise ConnectionResetError

    (tmp_path / "uploads").mkdir()
    with pytest.raises(ConnectionResetError):
        await Uploads(tmp_path / "uploads", LIMIT).keep("me", "a", "text/plain", broken())
    assert not kept(tmp_path)


async def test_an_empty_file_and_a_stranger_are_refused_with_sentences(
    small_site: str, tmp_path: Path
) -> None:
    empty = await upload(small_site, b"")
    assert (empty.status_code, empty.json()["words"]) == (422, "这个文件是空的，请换一个。")
    async with httpx2.AsyncClient(headers={"origin": small_site}) as client:
        stranger = await client.post(f"{small_site}/upload", content=b"x")
    assert stranger.status_code == 401
    assert not kept(tmp_path)


async def test_one_person_may_leave_only_so_many_unsent(
    small_site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "WAITING_AT_MOST", 2)
    refs = [(await upload(small_site, b"x")).json()["ref"] for _ in range(2)]
    assert (await upload(small_site, b"x")).status_code == 429
    async with line(small_site) as page:
        await page.hear()
        await page.say(files=refs)
        await page.hear()
    assert (await upload(small_site, b"x")).status_code == 200


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\x\\图 1.png", "图 1.png"),
        ("a\r\nSet-Cookie: x", "aSet-Cookie: x"),
        ("", "file"),
        ("长" * 300 + ".pdf", "长" * 116 + ".pdf"),
    ],
)
async def test_a_files_name_is_only_a_name(small_site: str, given: str, name: str) -> None:
    assert (await upload(small_site, b"x", given)).json()["name"] == name


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("image/png", "inline"),
        ("IMAGE/PNG; charset=x", "inline"),
        ("image/svg+xml", "attachment"),
        ("text/html", "attachment"),
        ("nonsense", "attachment"),
    ],
)
async def test_an_upload_never_runs_as_a_page(
    small_site: str, browse: Browse, given: str, shown: str
) -> None:
    ref = (await upload(small_site, b"<script>", kind=given)).json()["ref"]
    async with httpx2.AsyncClient(cookies={"session": "of-student"}) as client:
        answer = await client.get(f"{small_site}/uploads/{ref}")
    assert answer.headers["content-disposition"].startswith(shown)
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


# ---------------------------------------------------------------- how long they stay


async def _one(box: Uploads) -> str:
    async def content() -> AsyncIterator[bytes]:
        yield b"x"

    return (await box.keep("me", "a.txt", "text/plain", content())).ref


@pytest.mark.parametrize(
    ("sent", "fetched", "days"), [(False, False, 1), (True, False, 30), (True, True, 1)]
)
async def test_uploads_go_when_nobody_needs_them(
    tmp_path: Path, sent: bool, fetched: bool, days: int
) -> None:
    box = Uploads(tmp_path, LIMIT)
    ref = await _one(box)
    if sent:
        assert box.take("me", [ref])
    if fetched:
        box.fetch(ref, LIMIT)
    now = datetime.now(UTC)

    assert box.sweep(now + timedelta(days=days, minutes=-1)) == 0
    assert box.of("me", ref) is not None

    assert box.sweep(now + timedelta(days=days, minutes=1)) == 1
    assert box.of("me", ref) is None
    with pytest.raises(Unsent):
        box.fetch(ref, LIMIT)


def test_half_an_upload_left_by_a_crash_goes_too(tmp_path: Path) -> None:
    box = Uploads(tmp_path, LIMIT)
    (tmp_path / "0123456789abcdef-x.part").mkdir()
    assert box.sweep(datetime.now(UTC) + timedelta(days=2)) == 1


@pytest.mark.parametrize("ref", ["", "..", "../../etc", "0123456789abcdef-" + "/" * 24, "\0"])
def test_what_is_no_reference_is_not_looked_for(tmp_path: Path, ref: str) -> None:
    with pytest.raises(Unsent):
        Uploads(tmp_path, LIMIT).fetch(ref, LIMIT)
