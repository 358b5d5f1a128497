"""The page of all cards is as `make cards` writes it, and each card can be read and drawn."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pytest

from bot.platforms.telegram.drawing import draw
from bot.talk.message import Outgoing, as_text, rows_of
from prompts import LANGUAGES, Language
from tests.cards.page import PAGE, page
from tests.cards.shots import Shot, shots

UGLY = re.compile(
    r"）。）|。。|，，|：：|\bNone\b(?!\.)|[{}]|已等 0|另有 0|"
    r"\b1 (sessions|days|students|questions|groups|entries)\b|[ \t]$",
    re.M,
)
"""What must stand on no card."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
async def every() -> Mapping[Language, Sequence[Shot]]:
    return {language: await shots(language) for language in LANGUAGES}


async def test_the_cards_say_what_they_should(every: Mapping[Language, Sequence[Shot]]) -> None:
    assert page(every) == PAGE.read_text("utf-8"), "run `make cards` and look at docs/cards.html"
    assert [s.name for s in every["zh"]] == [s.name for s in every["en"]]
    for shot in (one for language in LANGUAGES for one in every[language]):
        told = as_text(shot.message)
        assert (found := UGLY.search(told)) is None, (shot.name, found)
        filled = [b for row in rows_of(shot.message) for b in row if b.weight == "primary"]
        assert len(filled) <= 1, shot.name
        assert Outgoing.from_json(shot.message.to_json()) == shot.message
        drawn = draw(shot.message)
        assert drawn.text == drawn.text.strip(), shot.name
        assert not re.search(r"： ", drawn.text), shot.name
        for part in (shot.message.title, shot.message.text, shot.message.note):
            assert part in drawn.text, shot.name
