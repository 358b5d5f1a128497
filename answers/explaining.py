"""Explains an answer: the programmes, the topics, and what speaks for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from answers.matching import grams, plain
from answers.policy_guide import FEW, Guide
from programmes.model import Programme

Verdict = Literal["chosen", "beside", "unsure", "less", "not_here", "by_role"]

MOST_TOPICS: Final = 6
MOST_GRAMS: Final = 6
MOST_WAYS: Final = 3


@dataclass(frozen=True, slots=True)
class Weighed:
    """A topic that may have been meant."""

    topic: str
    score: float
    verdict: Verdict
    speaks: tuple[str, ...]
    """The n-grams that count most for the topic."""
    ways: tuple[str, ...]
    """Its wordings that are most like the question."""


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why one question is answered as it is."""

    missing: str
    """A place or scheme asked about that has no programme here."""
    programmes: tuple[str, ...]
    scope: Literal["named", "own", "all"]
    rest: str
    """The question without the names of programmes, as it was compared."""
    heard: float
    """The share of the question that occurs in known wordings, 0 to 1."""
    word_for_word: bool
    topics: tuple[Weighed, ...]

    @property
    def understood(self) -> bool:
        return any(one.verdict in ("chosen", "beside", "by_role") for one in self.topics)


def explain(guide: Guide, question: str, own: Sequence[Programme] = (), role: str = "") -> Reasons:
    """Why a question that somebody of these programmes asks is answered as it is."""
    asked, rest = guide.scope(question, own)
    named = guide.names_in(question, own)
    found = guide.index.match(rest)
    enough = all if len(asked) <= FEW else any
    likely = guide.match(question, own)
    meant = [match.topic for match in guide.meant(likely, asked)]
    weighed: list[Weighed] = []
    for place, match in enumerate(likely):
        verdict: Verdict = "less"
        if match.topic in meant:
            verdict = "beside" if place else "chosen"
            if not place and guide.topics[match.topic].by_role.get(role):
                verdict = "by_role"
        elif not place:
            verdict = "unsure"
        if place < MOST_TOPICS or match.topic in meant:
            weighed.append(_weighed(guide, rest, match.topic, match.score, verdict))
    weighed += [
        _weighed(guide, rest, match.topic, match.score, "not_here")
        for match in found[:MOST_TOPICS]
        if not enough(guide.topics[match.topic].concerns(one) for one in asked)
    ]
    missing = guide.missing(question)
    return Reasons(
        missing=missing,
        programmes=tuple(one.key for one in asked),
        scope="named" if named else "own" if own and tuple(asked) == tuple(own) else "all",
        rest=plain(rest),
        heard=guide.index.heard(rest),
        word_for_word=bool(guide.index.known(rest)),
        topics=() if missing and not guide.surely_named(question) else tuple(weighed),
    )


def _weighed(guide: Guide, rest: str, topic: str, score: float, verdict: Verdict) -> Weighed:
    asked = set(grams(plain(rest)))
    every = guide.topics[topic].asks
    alike = sorted(every, key=lambda way: (-_alike(asked, way), way))
    return Weighed(
        topic,
        score,
        verdict,
        tuple(gram for gram, _ in guide.index.speaks(rest, topic)[:MOST_GRAMS]),
        tuple(way for way in alike[:MOST_WAYS] if _alike(asked, way)),
    )


def _alike(asked: set[str], way: str) -> float:
    said = set(grams(plain(way)))
    return len(asked & said) / (len(asked | said) or 1)
