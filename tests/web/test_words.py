"""Every sentence that a page or a script asks for is there, and none is there for nothing."""

from __future__ import annotations

import re

import pytest

from bot.platforms.web.server import HERE
from prompts import LANGUAGES, Language, catalogue

ASKED_FOR = (
    (HERE / "pages", r"""words\(["']([\w.]+)""", "web."),
    (HERE / "pages", r"""words\("[\w.]+" if \w+ else "([\w.]+)""", "web."),
    (HERE / "static", r"""\b(?:say|show)\("([\w.]+)""", "web.chat."),
    (HERE / "static", r"""show\([\w.]+ \? "(\w+)" : "\w+"\)""", "web.chat."),
    (HERE / "static", r"""show\([\w.]+ \? "\w+" : "(\w+)"\)""", "web.chat."),
    (HERE, r"""t\("(web\.[\w.]+)""", ""),
    (HERE, r"""_refuse\(\w*(?:\{\})?, "(\w+)""", "web.refused."),
)


def asked_for() -> set[str]:
    found: set[str] = set()
    for folder, pattern, prefix in ASKED_FOR:
        for file in folder.iterdir():
            if file.is_file():
                found |= {prefix + key for key in re.findall(pattern, file.read_text("utf-8"))}
    return {key for key in found if not key.endswith(".") and ".calendar." not in key}


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_asked_for_is_what_there_is(language: Language) -> None:
    kept = {key for key in catalogue(language) if key.startswith("web.")}
    assert kept == asked_for()


def test_gaps_have_one_name_in_all_languages() -> None:
    for key in asked_for():
        gaps = {frozenset(re.findall(r"\{\w*\}", catalogue(one)[key])) for one in LANGUAGES}
        assert len(gaps) == 1, key
