"""The paper's pages: nothing ends one while what belongs to it begins the next."""

from __future__ import annotations

import io
import json
import random
import re
from itertools import pairwise
from typing import Any

from pypdf import PdfReader

from jobs import fonts
from jobs.printing import DOSSIER, make_compiler, set_page


def made_up(chance: random.Random) -> dict[str, Any]:
    """What the paper is told of an invented learner, with entries of all lengths."""

    def entry(number: int) -> dict[str, Any]:
        facts = [f"FACT{'长' * chance.randint(1, 60)}" for _ in range(chance.randint(0, 3))]
        texts = [
            [f"LABEL{place}", [f"TEXT{'记' * chance.randint(1, 300)}"] * chance.randint(1, 4)]
            for place in range(chance.randint(0, 3))
        ]
        return {"head": f"HEAD{number}", "facts": facts, "passages": texts}

    sections = [
        {
            "heading": f"SECTION{number}",
            "blocks": [entry(place) for place in range(chance.randint(0, 9))],
            "none": "NONE",
        }
        for number in range(6)
    ]
    return {
        **{
            "title": "档案",
            "author": "示例管理办公室",
            "programme": "方案",
            "heading": "培养档案",
        },
        **{
            "name": "林小雨",
            "as_of": "2026-12-07",
            "running": "RUNNING",
            "page": ["第", "共", "页"],
        },
        **{"who": [["学校", "汾河中学"]] * 5, "seal": ["SEAL"], "sections": sections},
        "fonts": [fonts.SERIF, fonts.SANS],
    }


def pages_of(told: dict[str, Any]) -> list[list[str]]:
    """The first letters of each line of each page, without its foot."""
    compiler = make_compiler(DOSSIER)
    pages = PdfReader(io.BytesIO(set_page(compiler, json.dumps(told)))).pages
    lines = [page.extract_text().splitlines() for page in pages]
    return [[one for one in page if one and not re.match("RUNNING|第", one)] for page in lines]


def test_heads_stay_with_what_follows_them() -> None:
    chance = random.Random(11)
    breaks = set()
    for _ in range(4):
        pages = pages_of(made_up(chance))
        assert all(pages), "a page is empty"
        for page, following in pairwise(pages):
            last, first = (re.match("[A-Z]*", one) for one in (page[-1], following[0]))
            assert last is not None
            assert first is not None
            breaks.add((last.group(), first.group()))
    assert len(breaks) > 4
    assert not [one for one in breaks if one[0] in ("SECTION", "LABEL")]
    apart = [
        *((before, "FACT") for before in ("HEAD", "FACT")),
        ("HEAD", "LABEL"),
        ("FACT", "LABEL"),
    ]
    assert not breaks.intersection(apart)


def test_more_facts_than_a_page_holds_go_on_over_the_next() -> None:
    told = made_up(random.Random(3))
    long = {"head": "HEAD", "facts": [f"FACT {n}" for n in range(120)], "passages": []}
    told["sections"] = [{"heading": "SECTION", "blocks": [long], "none": ""}]
    facts = [one for page in pages_of(told) for one in page if one.startswith("FACT")]
    assert facts == long["facts"]
