"""What people of a cohort do in the chat: each is a way through the same talks that real people
have."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from PIL import Image

from app.simulation.chatting import Chats, Doing
from app.simulation.inventing import Habit, Invented
from bot.talk.message import Incoming, ShownItem
from prompts import t

SUBMIT, SIGN, DONE, ISSUE = "submit", "sign", "done", "issue"
EXCELLENT, QUALIFIED, UNQUALIFIED = "excellent", "qualified", "unqualified"
RECOMMENDED, NOT_RECOMMENDED = "recommended", "not_recommended"
OBJECTION_DAYS = "5"


def join(chats: Chats, one: Invented, code: str) -> Doing:
    """Open the invitation, and agree; a guardian gives the consent that is asked for."""
    yield Incoming(one.address, start=code, name=one.name)
    while (step := chats.answer(one, "agree", "yes")) is not None:
        yield step
    if (step := chats.act(one, "consent")) is not None:
        yield step


def log_session(chats: Chats, one: Invented, mentor: str) -> Doing:
    """Tell of a session in one sentence, and hand it in; who is diligent writes at once."""
    yield chats.say(one, t("simulation.session", mentor=mentor))
    yield from through(chats, one)
    if one.habit is Habit.DILIGENT and (step := chats.act(one, "diary", "meeting_record")):
        yield step
        yield from write(chats, one)


def through(chats: Chats, one: Invented) -> Iterator[Incoming]:
    """Answer what is still asked with the first choice, and hand in."""
    for _ in range(8):
        if (step := chats.answer(one, SUBMIT)) is not None:
            yield step
            return
        if (step := chats.any_answer(one)) is None:
            return
        yield step


def write(chats: Chats, one: Invented) -> Iterator[Incoming]:
    """Write what is asked for in one's own words; of several stages, for the first."""
    if DONE not in chats.answers(one) and (stage := chats.any_answer(one)) is not None:
        yield stage
    yield chats.say(one, t("simulation.diary"))
    for value in (DONE, SUBMIT):
        if (step := chats.answer(one, value)) is None:
            return
        yield step


def heed(chats: Chats, one: Invented) -> Doing:
    """Follow a reminder to the writing that it asks for."""
    step = chats.reminded_of(one, "writing", "meeting")
    if step is None:
        return
    yield step
    if (item := chats.item(one, "diary") or chats.item(one, "meeting_record")) is not None:
        yield item
    if chats.answers(one):
        yield from write(chats, one)


def bring(chats: Chats, one: Invented) -> Doing:
    """Follow a reminder to the materials, and hand in each that is missing as a file."""
    step = chats.reminded_of(one, "materials")
    while step is not None:
        yield step
        if (missing := chats.item(one, "material")) is None:
            return
        yield missing
        if DONE not in chats.answers(one) and (form := chats.any_answer(one)) is not None:
            yield form
        yield chats.send(one, t("simulation.file"), PICTURE)
        yield chats.say(one, t("simulation.title"))
        yield chats.say(one, t("simulation.abstract"))
        if (hand_in := chats.answer(one, SUBMIT)) is None:
            return
        yield hand_in
        step = chats.act(one, "materials")


def present(chats: Chats, one: Invented) -> Doing:
    """Follow a reminder to a presentation, and prepare it."""
    step = chats.reminded_of(one, "presentation")
    if step is None:
        return
    yield step
    for _ in range(8):
        choices = chats.answers(one)
        if not choices:
            return
        if (hand_in := chats.answer(one, SUBMIT)) is not None:
            yield hand_in
            return
        yield chats.answer(one, "none") or chats.say(one, t("simulation.diary"))


def plan(chats: Chats, one: Invented) -> Doing:
    """Follow a reminder to the students without a training plan, and write each one's."""
    step = chats.reminded_of(one, "plans")
    if step is None:
        return
    yield step
    step = chats.item(one, "plan")
    while step is not None:
        yield step
        for words in ("simulation.grounds_of_plan", "simulation.aims", "simulation.steps"):
            yield chats.say(one, t(words))
        if (nothing := chats.answer(one, "none")) is not None:
            yield nothing
        if (keep := chats.answer(one, SUBMIT)) is None:
            return
        yield keep
        step = chats.act(one, "plan")


def approve_plans(chats: Chats, one: Invented) -> Doing:
    """Read each training plan that waits for the office, and approve it, page after page."""
    seen: set[str] = set()
    while True:
        yield chats.say(one, "/plans")
        waiting = [
            step
            for step in chats.items(one, "record", lambda item: item.tone == "waiting")
            if step.press not in seen
        ]
        if not waiting:
            return
        for step in waiting:
            seen.add(step.press or "")
            yield step
            if (approve := chats.act(one, "approve")) is None:
                return
            yield approve


def picture() -> bytes:
    """A small picture, as the pages of a report are photographed."""
    made = io.BytesIO()
    Image.new("RGB", (8, 8), "white").save(made, "PNG")
    return made.getvalue()


PICTURE: Final = picture()


def take_leave(chats: Chats, one: Invented) -> Doing:
    """Tell of the days that one is away."""
    if one.away is None:
        return
    yield chats.say(one, "/leave")
    for day in one.away:
        yield chats.say(one, day.isoformat())


