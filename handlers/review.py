"""待审: a mentor or team member approves an entry, or sends it back with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final
from zlib import crc32

from pydantic import BaseModel, ConfigDict

from bot.scene import TO_MENU, Flow, Scene, number
from bot.talk.conversation import Chat
from bot.talk.inputs import Free
from bot.talk.message import Choice, Field, Item, Message, press
from handlers import progress
from handlers.pages import on_record
from handlers.plans import TO_PLANS
from language.replies import sent_back_for
from prompts import Text, Words, t
from services import records, roster
from services.entities import Record, RecordKind, RecordState
from services.records import OF_OTHERS, Body, ReviewResult, Waits

SHOWN: Final = 5
LISTED: Final = 20
"""Entries that are named before all are approved."""
AT_ONCE: Final = 10
"""Entries approved at one press; who has read more presses again."""
LONG: Final = timedelta(days=7)
"""Entries that wait longer than this pass the filter `long`."""
FILTERS: Final = ("all", "session", "diary", "meeting_record", "long")
REASONS: Final = ("too_short", "wrong_day", "wrong_length", "what_learnt", "not_there")


# ---------------------------------------------------------------- the queue


def queue(scene: Scene, args: Sequence[str]) -> None:
    """Show the queue of the speaker: oldest first, filtered by kind, student or waiting time."""
    chosen = chosen_filter(args)
    page = number(args, 1) if len(args) > 1 else 0
    part = chosen_part(scene, chosen)
    shown = waiting_for(scene, part, skip=page * SHOWN, most=SHOWN)
    kinds, long = records.waiting_by(scene.session, scene.actor, scene.now - LONG)
    passing = {**{kind.value: many for kind, many in kinds.items()}, "long": long}
    passing["all"] = kinds.total()
    if chosen.isdigit():
        passing[chosen] = records.waiting_count(scene.session, scene.actor, part)
    count = passing.get(chosen, 0)
    items = tuple(
        Item(
            t("queue.line", student=name, line=records.title(record, body, brief=True)),
            press("whole", record.id or 0),
            waited(scene.now - record.submitted_at),
            "waiting",
        )
        for record, body, name in shown
    )
    on_record(scene, [record.student_id for record, _, _ in shown])
    rows: list[tuple[Choice, ...]] = []
    read = read_of(scene, part, AT_ONCE)
    if len(read) > 1:
        rows.append((approve_read(chosen, read),))
    if count > (page + 1) * SHOWN:
        rows.append((Choice(press("queue", chosen, page + 1), t("queue.more")),))
    rows += filters(passing, chosen)
    rows += by_student(scene, chosen)
    rows.append((TO_MENU,))
    if chosen == "all":
        words = t("queue.which_all" if count else "queue.none", count=count)
    else:
        told = {"count": count, "filter": filter_name(scene, part, chosen)}
        words = t("queue.which" if count else "queue.empty", **told)
    scene.say(
        Message(
            words,
            tuple(rows),
            kind="question",
            card="queue",
            title=t("command.queue.label"),
            items=items,
        )
    )


def filters(passing: Mapping[str, int], chosen: str) -> list[tuple[Choice, ...]]:
    """The filters that part what waits, and the way back from a chosen one."""
    parting = [name for name in FILTERS if 0 < passing.get(name, 0) < passing["all"]]
    offered = ["all", *parting] if chosen != "all" else parting
    choices = [
        Choice(press("queue", name), t(f"queue.filter_{name}"), weight="quiet")
        for name in offered
        if name != chosen
    ]
    return [tuple(choices)] if choices else []


def waited(time: timedelta) -> Text:
    return t(f"queue.waited_{min(time.days, 2)}", days=time.days)


def chosen_filter(args: Sequence[str]) -> str:
    """The chosen filter: one of `FILTERS`, or a student's number."""
    chosen = args[0] if args else "all"
    return chosen if chosen in FILTERS else str(number(args))


