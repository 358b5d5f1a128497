"""Every transcript, played as it stands; after a restart before each act; and with acts repeated.

`WRITE_TALKS=1 pytest tests/talks` writes the transcripts anew: read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bot.talk.clock import SetClock
from tests.conftest import Kind, NewDatabase
from tests.house import House
from tests.talks.play import Script, contents, play

TALKS = sorted(Path(__file__).parent.glob("*.txt"))
WRITE = bool(os.environ.get("WRITE_TALKS"))

pytestmark = pytest.mark.parametrize("path", TALKS, ids=lambda path: path.stem)


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
async def test_talk_is_as_written(
    path: Path, kind: Kind, new_database: NewDatabase, tmp_path: Path, clock: SetClock
) -> None:
    script = Script.read(path)
    house = await House.open(new_database(kind), tmp_path, clock, script.packs)
    told = await play(house, script)
    house.close()
    if WRITE:
        path.write_text(told, "utf-8")
    assert told == path.read_text("utf-8")


@pytest.mark.slow
async def test_talk_survives_a_restart_before_every_act(
    path: Path, new_database: NewDatabase, tmp_path: Path, clock: SetClock
) -> None:
    script = Script.read(path)
    house = await House.open(new_database("sqlite"), tmp_path, clock, script.packs)
    told = await play(house, script, before_each=House.restart)
    house.close()
    assert told == path.read_text("utf-8")


@pytest.mark.slow
async def test_talk_delivered_twice_changes_nothing(
    path: Path, new_database: NewDatabase, tmp_path: Path, clock: SetClock
) -> None:
    script = Script.read(path)
    house = await House.open(new_database("sqlite"), tmp_path, clock, script.packs)
    await play(house, script)
    before = contents(house)
    said = len(house.platform.shown)
    await house.deliver_all_again()
    assert contents(house) == before
    assert len(house.platform.shown) == said
    house.close()
