"""The stages of a cohort's year: when each is open, by its document and its office's changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import cast

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Refused
from bot.talk.clock import beijing_day
from programmes import evaluating
from programmes.evaluating import StagePart, StageTerm
from programmes.values import Stage
from prompts import Words, t
from services import audit
from services.access import allow, held
from services.packs import load, stage_called
from storage.tables import Cohort, Person, StageChange


class StageState(StrEnum):
    UNDATED = "undated"
    """No document dates it, and no office has opened it."""
    TO_COME = "to_come"
    OPEN = "open"
    DUE = "due"
    """Past the strict reading of its deadline, not yet past the lenient one."""
    OVER = "over"
    """Its last day is past: what is signed now is late."""
    CLOSED = "closed"
    """An office has closed it: nothing more is signed."""


@dataclass(frozen=True, slots=True)
class StageNow:
    """A stage of a cohort on a day."""

    number: int
    """Its place in the programme, from 0: how buttons name it."""
    key: str
    """How records name it."""
    stage: Stage
    term: StageTerm
    state: StageState
    change: StageChange | None = None
    """The office's latest change; `None` if the document's days stand."""

    @property
    def called(self) -> Words:
        return stage_called(self.stage)

    @property
    def takes_evaluations(self) -> bool:
        return self.state in (StageState.OPEN, StageState.DUE, StageState.OVER)

    @property
    def late(self) -> bool:
        return self.state is StageState.OVER


def stages_of(db: Session, cohort: Cohort, today: date) -> list[StageNow]:
    """Every stage of a cohort's programme on a day, in the document's order. Raises `Refused` if
    the pack cannot be read."""
    programme = load(cohort.programme)
    changes = _latest_changes(db, cast(int, cohort.id))
    found = []
    for number, key in enumerate(evaluating.keys(programme)):
        stage, change = programme.stages[number], changes.get(key)
        term = evaluating.term(programme, stage)
        if change is not None:
            term = StageTerm(change.opens_on, change.closes_on, change.closes_on)
        found.append(StageNow(number, key, stage, term, _state(term, change, today), change))
    return found


def stage_of(db: Session, cohort: Cohort, key: str, today: date) -> StageNow:
    """The stage that records name so. Raises `Refused` if the programme has none."""
    for now in stages_of(db, cohort, today):
        if now.key == key:
            return now
    raise Refused(t("stale.unknown"), verb="stage", object="cohort", object_id=cohort.id)


def stage_numbered(db: Session, cohort: Cohort, number: int, today: date) -> StageNow:
    """The stage that a button names. Raises `Refused` if the programme has none."""
    every = stages_of(db, cohort, today)
    if number >= len(every):
        raise Refused(t("stale.unknown"), verb="stage", object="cohort", object_id=cohort.id)
    return every[number]


def stage_at(db: Session, cohort: Cohort, stage: int | str, today: date) -> StageNow:
    """The stage of this number, or of this name in records. Raises `Refused` if the programme has
    none."""
    if isinstance(stage, int):
        return stage_numbered(db, cohort, stage, today)
    return stage_of(db, cohort, stage, today)


def parts_of(cohort: Cohort, stage: Stage) -> tuple[StagePart, ...]:
    """Who evaluates a stage of this cohort. Raises `Refused` if the pack cannot be read."""
    return evaluating.parts(load(cohort.programme), stage)


def _state(term: StageTerm, change: StageChange | None, today: date) -> StageState:
    if change is not None and change.closed:
        return StageState.CLOSED
    if term.opens is None:
        return StageState.UNDATED
    if today < term.opens:
        return StageState.TO_COME
    if term.closes is None or term.due is None or today <= term.due:
        return StageState.OPEN
    return StageState.DUE if today <= term.closes else StageState.OVER


def _latest_changes(db: Session, cohort_id: int) -> dict[str, StageChange]:
    rows = db.exec(_changes_of, params={"cohort": cohort_id})
    return {change.stage: change for change in rows}


_changes_of = (
    select(StageChange)
    .where(StageChange.cohort_id == bindparam("cohort"))
    .order_by(col(StageChange.id))
)


# ---------------------------------------------------------------- the office's acts


def change(
    db: Session,
    actor: Actor,
    cohort: Cohort,
    key: str,
    days: tuple[date | None, date | None],
    reason: str,
    *,
    closed: bool = False,
) -> StageChange:
    """Open, close or move a stage, with the reason. What was signed stays.

    `days` are its first and its last day.

    Raises `Refused` for anyone who does not oversee the whole cohort, for a stage that the
    programme does not have, and for days in the wrong order.
    """
    allow(db, actor, "change_stage", cohort.id)
    before = stage_of(db, cohort, key, beijing_day(actor.now))
    opens_on, closes_on = days
    if opens_on is not None and closes_on is not None and closes_on < opens_on:
        raise Refused(
            t("stages.wrong_order", opens=opens_on, closes=closes_on),
            verb="change_stage",
            object="cohort",
            object_id=cohort.id,
        )
    made = StageChange(
        cohort_id=cast(int, cohort.id),
        stage=key,
        opens_on=opens_on,
        closes_on=closes_on,
        closed=closed,
        reason=reason,
        changed_by=actor.person_id,
        at=actor.now,
    )
    db.add(made)
    db.flush()
    audit.note(
        db,
        actor,
        "change_stage",
        "cohort",
        cohort.id,
        stage=key,
        days=[str(day or "") for day in days],
        before=[str(day or "") for day in (before.term.opens, before.term.closes)],
        closed=closed,
    )
    return made


def to_change(db: Session, actor: Actor, cohort_id: int) -> Cohort:
    """A cohort whose stages the actor may change. Raises `Refused`."""
    allow(db, actor, "change_stage", cohort_id)
    return cast(Cohort, db.get(Cohort, cohort_id))


def may_change(db: Session, actor: Actor, cohort: Cohort) -> bool:
    """Whether the actor may change the stages of a cohort."""
    return held(db, actor.person_id, "change_stage", cohort.id) is not None


def changes(db: Session, cohort: Cohort, key: str) -> list[tuple[StageChange, str]]:
    """Every change of a stage with the name of who made it, the latest first."""
    return list(
        db.exec(
            select(StageChange, Person.name)
            .join(Person, col(Person.id) == col(StageChange.changed_by))
            .where(StageChange.cohort_id == cohort.id, StageChange.stage == key)
            .order_by(col(StageChange.id).desc())
        )
    )
