"""From a question to its answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final, Literal

from answers.matching import index
from answers.telling import Told, tell
from answers.topics import Topic, names, topics
from language.numerals import fold, tidy
from programmes.model import Programme
from prompts import Lines, Text, Words, t

Kind = Literal["fact", "compare", "silent", "personal", "out_of_scope", "distress"]

SURE: Final = 0.36
"""A match below this may be about anything: better say so than answer something else."""
NEAR: Final = 0.16
"""A match below this is not even worth offering."""
MOST_NEAR: Final = 3
MOST_PARTS: Final = 3
"""Questions that are answered at once."""

_SEVERAL: Final = re.compile(
    "哪些(?:方案|项目|计划|地方|省)|哪几个|各(?:方案|省|个方案)|分别|which prog"
)
_BETWEEN: Final = re.compile(r"[？?；;\n]+")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered, and what it rests on."""

    kind: Kind
    text: Text
    topic: str = ""
    clause: str = ""
    programmes: tuple[str, ...] = ()
    """The keys of those whose documents it speaks about."""
    score: float = 0.0
    """How surely the question was understood: 0 to 1."""
    near: tuple[str, ...] = ()
    """Other topics that may have been meant."""


def ask(
    question: str, every: Sequence[Programme], own: Sequence[Programme] = ()
) -> tuple[Answer, ...]:
    """Answer what was asked, part by part.

    `every` programme may be asked about by its name; without a name it is the asker's `own` that
    are meant, and for somebody without any, all of them.
    """
    parts = [part for part in _BETWEEN.split(question) if len(tidy(part)) > 1]
    answers: dict[str, Answer] = {}
    for part in parts[:MOST_PARTS] or [question]:
        answer = _answer(part, every, own)
        answers.setdefault(answer.topic, answer)
    understood = [answer for answer in answers.values() if answer.topic]
    return tuple(understood or answers.values())


def about(topic: str, programmes: Sequence[Programme]) -> Answer:
    """What these programmes' documents say about a topic. Raises KeyError for an unknown one."""
    return _told(topics()[topic], programmes, 1.0, ())


def _answer(question: str, every: Sequence[Programme], own: Sequence[Programme]) -> Answer:
    asked, rest = scope(question, every, own)
    found = index().match(rest)
    near = tuple(m.topic for m in found if m.score >= NEAR and _offered(m.topic))
    if not found or found[0].score < SURE:
        score = found[0].score if found else 0.0
        told = t("ask.not_understood")
        return Answer("out_of_scope", told, score=score, near=near[:MOST_NEAR])
    best = topics()[found[0].topic]
    others = tuple(topic for topic in near if topic != best.key)[:MOST_NEAR]
    return _told(best, asked, found[0].score, others)


def _offered(topic: str) -> bool:
    return topics()[topic].kind in ("fact", "silent")


def scope(
    question: str, every: Sequence[Programme], own: Sequence[Programme] = ()
) -> tuple[tuple[Programme, ...], str]:
    """The programmes that a question is about, and what is left of it without their names."""
    rest = fold(tidy(question)).casefold()
    called: set[str] = set()
    for name, families in names().items():
        if name in rest:
            rest = rest.replace(name, " ")
            ours = {programme.family for programme in own} & families
            called |= ours or families
    named = tuple(programme for programme in every if programme.family in called)
    if named:
        return named, rest
    if own and not _SEVERAL.search(rest):
        return tuple(own), rest
    return tuple(every), _SEVERAL.sub("", rest)


# ---------------------------------------------------------------- what is said


def _told(
    topic: Topic, programmes: Sequence[Programme], score: float, near: tuple[str, ...]
) -> Answer:
    label = t(f"ask.topic.{topic.key}")
    keys = tuple(programme.key for programme in programmes)
    if topic.kind not in ("fact", "silent"):
        return Answer(topic.kind, t(f"ask.reply.{topic.key}"), topic.key, score=score)
    told = [tell(programme, topic) for programme in programmes]
    if all(one.silent for one in told):
        return Answer("silent", _silent(told, label), topic.key, "", keys, score, near)
    if len(told) == 1:
        (one,) = told
        words = t("ask.fact", topic=label, answer=_said(one, topic), **_source(one))
        return Answer("fact", words, topic.key, one.clause, keys, score, near)
    clause = "；".join(f"{one.programme.name} {one.clause}" for one in told if not one.silent)
    return Answer(
        "compare", _side_by_side(told, topic, label), topic.key, clause, keys, score, near
    )


def _said(told: Told, topic: Topic) -> Words:
    words: Words = "\n".join(told.lines)
    if topic.frame == "only":
        words = t("ask.only", says=words)
    return t("ask.unclear", says=words) if told.unclear else words


def _source(told: Told) -> dict[str, str | int]:
    return {
        "programme": told.programme.name,
        "edition": told.programme.edition,
        "clause": told.clause,
    }


def _silent(told: Sequence[Told], label: Text) -> Text:
    called = [one.programme.name for one in told]
    words = t("ask.silent", programmes=called, topic=label)
    offices = tell(told[0].programme, topics()["contact"]) if len(told) == 1 else None
    if offices is None or offices.silent:
        return words
    return t("ask.silent_office", silent=words, offices="\n".join(offices.lines))


def _side_by_side(told: Sequence[Told], topic: Topic, label: Text) -> Text:
    """What each document says; those that say the same together."""
    speaking = sorted((one for one in told if not one.silent), key=lambda one: one.lines)
    lines: list[Text] = []
    for _, alike in groupby(speaking, key=lambda one: one.lines):
        same = list(alike)
        sources = [t("ask.source", **_source(one)) for one in same]
        lines.append(t("ask.each", sources=sources, answer=_said(same[0], topic)))
    if quiet := [one.programme.name for one in told if one.silent]:
        lines.append(t("ask.each_silent", programmes=quiet))
    return t("ask.compare", topic=label, lines=Lines(lines))
