"""培养计划: a mentor writes each student's, the office approves it where the document wants that,
and the student reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.scene import Act, Flow, Scene, number
from bot.talk import conversation
from bot.talk.acting import Refused
from bot.talk.conversation import Chat, Journal
from bot.talk.inputs import Answer, Free, Summary, SummaryLine
from bot.talk.message import Choice, Field, Item, Message, Meter, Tone, press
from handlers import seen
from handlers.attachments import FILES, keep_files, shown
from handlers.pages import on_record, page_of, student_item, tell
from handlers.seen import first_words
from programmes import planning
from programmes.model import Programme
from prompts import Brief, Text, Words, t
from services import access, plans, records, roster
from services.access import LearnerPlace
from services.entities import Cohort, Record, RecordKind, RecordState
from services.packs import load
from services.plans import PlanLine
from services.records import Entries, Kept, PlanBody
from services.roster import Member

SUBMIT: Final = "submit"
NONE: Final = "none"
"""The choice that says that the plan has no readings."""
MOST: Final = 2000
CARD: Final = "plans"

TONES: Final[Mapping[RecordState, Tone]] = {
    RecordState.SUBMITTED: "waiting",
    RecordState.FILED: "good",
    RecordState.APPROVED: "good",
    RecordState.RETURNED: "bad",
}
"""A filed plan is whole: where no document wants it approved, it is carried out."""


class PlanSeen(BaseModel):
    """What the talk is told: whose plan it is, and who has a word on it."""

    model_config = ConfigDict(frozen=True)

    student_id: int
    student: str
    approved: bool
    """An office approves it before it is carried out."""
    record_id: int | None = None
    version: int = 0
    """The version that stood when it was begun."""
    files: tuple[Kept, ...] = ()
    returned: str = ""
    """Why it was sent back, if it was."""
    returned_by: str = ""


# ---------------------------------------------------------------- the talk


async def write(chat: Chat, me: PlanSeen) -> PlanBody:
    if me.returned:
        chat.above = t("session.returned", reviewer=me.returned_by, reason=me.returned)
    files = await keep_files(chat, me.files)
    asked = t("plan.grounds", student=me.student)
    grounds = await chat.ask("grounds", Free(least=5, most=MOST), asked)
    aims = await chat.ask("aims", Free(least=5, most=MOST), t("plan.aims", student=me.student))
    steps = await chat.ask("steps", Free(least=10, most=MOST), t("plan.steps"))
    readings = await chat.ask("readings", about_readings(), t("plan.readings"))
    body = PlanBody(
        grounds=grounds,
        aims=aims,
        steps=steps,
        readings="" if readings == NONE else readings,
        files=files,
    )
    send = t("plan.submit" if me.approved else "plan.keep")
    ends = [Choice(SUBMIT, send, weight="primary")]
    check = t("plan.check_approved" if me.approved else "plan.check", student=me.student)
    await chat.ask("review", Summary(lines(body), ends), check)
    return body


def about_readings() -> Free:
    return Free(least=2, most=MOST, options=[Choice(NONE, t("plan.no_readings"))])


def lines(body: PlanBody) -> list[SummaryLine]:
    """The fields of the card before it is handed in, each with the step that asks for it."""
    return [
        SummaryLine("grounds", t("plan.grounds_label"), body.grounds),
        SummaryLine("aims", t("plan.aims_label"), body.aims),
        SummaryLine("steps", t("plan.steps_label"), body.steps),
        SummaryLine("readings", t("plan.readings_label"), body.readings or t("plan.no_readings")),
        SummaryLine(FILES, t("field.files"), shown(body.files)),
    ]


def called(me: PlanSeen) -> Text:
    return t("plan.correction" if me.record_id else "plan.of", student=me.student)


def sketch(me: PlanSeen, journal: Journal) -> Sequence[Words]:
    """Whose draft it is, and its first words."""
    aims = conversation.read(journal, "aims", Free(least=5, most=MOST))
    return [called(me), *([first_words(aims)] if aims else [])]


# ---------------------------------------------------------------- before and after


def begin(scene: Scene, args: Sequence[str]) -> None:
    """写培养计划: begin a student's, or open the one that there is for change."""
    _, _, plan = plans.to_write(scene.session, scene.actor, number(args))
    if plan is not None:
        body = records.body_at(scene.session, plan)
        assert isinstance(body, PlanBody)  # noqa: S101 - `services.records.BODIES`
        edit(scene, plan, body)
        return
    scene.begin("plan", {"student": number(args)})


