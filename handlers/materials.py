"""我的材料: what the document asks a learner to hand in at the end, as files with a title and an
abstract; the list of what is there and what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from mimetypes import guess_type
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict

from bot.scene import TO_MENU, Act, Flow, Scene
from bot.talk import conversation
from bot.talk.acting import Refused
from bot.talk.clock import beijing_day
from bot.talk.conversation import Chat, Journal
from bot.talk.inputs import Answer, Free, Pick, Summary, SummaryLine
from bot.talk.message import Attachment, Choice, Field, Item, Message, Meter, Weight, press
from handlers import seen
from handlers.attachments import FILES, NO_FILES, SentFiles, keep_files, named, shown
from handlers.seen import Student, first_words
from programmes import evaluating
from programmes.evaluating import Side
from programmes.materials import asked_by_now, brought, forms, is_open, listed
from programmes.model import Programme
from programmes.values import Material, kept_as
from prompts import LANGUAGES, Both, Brief, Text, Words, render, t
from services import evaluations, records
from services.access import LearnerPlace, learner
from services.entities import Record, RecordKind
from services.packs import load, material_label
from services.progress import lacking, stands
from services.records import OTHER, Entries, Kept, MaterialBody

SUBMIT: Final = "submit"
FILE_NAME: Final = "file_name"
"""Takes the first file's name as the title."""
LONGEST_TITLE: Final = 60
CARD: Final = "materials"


class MaterialSeen(Student):
    """What the talk is told: what may be handed in, or what is being changed."""

    asked: tuple[str, ...]
    """The materials to choose from, as records name them."""
    forms: tuple[str, ...] = ()
    """The forms of a training report, as records name them."""
    until: date | None = None
    record_id: int | None = None
    version: int = 0
    files: tuple[Kept, ...] = ()


class Brought(BaseModel):
    """The result of the talk."""

    model_config = ConfigDict(frozen=True)

    material: str
    body: MaterialBody


# ---------------------------------------------------------------- the talk


async def bring(chat: Chat, me: MaterialSeen) -> Brought:
    chat.receive(FILES, captions="title")
    material = me.asked[0]
    if len(me.asked) > 1:
        material = await chat.ask("which", about_which(me), t("material.which"))
    form = ""
    if material == Material.TRAINING_REPORT and me.forms:
        form = await chat.ask("form", about_form(me), t("material.form"))
    what = material_label(form if form and form != OTHER else material)
    files = await keep_files(chat, me.files, captions="title", needed=asks_for_files(me, what))
    title = await chat.ask("title", about_title(files), t("material.title", what=what))
    if title == FILE_NAME and files:
        title = stem(files[0])
    abstract = await chat.ask("abstract", Free(least=10, most=1000), t("material.abstract"))
    body = MaterialBody(form=form, title=title, abstract=abstract, files=files)
    send = t("session.resubmit") if me.record_id else t("session.submit")
    ends = [Choice(SUBMIT, send, weight="primary")]
    await chat.ask("review", Summary(lines(me, material, body), ends), t("writing.check"))
    return Brought(material=material, body=body)


def about_which(me: MaterialSeen) -> Pick:
    return Pick([Choice(one, material_label(one)) for one in me.asked])


def about_form(me: MaterialSeen) -> Pick:
    return Pick([Choice(one, material_label(one)) for one in me.forms])


def asks_for_files(me: MaterialSeen, what: Words) -> Text:
    if me.until is None:
        return t("material.files", what=what)
    return t("material.files_until", what=what, until=me.until)


def about_title(files: Sequence[Kept]) -> Free:
    """A title in one's own words, or the first file's name."""
    options = [Choice(FILE_NAME, stem(files[0]))] if files else []
    return Free(least=2, most=LONGEST_TITLE, options=options)


def stem(file: Kept) -> str:
    """A file's name without its ending, as a title."""
    name = file.name.rpartition(".")[0] or file.name
    return name[:LONGEST_TITLE]