def chosen_part(scene: Scene, chosen: str) -> Waits:
    """The part of the queue that passes a filter."""
    if chosen == "long":
        return Waits(since=scene.now - LONG)
    if chosen.isdigit():
        return Waits(student_id=int(chosen))
    return records.EVERYTHING if chosen == "all" else Waits(kind=RecordKind(chosen))


def filter_name(scene: Scene, part: Waits, chosen: str) -> Text | str:
    """The filter's label, or the student's name. Raises `Refused` for a student who is not the
    speaker's."""
    if part.student_id is not None:
        return roster.student_for(scene.session, scene.actor, part.student_id).person.name
    return t(f"queue.filter_{chosen}")


def by_student(scene: Scene, chosen: str) -> list[tuple[Choice, ...]]:
    """A button for each student in the queue, if there are several; six at most."""
    students = records.waiting_students(scene.session, scene.actor, 7)
    if len(students) < 2:
        return []
    choices = [
        Choice(press("queue", student), name, weight="quiet")
        for student, name in students
        if str(student) != chosen
    ][:6]
    return [tuple(choices[i : i + 3]) for i in range(0, len(choices), 3)]


def waiting_for(
    scene: Scene,
    part: Waits = records.EVERYTHING,
    *,
    skip: int = 0,
    most: int,
    but: int | None = None,
) -> list[tuple[Record, Body, str]]:
    """Entries in the speaker's queue, with the student's name, oldest first."""
    return records.waiting_for(scene.session, scene.actor, part, skip=skip, most=most, but=but)


def read_of(
    scene: Scene, part: Waits = records.EVERYTHING, most: int | None = None
) -> list[tuple[int, int]]:
    """The entries whose latest version the speaker has read in full, as (record, version)."""
    return records.waiting_and_read(scene.session, scene.actor, part, most=most)


TO_QUEUE: Final = Choice(press("queue"), t("command.queue.label"))


def list_of(record: Record) -> Choice:
    """The way to the list in which an entry waits."""
    return TO_PLANS if record.kind is RecordKind.PLAN else TO_QUEUE


# ---------------------------------------------------------------- one entry


def whole(scene: Scene, args: Sequence[str]) -> None:
    """看全文: show an entry in full, with the buttons to approve or return it."""
    record = records.open_whole(scene.session, scene.actor, number(args))
    if records.is_shut(scene.session, scene.actor, record):
        scene.say(progress.shut(scene, record, ((replace(TO_QUEUE, weight="quiet"),),)))
        return
    body = records.body_at(scene.session, record)
    rows: list[tuple[Choice, ...]] = []
    waits = record.state is RecordState.SUBMITTED
    if waits and records.may(scene.session, scene.actor, record, "approve"):
        rows.append(records.decisions(record))
    if record.version > 1:
        rows.append(progress.version_choices(record, record.version))
    rows.append((replace(list_of(record), weight="quiet"),))
    scene.say(progress.whole(scene, record, body, record.version)._replace(rows=tuple(rows)))


def approve(scene: Scene, args: Sequence[str]) -> None:
    """通过: approve one version, at one press."""
    verdict = records.review(
        scene.session, scene.actor, number(args), number(args, 1), approve=True
    )
    settled(scene, verdict)


def settled(scene: Scene, verdict: ReviewResult) -> None:
    """Show the result of a review: done now, or done before."""
    record = verdict.record
    body = records.body_at(scene.session, record)
    owner = records.owner(scene.session, record)
    onward = next_waiting(scene, record) if record.kind not in OF_OTHERS else (list_of(record),)
    rows: tuple[tuple[Choice, ...], ...] = (onward, (TO_MENU,))
    fields = [Field(t("field.state"), progress.state(record), progress.TONES[record.state])]
    if verdict.review is None:
        words: Words = t("review.moved_on")
        rows = ((Choice(press("whole", record.id or 0), t("review.whole")),), *rows)
    else:
        words = "" if verdict.done else t("review.already")
        approved = verdict.review.approved
        fields = [
            Field(
                t("field.state"),
                t("state.approved" if approved else "state.returned"),
                "good" if approved else "bad",
            ),
            Field(
                t("field.reviewer"),
                t(
                    "review.by",
                    reviewer=records.reviewer_name(scene.session, verdict.review),
                    at=verdict.review.at,
                ),
            ),
        ]
        if verdict.review.reason:
            fields.append(Field(t("field.reason"), verdict.review.reason))
    scene.say(
        Message(
            words,
            rows,
            kind="card",
            card=f"record:{record.id}",
            title=t(
                "queue.line", student=owner.name, line=records.title(record, body, brief=True)
            ),
            fields=tuple(fields),
        )
    )


