"""写成长日志 and, where the programme asks for it, 面谈记录: written in several messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import count
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.scene import TO_MENU, Flow, Scene
from bot.talk import conversation
from bot.talk.acting import Refused
from bot.talk.conversation import Chat, Journal
from bot.talk.inputs import (
    Answer,
    Corrections,
    Day,
    Free,
    Parts,
    Pick,
    Summary,
    SummaryLine,
)
from bot.talk.message import Choice, Item, Message, press
from handlers import seen
from handlers.attachments import FILES, keep_files, named, next_turn, shown, taking_away
from handlers.corrections import ShownEntry, corrections
from handlers.seen import Student, first_words
from language.days import Moment
from language.replies import told_in_a_diary
from programmes.model import Programme
from programmes.values import Frequency, kept_as
from prompts import BEIJING, Brief, Text, Words, t
from services import records
from services.access import LearnerPlace
from services.entities import Record, RecordKind, RecordState
from services.packs import asked_of, stage_label
from services.progress import sessions_without
from services.records import Kept, WritingBody

MOST_PARTS: Final = 30
MOST_TOLD: Final = 10000
"""Characters of a text that is told at once."""
OFFERED: Final = 8
"""Sessions that are offered to choose from."""
SUBMIT: Final = "submit"
GONE: Final = "gone"
"""Takes one part of the text away."""


class WritingSeen(Student):
    """The talk's data: the kind of record, and what it belongs to."""

    kind: RecordKind
    frequency: Frequency | None
    """How often the programme asks for one; `None` if it does not say: each then has its own
    day."""
    about_id: int | None = None
    about_line: str = ""
    about_day: date | None = None
    stages: tuple[str, ...] = ()
    """The stages without one."""
    record_id: int | None = None
    version: int = 0
    files: tuple[Kept, ...] = ()
    returned: str = ""
    """Why it was sent back, if it was."""
    returned_by: str = ""


class Written(BaseModel):
    """The result of the talk."""

    model_config = ConfigDict(frozen=True)

    body: WritingBody
    period: str = ""
    day: date


async def write(chat: Chat, me: WritingSeen) -> Written:
    period, day = "", me.about_day or chat.today
    if me.returned:
        chat.above = t("session.returned", reviewer=me.returned_by, reason=me.returned)
    files = await keep_files(chat, me.files, captions="text/0")
    if me.frequency is Frequency.PER_STAGE:
        stages = [Choice(stage, stage_label(stage)) for stage in me.stages]
        period = await chat.ask("stage", Pick(stages), t(f"{me.kind}.which_stage"))
    elif me.about_id is None:
        day = (await chat.ask("day", Day(me.first, me.last), t(f"{me.kind}.which_day"))).day
    parts = await tell(chat, me)
    body = WritingBody(parts=tuple(parts.values()), files=files)
    send = t("session.resubmit") if me.record_id else t("session.submit")
    fields = lines(me, period, day, parts, files)
    ends = [Choice(SUBMIT, send, weight="primary")]
    summary = Summary(fields, ends, corrected(chat, me, day, parts, files))
    await chat.ask("review", summary, check(me))
    return Written(body=body, period=period, day=day)


async def tell(chat: Chat, me: WritingSeen) -> dict[str, str]:
    """Ask for the text, in one or more messages; returns each with its step."""
    parts: dict[str, str] = {}
    words = t(f"{me.kind}.guide")
    if me.about_line:
        words = t("writing.of", line=me.about_line, guide=words)
    for turn in count():
        step = f"text/{turn}"
        changing = chat.changing(step)
        gone = [Choice(GONE, t("writing.take_part"))]
        held = gone if chat.given(step) or (changing and _several(chat)) else []
        kind = Parts(files_left=0, needed=not parts or changing, held=held)
        part = await chat.ask(step, kind, t("writing.change_part") if changing else words)
        if part.done:
            break
        if not part.taken_away:
            parts[step] = part.text
        if len(parts) == MOST_PARTS:
            break
        words = t("writing.more", count=len(parts), length=sum(map(len, parts.values())))
    return parts


def _several(chat: Chat) -> bool:
    """Whether the text came in several parts. Only then can one be taken away."""
    second = chat.peek("text/1", Parts(files_left=0))
    return second is not None and not second.done


def corrected(
    chat: Chat, me: WritingSeen, day: date, parts: Mapping[str, str], files: Sequence[Kept]
) -> Corrections:
    """Hears what somebody says to be wrong with the entry on its review card."""
    form = ShownEntry(
        text=next(iter(parts)) if len(parts) == 1 else "",
        adds=[*parts][-1],
        words=[*parts.values()][-1],
        day=Moment(day) if me.about_id is None and not me.stages else None,
        files=taking_away(files),
        files_step=FILES,
        next_file=next_turn(chat),
        spoken=lambda moment: moment.day.isoformat(),
    )
    return lambda words, asked: corrections(form, words, asked.now.astimezone(BEIJING))


