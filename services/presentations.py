"""Until when learners prepare what they present: the days of the stages in their cohort."""

from __future__ import annotations

from datetime import date

from sqlmodel import Session

from programmes import evaluating
from programmes.model import Programme
from programmes.presenting import presented
from services import roster, stages
from services.access import cohort_of


def due(db: Session, member_id: int, today: date) -> dict[str, date]:
    """The last day of each stage at which a learner presents something, if it has one."""
    cohort = cohort_of(db, roster.find_member(db, member_id).membership)
    return {
        now.key: now.term.due
        for now in stages.stages_of(db, cohort, today)
        if now.stage.presentation is not None and now.term.due is not None
    }


def clauses(programme: Programme) -> dict[str, str]:
    """Where the document has learners present something, by stage."""
    keys = dict(zip(evaluating.keys(programme), programme.stages, strict=True))
    return {key: keys[key].clause for key in presented(programme)}
