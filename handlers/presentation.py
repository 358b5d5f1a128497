"""中期汇报: what a learner prepares to present at a stage, as the document lists it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.scene import TO_MENU, Act, Flow, Scene
from bot.talk import conversation
from bot.talk.acting import Refused
from bot.talk.clock import beijing_day
from bot.talk.conversation import Chat, Journal
from bot.talk.inputs import Answer, Free, Pick, Summary, SummaryLine
from bot.talk.message import Choice, Field, Message, Meter, press
from handlers import seen
from handlers.attachments import FILES, keep_files, shown
from handlers.seen import InOrder, Student, first_words
from programmes.model import Programme
from programmes.presenting import presented
from programmes.values import Presented
from prompts import Both, Brief, Text, Words, render, t
from services import presentations, records
from services.entities import Record, RecordKind
from services.packs import stage_label
from services.progress import stands
from services.records import Entries, Kept, PresentationBody, PresentedPart

SUBMIT: Final = "submit"
NONE: Final = "none"
PROGRESS: Final = "progress"
"""What every presentation begins with: what was done and learnt."""
OPTIONAL: Final = (Presented.QUESTIONS, Presented.PROBLEMS)
"""Of these there may be none."""
MOST: Final = 2000


class PresentationSeen(Student):
    """What the talk is told: at which stages something is presented, and what about."""

    about: InOrder[tuple[str, ...]]
    """What the document wants spoken about, by stage."""
    until: dict[str, date]
    """The last day of each stage that has one."""
    record_id: int | None = None
    version: int = 0
    files: tuple[Kept, ...] = ()


class PresentationMade(BaseModel):
    """The result of the talk."""

    model_config = ConfigDict(frozen=True)

    stage: str
    body: PresentationBody


# ---------------------------------------------------------------- the talk


async def prepare(chat: Chat, me: PresentationSeen) -> PresentationMade:
    files = await keep_files(chat, me.files)
    stage = next(iter(me.about))
    if len(me.about) > 1:
        stage = await chat.ask("stage", about_stage(me), t("presentation.which"))
    words = {}
    for key in parts_of(me, stage):
        asked = t(f"presentation.ask_{key}")
        if key == PROGRESS and chat.today <= me.until.get(stage, date.min):
            asked = t("presentation.until", until=me.until[stage], asked=asked)
        words[key] = await chat.ask(key, about_part(key), asked)
    body = PresentationBody(
        parts=tuple(
            PresentedPart(key=key, words=said) for key, said in words.items() if said != NONE
        ),
        files=files,
    )
    send = t("session.resubmit") if me.record_id else t("session.submit")
    ends = [Choice(SUBMIT, send, weight="primary")]
    await chat.ask("review", Summary(lines(me, stage, words, files), ends), t("writing.check"))
    return PresentationMade(stage=stage, body=body)


def parts_of(me: PresentationSeen, stage: str) -> Sequence[str]:
    return (PROGRESS, *me.about[stage])


def about_stage(me: PresentationSeen) -> Pick:
    return Pick([Choice(one, stage_label(one)) for one in me.about])


def about_part(key: str) -> Free:
    options = [Choice(NONE, t("presentation.none"))] if key in OPTIONAL else []
    return Free(least=5, most=MOST, options=options)


def lines(
    me: PresentationSeen, stage: str, words: Mapping[str, str], files: Sequence[Kept]
) -> list[SummaryLine]:
    """The fields of the card before it is handed in, each with the step that asks for it."""
    found = []
    if len(me.about) > 1:
        found.append(SummaryLine("stage", t("field.stage"), stage_label(stage)))
    found += [
        SummaryLine(key, label(key), t("presentation.none") if said == NONE else said)
        for key, said in words.items()
    ]
    return [*found, SummaryLine(FILES, t("field.files"), shown(files))]


def label(key: str) -> Text:
    return t(f"presentation.part_{key}")


def called(me: PresentationSeen) -> Text:
    return t("presentation.correction" if me.record_id else "presentation.one")


def sketch(me: PresentationSeen, journal: Journal) -> Sequence[Words]:
    """What a draft is called, and its first words."""
    said = conversation.read(journal, PROGRESS, about_part(PROGRESS))
    return [called(me), *([first_words(said)] if said else [])]


# ---------------------------------------------------------------- before and after


def load_presentation(scene: Scene, args: Mapping[str, Any]) -> PresentationSeen:
    member, programme, student = seen.student(scene, "write")
    asked = presented(programme)
    if not asked:
        raise Refused(t("presentation.not_asked"), verb="write", object="membership")
    told: dict[str, Any] = {}
    stages: Sequence[str] = list(asked)
    if args.get("record") is not None:
        record = records.to_edit(scene.session, scene.actor, args["record"])
        files = records.body_at(scene.session, record).files
        told = {"record_id": record.id, "version": args["version"], "files": files}
        stages = [record.period]
    else:
        there = prepared(records.entries(scene.session, student.member_id))
        stages = [key for key in stages if key not in there]
        if not stages:
            raise Refused(t("presentation.all_there"), verb="write", object="membership")
    due = presentations.due(scene.session, member.id, beijing_day(scene.now))
    return PresentationSeen(
        **student.model_dump(),
        about={key: asked[key].about if key in asked else () for key in stages},
        until={key: due[key] for key in stages if key in due},
        **told,
    )


def finish_presentation(scene: Scene, me: PresentationSeen, made: PresentationMade) -> None:
    member, _ = seen.writer(scene, "write")
    today = beijing_day(scene.now)
    if me.record_id is not None:
        entry = records.amend(
            scene.session, scene.actor, me.record_id, me.version, made.body, day=today
        )
    else:
        entry = records.hand_in(
            scene.session,
            scene.actor,
            member,
            RecordKind.PRESENTATION,
            made.body,
            day=today,
            period=made.stage,
        )
    open_ = Choice(press("record", entry.id), t("record.open"))
    scene.say(Message(t("presentation.sent"), ((open_, TO_MENU),)))


def begin(scene: Scene, _args: Sequence[str]) -> None:
    """中期汇报: prepare one, or show the one that is prepared."""
    member, programme = seen.writer(scene, "write")
    asked = presented(programme)
    there = prepared(records.entries(scene.session, member.id))
    if asked and not asked.keys() - there.keys():
        rows = tuple(
            (Choice(press("record", record.id or 0), t("record.presentation_line", stage=stage)),)
            for stage, record in ((stage_label(key), there[key]) for key in asked)
        )
        scene.say(Message(t("presentation.all_there"), (*rows, (TO_MENU,)), kind="question"))
        return
    scene.begin("presentation")


def prepared(entries: Entries) -> dict[str, Record]:
    """The presentations that there are, by stage."""
    there = [record for record, _ in entries if stands(record, RecordKind.PRESENTATION)]
    return {record.period: record for record in there}


def edit(scene: Scene, record: Record, body: PresentationBody) -> None:
    """Open a presentation for change, as a filled summary."""
    given = {part.key: Answer(text=part.words) for part in body.parts}
    _, programme = seen.writer(scene, "write")
    about = presented(programme).get(record.period)
    for key in about.about if about else ():
        given.setdefault(key, Answer(press=NONE))
    scene.begin("presentation", {"record": record.id, "version": record.version}, given)


FLOW = Flow(
    name="presentation",
    title=t("presentation.one"),
    talk=prepare,
    about=PresentationSeen,
    load=load_presentation,
    finish=finish_presentation,
    named=called,
    sketch=sketch,
)


# ---------------------------------------------------------------- where else it is seen


def fields_of(body: PresentationBody) -> tuple[Field, ...]:
    told = [Field(label(part.key), part.words) for part in body.parts]
    return (*told, Field(t("field.files"), shown(body.files)))


def meters(
    scene: Scene, member_id: int, programme: Programme, entries: Entries, *, own: bool
) -> Iterable[Meter]:
    """Whether each presentation is prepared, where the document has any."""
    asked = presented(programme)
    if not asked:
        return
    there = prepared(entries)
    due = presentations.due(scene.session, member_id, beijing_day(scene.now))
    clauses = presentations.clauses(programme)
    for key, one in asked.items():
        record = there.get(key)
        state: Words = ""
        if record is None and key in due:
            state = t("presentation.due", until=Brief(due[key]))
        there_since = t("presentation.there", day=Brief(record.day)) if record else ""
        way = Choice(press("presentation"), t("presentation.begin"))
        yield Meter(
            Both(one.name, render(t("record.presentation_line", stage=stage_label(key)), "en")),
            there_since or t("presentation.missing"),
            int(record is not None),
            0,
            1,
            state,
            "good" if record else "neutral",
            clauses[key],
            way if own and record is None else None,
        )


COMMANDS: dict[str, Act] = {"presentation": begin}

__all__ = ["COMMANDS", "FLOW", "PresentationSeen", "edit", "fields_of", "meters"]