def check(me: WritingSeen) -> Text:
    """The question above the entry before it is handed in."""
    if me.about_line:
        return t("writing.check_about", line=me.about_line)
    return t("writing.check")


def lines(
    me: WritingSeen, period: str, day: date, parts: Mapping[str, str], files: Sequence[Kept]
) -> list[SummaryLine]:
    """The lines of the summary, each with the step that asks for it."""
    if len(parts) == 1:
        fields = [SummaryLine(step, t("field.text"), part) for step, part in parts.items()]
    else:
        fields = [
            SummaryLine(step, t("field.part", number=number), part)
            for number, (step, part) in enumerate(parts.items(), start=1)
        ]
    fields.append(SummaryLine(FILES, t("field.files"), shown(files)))
    if period:
        fields.insert(0, SummaryLine("stage", t("field.stage"), stage_label(period)))
    elif me.about_id is None:
        fields.insert(0, SummaryLine("day", t("field.day"), t("field.day_only", day=day)))
    return fields


def sketch(me: WritingSeen, journal: Journal) -> Sequence[Words]:
    """What a draft is about, and its first words."""
    stages = [Choice(stage, stage_label(stage)) for stage in me.stages]
    period = conversation.read(journal, "stage", Pick(stages))
    day = conversation.read(journal, "day", Day(me.first, me.last))
    first = conversation.read(journal, "text/0", Parts(files_left=0))
    if period is not None:
        on: Words = stage_label(period)
    else:
        about = day.day if day is not None else me.about_day
        on = t("drafts.day", day=Brief(about)) if about else ""
    words: Sequence[Words] = [first_words(first.text)] if first else named(journal)
    return [known for known in (called(me), on, *words) if known]


def called(me: WritingSeen) -> Text:
    """What the talk is called: a new entry, or a correction of one."""
    if me.record_id is None:
        return t(f"writing.kind_{me.kind}")
    return t(f"writing.correction_{me.kind}")


# ---------------------------------------------------------------- what the programme asks for


def after_session(
    scene: Scene, learner: LearnerPlace, programme: Programme, session_id: int
) -> list[tuple[Choice, ...]]:
    """The buttons that lead from a session to its diary, if one is due after each session."""
    asked = asked_of(programme, learner.grade, RecordKind.DIARY)
    if asked is None or asked.frequency is not Frequency.PER_SESSION:
        return []
    if records.has_diary(scene.session, session_id):
        return []
    later = Choice(press("menu"), t("diary.later"), weight="quiet")
    return [(Choice(press("diary", session_id), t("diary.now"), weight="primary"), later)]


def unwritten_of(scene: Scene, member_id: int, kind: RecordKind) -> list[tuple[Record, Text]]:
    """A student's sessions without a record of this kind, the latest first."""
    entries = records.entries(scene.session, member_id)
    return [
        (record, records.title(record, body, brief=True))
        for record, body in sessions_without(entries, kind)
    ]


def hear(scene: Scene, words: str) -> bool:
    """日记：今天终于把曲线画出来了: begin a diary with what is told. Tells whether it was one."""
    told = told_in_a_diary(words)
    if told is None or not seen.learns(scene):
        return False
    start(scene, RecordKind.DIARY, told=told)
    return True


def start(scene: Scene, kind: RecordKind, about_id: int | None = None, *, told: str = "") -> None:
    """Begin a diary or meeting record, perhaps with its text; if one belongs to each session, ask
    which."""
    member, programme, student = seen.student(scene, "write")
    asked = asked_of(programme, member.grade, kind)
    if asked is None:
        raise Refused(t(f"{kind}.not_asked"), verb="write", object="membership")
    if about_id is None and asked.frequency is Frequency.PER_SESSION:
        open_ones = unwritten_of(scene, student.member_id, kind)
        if not open_ones:
            raise Refused(t(f"{kind}.none_open"), verb="write", object="membership")
        if len(open_ones) > 1:
            if told:
                given = {"text": Answer(text=told)}
                scene.begin("diary_of", {"kind": kind.value}, given, anew=True)
                return
            items = [
                Item(line, press(kind, record.id or 0)) for record, line in open_ones[:OFFERED]
            ]
            words = t(f"{kind}.which_session")
            scene.say(Message(words, ((TO_MENU,),), items=tuple(items)))
            return
        about_id = open_ones[0][0].id
    given = {"text/0": Answer(text=told)} if told else {}
    scene.begin("writing", {"kind": kind.value, "about": about_id}, given, anew=bool(told))


class OfSeen(BaseModel):
    """The sessions of which a text that was told may be: numbers and lines."""

    model_config = ConfigDict(frozen=True)

    kind: RecordKind
    sessions: tuple[tuple[int, str], ...]


class OfWhich(BaseModel):
    """A text, and the session of which it is."""

    model_config = ConfigDict(frozen=True)

    text: str
    session: int