def edit(scene: Scene, record: Record, body: PlanBody) -> None:
    """Open a plan for change, as a filled summary."""
    given = {
        "grounds": Answer(text=body.grounds),
        "aims": Answer(text=body.aims),
        "steps": Answer(text=body.steps),
        "readings": Answer(text=body.readings) if body.readings else Answer(press=NONE),
    }
    told = {"student": record.student_id, "record": record.id, "version": record.version}
    scene.begin("plan", told, given)


def load_plan(scene: Scene, args: Mapping[str, Any]) -> PlanSeen:
    student, programme, plan = plans.to_write(scene.session, scene.actor, args["student"])
    told: dict[str, Any] = {}
    if plan is not None and args.get("record") == plan.id:
        back = seen.sent_back(scene, plan)
        told = {
            "record_id": plan.id,
            "version": args["version"],
            "files": records.body_at(scene.session, plan).files,
            **dict(zip(("returned", "returned_by"), back, strict=True)),
        }
    return PlanSeen(
        student_id=student.id,
        student=student.name,
        approved=planning.needs_approval(programme),
        **told,
    )


def finish_plan(scene: Scene, me: PlanSeen, body: PlanBody) -> None:
    """Keep it, and lead on to the next student without one."""
    plans.write(scene.session, scene.actor, me.student_id, me.version, body)
    mine = plans.writes(scene.session, scene.actor)
    every = plans.planned(scene.session, scene.actor)
    left = [one.student for one in every if one.state is None and one.student in mine]
    rows: list[tuple[Choice, ...]] = []
    if left:
        student = access.learner_at(scene.session, left[0]).name
        label = t("plan.next", student=student, count=len(left))
        rows.append((Choice(press("plan", left[0]), label, weight="primary"),))
    rows.append((TO_PLANS,))
    words = t("plan.submitted" if me.approved else "plan.kept", student=me.student)
    tell(scene, Message(words, title=called(me)), rows, card=CARD)


TO_PLANS: Final = Choice(press("plans"), t("command.plans.label"))

FLOW = Flow(
    name="plan",
    title=t("plan.one"),
    talk=write,
    about=PlanSeen,
    load=load_plan,
    finish=finish_plan,
    named=called,
    sketch=sketch,
)


# ---------------------------------------------------------------- whose there is


def listing(scene: Scene, args: Sequence[str]) -> None:
    """培养计划: a student's own; to those around them, whose there is and whose is missing.

    Raises `Refused` for whoever has no programme that asks for one.
    """
    access.any_of(scene.session, scene.actor, "plans")
    if not plans.asked_of(scene.session, scene.actor):
        raise Refused(t("plan.asked_by_none"), verb="plans")
    learns, looks_after = seen.learns(scene), plans.planned(scene.session, scene.actor)
    children = roster.children_of(scene.session, scene.actor.person_id)
    if learns:
        me = access.learner(scene.session, scene.actor.person_id)
        of_one(scene, me, "yours")
    for child in children:
        of_one(scene, access.learner_at(scene.session, child.id), "childs", f"{CARD}:{child.id}")
    if looks_after or not (learns or children):
        of_students(scene, looks_after, args)


def of_one(scene: Scene, learner: LearnerPlace, whose: str, card_key: str = CARD) -> None:
    """Show a learner their own plan, or a guardian a child's."""
    programme, plan = load(learner.programme), plans.of_learner(scene.session, learner.id)
    key = f"plan.{whose}" if plan else f"plan.{whose}_missing"
    items = () if plan is None else (plan_item(plan, t("record.plan_line")),)
    card = Message(
        t(key, name=learner.name),
        title=t("command.plans.label"),
        items=items,
        note=until_approved(programme, plan),
        clause=planning.clause(programme),
    )
    tell(scene, card, [], card=card_key)


def until_approved(programme: Programme, plan: Record | None) -> Words:
    """That a plan is not carried out before it is approved, while it waits for that."""
    waits = plan is not None and plan.state in (RecordState.SUBMITTED, RecordState.RETURNED)
    if not waits or not planning.needs_approval(programme):
        return ""
    return t("plan.not_before", clause=programme.fact(planning.APPROVAL).clause)


