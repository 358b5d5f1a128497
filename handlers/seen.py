"""The data that a student's talks are given when they begin; it is kept with the talk."""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from bot.scene import Scene
from programmes.model import Programme
from programmes.values import kept_as
from services import records
from services.access import LEARNERS, LearnerPlace, memberships, own
from services.entities import Record, RecordState
from services.packs import load
from services.records import Kept

T = TypeVar("T")
InOrder = Annotated[
    dict[str, T], BeforeValidator(dict), PlainSerializer(lambda named: list(named.items()))
]
"""What is named, in an order that stays: PostgreSQL sorts the names in what it keeps as JSON."""


class Past(BaseModel):
    """An existing session, with what decides whether a new one may repeat it."""

    model_config = ConfigDict(frozen=True)

    record_id: int
    day: date
    place: str
    start: time | None
    minutes: int


class Student(BaseModel):
    """A learner with the programme's dates and the people around them."""

    model_config = ConfigDict(frozen=True)

    member_id: int
    programme: str
    first: date
    last: date
    mentors: InOrder[str]
    """Their reviewers by membership id, the mentor first."""
    kinds: tuple[str, ...]


class SessionSeen(Student):
    """The data for logging a session; with `record_id`, for changing one."""

    past: tuple[Past, ...]
    days: tuple[date, ...] = ()
    """Further days that the same sentence told of, to be logged after this one."""
    record_id: int | None = None
    version: int = 0
    files: tuple[Kept, ...] = ()
    returned: str = ""
    """Why it was sent back, if it was."""
    returned_by: str = ""


def sent_back(scene: Scene, record: Record) -> tuple[str, str]:
    """Why an entry was sent back as it stands, and by whom; empty if it was not."""
    if record.state is not RecordState.RETURNED:
        return "", ""
    reviews = records.reviews(scene.session, record)
    return next(
        (
            (review.reason, scene.words(name))
            for review, name in reviews
            if review.version == record.version and not review.approved
        ),
        ("", ""),
    )


FIRST_WORDS: Final = 12
"""How many characters tell a text from others."""


def first_words(text: str) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= FIRST_WORDS else f"{line[:FIRST_WORDS]}…"


def learns(scene: Scene) -> bool:
    """Whether whoever speaks is a learner."""
    person = scene.speaker.person_id
    return person is not None and any(
        place.role in LEARNERS for place in memberships(scene.session, person)
    )


def writer(scene: Scene, verb: str) -> tuple[LearnerPlace, Programme]:
    """The speaker as a learner whose records may be kept now. Raises `Refused`."""
    me = own(scene.session, scene.actor, verb)
    return me, load(me.programme)


def student(scene: Scene, verb: str) -> tuple[LearnerPlace, Programme, Student]:
    """Like `writer`, with the data that a talk needs. Raises `Refused`."""
    me, programme = writer(scene, verb)
    around = records.reviewers(scene.session, me.id)
    kinds = programme.cultivation.methods.value or ()
    return (
        me,
        programme,
        Student(
            member_id=me.id,
            programme=programme.key,
            first=programme.cycle.first_day,
            last=programme.cycle.last_day or date.max,
            mentors={str(one.member_id): one.name for one in around},
            kinds=tuple(map(kept_as, kinds)),
        ),
    )


def past_sessions(scene: Scene, member_id: int, except_id: int | None) -> tuple[Past, ...]:
    """The sessions that are not withdrawn, except the one being changed."""
    return tuple(
        Past(
            record_id=record_id,
            day=body.day,
            place=body.place,
            start=body.start,
            minutes=body.minutes,
        )
        for record_id, body in records.sessions(scene.session, member_id)
        if record_id != except_id
    )
