"""待审: a mentor or team member approves an entry, or sends it back with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, cast

from pydantic import BaseModel, ConfigDict

from bot.scene import Flow, Scene, number
from bot.talk.acting import Refused
from bot.talk.conversation import Chat
from bot.talk.inputs import Free
from bot.talk.message import Choice, Message, press
from handlers import progress
from prompts import Text, t
from services import records
from services.access import reviewer_of
from services.records import Body, Verdict
from services.rows import Record, RecordKind, RecordState

SHOWN: Final = 5
LONG: Final = timedelta(days=7)
"""Waiting for longer than this is waiting long."""
FILTERS: Final = ("all", "session", "diary", "meeting_record", "long")
REASONS: Final = ("too_short", "wrong_day", "wrong_length", "what_learnt", "not_there")


# ---------------------------------------------------------------- the queue


def queue(scene: Scene, args: Sequence[str]) -> None:
    """What waits for whoever speaks, oldest first, by kind, by student or by how long."""
    chosen = chosen_filter(args)
    page = number(args, 1) if len(args) > 1 else 0
    waiting = [entry for entry in waiting_for(scene) if passes(scene, entry[0], chosen)]
    shown = waiting[page * SHOWN : (page + 1) * SHOWN]
    rows: list[tuple[Choice, ...]] = [
        (
            Choice(
                press("whole", record.id or 0),
                t("queue.line", student=name, line=records.title(record, body, brief=True)),
            ),
        )
        for record, body, name in shown
    ]
    opened = opened_of(scene, waiting)
    if len(opened) > 1:
        rows.append((Choice(press("bulk", chosen), t("queue.approve_opened", count=len(opened))),))
    rows.append(
        tuple(
            Choice(press("queue", name), t(f"queue.filter_{name}"))
            for name in FILTERS
            if name != chosen
        )
    )
    rows += by_student(scene, chosen)
    if len(waiting) > (page + 1) * SHOWN:
        rows.append((Choice(press("queue", chosen, page + 1), t("queue.more")),))
    rows.append((Choice(press("menu"), t("command.menu.label")),))
    words = t(
        "queue.which" if waiting else "queue.empty",
        count=len(waiting),
        filter=filter_name(waiting, chosen),
    )
    scene.say(Message(words, tuple(rows), kind="question", card="queue"))


def chosen_filter(args: Sequence[str]) -> str:
    """The filter that was pressed or typed: one of `FILTERS`, or a student by number."""
    chosen = args[0] if args else "all"
    return chosen if chosen in FILTERS else str(number(args))


def filter_name(waiting: Sequence[tuple[Record, Body, str]], chosen: str) -> Text | str:
    """What the filter is called; a student who does not wait for whoever speaks has no name."""
    if chosen.isdigit():
        return next((name for record, _, name in waiting if str(record.student_id) == chosen), "")
    return t(f"queue.filter_{chosen}")


def by_student(scene: Scene, chosen: str) -> list[tuple[Choice, ...]]:
    """A button for each student who waits, where there are several."""
    students = {record.student_id: name for record, _, name in waiting_for(scene)}
    if len(students) < 2:
        return []
    choices = [
        Choice(press("queue", student), name)
        for student, name in students.items()
        if str(student) != chosen
    ][:6]
    return [tuple(choices[i : i + 3]) for i in range(0, len(choices), 3)]


def passes(scene: Scene, record: Record, chosen: str) -> bool:
    if chosen == "long":
        return scene.now - record.submitted_at > LONG
    if chosen.isdigit():
        return record.student_id == int(chosen)
    return chosen not in FILTERS or chosen == "all" or record.kind is RecordKind(chosen)


def waiting_for(scene: Scene) -> list[tuple[Record, Body, str]]:
    """Every entry that waits for whoever speaks, with its student's name, oldest first."""
    return records.waiting_for(scene.session, scene.actor)


def opened_of(scene: Scene, waiting: Sequence[tuple[Record, Body, str]]) -> list[Record]:
    """Those whose present version whoever speaks has read in full."""
    return [
        record for record, _, _ in waiting if records.opened(scene.session, scene.actor, record)
    ]


# ---------------------------------------------------------------- one entry


def whole(scene: Scene, args: Sequence[str]) -> None:
    """看全文: an entry in full, with the ways to settle it."""
    record = records.open_whole(scene.session, scene.actor, number(args))
    body = records.body_at(scene.session, record)
    rows: list[tuple[Choice, ...]] = []
    if record.state is RecordState.SUBMITTED and may_review(scene, record):
        rows.append(decide(record))
    if record.version > 1:
        rows.append(progress.version_choices(record, record.version))
    rows.append((Choice(press("queue"), t("command.queue.label")),))
    scene.say(
        Message(
            progress.whole(scene, record, body, record.version),
            tuple(rows),
            kind="card",
            card=f"record:{record.id}",
            files=records.files_at(scene.session, record),
        )
    )


