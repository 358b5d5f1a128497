"""The card of a rehearsal: how far it is, then what it found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Final

from bot.scene import TO_MENU
from bot.talk.message import Choice, Field, Item, Message, Meter, press
from prompts import Brief, Lines, Words, t
from services.rehearsals import LineToCome, RehearsalInShort
from storage.tables import Cohort

MOST_OTHERS: Final = 3
"""Other cohorts that can be rehearsed from the card."""


def progress(order: int, cohort: str, done: int, of: int) -> Message:
    """How many days have been played, and the way to stop."""
    words = t("rehearsal.so_far", done=done, of=of) if of else t("rehearsal.copying")
    stop = Choice(press("stop_rehearsal", order), t("rehearsal.stop"), weight="danger")
    return Message(
        t("rehearsal.working"),
        ((stop,),),
        title=t("rehearsal.of", cohort=cohort),
        meters=(Meter(t("rehearsal.played"), words, done, 0, max(of, 1)),),
    )


def not_made(words: Words, cohort_id: int) -> Message:
    """Why nothing was found, and the way to try again."""
    return Message(words, ((_again(cohort_id), TO_MENU),))


def result(
    cohort: Cohort, others: Sequence[Cohort], found: RehearsalInShort, file: int, until: datetime
) -> Message:
    """What was found, with its table, which can be opened until a moment; and the way to other
    cohorts."""
    rows: list[tuple[Choice, ...]] = [
        (Choice(press("rehearse", one.id or 0), t("rehearsal.of", cohort=one.name)),)
        for one in others[:MOST_OTHERS]
    ]
    rows.append((_again(cohort.id or 0), TO_MENU))
    return Message(
        _sums(found),
        tuple(rows),
        title=t("rehearsal.title", cohort=cohort.name, first=found.first, last=found.last),
        fields=tuple(_fields(found)),
        items=tuple(map(_line, found.soon)),
        note=_note(found, until),
        files=(file,),
    )


def _again(cohort_id: int) -> Choice:
    return Choice(press("rehearse", cohort_id), t("rehearsal.again"), weight="quiet")


def _sums(found: RehearsalInShort) -> Words:
    if not found.messages:
        return t("rehearsal.nothing")
    if not found.soon:
        return t("rehearsal.not_soon", messages=found.messages, next=found.next)
    return t("rehearsal.soon", messages=found.messages)


def _fields(found: RehearsalInShort) -> Iterator[Field]:
    """The busiest weeks, and how often each role would be told of what."""
    times = sum(kind.count for kind in found.kinds)
    if times > found.messages:
        told = t("rehearsal.times", messages=found.messages, times=times)
        yield Field(t("rehearsal.how_counted"), told)
    weeks = [t("rehearsal.week", week=Brief(week), count=count) for week, count in found.busiest]
    if weeks:
        yield Field(t("rehearsal.busiest"), t("field.lines", lines=Lines(weeks)))
    for role, kinds in groupby(found.kinds, key=lambda kind: kind.role):
        counted = [t("rehearsal.kind", what=kind.what, count=kind.count) for kind in kinds]
        yield Field(t(f"role.{role}"), t("field.lines", lines=Lines(counted)))


def _line(line: LineToCome) -> Item:
    who = t(
        "rehearsal.who" if line.people <= len(line.names) else "rehearsal.who_of_many",
        role=t(f"role.{line.role}"),
        names=line.names,
        count=line.people,
    )
    words = t("rehearsal.line", day=Brief(line.day), what=line.what, who=who)
    return Item(words, state=line.clause or t("reminder.why_assistant"))


def _note(found: RehearsalInShort, until: datetime) -> Words:
    """What is left out, what is assumed, and who cannot be reached yet."""
    parts: list[Words] = []
    if found.more:
        parts.append(t("rehearsal.more", count=found.more))
    if found.messages:
        parts.append(t("rehearsal.assumed"))
    if found.absent:
        parts.append(t("rehearsal.absent", count=len(found.absent), names=found.absent[:8]))
    parts.append(t("rehearsal.table", until=until))
    return t("field.lines", lines=Lines(parts))
