"""预演: an office sees whom the rest of a cycle will remind of what, and gets it as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.scene import TO_MENU, Act, Flow, Scene, number
from bot.talk.conversation import Chat
from bot.talk.message import Choice, Field, Item, Message, press
from handlers.speaker import roles
from language.affairs import Affair
from prompts import Brief, Lines, Words, t
from services import rehearsals
from services.access import cohorts_for
from services.entities import Role
from services.rehearsals import LineToCome, RehearsalInShort

CARD: Final = "rehearsal"
MOST_OTHERS: Final = 3


class RehearsalSeen(BaseModel):
    """The cohort that is rehearsed."""

    model_config = ConfigDict(frozen=True)

    cohort: int
    name: str


def make(scene: Scene, args: Sequence[str]) -> None:
    """Rehearse the cohort that a button names, else the latest."""
    wanted = number(args) if args else None
    shown, *_ = cohorts_for(scene.session, scene.actor, rehearsals.ACT, wanted)
    scene.say(t("rehearsal.working"))
    scene.begin("rehearse", {"cohort": shown.id}, anew=True)


def hear(scene: Scene, _: Affair) -> bool:
    """排练一遍全年, 接下来会提醒谁: for an office."""
    if Role.COORDINATOR not in roles(scene):
        return False
    make(scene, ())
    return True


async def played(chat: Chat, me: RehearsalSeen) -> dict[str, Any]:
    done: dict[str, Any] = await chat.work("played", "make_rehearsal", cohort=me.cohort)
    return done


def load(scene: Scene, args: Mapping[str, Any]) -> RehearsalSeen:
    cohort = rehearsals.cohort_for(scene.session, scene.actor, args["cohort"])
    return RehearsalSeen(cohort=args["cohort"], name=cohort.name)


def finish(scene: Scene, me: RehearsalSeen, done: Mapping[str, Any]) -> None:
    """Show what was found, with the table; where nothing was, say why."""
    again = Choice(press("rehearse", me.cohort), t("rehearsal.again"), weight="quiet")
    shown, *others = cohorts_for(scene.session, scene.actor, rehearsals.ACT, me.cohort)
    rows: list[tuple[Choice, ...]] = [
        (Choice(press("rehearse", one.id or 0), t("rehearsal.of", cohort=one.name)),)
        for one in others[:MOST_OTHERS]
    ]
    rows.append((again, TO_MENU))
    if not done.get("file"):
        words: Words = str(done["refused"]) if done.get("refused") else t("rehearsal.not_made")
        scene.say(Message(words, tuple(rows)))
        return
    found = RehearsalInShort.model_validate(done["found"])
    scene.say(
        Message(
            _sums(found),
            tuple(rows),
            kind="card",
            card=f"{CARD}:{me.cohort}",
            title=t("rehearsal.title", cohort=shown.name, first=found.first, last=found.last),
            fields=tuple(_fields(found)),
            items=tuple(map(_line, found.soon)),
            note=_note(scene, found),
            files=(done["file"],),
        )
    )


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


def _note(scene: Scene, found: RehearsalInShort) -> Words:
    """What is left out, what is assumed, and who cannot be reached yet."""
    parts: list[Words] = []
    if found.more:
        parts.append(t("rehearsal.more", count=found.more))
    if found.messages:
        parts.append(t("rehearsal.assumed"))
    if found.absent:
        parts.append(t("rehearsal.absent", count=len(found.absent), names=found.absent[:8]))
    parts.append(t("rehearsal.table", until=scene.now + rehearsals.LIFE))
    return t("field.lines", lines=Lines(parts))


COMMANDS: Final[dict[str, Act]] = {"rehearsal": make}

ACTS: Final[dict[str, Act]] = {"rehearse": make}

FLOWS: Final = [
    Flow(
        name="rehearse",
        title=t("command.rehearsal.label"),
        talk=played,
        about=RehearsalSeen,
        load=load,
        finish=finish,
        keeps=False,
    )
]

__all__ = ["ACTS", "COMMANDS", "FLOWS"]