def lines(me: MaterialSeen, material: str, body: MaterialBody) -> list[SummaryLine]:
    """The fields of the card before it is handed in, each with the step that asks for it."""
    which = "which" if len(me.asked) > 1 else ""
    found = [SummaryLine(which, t("field.material"), material_label(material))]
    if body.form:
        found.append(SummaryLine("form", t("field.form"), material_label(body.form)))
    return [
        *found,
        SummaryLine("title", t("field.title"), body.title),
        SummaryLine("abstract", t("field.abstract"), body.abstract),
        SummaryLine(FILES, t("field.files"), shown(body.files)),
    ]


def called(me: MaterialSeen) -> Text:
    """What the talk is called: by the material where only one is meant."""
    if len(me.asked) > 1:
        return t("material.one")
    return t(
        "material.correction_of" if me.record_id else "material.one_of",
        what=material_label(me.asked[0]),
    )


def sketch(me: MaterialSeen, journal: Journal) -> Sequence[Words]:
    """What a draft is about: which material, and its title or its files."""
    which = conversation.read(journal, "which", about_which(me)) if len(me.asked) > 1 else None
    title = conversation.read(journal, "title", Free(least=2, most=LONGEST_TITLE))
    words: Sequence[Words] = [first_words(title)] if title else named(journal)
    return [called(me), *([material_label(which)] if which else []), *words]


# ---------------------------------------------------------------- before and after


def load_material(scene: Scene, args: Mapping[str, Any]) -> MaterialSeen:
    _, programme, student = seen.student(scene, "write")
    asked = tuple(kept_as(one) for one in brought(programme))
    told: dict[str, Any] = {}
    if args.get("record") is not None:
        record = records.to_edit(scene.session, scene.actor, args["record"])
        told = {
            "record_id": record.id,
            "version": args["version"],
            "files": records.body_at(scene.session, record).files,
        }
        asked = (record.period,)
    elif args.get("material") in asked:
        asked = (str(args["material"]),)
    if not asked:
        raise Refused(t("material.not_asked"), verb="write", object="membership")
    kinds = [kept_as(one) for one in forms(programme, Material.TRAINING_REPORT)]
    if kinds and is_open(programme):
        kinds.append(OTHER)
    due = programme.final_materials.deadline.value
    return MaterialSeen(
        **student.model_dump(),
        asked=asked,
        forms=tuple(kinds),
        until=due.last_day if due else None,
        **told,
    )


def finish_material(scene: Scene, me: MaterialSeen, made: Brought) -> None:
    member, _ = seen.writer(scene, "write")
    today = beijing_day(scene.now)
    if me.record_id is not None:
        records.amend(scene.session, scene.actor, me.record_id, me.version, made.body, day=today)
    else:
        records.hand_in(
            scene.session,
            scene.actor,
            member,
            RecordKind.MATERIAL,
            made.body,
            day=today,
            period=made.material,
        )
    late = me.until is not None and today > me.until
    told = t("material.sent_late", until=me.until) if late else t("material.sent")
    scene.say(Message(told, ((TO_LIST,), (TO_MENU,))))


TO_LIST: Final = Choice(press("materials"), t("command.materials.label"))
TO_HAND_IN: Final = Choice(press("material"), t("command.material.label"))


def begin(scene: Scene, args: Sequence[str]) -> None:
    """Begin to hand in one of the materials, or any."""
    _, programme = seen.writer(scene, "write")
    asked = brought(programme)
    if not asked:
        raise Refused(t("material.not_asked"), verb="write", object="membership")
    chosen = next((one for one in asked if list(args) in ([str(one)], [kept_as(one)])), None)
    scene.begin("material", {"material": kept_as(chosen)} if chosen else {})


def edit(scene: Scene, record: Record, body: MaterialBody) -> None:
    """Open a material for change, as a filled summary."""
    given = {"title": Answer(text=body.title), "abstract": Answer(text=body.abstract)}
    if body.form:
        given["form"] = Answer(press=body.form)
    scene.begin("material", {"record": record.id, "version": record.version}, given)


# ---------------------------------------------------------------- told in words, or sent


class Meant(NamedTuple):
    """What words name: materials, as records name them, and the form of a training report."""

    materials: tuple[str, ...] = ()
    form: str = ""


