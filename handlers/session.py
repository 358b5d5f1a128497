"""记一次培养: a student logs a cultivation session."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from functools import cache
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.scene import Flow, Scene
from bot.talk.acting import Refused
from bot.talk.conversation import Chat
from bot.talk.inputs import (
    SKIP,
    Answer,
    Day,
    Free,
    Minutes,
    People,
    Pick,
    Summary,
    SummaryLine,
    length,
)
from bot.talk.message import Choice, Message, press
from handlers import diary, seen
from handlers.attachments import FILES, keep_files
from handlers.seen import Past, SessionSeen
from language.days import Moment
from language.sentence import looks_like_session, understand_session
from programmes.catalogue import load
from programmes.rules import SessionFact, question_session
from programmes.values import PLACES
from prompts import BEIJING, LANGUAGES, Text, Words, catalogue, t
from services import records
from services.records import PLACE_BY_KEY, SessionBody
from services.rows import RecordKind

STEPS: Final = 8

SUBMIT: Final = "submit"
AGAIN: Final = "another"


class Logged(BaseModel):
    """What the talk returns: the entry, and the like ones that it was said not to repeat."""

    model_config = ConfigDict(frozen=True)

    body: SessionBody
    distinct_from: tuple[int, ...] = ()


async def log_session(chat: Chat, me: SessionSeen) -> Logged:
    chat.steps(STEPS)
    moment = await chat.ask("day", Day(me.first, me.last), t("session.which_day"))
    place = await chat.ask("place", Pick(places()), t("session.where"))
    kind = await chat.ask("kind", Pick(kinds(me.kinds)), t("session.which_kind"))
    minutes = await chat.ask("length", Minutes(), t("session.how_long"))
    twins = overlapping(me, moment, place, minutes)
    for twin in twins:
        another = Pick([Choice(AGAIN, t("session.another"))])
        await chat.ask(f"{AGAIN}/{twin.record_id}", another, already(twin), counted=False)
    people = await chat.ask("people", People(me.mentors), t("session.with_whom"))
    what = await chat.ask("what", Free(least=2, most=2000), t("session.what"))
    files = await keep_files(chat, me.files, t("session.files"))
    body = SessionBody(
        day=moment.day,
        start=moment.start,
        part=moment.part,
        minutes=minutes,
        place=place,
        kind=kind,
        people=people,
        what=what,
        files=files,
    )
    send = t("session.resubmit") if me.record_id else t("session.submit")
    fields = lines(body)
    await chat.ask(
        "review",
        Summary(fields, [Choice(SUBMIT, send)]),
        t("session.check", whole=whole(fields)),
    )
    return Logged(body=body, distinct_from=tuple(twin.record_id for twin in twins))


# ---------------------------------------------------------------- its questions


@cache
def places() -> Sequence[Choice]:
    said = vocabulary("place", tuple(place.key for place in PLACES))
    return [Choice(place.key, t(f"place.{place.key}"), said[place.key]) for place in PLACES]


@cache
def kinds(asked_for: tuple[str, ...]) -> Sequence[Choice]:
    """The kinds of activity that a programme knows, and another one."""
    listed = tuple(dict.fromkeys((*asked_for, "other")))
    said = vocabulary("kind", listed)
    return [Choice(kind, t(f"kind.{kind}"), said[kind]) for kind in listed]


def lines(body: SessionBody) -> list[SummaryLine]:
    """The fields of the review card, each with the step that asks it."""
    return [
        SummaryLine("day", t("field.day"), when(body)),
        SummaryLine("place", t("field.place"), t(f"place.{body.place}")),
        SummaryLine("kind", t("field.kind"), t(f"kind.{body.kind}")),
        SummaryLine("length", t("field.length"), length(body.minutes)),
        SummaryLine("people", t("field.people"), t("field.list", items=list(body.people))),
        SummaryLine("what", t("field.what"), body.what),
        SummaryLine(FILES, t("field.files"), t("field.count", count=len(body.files))),
    ]


def when(body: SessionBody) -> Text:
    if body.start is not None:
        return t("field.day_time", day=body.day, time=body.start)
    if body.part is not None:
        return t("field.day_part", day=body.day, part=t(f"part.{body.part}"))
    return t("field.day_only", day=body.day)


def summary(body: SessionBody) -> Text:
    """The whole entry, line by line."""
    return whole(lines(body))


def whole(fields: Sequence[SummaryLine]) -> Text:
    shown: dict[str, Words] = {field.step: field.shown for field in fields}
    return t("session.whole", **shown)


def fact(day: Any, place: str, start: time | None, minutes: int) -> SessionFact:
    where = PLACE_BY_KEY[place]
    return SessionFact(day, where.on_campus, where.face_to_face, "submitted", start, minutes)


def overlapping(me: SessionSeen, moment: Moment, place: str, minutes: int) -> list[Past]:
    """The sessions already written down that this one may be a repetition of."""
    known = [
        (fact(past.day, past.place, past.start, past.minutes), past)
        for past in me.past
        if past.day == moment.day
    ]
    if not known:
        return []
    new = fact(moment.day, place, moment.start, minutes)
    doubts = question_session(new, [one for one, _ in known], load(me.programme), moment.day)
    repeated = [doubt.other for doubt in doubts if doubt.kind == "overlaps"]
    return [past for one, past in known if one in repeated]


def like(me: SessionSeen, body: SessionBody) -> list[Past]:
    moment = Moment(body.day, body.start, body.part)
    return overlapping(me, moment, body.place, body.minutes)


def already(twin: Past) -> Text:
    return t(
        "session.already",
        day=twin.day,
        place=t(f"place.{twin.place}"),
        length=length(twin.minutes),
    )


# ---------------------------------------------------------------- before and after


def load_session(scene: Scene, args: Mapping[str, Any]) -> SessionSeen:
    """What the talk is told; with `record`, the entry that it changes. Raises `Refused`."""
    _, _, student = seen.student(scene, "log_session")
    record_id = args.get("record")
    past = seen.past_sessions(scene, student.member_id, record_id)
    if record_id is None:
        return SessionSeen(**student.model_dump(), past=past)
    record = records.found(scene.session, record_id, "edit")
    body = records.body_at(scene.session, record)
    return SessionSeen(
        **student.model_dump(),
        past=past,
        record_id=record_id,
        version=args["version"],
        files=body.files,
    )


def finish_session(scene: Scene, me: SessionSeen, logged: Logged) -> None:
    """Hand the session in, and lead on to the diary that belongs to it."""
    actor, body = scene.actor, logged.body
    member, programme = seen.writer(scene, "log_session")
    now = me.model_copy(update={"past": seen.past_sessions(scene, me.member_id, me.record_id)})
    for twin in like(now, body):
        if twin.record_id not in logged.distinct_from:
            # Handed in on another device while this one was being written.
            raise Refused(already(twin), verb="hand_in", object="record", object_id=twin.record_id)
    if me.record_id is not None:
        record = records.amend(scene.session, actor, me.record_id, me.version, body, day=body.day)
    else:
        record = records.hand_in(
            scene.session, actor, member, RecordKind.SESSION, body, day=body.day
        )
    line = records.title(record, body)
    names = list(me.mentors.values())
    told = t("session.sent" if names else "session.sent_nobody", line=line, reviewers=names)
    rows = [*diary.after_session(scene, member, programme, record.id)]
    rows.append((Choice(press("progress"), t("command.progress.label")),))
    scene.say(Message(told, tuple(rows)))


def edit(scene: Scene, record_id: int, version: int, body: SessionBody) -> None:
    """Open an entry that was handed in as a filled review card."""
    given = {
        "day": Answer(text=spoken(body)),
        "place": Answer(press=body.place),
        "kind": Answer(press=body.kind),
        "length": Answer(press=str(body.minutes)),
        "people": Answer(text="、".join(body.people)),
        "what": Answer(text=body.what),
        f"{FILES}/0": Answer(press=SKIP),
    }
    if body.files:
        given[f"{FILES}/had"] = Answer(press="keep")
    args = {"record": record_id, "version": version}
    # As it stood it was said not to repeat these; only a change can bring up another.
    for twin in like(load_session(scene, args), body):
        given[f"{AGAIN}/{twin.record_id}"] = Answer(press=AGAIN)
    scene.begin("session", args, given)


def spoken(body: SessionBody) -> str:
    """The session's day and time as a person would type them, to be parsed back."""
    if body.start is not None:
        return f"{body.day.isoformat()} {body.start:%H:%M}"
    if body.part is not None:
        return f"{body.day.isoformat()} {catalogue('zh')[f'part.{body.part}']}"
    return body.day.isoformat()


