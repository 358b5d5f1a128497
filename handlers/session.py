"""记一次培养: a student logs a cultivation session."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from functools import cache
from typing import Any, Final, NamedTuple, TypedDict

from pydantic import BaseModel, ConfigDict

from bot.scene import Flow, Scene, number
from bot.talk import conversation
from bot.talk.acting import Refused
from bot.talk.conversation import Chat, Journal, Mends
from bot.talk.inputs import (
    Answer,
    Asked,
    Besides,
    Corrections,
    DayAndLength,
    Free,
    Minutes,
    People,
    Pick,
    Summary,
    SummaryLine,
    length,
)
from bot.talk.message import Choice, Field, Item, Message, press
from handlers import diary, seen
from handlers.attachments import (
    FILES,
    NO_FILES,
    SentFiles,
    keep_files,
    named,
    next_turn,
    shown,
    taking_away,
)
from handlers.corrections import ShownEntry, corrections, replacement, says_wrong
from handlers.seen import Past, SessionSeen, Student, first_words
from language.days import Moment
from language.sentence import (
    Understood,
    looks_like_plan,
    looks_like_session,
    only_when,
    understand_session,
)
from programmes.rules import SessionFact, question_session
from programmes.values import PLACES
from prompts import BEIJING, LANGUAGES, Brief, Text, Words, catalogue, t
from services import records
from services.entities import RecordKind
from services.packs import kind_label, load
from services.records import PLACE_BY_KEY, SessionBody

STEPS: Final = 6
FIELDS: Final = ("place", "kind", "people", "what")
"""The steps of which a sentence may say something besides day and length."""
LEAST_WORDS: Final = 2

SUBMIT: Final = "submit"
AGAIN: Final = "another"
MOST_DAYS: Final = 3
"""How many further days a button carries: a press has room for no more."""


class Logged(BaseModel):
    """What the talk returns: the entry, and those similar sessions of which it was said to be no
    repetition."""

    model_config = ConfigDict(frozen=True)

    body: SessionBody
    distinct_from: tuple[int, ...] = ()


async def log_session(chat: Chat, me: SessionSeen) -> Logged:
    if me.record_id is None:
        chat.steps(STEPS)
    ask = questions(me)
    chat.beside = lambda: known(chat, ask)
    chat.mends = mending(chat, me, ask)
    chat.above = why(me)
    files = await keep_files(chat, me.files, captions="what")
    alone = chat.given("length")
    which = t("session.which_day" if alone else "session.which_day_how_long")
    held = frozenset(step for step in FIELDS if chat.given(step))
    day = replace(ask.day, alone=alone, besides=told_besides(me), held=held)
    moment = await chat.ask("day", day, which)
    minutes = await chat.ask("length", ask.length, t("session.how_long"), counted=False)
    place = await chat.ask("place", ask.place, t("session.where"))
    kind = await chat.ask("kind", ask.kind, t("session.which_kind"))
    twins = overlapping(me, moment, place, minutes)
    for twin in twins:
        another = Pick([Choice(AGAIN, t("session.another"))])
        await chat.ask(f"{AGAIN}/{twin.record_id}", another, already(twin), counted=False)
    people = await chat.ask("people", ask.people, t("session.with_whom"))
    what = await chat.ask("what", ask.what, t("session.what"))
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
    ends = [Choice(SUBMIT, send, weight="primary")]
    summary = Summary(lines(body), ends, corrected(chat, me, body))
    await chat.ask("review", summary, t("session.check"))
    return Logged(body=body, distinct_from=tuple(twin.record_id for twin in twins))


def told_besides(me: SessionSeen) -> Besides:
    """Hears what a whole sentence says about the other steps when only the day was asked."""

    def hear_besides(words: str, asked: Asked) -> Mapping[str, Answer]:
        if not looks_like_session(words, asked.now.astimezone(BEIJING)):
            return {}
        known = list(me.mentors.values())
        told = answers_in(heard(words, asked.now, people=known, kinds=me.kinds))
        return {step: answer for step, answer in told.items() if step != "day"}

    return hear_besides


def why(me: SessionSeen) -> Words:
    """Why an entry is being changed, where somebody sent it back."""
    if not me.returned:
        return ""
    return t("session.returned", reviewer=me.returned_by, reason=me.returned)


def corrected(chat: Chat, me: SessionSeen, body: SessionBody) -> Corrections:
    """Hears what somebody says to be wrong with the entry on its review card."""
    form = shown_entry(me, body, next_turn(chat))
    return lambda words, asked: corrections(form, words, asked.now.astimezone(BEIJING))


def mending(chat: Chat, me: SessionSeen, ask: Questions) -> Mends:
    """Hears the same before the card, of what was said so far."""

    def mended(words: str, asked: Asked, plainly: bool) -> Mapping[str, Answer | None]:
        if plainly and not says_wrong(words):
            return {}
        what = chat.peek("what", ask.what)
        form = ShownEntry(
            text="what",
            adds="what" if what else "",
            words=what or "",
            day=chat.peek("day", ask.day),
            people=chat.peek("people", ask.people) or (),
            **can_be(me),
        )
        return corrections(form, words, asked.now.astimezone(BEIJING))

    return mended


def shown_entry(me: Student, body: SessionBody, next_file: int = 0) -> ShownEntry:
    """The entry as it can be corrected; `next_file` is the next free turn of the files' loop."""
    return ShownEntry(
        text="what",
        adds="what",
        words=body.what,
        day=Moment(body.day, body.start, body.part),
        people=body.people,
        files=taking_away(body.files),
        files_step=FILES,
        next_file=next_file,
        **can_be(me),
    )