def asked_of_me(scene: Scene) -> Programme | None:
    """The programme of whoever speaks, if it asks them for materials."""
    if not seen.learns(scene):
        return None
    programme = load(learner(scene.session, scene.actor.person_id).programme)
    return programme if brought(programme) else None


def told(programme: Programme, words: str) -> Meant:
    """What words say about the materials that a document asks for: 课题报告 is one of them,
    读书报告 is a form of one, 材料 is any of them."""
    said = words.casefold()
    every = tuple(map(kept_as, brought(programme)))
    for name in every:
        if is_called(name, said):
            return Meant((name,))
    for form in map(kept_as, forms(programme, Material.TRAINING_REPORT)):
        if is_called(form, said):
            return Meant((kept_as(Material.TRAINING_REPORT),), form)
    general = (render(t("material.words"), language) for language in LANGUAGES)
    if any(word in said for words in general for word in words.split("|")):
        return Meant(every)
    return Meant()


def is_called(material: str, said: str) -> bool:
    """Whether words call this material by its name, in any language."""
    label = material_label(material)
    return any(render(label, language).casefold() in said for language in LANGUAGES)


def begin_with(scene: Scene, meant: Meant, files: SentFiles = NO_FILES) -> None:
    """Begin to hand in what is meant, with files that were sent."""
    given = dict(files.given)
    if meant.form:
        given["form"] = Answer(press=meant.form)
    one = {"material": meant.materials[0]} if len(meant.materials) == 1 else {}
    scene.begin("material", one, given, done=files.done)


def how(scene: Scene, programme: Programme, meant: Meant) -> None:
    """How materials are handed in here, until when, and the button that begins it."""
    one = meant.materials[0] if len(meant.materials) == 1 else ""
    label = t("material.hand_in", what=material_label(one)) if one else TO_HAND_IN.label
    way = Choice(press("material", *([one] if one else [])), label, weight="primary")
    due = programme.final_materials.deadline
    note = t("material.until", says=due_words(programme)) if due.value else ""
    rows = () if scene.talk() else ((way,), (TO_LIST, TO_MENU))
    scene.say(Message(t("material.how"), rows, note=note, clause=due.clause if note else ""))


def may_be(scene: Scene, words: str, files: Sequence[Attachment]) -> Meant:
    """The materials that files sent with these words may be: those that the words or the files'
    names name. Papers that are not named may be any that are missing by now."""
    programme = asked_of_me(scene)
    if programme is None:
        return Meant()
    named = told(programme, " ".join((words, *(file.name for file in files))))
    if named.materials or all(map(is_picture, files)):
        return named
    if not asked_by_now(programme, beijing_day(scene.now)):
        return Meant()
    me = learner(scene.session, scene.actor.person_id)
    return Meant(tuple(lacking(programme, records.entries(scene.session, me.id))))


def is_picture(file: Attachment) -> bool:
    known = file.media_type if "/" in file.media_type else ""
    guessed = guess_type(file.name)[0] or known
    return guessed.startswith("image/") or known.startswith("image/")


FLOW = Flow(
    name="material",
    title=t("material.one"),
    talk=bring,
    about=MaterialSeen,
    load=load_material,
    finish=finish_material,
    named=called,
    sketch=sketch,
)


# ---------------------------------------------------------------- what is there


def listing(scene: Scene, _args: Sequence[str]) -> None:
    """我的材料: everything that the document lists, what is there and what is missing."""
    me = learner(scene.session, scene.actor.person_id)
    programme = load(me.programme)
    if not listed(programme):
        raise Refused(t("material.not_asked"), verb="learn", object="membership")
    entries = records.entries(scene.session, me.id)
    items = [
        item for one in listed(programme) for item in checklist(scene, me, programme, one, entries)
    ]
    fact = programme.final_materials.student_materials
    rows: list[tuple[Choice, ...]] = [(TO_MENU,)]
    if brought(programme):
        weight: Weight = "primary" if lacking(programme, entries) else "plain"
        rows.insert(0, (replace(TO_HAND_IN, weight=weight),))
    scene.say(
        Message(
            until_when(programme),
            tuple(rows),
            kind="question",
            card=CARD,
            title=t("command.materials.label"),
            items=tuple(items),
            clause=fact.clause,
        )
    )


