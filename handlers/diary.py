"""写成长日志, and 面谈记录 where the programme asks for one: told in several messages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from itertools import count
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.scene import Flow, Scene
from bot.talk.acting import Refused
from bot.talk.conversation import Chat
from bot.talk.inputs import SKIP, Answer, Day, Parts, Pick, Summary, SummaryLine
from bot.talk.message import Choice, Message, press
from handlers import seen
from handlers.attachments import FILES, keep_files
from handlers.seen import Student
from programmes.model import Programme
from programmes.values import Frequency
from prompts import Text, t
from services import records
from services.access import LearnerPlace
from services.progress import asked_of, sessions_without
from services.records import Kept, WritingBody
from services.rows import Record, RecordKind, RecordState

MOST_PARTS: Final = 30
SUBMIT: Final = "submit"


class WritingSeen(Student):
    """What the talk is told: which kind of record, and what it belongs to."""

    kind: RecordKind
    frequency: Frequency | None
    """How often the programme asks for one; where it does not say, each has a day of its own."""
    about_id: int | None = None
    about_line: str = ""
    about_day: date | None = None
    stages: tuple[str, ...] = ()
    """The stages for which none is handed in yet."""
    record_id: int | None = None
    version: int = 0
    files: tuple[Kept, ...] = ()


class Written(BaseModel):
    """What the talk returns."""

    model_config = ConfigDict(frozen=True)

    body: WritingBody
    period: str = ""
    day: date


async def write(chat: Chat, me: WritingSeen) -> Written:
    period, day = "", me.about_day or chat.today
    if me.frequency is Frequency.PER_STAGE:
        stages = [Choice(stage, t(f"stage.{stage}")) for stage in me.stages]
        period = await chat.ask("stage", Pick(stages), t(f"{me.kind}.which_stage"))
    elif me.about_id is None:
        day = (await chat.ask("day", Day(me.first, me.last), t(f"{me.kind}.which_day"))).day
    parts = await tell(chat, me)
    files = await keep_files(chat, me.files, t(f"{me.kind}.files"))
    body = WritingBody(parts=parts, files=files)
    send = t("session.resubmit") if me.record_id else t("session.submit")
    summary = t(
        f"{me.kind}.review", about=about(me, period, day), text="\n".join(parts), files=len(files)
    )
    await chat.ask("review", Summary(lines(me, period), [Choice(SUBMIT, send)]), summary)
    return Written(body=body, period=period, day=day)


async def tell(chat: Chat, me: WritingSeen) -> tuple[str, ...]:
    """The text, in as many messages as it comes in."""
    parts: list[str] = []
    words = t(f"{me.kind}.guide")
    for turn in count():
        kind = Parts(files_left=0, needed=turn == 0)
        part = await chat.ask(f"text/{turn}", kind, words)
        if part.done:
            break
        parts.append(part.text)
        if len(parts) == MOST_PARTS:
            break
        words = t("writing.more", count=len(parts), length=sum(map(len, parts)))
    return tuple(parts)


def about(me: WritingSeen, period: str, day: date) -> Text:
    if me.about_line:
        return t("writing.about_session", line=me.about_line)
    if period:
        return t("writing.about_stage", stage=t(f"stage.{period}"))
    return t("writing.about_day", day=day)


def lines(me: WritingSeen, period: str) -> list[SummaryLine]:
    fields = [SummaryLine("text", t("field.text"), ""), SummaryLine(FILES, t("field.files"), "")]
    if period:
        fields.insert(0, SummaryLine("stage", t("field.stage"), ""))
    elif me.about_id is None:
        fields.insert(0, SummaryLine("day", t("field.day"), ""))
    return fields


# ---------------------------------------------------------------- what the programme asks for


def after_session(
    scene: Scene, learner: LearnerPlace, programme: Programme, session_id: int
) -> list[tuple[Choice, ...]]:
    """The way on from a session to the diary, where one is asked for after each session."""
    asked = asked_of(programme, learner.grade, RecordKind.DIARY)
    if asked is None or asked.frequency is not Frequency.PER_SESSION:
        return []
    if records.has_diary(scene.session, session_id):
        return []
    later = Choice(press("menu"), t("diary.later"))
    return [(Choice(press("diary", session_id), t("diary.now")), later)]


def without_diary(scene: Scene, member_id: int) -> list[tuple[Record, Text]]:
    """A student's sessions whose diary is still to be written, the latest first."""
    entries = records.entries(scene.session, member_id)
    return [
        (record, records.title(record, body, brief=True))
        for record, body in sessions_without(entries, RecordKind.DIARY)
    ]


def start(scene: Scene, kind: RecordKind, about_id: int | None = None) -> None:
    """Begin a diary or meeting record; where one belongs to each session, ask for which."""
    member, programme, student = seen.student(scene, "write")
    asked = asked_of(programme, member.grade, kind)
    if asked is None:
        raise Refused(t(f"{kind}.not_asked"), verb="write", object="membership")
    if about_id is None and asked.frequency is Frequency.PER_SESSION:
        open_ones = without_diary(scene, student.member_id)
        if not open_ones:
            raise Refused(t(f"{kind}.none_open"), verb="write", object="membership")
        if len(open_ones) > 1:
            rows = [
                (Choice(press("diary", record.id or 0), line),) for record, line in open_ones[:8]
            ]
            scene.say(Message(t(f"{kind}.which_session"), tuple(rows)))
            return
        about_id = open_ones[0][0].id
    scene.begin("writing", {"kind": kind.value, "about": about_id})


# ---------------------------------------------------------------- before and after


def load_writing(scene: Scene, args: Mapping[str, Any]) -> WritingSeen:
    member, programme, student = seen.student(scene, "write")
    kind = RecordKind(args["kind"])
    asked = asked_of(programme, member.grade, kind)
    if asked is None:
        raise Refused(t(f"{kind}.not_asked"), verb="write", object="membership")
    told: dict[str, Any] = {"kind": kind, "frequency": asked.frequency}
    if args.get("record") is not None:
        record = records.found(scene.session, args["record"], "edit")
        told |= {
            "record_id": record.id,
            "version": args["version"],
            "files": records.body_at(scene.session, record).files,
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
    session = records.found(scene.session, session_id, "write")
    if session.student_id != member_id:
        raise Refused(
            t("access.not_your_record"), verb="write", object="record", object_id=session_id
        )
    line = records.title(session, records.body_at(scene.session, session))
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
    return tuple(stage.stage.value for stage in stages if stage.stage.value not in taken)


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
    """Open a diary or meeting record that was handed in as a filled review card."""
    given = {f"text/{i}": Answer(text=part) for i, part in enumerate(body.parts)}
    given[f"text/{len(body.parts)}"] = Answer(press="done")
    given[f"{FILES}/0"] = Answer(press=SKIP)
    if body.files:
        given[f"{FILES}/had"] = Answer(press="keep")
    if record.period:
        given["stage"] = Answer(press=record.period)
    elif record.about_id is None:
        given["day"] = Answer(press=record.day.isoformat())
    args = {"kind": record.kind.value, "record": record.id, "version": record.version}
    scene.begin("writing", args, given)


FLOW = Flow(
    name="writing",
    title=t("writing.title"),
    talk=write,
    about=WritingSeen,
    load=load_writing,
    finish=finish_writing,
)
