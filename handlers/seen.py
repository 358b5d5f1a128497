"""What a student's talks are told when they begin: looked up once, kept with the talk."""

from __future__ import annotations

from datetime import date, time

from pydantic import BaseModel, ConfigDict

from bot.scene import Scene
from programmes.catalogue import load
from programmes.model import Programme
from services import records
from services.access import LearnerPlace, own
from services.records import Kept


class Past(BaseModel):
    """A session that is written down already, as far as a new one may collide with it."""

    model_config = ConfigDict(frozen=True)

    record_id: int
    day: date
    place: str
    start: time | None
    minutes: int


class Student(BaseModel):
    """A learner, with the programme's days and the people around them."""

    model_config = ConfigDict(frozen=True)

    member_id: int
    programme: str
    first: date
    last: date
    mentors: dict[str, str]
    """Those who cultivate them, by membership id: the mentor first."""
    kinds: tuple[str, ...]


class SessionSeen(Student):
    """What logging a session needs to know; with `record_id`, an entry is being changed."""

    past: tuple[Past, ...]
    record_id: int | None = None
    version: int = 0
    files: tuple[Kept, ...] = ()


def writer(scene: Scene, verb: str) -> tuple[LearnerPlace, Programme]:
    """Who speaks, as a learner who may keep records now. Raises `Refused`."""
    me = own(scene.session, scene.actor, verb)
    return me, load(me.programme)


def student(scene: Scene, verb: str) -> tuple[LearnerPlace, Programme, Student]:
    """Like `writer`, with the people around them. Raises `Refused`."""
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
            last=programme.cycle.last_day,
            mentors={str(one.member_id): one.name for one in around},
            kinds=tuple(kind.value for kind in kinds),
        ),
    )


def past_sessions(scene: Scene, member_id: int, except_id: int | None) -> tuple[Past, ...]:
    """The sessions that still stand, without the one that is being changed."""
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