async def of_which(chat: Chat, me: OfSeen) -> OfWhich:
    """Keep the text that was told, and ask of which session it is."""
    text: str = await chat.ask("text", Free(most=MOST_TOLD, questions=True), t(f"{me.kind}.guide"))
    choices = [Choice(str(number), line) for number, line in me.sessions]
    chosen = await chat.ask("session", Pick(choices, width=1), t(f"{me.kind}.which_session"))
    return OfWhich(text=text, session=int(chosen))


def load_of_which(scene: Scene, args: Mapping[str, Any]) -> OfSeen:
    _, _, student = seen.student(scene, "write")
    kind = RecordKind(args["kind"])
    open_ones = unwritten_of(scene, student.member_id, kind)[:OFFERED]
    if not open_ones:
        raise Refused(t(f"{kind}.none_open"), verb="write", object="membership")
    lines = tuple((record.id or 0, scene.words(line)) for record, line in open_ones)
    return OfSeen(kind=kind, sessions=lines)


def finish_of_which(scene: Scene, me: OfSeen, said: OfWhich) -> None:
    given = {"text/0": Answer(text=said.text)}
    scene.begin("writing", {"kind": me.kind.value, "about": said.session}, given, anew=True)


# ---------------------------------------------------------------- before and after


def load_writing(scene: Scene, args: Mapping[str, Any]) -> WritingSeen:
    member, programme, student = seen.student(scene, "write")
    kind = RecordKind(args["kind"])
    asked = asked_of(programme, member.grade, kind)
    if asked is None:
        raise Refused(t(f"{kind}.not_asked"), verb="write", object="membership")
    often = asked.frequency if isinstance(asked.frequency, Frequency) else None
    told: dict[str, Any] = {"kind": kind, "frequency": often}
    if args.get("record") is not None:
        record = records.to_edit(scene.session, scene.actor, args["record"])
        told |= {
            "record_id": record.id,
            "version": args["version"],
            "files": records.body_at(scene.session, record).files,
            **dict(zip(("returned", "returned_by"), seen.sent_back(scene, record), strict=True)),
            "stages": (record.period,),
            "about_day": record.day,
        }
        args = {**args, "about": record.about_id}
    else:
        told["stages"] = stages_left(scene, programme, student.member_id, kind)
        if asked.frequency is Frequency.PER_STAGE and not told["stages"]:
            raise Refused(t(f"{kind}.none_open"), verb="write", object="membership")
    if args.get("about") is not None:
        told |= about_session(scene, args["about"], student.member_id)
    return WritingSeen(**student.model_dump(), **told)


def about_session(scene: Scene, session_id: int, member_id: int) -> dict[str, Any]:
    session = records.own_session(scene.session, scene.actor, session_id, member_id)
    line = records.title(session, records.body_at(scene.session, session), brief=True)
    return {
        "about_id": session_id,
        "about_line": scene.words(line),
        "about_day": session.day,
    }


def stages_left(
    scene: Scene, programme: Programme, member_id: int, kind: RecordKind
) -> tuple[str, ...]:
    taken = {
        record.period
        for record, _ in records.entries(scene.session, member_id, kind)
        if record.state is not RecordState.WITHDRAWN
    }
    stages = programme.evaluation.stages.value or ()
    every = dict.fromkeys(kept_as(stage.stage) for stage in stages)
    return tuple(stage for stage in every if stage not in taken)


def finish_writing(scene: Scene, me: WritingSeen, written: Written) -> None:
    member, _ = seen.writer(scene, "write")
    if me.record_id is not None:
        record = records.amend(
            scene.session, scene.actor, me.record_id, me.version, written.body, day=written.day
        )
    else:
        record = records.hand_in(
            scene.session,
            scene.actor,
            member,
            me.kind,
            written.body,
            day=written.day,
            about_id=me.about_id,
            period=written.period,
        )
    told = t(f"{me.kind}.sent_{record.state}", reviewers=list(me.mentors.values()))
    scene.say(Message(told, ((Choice(press("progress"), t("command.progress.label")),),)))


def edit(scene: Scene, record: Record, body: WritingBody) -> None:
    """Open a diary or meeting record for change, as a filled summary."""
    given = {f"text/{i}": Answer(text=part) for i, part in enumerate(body.parts)}
    given[f"text/{len(body.parts)}"] = Answer(press="done")
    if record.period:
        given["stage"] = Answer(press=record.period)
    elif record.about_id is None:
        given["day"] = Answer(press=record.day.isoformat())
    args = {"kind": record.kind.value, "record": record.id, "version": record.version}
    scene.begin("writing", args, given)


OF_WHICH: Final = Flow(
    name="diary_of",
    title=t("writing.title"),
    talk=of_which,
    about=OfSeen,
    load=load_of_which,
    finish=finish_of_which,
    sketch=lambda _, journal: (
        [t("writing.title"), first_words(words)]
        if (words := conversation.read(journal, "text", Free(most=MOST_TOLD)))
        else []
    ),
)

FLOW = Flow(
    name="writing",
    title=t("writing.title"),
    talk=write,
    about=WritingSeen,
    load=load_writing,
    finish=finish_writing,
    named=called,
    sketch=sketch,
)
