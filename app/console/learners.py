"""The students of a cohort as a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final, Protocol

from app.console.caller import Address, Caller, ListDrawn
from app.console.listing import PER_PAGE, ListCell, ListColumn, ListFilter, Listing
from bot.talk.message import Tone
from handlers import watch
from language.pinyin import sound
from programmes.materials import brought
from programmes.model import Programme
from prompts import Text, Words, t
from services import console, looking
from services.console import LearnerLine
from services.entities import Cohort, RecordKind
from services.packs import load
from services.progress import InShort, PaceKind, asked_for, in_short_of
from services.roster import Presence
from services.stages import parts_of, stages_of
from services.urging import MATTERS, PATIENCE

STATES: Final = ("behind", "waiting", "not_joined", "unreachable", "consent", "counting")


class Students:
    """The learners of a cohort whom a caller may read, and how each of them stands.

    What only one page or one filter needs is looked up when it is asked for.
    """

    def __init__(self, caller: Caller, cohort: Cohort) -> None:
        self.caller = caller
        self.cohort = cohort
        self.programme: Programme = load(cohort.programme)
        self.lines = console.learners(caller.db, cohort, caller.person)
        places = [(line.id, line.grade, line.since) for line in self.lines]
        shorts, self.uncounted = in_short_of(caller.db, cohort, caller.today, places)
        self.known = {one.member_id: one for one in shorts}

    @cached_property
    def consent(self) -> frozenset[int]:
        """The people for whom a guardian's consent is awaited."""
        caller = self.caller
        return console.consent_awaited(
            caller.db, self.cohort, caller.person, self.programme, self.lines, caller.today
        )

    @cached_property
    def paces(self) -> list[dict[int, PaceKind]]:
        """For each minimum, the pace of each learner."""
        caller = self.caller
        found = console.paces(
            caller.db, self.cohort, self.programme, self.lines, self.known, caller.today
        )
        return [dict(one) for one in found]

    @cached_property
    def oldest_waits(self) -> dict[int, datetime]:
        """Since when the first entry of each learner waits."""
        return console.oldest_waits(self.caller.db, self.cohort, self.caller.person)

    @cached_property
    def signed(self) -> dict[tuple[str, str], set[int]]:
        """For each stage and side, the learners whose evaluation is signed."""
        caller = self.caller
        return dict(console.signed(caller.db, self.cohort, caller.person))

    def is_in(self, line: LearnerLine, state: str) -> bool:
        """Whether a learner is in a state, as the address names it."""
        kind, _, of = state.partition(".")
        match kind:
            case "behind":
                return line.id in self.known and self.known[line.id].behind
            case "waiting":
                return line.waiting > 0
            case "not_joined" | "unreachable":
                return line.presence == kind
            case "consent":
                return line.person_id in self.consent
            case "counting":
                return line.id not in self.known
            case "lacks":
                return line.id in self.known and of in self.known[line.id].owing
            case "pace":
                place, _, which = of.partition(".")
                return self.paces[int(place)].get(line.id) == which
            case _:
                stage, _, side = of.rpartition(".")
                signed = self.signed.get((stage, side), set())
                return (line.id in signed) is (kind == "signed")


def matters(programme: Programme) -> list[tuple[str, Words]]:
    """What learners may lack: each minimum, each kind of writing, the materials."""
    found: list[tuple[str, Words]] = [
        (asked.key, asked_for(asked)) for asked in programme.requirements
    ]
    found += [
        (one.kind.value, t(f"watch.matter.{one.kind}"))
        for one in programme.records
        if one.frequency is not None
    ]
    if brought(programme):
        found.append((RecordKind.MATERIAL.value, t("watch.matter.material")))
    return found


def students(caller: Caller, asked: Address) -> ListDrawn:
    """The list of students."""
    cohorts = caller.cohorts(int(asked["cohort"]))
    here = Students(caller, cohorts[0])
    return ListDrawn(listing(here, asked), tuple(cohorts), "students", counting(here))


def counting(here: Students) -> Words:
    """That entries are still being counted, where they are."""
    if not here.uncounted:
        return ""
    return t("watch.counting", known=len(here.known), of=len(here.lines))


def listing(here: Students, asked: Address) -> Listing[LearnerLine]:
    """The students as a list: in the order of the roster, since nobody is ranked."""
    caller = here.caller

    def seen(lines: Sequence[LearnerLine]) -> None:
        looking.list_of(caller.db, caller.actor, [line.id for line in lines])

    return Listing(
        rows=here.lines,
        columns=(
            ListColumn("name", t("console.name"), lambda line: (sound(line.name), line.id)),
            ListColumn("school", t("console.school"), lambda line: (line.unit, line.id)),
            ListColumn("grade", t("console.grade"), lambda line: (line.grade, line.id)),
            ListColumn("subject", t("console.subject"), lambda line: (line.subject, line.id)),
            ListColumn("progress", t("console.approved")),
            ListColumn("lacking", t("console.lacking")),
            ListColumn("waits", t("console.waits"), _longest(here)),
            ListColumn("state", t("field.state")),
        ),
        cells=lambda lines: cells(here, lines),
        seen=seen,
        filters=(
            ListFilter("school", t("console.school"), units(here.lines), in_unit),
            ListFilter(
                "subject",
                t("console.subject"),
                [
                    (code, here.programme.subject_name(code))
                    for code in sorted({line.subject for line in here.lines} - {""})
                ],
                lambda line, code: line.subject == code,
            ),
            ListFilter("state", t("field.state"), states(here, asked), here.is_in),
        ),
        named=lambda line: line.name,
    )


