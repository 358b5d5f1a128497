"""The guides say what stands on the screen, and every picture is one that a walk takes."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Browser

from prompts import Language, catalogue
from tests.guides.walk import GUIDES, LANGUAGES, PICTURES, SAID, WALKS, walked
from tests.tables import each_row
from tests.web.conftest import browser

__all__ = ["browser"]

QUOTED = {"zh": re.compile("「([^」]+)」"), "en": re.compile("“([^”]+)”")}
GAP = re.compile(r"\{\w+\}")
MOST, MOST_OF_ALL = 60_000, 1_500_000
"""Bytes of one picture, and of all."""
EVERY = [(language, guide) for language in LANGUAGES for guide in WALKS]


def text(language: Language, guide: str) -> str:
    return (GUIDES / language / f"{guide}.md").read_text("utf-8")


def quoted(language: Language, guide: str) -> list[str]:
    """What a guide puts in quotation marks: buttons, commands, sentences to be typed."""
    return [" ".join(one.split()) for one in QUOTED[language].findall(text(language, guide))]


@cache
def sayings(language: Language) -> re.Pattern[str]:
    """Whatever the product says, and what names its commands, with anything in its gaps."""
    every = set(catalogue(language).values())
    every |= {
        word
        for key, words in catalogue(language).items()
        if key.startswith("command.") and key.endswith(".words")
        for word in words.split("|")
    }
    every |= {said[LANGUAGES.index(language)] for said in SAID.values()}
    least = 1 if language == "zh" else 2
    # A sentence that is nearly all gap would let anything pass.
    told = (one for one in every if len(re.findall(r"\w", GAP.sub("", one))) >= least)
    return re.compile("|".join(".+".join(map(re.escape, GAP.split(one))) for one in told))


@pytest.mark.parametrize(("language", "guide"), EVERY)
def test_a_guide_names_nothing_that_the_product_does_not_say(
    language: Language, guide: str
) -> None:
    found = quoted(language, guide)
    assert len(found) > 2
    assert [one for one in found if not sayings(language).fullmatch(one)] == []


def test_what_the_product_does_not_say_is_noticed() -> None:
    for language, words in (("zh", "一键点赞"), ("en", "Like this")):
        assert not sayings(language).fullmatch(words)


@each_row(("language", "guide"), EVERY)
def test_its_pictures_are_those_of_the_walk(language: Language, guide: str) -> None:
    named = re.findall(r'src="([^"]+)"', text(language, guide))
    taken = [f"../pictures/{language}/{guide}-{one}.webp" for one in WALKS[guide][1]]
    assert sorted(named) == sorted(taken)
    for one in named:
        path = (GUIDES / language / one).resolve()
        assert path.stat().st_size < MOST
        Image.open(path).verify()


def test_there_are_no_others_and_all_are_small() -> None:
    every = [*PICTURES.rglob("*.*")]
    assert len(every) == len(LANGUAGES) * sum(len(names) for _, names in WALKS.values())
    assert sum(one.stat().st_size for one in every) < MOST_OF_ALL
    index = (GUIDES / "README.md").read_text("utf-8")
    assert all(f"({language}/{guide}.md)" in index for language, guide in EVERY)


@pytest.mark.slow
@pytest.mark.parametrize(("language", "guide"), EVERY)
async def test_its_words_stand_on_the_screen(
    language: Language, guide: str, browser: Browser, tmp_path: Path
) -> None:
    """Whoever does what the guide says sees all that it puts in quotation marks."""
    way = await walked(guide, language, browser, tmp_path)
    seen = "".join("\n".join(way.seen).split())
    assert [one for one in quoted(language, guide) if "".join(one.split()) not in seen] == []
