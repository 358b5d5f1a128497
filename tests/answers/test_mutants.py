"""Right answers, each made wrong in one place: hardly any may pass for borne out."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise

from answers import guide
from answers.phrasing import Evidence, Unfit, checked
from answers.telling import tell
from prompts import render

MOST_PASSING = 0.03
"""Share of mutants that may pass; measured when this was written: see docs/answers.md."""
LEAST_RIGHT = 0.9
"""Share of right answers, in other words than the document's, that must pass."""
LEAST = 1000

ROLES = re.compile(
    "学生|导师|家长|中学|高校|大学|省级管理办公室|市级管理办公室|盟市管理办公室|专家"
)
FIGURES = re.compile(r"\d+(?:\.\d+)?")
HAN_DIGITS = "一二三四五六七八九"
ENCLOSED = "㈠㈡㈢㈣㈤㈥㈦㈧㈨"
UNITS = {"名": "所", "次": "篇", "元": "天", "人": "校", "月": "周", "年": "月", "日": "年"}
BOUNDS = [
    ("不少于", "不超过"),
    ("不超过", "不少于"),
    ("至少", "至多"),
    ("最多", "至少"),
    ("以上", "以下"),
    ("以下", "以上"),
    ("底前", "底后"),
    ("前", "后"),
    ("原则上", "一律"),
]
TURNS = [
    ("不合格", "合格"),
    ("不发", "发"),
    ("退出", "不退出"),
    ("可以", "必须"),
    ("合格", "不合格"),
]


def right_answers() -> list[tuple[Evidence, str]]:
    """What the packs say, a line each, in words that are nearly the documents'."""
    here = guide()
    found = []
    for programme in here.every:
        for topic in here.topics.values():
            told = (
                tell(programme, topic) if topic.documented and topic.concerns(programme) else None
            )
            if told is None or told.silent:
                continue
            label = render(topic.label, "zh")
            evidence = Evidence(
                label=label,
                words="\n".join(told.lines),
                programme=programme.name,
                clause=told.clause,
                basis="",
            )
            found += [
                (evidence, f"{label}：{line}")
                for line in told.lines
                if 12 <= len(line) <= 120 and not re.search(r"[\n|@/]|https?", line)
            ]
    return found


def digits(said: str, chance: random.Random) -> Iterator[str]:
    for found in FIGURES.finditer(said):
        number = found[0]
        place = chance.randrange(len(number))
        if number[place] == ".":
            continue
        other = chance.choice([one for one in "123456789" if one != number[place]])
        yield said[: found.start() + place] + other + said[found.start() + place + 1 :]


def moved(said: str, chance: random.Random) -> Iterator[str]:
    """Two figures in each other's place."""
    found = list(FIGURES.finditer(said))
    for one, other in pairwise(found):
        if one[0] != other[0]:
            between = said[one.end() : other.start()]
            yield said[: one.start()] + other[0] + between + one[0] + said[other.end() :]


def enclosed(said: str, chance: random.Random) -> Iterator[str]:
    """A number in one sign, another one than there."""
    for found in re.finditer(f"[{HAN_DIGITS}1-9](?=[名次年月日人个])", said):
        yield said[: found.start()] + chance.choice(ENCLOSED) + said[found.end() :]


def dozens(said: str, chance: random.Random) -> Iterator[str]:
    for found in re.finditer(r"\d+(?=[名次人所])", said):
        word = chance.choice(
            ["一打", "两打", "半打", "一双", "一对", "若干", "好几", "数十", "一半"]
        )
        yield said[: found.start()] + word + said[found.end() :]


def bounds(said: str, chance: random.Random) -> Iterator[str]:
    for before, after in BOUNDS:
        if before in said:
            yield said.replace(before, after, 1)
    for found in re.finditer(r"(?<=\d[%名次人天])(?![及以])", said):
        if re.search(r"[少多低高至过足][于到]?\d+.$", said[: found.start()]):
            continue  # 不少于10次及以上 says the same
        yield said[: found.start()] + chance.choice(["及以上", "及以下"]) + said[found.start() :]


def units(said: str, chance: random.Random) -> Iterator[str]:
    for found in re.finditer(f"(?<=\\d)[{''.join(UNITS)}]", said):
        yield said[: found.start()] + UNITS[found[0]] + said[found.end() :]


def roles(said: str, chance: random.Random) -> Iterator[str]:
    """Two roles in each other's place: who does it to whom is turned round."""
    found = list(ROLES.finditer(said))
    for one, other in pairwise(found):
        between = said[one.end() : other.start()]
        # In a list the order says nothing.
        if one[0] != other[0] and between and not re.fullmatch("[、和与及，,]+", between):
            yield said[: one.start()] + other[0] + between + one[0] + said[other.end() :]


def turns(said: str, chance: random.Random) -> Iterator[str]:
    for before, after in TURNS:
        if re.search(f"(?<![不未]){before}", said):
            yield re.sub(f"(?<![不未]){before}", after, said, count=1)


WAYS: list[Callable[[str, random.Random], Iterator[str]]] = [
    digits,
    moved,
    enclosed,
    dozens,
    bounds,
    units,
    roles,
    turns,
]


def passes(evidence: Evidence, said: str) -> bool:
    reply = '{{"evidence": [1], "answer": "{}"}}'.format(said.replace('"', "”"))
    try:
        return bool(checked(reply, [evidence], "zh").words)
    except Unfit:
        return False


def mutants() -> Iterator[tuple[str, Evidence, str]]:
    chance = random.Random(20261129)
    for evidence, said in right_answers():
        if not passes(evidence, said):
            continue
        for way in WAYS:
            for wrong in way(said, chance):
                if wrong.partition("：")[2] not in evidence.words:
                    yield way.__name__, evidence, wrong


def test_right_answers_pass() -> None:
    every = right_answers()
    assert sum(passes(*one) for one in every) >= LEAST_RIGHT * len(every)


def test_wrong_answers_hardly_ever_pass() -> None:
    made, passed = Counter[str](), Counter[str]()
    shown = []
    for way, evidence, wrong in mutants():
        made[way] += 1
        if passes(evidence, wrong):
            passed[way] += 1
            shown.append((way, wrong))
    assert made.total() >= LEAST
    assert all(made.values())
    told = {way: f"{passed[way]} of {count}" for way, count in made.items()}
    assert passed.total() <= MOST_PASSING * made.total(), (told, shown[:20])