def can_be(me: Student) -> CanBe:
    """What the fields of a session can be said to be."""
    return CanBe(
        known=tuple(me.mentors.values()),
        places=places(),
        place_words=vocabulary("place", tuple(place.key for place in PLACES)),
        kinds=kinds(me.kinds),
        spoken=spoken,
    )


class CanBe(TypedDict):
    """Those of an entry's parts that are the same for every session of a student."""

    known: Sequence[str]
    places: Sequence[Choice]
    place_words: Mapping[str, Sequence[str]]
    kinds: Sequence[Choice]
    spoken: Callable[[Moment], str]


# ---------------------------------------------------------------- its questions


class Questions(NamedTuple):
    """What each step takes."""

    day: DayAndLength
    length: Minutes
    place: Pick
    kind: Pick
    people: People
    what: Free


def questions(me: SessionSeen) -> Questions:
    return Questions(
        day=DayAndLength(me.first, me.last),
        length=Minutes(),
        place=Pick(places()),
        kind=Pick(kinds(me.kinds)),
        people=People(me.mentors),
        what=Free(least=LEAST_WORDS, most=2000),
    )


@cache
def places() -> Sequence[Choice]:
    said = vocabulary("place", tuple(place.key for place in PLACES))
    return [Choice(place.key, t(f"place.{place.key}"), said[place.key]) for place in PLACES]


@cache
def kinds(asked_for: tuple[str, ...]) -> Sequence[Choice]:
    """The kinds of activity that a programme knows, and another one."""
    listed = tuple(dict.fromkeys((*asked_for, "other")))
    said = vocabulary("kind", listed)
    return [Choice(kind, kind_label(kind), said[kind]) for kind in listed]


def lines(body: SessionBody) -> list[SummaryLine]:
    """The fields of the review card, each with the step that asks it."""
    moment = Moment(body.day, body.start, body.part)
    said = (moment, body.place, body.kind, body.minutes, body.people, body.what)
    return [*told(*said), SummaryLine(FILES, t("field.files"), shown(body.files))]


def known(chat: Chat, ask: Questions) -> list[SummaryLine]:
    """What has been said so far, at any step."""
    return told(
        chat.peek("day", ask.day),
        chat.peek("place", ask.place),
        chat.peek("kind", ask.kind),
        chat.peek("length", ask.length),
        chat.peek("people", ask.people),
        chat.peek("what", ask.what),
    )


def told(
    moment: Moment | None,
    place: str | None,
    kind: str | None,
    minutes: int | None,
    people: Sequence[str] | None,
    what: str | None,
) -> list[SummaryLine]:
    """The fields that say something."""
    found: list[SummaryLine] = []
    if moment is not None:
        found.append(SummaryLine("day", t("field.day"), when(moment)))
    if place is not None:
        found.append(SummaryLine("place", t("field.place"), t(f"place.{place}")))
    if kind is not None:
        found.append(SummaryLine("kind", t("field.kind"), kind_label(kind)))
    if minutes is not None:
        found.append(SummaryLine("length", t("field.length"), length(minutes)))
    if people is not None:
        items = list(people)
        found.append(SummaryLine("people", t("field.people"), t("field.list", items=items)))
    if what is not None:
        found.append(SummaryLine("what", t("field.what"), what))
    return found


def sketch(me: SessionSeen, journal: Journal) -> Sequence[Words]:
    """A draft's day and first words."""
    day = conversation.read(journal, "day", questions(me).day)
    what = conversation.read(journal, "what", questions(me).what)
    on = [t("drafts.day", day=Brief(day.day))] if day is not None else []
    return [called(me), *on, *([first_words(what)] if what else named(journal))]