def approve_read(chosen: str, read: Sequence[tuple[int, int]]) -> Choice:
    """通过已看过的: it does what it says, with these versions and no others."""
    return Choice(press("bulk", chosen, _sum(read)), t("queue.approve_opened", count=len(read)))


def _sum(read: Sequence[tuple[int, int]]) -> int:
    """A number that tells this set of versions from any other."""
    return crc32(repr(sorted(read)).encode())


def confirm_all(scene: Scene, _args: Sequence[str], told: Text | None = None) -> None:
    """全部通过: whom it concerns, before it is done. What was not read in full is not settled."""
    waiting = waiting_for(scene, most=LISTED)
    read_now = read_of(scene, most=AT_ONCE)
    read = {record for record, _ in read_now}
    items = tuple(
        Item(
            t("queue.line", student=name, line=records.title(record, body, brief=True)),
            press("whole", record.id or 0),
            t("queue.will_approve" if record.id in read else "queue.unread"),
            "good" if record.id in read else "waiting",
        )
        for record, body, name in waiting
    )
    on_record(scene, [record.student_id for record, _, _ in waiting])
    rows: list[tuple[Choice, ...]] = [(TO_QUEUE, TO_MENU)]
    if read:
        rows.insert(0, (replace(approve_read("all", read_now), weight="primary"),))
    unread = records.waiting_count(scene.session, scene.actor) - len(read)
    if not read:
        key = "queue.none_read" if waiting else "queue.none"
    else:
        key = "queue.sure_read" if unread else "queue.sure_all"
    words = t(key, count=len(read), unread=unread)
    if told is not None:
        words = t("queue.told_first", told=told, words=words)
    title = t("queue.approve_all")
    scene.say(Message(words, tuple(rows), kind="question", card="queue", title=title, items=items))


def next_waiting(scene: Scene, settled: Record) -> tuple[Choice, ...]:
    """On to what waits longest, so that one review leads to the next; and to the whole queue."""
    if not records.reviews_somebody(scene.session, scene.actor):
        return (TO_QUEUE,)
    left = waiting_for(scene, most=1, but=settled.id)
    if not left:
        return (TO_QUEUE,)
    record, _, name = left[0]
    count = records.waiting_count(scene.session, scene.actor)
    if settled.state is RecordState.SUBMITTED and records.may(
        scene.session, scene.actor, settled, "approve"
    ):
        count -= 1
    label = t("review.next", student=name, count=count)
    return (Choice(press("whole", record.id or 0), label, weight="primary"), TO_QUEUE)


def next_one(scene: Scene) -> None:
    """Open what has waited longest of what the speaker has not read yet; the queue, if there is
    nothing of the kind."""
    read = {record for record, _ in read_of(scene)}
    left = [record for record, *_ in waiting_for(scene, most=len(read) + 1)]
    unread = next((record for record in left if record.id not in read), None)
    if unread is None:
        queue(scene, ())
    else:
        whole(scene, [str(unread.id)])


