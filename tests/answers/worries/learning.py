"""Learns the weights of `answers/worries.json`: logistic regression, the same on every machine."""

from __future__ import annotations

import json
import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from answers.alarms import topic_of
from answers.worries import parts, plain, runs
from tests.language import heard

HERE: Final = Path(__file__).parent
TAUGHT: Final = HERE / "taught"
KEPT_APART: Final = HERE / "kept_apart.jsonl"
QUESTIONS: Final = HERE.parent / "questions"
TALKS: Final = HERE.parents[1] / "talks"
_TYPED: Final = re.compile(r"[^\s<>#]{1,12}> (?P<words>[^\[/(<{【].*)")
ROUNDS: Final = 25
STEP: Final = 0.3
PULL: Final = 1e-4
"""How strongly each weight is pulled towards nothing."""
RAREST: Final = 3
"""Sentences in which a run stands at least."""
LEAST: Final = 0.3
"""Weights below this say nothing, and are left out."""


class Said(NamedTuple):
    """A sentence and what it wants: `cry`, `ask` or `none`."""

    words: str
    want: str


def read(path: Path) -> list[Said]:
    return [Said(**json.loads(line)) for line in path.read_text("utf-8").splitlines()]


def taught() -> list[Said]:
    """What is learned from; sessions that people told, what they typed in talks and the questions
    that they asked are in need of nothing."""
    told = [one for path in sorted(TAUGHT.glob("*.jsonl")) for one in read(path)]
    ordinary = [words for words in dict.fromkeys(_ordinary()) if not topic_of(words)]
    return told + [Said(words, "none") for words in ordinary]


def _ordinary() -> Iterator[str]:
    for path in sorted(Path(heard.__file__).parent.glob("heard_*.txt")):
        for line in path.read_text("utf-8").splitlines():
            if line and line[0] not in "#@":
                yield line.partition(" | ")[0]
    for path in sorted(TALKS.glob("*.txt")):
        for line in path.read_text("utf-8").splitlines():
            if typed := _TYPED.match(line):
                yield typed["words"]
    for path in sorted(QUESTIONS.glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            yield json.loads(line)["question"]


def learned(taught: Sequence[Said]) -> dict[str, object]:
    """The weights, as `answers/worries.json` holds them."""
    every = [(sorted(runs(part)), needs) for part, needs in _told(taught)]
    seen = Counter(run for found, _ in every for run in found)
    told = [([r for r in found if seen[r] >= RAREST], needs) for found, needs in every]
    weights: defaultdict[str, float] = defaultdict(float)
    slopes: defaultdict[str, float] = defaultdict(lambda: 1e-8)
    bias, bias_slope = 0.0, 1e-8
    order = random.Random(1)
    for _ in range(ROUNDS):
        order.shuffle(told)
        for found, needs in told:
            share = 1 / math.sqrt(len(found) or 1)
            z = bias + share * sum(weights[run] for run in found)
            off = 1 / (1 + math.exp(-max(-30.0, min(30.0, z)))) - needs
            bias_slope += off * off
            bias -= STEP * off / math.sqrt(bias_slope)
            for run in found:
                slope = off * share + PULL * weights[run]
                slopes[run] += slope * slope
                weights[run] -= STEP * slope / math.sqrt(slopes[run])
    kept = {run: round(w, 2) for run, w in sorted(weights.items()) if abs(w) >= LEAST}
    return {"bias": round(bias, 2), "of": kept}


def _told(taught: Sequence[Said]) -> Iterator[tuple[str, bool]]:
    """What is learned from: of words in need the whole, for it is not known which part tells it;
    of others each part."""
    for said in taught:
        if said.want == "none":
            yield from ((part, False) for part in parts(said.words))
        else:
            yield plain(said.words), True


def written(weights: dict[str, object]) -> str:
    return json.dumps(weights, ensure_ascii=False, indent=0, separators=(",", ":")) + "\n"
