"""The five documents that the packs were written from: every clause that they cite is found.

They are not ours to hand on, so they lie beside the project, or the test is passed over.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from answers.passages import Passage, Passages
from answers.reading import read
from programmes.catalogue import all_programmes, load
from tests.tables import each_row

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "policies"
DOCUMENTS = {
    "sichuan-jingke-2023": "sichuan-2023",
    "sichuan-jindaoshi-2023": "sichuan-2023",
    "neimenggu-yingcai-2025": "neimenggu-2025",
    "neimenggu-pilot-2025": "neimenggu-2025",
}
"""Where one document speaks of two programmes."""
KEYS = [programme.key for programme in all_programmes()]


@cache
def loaded(key: str) -> Passages:
    file = FOLDER / f"{DOCUMENTS.get(key, key)}.txt"
    if not file.is_file():
        pytest.skip("the documents (shared/policies) are not beside the project")
    document = read(file.read_bytes(), file.name)
    assert document.doubts == ()
    return Passages(
        Passage(key, document.title, one.section, one.text, number, one.heading)
        for number, one in enumerate(document.passages)
    )


def bare(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_every_clause_is_found_and_nearly_all_to_the_letter() -> None:
    cited = exact = 0
    for key in KEYS:
        passages = loaded(key)
        for clause in {fact.clause for _, fact in load(key).facts() if fact.clause}:
            found = passages.at(key, clause)
            assert found is not None, (key, clause)
            cited += 1
            exact += bare(found.section) == bare(clause.split("；")[0])
    assert cited > 300
    assert exact >= 0.95 * cited, f"{exact} of {cited}"


@each_row("key", KEYS)
def test_lines_are_whole(key: str) -> None:
    """No line of a numbered section's text ends in the middle of a sentence."""
    broken = [
        line
        for one in loaded(key).all
        if re.search("[一二三四五六七八九]", one.section) and not one.section.startswith("附件 ")
        for line in one.text.splitlines()[1:]
        if len(line) > 40 and line[-1] not in "。；：！？）」”"
    ]
    assert not broken