def bulk(scene: Scene, args: Sequence[str]) -> None:
    """通过已看过的: approve every waiting entry that was read in full, and no other.

    The button says how many. If they are others by now, nothing is done and it is asked again.
    """
    chosen = chosen_filter(args)
    part = chosen_part(scene, chosen)
    read = read_of(scene, part, AT_ONCE)
    if len(args) < 2 or number(args, 1) != _sum(read):
        confirm_all(scene, (), t("queue.moved_on"))
        return
    unread = records.waiting_count(scene.session, scene.actor, part) - len(read)
    done = [
        records.review(scene.session, scene.actor, record, version, approve=True)
        for record, version in read
    ]
    count = sum(verdict.done for verdict in done)
    scene.say(t("queue.approved" if unread else "queue.approved_all", count=count, unread=unread))
    queue(scene, [chosen])


# ---------------------------------------------------------------- sending back


class ReturnSeen(BaseModel):
    """The version being returned."""

    model_config = ConfigDict(frozen=True)

    record_id: int
    version: int
    student: str
    line: str
    plan: bool = False
    """It is a training plan, of which others learn than of an entry of the student's own."""
    said: str = ""
    """The reason that was given in the sentence that began it."""


async def ask_reason(chat: Chat, seen: ReturnSeen) -> str:
    """Ask for the reason: chosen, or in the reviewer's words."""
    chips = [Choice(reason, t(f"reason.{reason}")) for reason in REASONS if not seen.plan]
    words = t("plan.why" if seen.plan else "review.why", student=seen.student, line=seen.line)
    if seen.said:
        words = t("review.why_as_said", asked=words, said=seen.said)
        chips.insert(0, Choice(SAID, t("review.as_said"), weight="primary"))
    reason: str = await chat.ask("reason", Free(least=2, most=MOST_REASON, options=chips), words)
    return reason


def send_back(scene: Scene, args: Sequence[str]) -> None:
    """退回修改: ask for the reason, unless the version has been reviewed already."""
    record, _ = records.allowed(scene.session, scene.actor, number(args), "return")
    if record.version != number(args, 1) or record.state is not RecordState.SUBMITTED:
        settled(scene, records.existing_review(scene.session, record, number(args, 1)))
        return
    scene.begin("return", {"record": number(args), "version": number(args, 1)})


def hear_return(scene: Scene, words: str) -> bool:
    """时长有问题，退回, typed below an entry that can be returned: ask whether that is the reason.
    Returns whether it was such a sentence."""
    reason = sent_back_for(words)
    begins = press("return")
    ways = {value for _, value, *_ in scene.speaker.offered if value.startswith(f"{begins}:")}
    if reason is None or len(ways) != 1:
        return False
    record, version = ways.pop().removeprefix(f"{begins}:").split(":")
    if reason:
        about = {"record": int(record), "version": int(version), "said": reason[:MOST_REASON]}
        scene.begin("return", about, anew=True)
    else:
        send_back(scene, [record, version])
    return True


SAID: Final = "said"
MOST_REASON: Final = 500


def load_return(scene: Scene, args: Mapping[str, Any]) -> ReturnSeen:
    record, _ = records.allowed(scene.session, scene.actor, args["record"], "return")
    owner = records.owner(scene.session, record)
    line = records.title(record, records.body_at(scene.session, record), brief=True)
    return ReturnSeen(
        record_id=args["record"],
        version=args["version"],
        student=owner.name,
        line=scene.words(line),
        plan=record.kind is RecordKind.PLAN,
        said=args.get("said", ""),
    )


def finish_return(scene: Scene, seen: ReturnSeen, reason: str) -> None:
    words = scene.words(t(f"reason.{reason}")) if reason in REASONS else reason
    if reason == SAID and seen.said:
        words = seen.said
    verdict = records.review(
        scene.session, scene.actor, seen.record_id, seen.version, approve=False, reason=words
    )
    if verdict.done:
        scene.say(t("plan.sent_back" if seen.plan else "review.sent_back", student=seen.student))
    settled(scene, verdict)


FLOW = Flow(
    name="return",
    title=t("review.return_title"),
    talk=ask_reason,
    about=ReturnSeen,
    load=load_return,
    finish=finish_return,
    home=lambda seen: lambda scene: whole(scene, [str(seen.record_id)]),
    sketch=lambda seen, _: [t("review.return_title"), seen.student, seen.line],
)