def until_when(programme: Programme) -> Words:
    """Until when the materials are due, in the document's words."""
    if programme.final_materials.deadline.value is None:
        return t("material.no_deadline")
    return t("material.deadline", says=due_words(programme))


def due_words(programme: Programme) -> Words:
    """The document's day: in its own words, in English the day alone."""
    due = programme.final_materials.deadline
    day = t("material.day", day=due.value.last_day if due.value else "")
    return Both(due.words[0], render(day, "en")) if due.words else day


def checklist(
    scene: Scene, me: LearnerPlace, programme: Programme, material: str, entries: Entries
) -> Iterable[Item]:
    """One thing that the document lists: each that is there, or that it is missing."""
    label = material_label(kept_as(material))
    if material == Material.GROWTH_DIARY:
        count = sum(stands(record, RecordKind.DIARY) for record, _ in entries)
        yield Item(label, press("records"), t("material.diaries", count=count))
        return
    if material == Material.MENTOR_EVALUATION:
        signed = evaluated(scene, me, programme)
        state = t("evaluation.signed" if signed else "material.not_signed")
        yield Item(label, press("evaluations"), state, "good" if signed else "neutral")
        return
    mine = [
        one
        for one in entries
        if one[0].kind is RecordKind.MATERIAL and one[0].period == kept_as(material)
    ]
    if not any(stands(record, RecordKind.MATERIAL) for record, _ in mine):
        way = press("material", str(material))
        yield Item(label, way, t("material.missing"), "waiting")
    for record, body in mine:
        line = records.title(record, body)
        there = stands(record, RecordKind.MATERIAL)
        day = record.day if there else beijing_day(records.withdrawn_at(scene.session, record))
        state = t("material.handed_in" if there else "record.withdrawn_on", day=Brief(day))
        yield Item(line, press("record", record.id or 0), state, "good" if there else "neutral")


def evaluated(scene: Scene, me: LearnerPlace, programme: Programme) -> bool:
    """Whether the mentor has signed the evaluation that belongs to the materials."""
    last = programme.stages[-1].stage if programme.stages else None
    ends = {
        key
        for key, stage in zip(evaluating.keys(programme), programme.stages, strict=True)
        if stage.stage == last
    }
    found = evaluations.of_student(scene.session, scene.actor, me.id)
    return any(one.evaluation.stage in ends and one.evaluation.side == Side.TEAM for one in found)


def meters(programme: Programme, entries: Entries, today: date, *, own: bool) -> Iterable[Meter]:
    """How much of the materials is there, if the document lists any that are brought."""
    asked = brought(programme)
    if not asked:
        return
    lacks = lacking(programme, entries)
    due = programme.final_materials.deadline.value
    late = due is not None and due.last_day < today
    state: Words = t("material.all_there")
    if lacks:
        what = [material_label(one) for one in lacks]
        state = t("material.lacks", what=what)
        if due is not None:
            key = "material.lacks_since" if late else "material.lacks_until"
            state = t(key, what=what, until=Brief(due.last_day))
    count = len(asked) - len(lacks)
    yield Meter(
        t("material.meter"),
        t("material.numbers", count=count),
        count,
        0,
        len(asked),
        state,
        "good" if not lacks else "bad" if late else "neutral",
        programme.final_materials.student_materials.clause,
        TO_LIST if own and lacks else None,
    )


def fields_of(record: Record, body: MaterialBody) -> tuple[Field, ...]:
    """The fields of a material besides its abstract."""
    form = [Field(t("field.form"), material_label(body.form))] if body.form else []
    return (
        Field(t("field.material"), material_label(record.period)),
        *form,
        Field(t("field.title"), body.title),
        Field(t("field.files"), shown(body.files)),
    )


COMMANDS: dict[str, Act] = {"materials": listing, "material": begin}

__all__ = ["COMMANDS", "FLOW", "MaterialSeen", "edit", "fields_of", "meters"]
