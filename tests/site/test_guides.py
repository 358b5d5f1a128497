"""The guides: each role finds its own in the help, and its pictures are there."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urljoin

import httpx2
import pytest
from starlette.applications import Starlette

from app import guides, main
from bot.talk.clock import SetClock
from tests.conftest import NewDatabase
from tests.house import House
from tests.staff.conftest import bind

SITE = "https://yingcai.example.org"


async def joined(url: str, folder: Path, clock: SetClock) -> House:
    """A house with a site, where everybody has joined."""
    house = await House.open(url, folder, clock, site=SITE)
    await house.populate("shanxi-2026")
    with house.app.database.transaction() as db:
        for member in house.members.values():
            bind(db, member.person_id, member.address, house.clock)
    return house


async def test_each_role_finds_its_guide_in_the_help(
    new_database: NewDatabase, tmp_path: Path, clock: SetClock
) -> None:
    house = await joined(new_database("sqlite"), tmp_path, clock)
    site = Starlette(routes=guides.routes(main.GUIDES))
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(site), base_url=SITE)
    for name, page, words in (
        ("林小雨", "students", "记一次培养"),
        ("王建国", "mentors", "审记录"),
        ("李青", "mentors", "审记录"),
        ("郭老师", "school-teachers", "学生"),
        ("管小青", "coordinators", "本期概况"),
        ("林大海", "guardians", "孩子"),
    ):
        await house.members[name].says("帮助")
        links = [link.url for message in house.members[name].last for link in message.links]
        assert links == [f"{SITE}/guides/zh/{page}"], name
        shown = await client.get(links[0])
        assert shown.status_code == 200
        assert words in shown.text
        pictures = re.findall(r'src="([^"]+)"', shown.text)
        assert pictures
        for one in pictures:
            assert (await client.get(urljoin(links[0], one))).status_code == 200, one
    assert "For mentors" in (await client.get("/guides/en/mentors")).text
    for nothing in ("/guides/zh/README", "/guides/fr/mentors", "/guides/pictures/none.webp"):
        assert (await client.get(nothing)).status_code == 404
    await client.aclose()
    house.close()


async def test_a_program_without_the_guides_offers_none(
    new_database: NewDatabase, tmp_path: Path, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main, "GUIDES", tmp_path / "none")
    house = await joined(new_database("sqlite"), tmp_path, clock)
    mentor = house.members["王建国"]
    assert "点按钮" in await mentor.says("帮助")
    assert not any(message.links for message in mentor.last)
    house.close()