def _longest(here: Students) -> Callable[[LearnerLine], tuple[timedelta, int]]:
    """By how long entries wait: whoever waits longest stands last, and first the other way."""

    def by(line: LearnerLine) -> tuple[timedelta, int]:
        since = here.oldest_waits.get(line.id)
        return here.caller.now - since if since else -timedelta(1), -line.id

    return by


class InUnit(Protocol):
    """A line of somebody who belongs to a unit, or to none."""

    @property
    def unit_id(self) -> int | None: ...

    @property
    def unit(self) -> str: ...


def units(lines: Sequence[InUnit]) -> list[tuple[str, Words]]:
    """The units among some lines, by name."""
    found = {(line.unit, str(line.unit_id)) for line in lines if line.unit_id is not None}
    return [(number, name) for name, number in sorted(found)]


def in_unit(line: InUnit, number: str) -> bool:
    """Whether somebody belongs to the unit that was chosen."""
    return str(line.unit_id) == number


def states(here: Students, asked: Address) -> list[tuple[str, Words]]:
    """The states by which students are chosen; one that another page leads to is among them."""
    found: list[tuple[str, Words]] = [(one, t(f"console.state.{one}")) for one in STATES[:-1]]
    if here.uncounted:
        found.append(("counting", t("console.state.counting")))
    found += [
        (f"lacks.{key}", t("console.lacks", what=what)) for key, what in matters(here.programme)
    ]
    known = {key for key, _ in found}
    led = asked.get("state", "")
    if led not in known and (words := _led_to(here, led)) is not None:
        found.append((led, words))
    return found


def _led_to(here: Students, state: str) -> Text | None:
    """What a state is called to which only a number of the overview leads."""
    kind, _, of = state.partition(".")
    if kind == "pace":
        place, _, which = of.partition(".")
        known = {str(n): one for n, one in enumerate(here.programme.requirements)}
        if place in known and which in set(PaceKind):
            what = asked_for(known[place])
            return t("console.paced", what=what, pace=t(f"console.pace.{which}"))
    if kind in ("signed", "unsigned"):
        parts = {f"{key}.{side}": (name, side) for key, name, side in stage_parts(here)}
        if of in parts:
            name, side = parts[of]
            told = t("stages.part", stage=name, side=t(f"evaluation.side_{side}"))
            return t("console.signed" if kind == "signed" else "console.unsigned", what=told)
    return None


def stage_parts(here: Students) -> list[tuple[str, str, str]]:
    """Every part of every stage that somebody signs: key, name and side."""
    return [
        (now.key, now.stage.name, part.side.value)
        for now in stages_of(here.caller.db, here.cohort, here.caller.today)
        for part in parts_of(here.cohort, now.stage)
    ]


def cells(here: Students, lines: Sequence[LearnerLine]) -> list[list[ListCell]]:
    """Some students as lines."""
    if len(lines) > PER_PAGE:  # a book
        oldest = here.oldest_waits
    else:
        oldest = console.oldest_waits(here.caller.db, here.cohort, here.caller.person, lines)
    return [_cells(here, line, oldest.get(line.id)) for line in lines]


def _cells(here: Students, line: LearnerLine, oldest: datetime | None) -> list[ListCell]:
    """One student as a line; `oldest` is since when the first entry waits."""
    programme, short = here.programme, here.known.get(line.id)
    days = console.age(oldest, here.caller.now) if oldest else 0
    late: Tone = "bad" if days >= PATIENCE.days else "neutral"
    waits: Words = t("console.waits_days", count=line.waiting, days=days) if line.waiting else ""
    state, tone = standing(here, line)
    return [
        ListCell(line.name, f"{here.cohort.id}/students/{line.id}"),
        ListCell(line.unit),
        ListCell(t(f"programme.grade.{line.grade}") if line.grade else ""),
        ListCell(programme.subject_name(line.subject)),
        ListCell(approved(programme, short)),
        ListCell(lacking(programme, short)),
        ListCell(waits, tone=late, plain=line.waiting),
        ListCell(state, tone=tone),
    ]


def approved(programme: Programme, short: InShort | None) -> Words:
    """What is approved of each minimum."""
    if short is None:
        return t("console.counting")
    told = [
        watch.short_of(asked, part.approved)
        for asked, part in zip(programme.requirements, short.parts, strict=True)
    ]
    return t("field.list", items=told)


def lacking(programme: Programme, short: InShort | None) -> Words:
    """What a student lacks besides the minima that `approved` tells, as the chat says it."""
    if short is None:
        return ""
    wanted = [matter for matter in MATTERS if matter is not RecordKind.SESSION]
    return t("field.list", items=watch.in_parts(programme, short, wanted))


def standing(here: Students, line: LearnerLine) -> tuple[Words, Tone]:
    """The first thing that is to be known of a student."""
    if line.presence == Presence.NOT_JOINED:
        return t("console.state.not_joined"), "waiting"
    if line.person_id in here.consent:
        return t("console.state.consent"), "waiting"
    if line.presence == Presence.UNREACHABLE:
        return t("console.state.unreachable"), "bad"
    if line.id not in here.known:
        return t("console.counting"), "neutral"
    if here.known[line.id].behind:
        return t("console.state.behind"), "neutral"
    return t("watch.short.met"), "good"