def review(chats: Chats, one: Invented) -> Doing:
    """Read and approve what waits, one after another."""
    yield chats.say(one, "/queue")
    step = chats.item(one, "whole")
    while step is not None:
        yield step
        if (approve := chats.act(one, "approve")) is None:
            return
        yield approve
        step = chats.act(one, "whole")


def evaluate(chats: Chats, one: Invented, habits: Mapping[str, Habit]) -> Doing:
    """Sign all evaluations that wait, one learner after another."""
    yield chats.say(one, "/evaluations")
    step = chats.act(one, "evaluation")
    while step is not None:
        yield step
        if (begin := chats.act(one, "evaluate")) is None:
            return
        silent = habits.get(student_of(chats, one)) is Habit.SILENT
        yield begin
        yield from sign(chats, one, UNQUALIFIED if silent else QUALIFIED)
        step = chats.act(one, "evaluation")


def student_of(chats: Chats, one: Invented) -> str:
    """The learner whose card is shown."""
    return chats.message(one).title.partition("：")[0]


def sign(chats: Chats, one: Invented, outcome: str) -> Iterator[Incoming]:
    """Answer each question of an evaluation, and sign it."""
    for _ in range(14):
        choices = chats.answers(one)
        if (step := chats.answer(one, SIGN)) is not None:
            yield step
            return
        if RECOMMENDED in choices:
            said = NOT_RECOMMENDED if outcome == UNQUALIFIED else RECOMMENDED
            yield chats.answer(one, said) or Incoming("")
        elif {EXCELLENT, QUALIFIED} & {*choices}:
            yield chats.answer(one, outcome) or chats.answer(one, QUALIFIED) or Incoming("")
            if outcome == UNQUALIFIED and UNQUALIFIED in choices:
                yield chats.say(one, t("simulation.grounds"))
        elif "steady" in choices:
            yield chats.say(one, t("simulation.dimension"))
        else:
            yield chats.say(one, t("simulation.comment"))


def decide(chats: Chats, one: Invented, stage: int, habits: Mapping[str, Habit]) -> Doing:
    """Decide about every learner of a stage for whom the office has the word.

    Who was silent all year is unqualified, or, where no document knows that, not decided about.
    """
    passed: set[str] = set()

    def left(item: ShownItem) -> bool:
        return item.press not in passed

    step: Incoming | None = None
    while True:
        # The card of what was signed offers the next one, who may have been passed over.
        step = chats.act(one, "evaluation") if step is not None else None
        if step is None or step.press in passed:
            yield chats.say(one, "/stages")
            opened = [i for i in chats.message(one).items if i.press.startswith("a:stage:")]
            if stage >= len(opened):
                return
            yield Incoming(one.address, press=opened[stage].press)
            step = chats.item(one, "evaluation", left)
        if step is None:
            return
        passed.add(step.press or "")
        yield step
        if (begin := chats.act(one, "evaluate")) is None:
            return
        silent = habits.get(student_of(chats, one)) is Habit.SILENT
        yield begin
        if silent and not {UNQUALIFIED, NOT_RECOMMENDED} & {*chats.answers(one)}:
            continue
        excellent = EXCELLENT if len(passed) % 5 == 1 else QUALIFIED
        yield from sign(chats, one, UNQUALIFIED if silent else excellent)


def mark(chats: Chats, one: Invented) -> Doing:
    """Mark as an expert everybody who has been recommended; of every four, one is excellent."""
    yield chats.say(one, "/marking")
    step, marked = chats.act(one, "marked"), 0
    while step is not None:
        yield step
        if (begin := chats.act(one, "mark")) is None:
            return
        yield begin
        yield from sign(chats, one, QUALIFIED if marked % 4 else EXCELLENT)
        marked += 1
        step = chats.act(one, "marked")


def open_stage(chats: Chats, one: Invented, stage: int, until: date) -> Doing:
    """Open a stage that no document dates, until a day."""
    yield chats.say(one, "/stages")
    opened = [item for item in chats.message(one).items if item.press.startswith("a:stage:")]
    if stage >= len(opened):
        return
    yield Incoming(one.address, press=opened[stage].press)
    if (step := chats.act(one, "change_stage")) is None:
        return
    yield step
    if (step := chats.answer(one, "open")) is None:
        return
    yield step
    yield chats.say(one, until.isoformat())
    yield chats.say(one, t("simulation.opening"))
    if (step := chats.answer(one, SUBMIT)) is not None:
        yield step


def handle_exits(chats: Chats, one: Invented) -> Doing:
    """Look at each exit that waits, and do what its state asks for."""
    done: set[str] = set()
    while True:
        yield chats.say(one, "/stages")
        if (step := chats.act(one, "exits")) is None:
            return
        yield step
        case = chats.item(one, "exit", lambda item: item.press not in done)
        if case is None:
            return
        done.add(case.press or "")
        yield case
        if (step := chats.act(one, "confirm_exit", "end_cultivation")) is None:
            continue
        yield step
        if not chats.answers(one):
            continue
        yield chats.say(one, t("simulation.grounds"))
        for value in (OBJECTION_DAYS, "yes"):
            if (more := chats.answer(one, value)) is not None:
                yield more


def issue_certificates(chats: Chats, one: Invented) -> Doing:
    """Issue the certificates of all who are ready."""
    yield chats.say(one, "/certificates")
    if (step := chats.act(one, "issue_certificates")) is None:
        return
    yield step
    if (sure := chats.answer(one, ISSUE)) is not None:
        yield sure