def of_students(scene: Scene, every: Sequence[PlanLine], args: Sequence[str]) -> None:
    """List the students of whoever speaks: what wants their word or their hand first."""
    decides = plans.decides(scene.session, scene.actor)
    writes = plans.writes(scene.session, scene.actor)

    def turn(one: PlanLine) -> int:
        """Whose turn it is: the speaker's first."""
        to_write = one.state in (None, RecordState.RETURNED)
        waits = one.state is RecordState.SUBMITTED
        if (waits and one.student in decides) or (to_write and one.student in writes):
            return 0
        return 1 if to_write else 2

    shown, turns = page_of(sorted(every, key=turn), args[:1], "plans")
    ids = [one.student for one in shown]
    on_record(scene, ids)
    members = {one.id: one for one in roster.members_by_id(scene.session, ids)}
    there = plans.latest(scene.session, ids)
    items = tuple(item(members[one], there.get(one), one in writes) for one in ids)
    missing = [one.student for one in every if one.state is None]
    mine = next((one for one in missing if one in writes), None)
    rows = [*turns]
    if mine is not None:
        label = t("plan.write_for", student=access.learner_at(scene.session, mine).name)
        rows.insert(0, (Choice(press("plan", mine), label, weight="primary"),))
    waiting = sum(one.state is RecordState.SUBMITTED for one in every)
    key = "plan.of_students" if missing else "plan.of_students_all"
    key = "plan.of_students_waiting" if waiting else key
    words = t(key, count=len(every), missing=len(missing), waiting=waiting)
    clauses = {planning.clause(programme_of(scene, member)) for member in members.values()}
    tell(
        scene,
        Message(
            words if every else t("plan.no_students"),
            title=t("command.plans.label"),
            items=items,
            clause=clauses.pop() if len(clauses) == 1 else "",
        ),
        rows,
        card=CARD,
    )


def programme_of(scene: Scene, member: Member) -> Programme:
    return load(access.cohort_of(scene.session, member.membership).programme)


def item(member: Member, plan: Record | None, writes: bool) -> Item:
    """A student as a row of the list, which leads to the plan or to writing it."""
    name = member.person.name
    if plan is not None:
        return plan_item(plan, name)
    if writes:
        return Item(name, press("plan", member.id), t("plan.missing"), "waiting")
    return student_item(member, name, t("plan.missing"))


def plan_item(plan: Record, words: Words) -> Item:
    return Item(words, press("record", plan.id or 0), state(plan), TONES[plan.state])


def state(plan: Record) -> Text:
    return t(f"plan.state_{plan.state}", day=Brief(plan.day))


# ---------------------------------------------------------------- where else it is seen


def fields_of(scene: Scene, record: Record, body: PlanBody, version: int) -> tuple[Field, ...]:
    """The fields of a plan; and, while a later version waits, which one is carried out."""
    told = [*records.plan_fields(body), Field(t("field.files"), shown(body.files))]
    stands = plans.in_force(scene.session, [record]).get(record.id or 0, record.version)
    if stands != record.version == version:
        told.insert(0, Field(t("plan.in_force"), t("record.version", version=stands)))
    return tuple(told)


def meters(scene: Scene, programme: Programme, entries: Entries) -> Iterable[Meter]:
    """Whether the plan is there, where the document asks for one."""
    if not planning.is_asked(programme):
        return
    plan = next((one for one, _ in entries if is_plan(one)), None)
    carried_out = plans.in_force(scene.session, [plan]) if plan else {}
    done = bool(carried_out)
    waits = not done and plan is not None and plan.state is RecordState.SUBMITTED
    words: Words = t("plan.missing") if plan is None else state(plan)
    if plan is not None and plan.id in carried_out and carried_out[plan.id] != plan.version:
        words = t("plan.in_force_and", version=carried_out[plan.id], state=words)
    yield Meter(
        t("plan.one"),
        words,
        int(done),
        int(waits),
        1,
        "",
        "good" if done else "neutral",
        planning.clause(programme),
    )


def is_plan(record: Record) -> bool:
    return record.kind is RecordKind.PLAN and record.state is not RecordState.WITHDRAWN


def choices_of(scene: Scene, member: Member) -> list[tuple[Choice, ...]]:
    """The button on a student's page that leads to writing the plan that is missing."""
    if not planning.is_asked(programme_of(scene, member)):
        return []
    there = plans.of_learner(scene.session, member.id) is not None
    if there or member.id not in plans.writes(scene.session, scene.actor):
        return []
    return [(Choice(press("plan", member.id), t("plan.write")),)]


def overview(scene: Scene, shown: Cohort) -> Iterable[Meter]:
    """How many of a cohort's students have a plan, and how many wait for the office's word."""
    programme = load(shown.programme)
    if not planning.is_asked(programme):
        return
    done, waiting, of = plans.counted(scene.session, scene.actor, shown)
    if not of:
        return
    key = "plan.numbers_waiting" if planning.needs_approval(programme) else "plan.numbers"
    yield Meter(
        t("plan.one"),
        t(key, done=done, waiting=waiting, of=of),
        done,
        min(waiting, of - done),
        of,
        clause=planning.clause(programme),
        choice=TO_PLANS,
    )


COMMANDS: dict[str, Act] = {"plans": listing}

ACTS: dict[str, Act] = {"plan": begin}

__all__ = ["ACTS", "COMMANDS", "FLOW", "TO_PLANS", "PlanSeen", "edit", "fields_of", "meters"]