def may_review(scene: Scene, record: Record) -> bool:
    try:
        reviewer_of(scene.session, scene.actor, record, "read")
    except Refused:
        return False
    return True


def decide(record: Record) -> tuple[Choice, ...]:
    return (
        Choice(
            press("approve", record.id or 0, record.version), t("review.approve"), decides=True
        ),
        Choice(press("return", record.id or 0, record.version), t("review.return")),
    )


def approve(scene: Scene, args: Sequence[str]) -> None:
    """通过 one version, at one press."""
    verdict = records.review(
        scene.session, scene.actor, number(args), number(args, 1), approve=True
    )
    settled(scene, verdict)


def settled(scene: Scene, verdict: Verdict) -> None:
    """Say what became of a review: what was done now, or what had been done before."""
    record = verdict.record
    line = records.title(record, records.body_at(scene.session, record))
    owner = records.owner(scene.session, record)
    rows: tuple[tuple[Choice, ...], ...] = ((Choice(press("queue"), t("command.queue.label")),),)
    if verdict.review is not None:
        key = "approved" if verdict.review.approved else "returned"
        already = "" if verdict.done else "already_"
        words = t(
            f"review.{already}{key}",
            student=owner.name,
            line=line,
            reviewer=records.reviewer_name(scene.session, verdict.review),
            at=verdict.review.at,
            reason=verdict.review.reason,
        )
    else:
        words = t("review.moved_on", student=owner.name, line=line, state=progress.state(record))
        rows = ((Choice(press("whole", record.id or 0), t("review.whole")),), *rows)
    scene.say(Message(words, rows, kind="card", card=f"record:{record.id}"))


def bulk(scene: Scene, args: Sequence[str]) -> None:
    """通过已看过的: approve every waiting entry that was read in full, and no other."""
    chosen = chosen_filter(args)
    waiting = [entry for entry in waiting_for(scene) if passes(scene, entry[0], chosen)]
    opened = opened_of(scene, waiting)
    done = [
        records.review(
            scene.session, scene.actor, cast(int, record.id), record.version, approve=True
        )
        for record in opened
    ]
    count = sum(verdict.done for verdict in done)
    scene.say(t("queue.approved", count=count, unread=len(waiting) - len(opened)))
    queue(scene, [chosen])


# ---------------------------------------------------------------- sending back


class ReturnSeen(BaseModel):
    """The version that is being sent back."""

    model_config = ConfigDict(frozen=True)

    record_id: int
    version: int
    student: str
    line: str


async def ask_reason(chat: Chat, seen: ReturnSeen) -> str:
    """The reason, picked or in own words."""
    chips = [Choice(reason, t(f"reason.{reason}")) for reason in REASONS]
    words = t("review.why", student=seen.student, line=seen.line)
    reason: str = await chat.ask("reason", Free(least=2, most=500, options=chips), words)
    return reason


def send_back(scene: Scene, args: Sequence[str]) -> None:
    """退回修改: begin to ask why, unless it is settled already."""
    record = records.found(scene.session, number(args), "return")
    reviewer_of(scene.session, scene.actor, record, "return")
    if record.version != number(args, 1) or record.state is not RecordState.SUBMITTED:
        settled(scene, records.standing(scene.session, record, number(args, 1)))
        return
    scene.begin("return", {"record": number(args), "version": number(args, 1)})


def load_return(scene: Scene, args: Mapping[str, Any]) -> ReturnSeen:
    record = records.found(scene.session, args["record"], "return")
    reviewer_of(scene.session, scene.actor, record, "return")
    owner = records.owner(scene.session, record)
    line = records.title(record, records.body_at(scene.session, record))
    return ReturnSeen(
        record_id=args["record"],
        version=args["version"],
        student=owner.name,
        line=scene.words(line),
    )


def finish_return(scene: Scene, seen: ReturnSeen, reason: str) -> None:
    words = scene.words(t(f"reason.{reason}")) if reason in REASONS else reason
    verdict = records.review(
        scene.session, scene.actor, seen.record_id, seen.version, approve=False, reason=words
    )
    if verdict.done:
        scene.say(t("review.sent_back", student=seen.student))
    settled(scene, verdict)


FLOW = Flow(
    name="return",
    title=t("review.return_title"),
    talk=ask_reason,
    about=ReturnSeen,
    load=load_return,
    finish=finish_return,
)