def hear(scene: Scene, words: str) -> bool:
    """Take one sentence as a session, if it is one: 昨天下午在校和王老师做了两小时双缝实验."""
    if not looks_like_session(words):
        return False
    _, _, me = seen.student(scene, "log_session")
    now: datetime = scene.now.astimezone(BEIJING)
    understood = understand_session(
        words,
        now,
        people=list(me.mentors.values()),
        places=vocabulary("place", tuple(place.key for place in PLACES)),
        kinds=vocabulary("kind", (*me.kinds, "other")),
    )
    given: dict[str, Answer] = {"what": Answer(text=understood.what)}
    if understood.moment_said:
        given["day"] = Answer(text=understood.moment_said)
    if understood.place:
        given["place"] = Answer(press=understood.place)
    if understood.kind:
        given["kind"] = Answer(press=understood.kind)
    if understood.minutes:
        given["length"] = Answer(press=str(understood.minutes))
    if understood.people:
        given["people"] = Answer(text="、".join(understood.people))
    given[f"{FILES}/0"] = Answer(press=SKIP)
    scene.begin("session", {}, given)
    return True


@cache
def vocabulary(area: str, keys: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    """The words by which people name each place or kind, in every language."""
    return {
        key: tuple(
            word
            for language in LANGUAGES
            for word in catalogue(language).get(f"{area}.{key}_words", "").split("|")
            if word
        )
        for key in keys
    }


FLOW = Flow(
    name="session",
    title=t("session.title"),
    talk=log_session,
    about=SessionSeen,
    load=load_session,
    finish=finish_session,
)
