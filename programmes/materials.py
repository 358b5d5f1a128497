"""What a document asks a learner to hand in at the end, and which of it is brought as files.

A document that lists nothing asks for nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Final

from programmes.model import Programme
from programmes.values import Material, Own, kept_as

KEPT_ELSEWHERE: Final = (Material.GROWTH_DIARY, Material.MENTOR_EVALUATION)
"""What is in the list, but is written in other places: diaries as they come, and what the mentor
signs."""


def listed(programme: Programme) -> tuple[Material | Own, ...]:
    """Everything that the document lists, in its order; empty where it lists nothing."""
    return programme.final_materials.student_materials.value or ()


def brought(programme: Programme) -> tuple[Material | Own, ...]:
    """What the learner brings as files."""
    return tuple(one for one in listed(programme) if one not in KEPT_ELSEWHERE)


def missing(programme: Programme, there: Collection[str]) -> list[Material | Own]:
    """What the learner brings and is not `there`, which has it as records name it."""
    return [one for one in brought(programme) if kept_as(one) not in there]


ASKED_AHEAD: Final = timedelta(days=30)
"""So long before the document's day the materials are asked for."""


def asked_by_now(programme: Programme, on: date) -> bool:
    """Whether what is missing is asked for on a day; never, where the document names no day."""
    due = programme.final_materials.deadline.value
    return due is not None and on >= due.last_day - ASKED_AHEAD


def forms(programme: Programme, material: str) -> Sequence[Material | Own]:
    """The forms that a material may take; empty where the document names none."""
    if material != Material.TRAINING_REPORT:
        return ()
    return programme.final_materials.report_forms.value or ()


def is_open(programme: Programme) -> bool:
    """Whether the document ends its list of forms with 等: others are taken as well."""
    return programme.final_materials.report_forms.open