def called(me: SessionSeen) -> Text:
    """What the talk is called: a new entry, or a correction of one."""
    return t("session.title" if me.record_id is None else "session.correction")


def when(body: SessionBody | Moment) -> Text:
    if body.start is not None:
        return t("field.day_time", day=body.day, time=body.start)
    if body.part is not None:
        return t("field.day_part", day=body.day, part=t(f"part.{body.part}"))
    return t("field.day_only", day=body.day)


def fields_of(body: SessionBody) -> tuple[Field, ...]:
    """The whole entry, as it is read."""
    return tuple(Field(line.label, line.shown) for line in lines(body))


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
        days = tuple(map(date.fromisoformat, args.get("days", ())))
        return SessionSeen(**student.model_dump(), past=past, days=days)
    record = records.to_edit(scene.session, scene.actor, record_id)
    body = records.body_at(scene.session, record)
    reason, reviewer = seen.sent_back(scene, record)
    return SessionSeen(
        **student.model_dump(),
        past=past,
        record_id=record_id,
        version=args["version"],
        files=body.files,
        returned=reason,
        returned_by=reviewer,
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
    line = records.title(record, body, brief=True)
    names = list(me.mentors.values())
    told = t("session.sent" if names else "session.sent_nobody", reviewers=names)
    rows = [*diary.after_session(scene, member, programme, record.id)]
    if me.days:
        left = [day.isoformat() for day in me.days[:MOST_DAYS]]
        label = t("session.next_day", day=me.days[0])
        rows.insert(0, (Choice(press("again", record.id, *left), label),))
    rows.append((Choice(press("progress"), t("command.progress.label")),))
    scene.say(Message(told, tuple(rows), title=t("session.sent_title"), items=(Item(line),)))


def edit(
    scene: Scene,
    record_id: int,
    version: int,
    body: SessionBody,
    new: Mapping[str, Answer] | None = None,
) -> None:
    """Open an entry that was handed in as a filled review card, perhaps with `new` answers."""
    given = answers_of(body)
    args = {"record": record_id, "version": version}
    # As it stood it was said not to repeat these; only a change can bring up another.
    for twin in like(load_session(scene, args), body):
        given[f"{AGAIN}/{twin.record_id}"] = Answer(press=AGAIN)
    scene.begin("session", args, {**given, **(new or {})})


def answers_of(body: SessionBody) -> dict[str, Answer]:
    """The answers by which an entry would be told again, its files apart."""
    return {
        "day": Answer(text=spoken(body)),
        "place": Answer(press=body.place),
        "kind": Answer(press=body.kind),
        "length": Answer(press=str(body.minutes)),
        "people": Answer(text="、".join(body.people)),
        "what": Answer(text=body.what),
    }


def changed(scene: Scene, body: SessionBody, about: str, to: str) -> Mapping[str, Answer]:
    """The answer that gives a field the value `to`; `None` if that is no value of any field."""
    _, _, me = seen.student(scene, "log_session")
    said = replacement(shown_entry(me, body), about, to, scene.now.astimezone(BEIJING))
    return {step: answer for step, answer in said.items() if answer is not None}


def spoken(body: SessionBody | Moment) -> str:
    """The session's day and time as a person would type them, to be parsed back."""
    if body.start is not None:
        return f"{body.day.isoformat()} {body.start:%H:%M}"
    if body.part is not None:
        return f"{body.day.isoformat()} {catalogue('zh')[f'part.{body.part}']}"
    return body.day.isoformat()


def hear(scene: Scene, words: str, files: SentFiles = NO_FILES) -> bool:
    """Take one sentence as a session, if it is one: 昨天下午在校和王老师做了两小时双缝实验.

    The files that came with it go with it.
    """
    now: datetime = scene.now.astimezone(BEIJING)
    done = looks_like_session(words, now)
    if not done and not looks_like_plan(words, now):
        return False
    open_heard(scene, words, files, done=done)
    return True


def hear_another(scene: Scene, words: str) -> bool:
    """Take a whole sentence as a session of its own where it is typed into the talk of another
    one, and tells otherwise than that; the other is kept as a draft. Returns whether it did."""
    talk = scene.talk()
    now = scene.now.astimezone(BEIJING)
    if talk is None or talk.flow != FLOW.name or not looks_like_session(words, now):
        return False
    journal = Journal.from_json(talk.journal)
    me = SessionSeen.model_validate(talk.about["seen"])
    told = heard(words, scene.now, people=list(me.mentors.values()), kinds=me.kinds)
    held = {step: entry.answer for step, entry in journal.entries.items()}
    if told.moment is None or not told_apart(answers_in(told), held):
        return False
    open_heard(scene, words)
    return True


def begins_another(scene: Scene, words: str, further: str) -> bool:
    """Take a whole sentence that is said after words of which it is not known what they want as
    a session of its own, if it tells otherwise than they do. Those are kept as a draft."""
    now = scene.now.astimezone(BEIJING)
    if not looks_like_session(further, now):
        return False
    _, _, me = seen.student(scene, "log_session")
    people = list(me.mentors.values())
    first, then = (
        heard(one, scene.now, people=people, kinds=me.kinds) for one in (words, further)
    )
    if then.moment is None or not told_apart(answers_in(then), answers_in(first)):
        return False
    open_heard(scene, words)
    open_heard(scene, further)
    return True


def told_apart(told: Mapping[str, Answer], held: Mapping[str, Answer]) -> bool:
    """Whether a whole sentence and what was said before it cannot both be so of one session.

    What was done is told in many ways: other words for it are of another session only in a
    sentence that says when, how long, and where or with whom. What came with files is of theirs.
    """
    if any(
        step in told and step in held and told[step].press != held[step].press
        for step in ("place", "kind", "length")
    ):
        return True
    whole = {"day", "length"} <= told.keys() and not {"place", "people"}.isdisjoint(told)
    if not whole or any(step.startswith(f"{FILES}/") for step in held):
        return False
    sayings = ((said.get("what", Answer()).text or "") for said in (told, held))
    short, long = sorted(sayings, key=len)
    return not {*short} - _SMALL_SIGNS <= {*long}


_SMALL_SIGNS: Final = frozenset("的了在和跟、，。 ")


def open_heard(
    scene: Scene, words: str, files: SentFiles = NO_FILES, *, done: bool = True
) -> None:
    """Begin a record with what a sentence says; of several days, with the first of them."""
    _, _, me = seen.student(scene, "log_session")
    understood = heard(words, scene.now, people=list(me.mentors.values()), kinds=me.kinds)
    if understood.doubt:
        scene.say(doubted(understood))
    if not done or understood.doubt == "future":
        return
    given = answers_in(understood)
    if only_when(words, scene.now.astimezone(BEIJING)):
        given.pop("what", None)
    # 上周末 may have been either day: that is left open.
    several = understood.days if understood.doubt != "which_day" else ()
    first, *rest = several or (None,)
    if first is not None:
        given["day"] = Answer(text=spoken(understood.hours or Moment(first)))
    args = {"days": [day.isoformat() for day in rest if day]} if rest else {}
    scene.begin("session", args, {**given, **files.given}, done=files.done)


def answers_in(understood: Understood) -> dict[str, Answer]:
    """What a sentence says of a session, by step."""
    given: dict[str, Answer] = {}
    if understood.what:
        given["what"] = Answer(text=understood.what)
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
    return given


def again(scene: Scene, args: Sequence[str]) -> None:
    """The same as an own entry, on another of the days that one sentence told of."""
    record, _ = records.allowed(scene.session, scene.actor, number(args), "hand_in")
    body = records.body_at(scene.session, record)
    try:
        days = [date.fromisoformat(day) for day in args[1:]]
    except ValueError:
        days = []
    if not days or not isinstance(body, SessionBody):
        raise Refused(t("stale.unknown"), verb="press")
    first, *rest = days
    given = answers_of(body.model_copy(update={"day": first}))
    scene.begin("session", {"days": [day.isoformat() for day in rest]} if rest else {}, given)


def begin_with_files(scene: Scene, words: str, files: SentFiles) -> None:
    """Begin a record with photos or files; words that came with them are what was done."""
    given = dict(files.given)
    if len(words) >= LEAST_WORDS:
        given["what"] = Answer(text=words)
    scene.begin("session", {}, given, done=files.done)


def heard(words: str, now: datetime, *, people: Sequence[str], kinds: Sequence[str]) -> Understood:
    """What a sentence says of a session, in the words that this assistant knows.

    `people` are those whom a name may mean; `kinds` are the programme's kinds of activity.
    """
    return understand_session(
        words,
        now.astimezone(BEIJING),
        people=people,
        places=vocabulary("place", tuple(place.key for place in PLACES)),
        kinds=vocabulary("kind", (*kinds, "other")),
    )


def doubted(understood: Understood) -> Text:
    """What cannot be so, or is more than one session, in words."""
    return t(
        f"session.doubt.{understood.doubt}",
        said=understood.doubt_said or "",
        days=list(understood.days),
        count=len(understood.days),
    )


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
    named=called,
    sketch=sketch,
)
