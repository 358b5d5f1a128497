"""我的进度 and 我的记录: what counts, what waits where, and every entry with its versions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from bot.scene import Scene, number
from bot.talk.acting import Refused
from bot.talk.clock import beijing_day
from bot.talk.message import Choice, Message, press
from handlers import diary, session
from programmes.catalogue import load
from programmes.model import Programme
from programmes.rules import RequirementProgress
from programmes.values import Frequency, Per
from prompts import Text, Words, t
from services import records
from services.access import learner, student_of
from services.progress import WRITING, asked_of, counted, sessions_without, stands
from services.records import Body, SessionBody, WritingBody
from services.rows import Record, RecordKind, RecordState

PAGE = 6

# ---------------------------------------------------------------- progress


def progress(scene: Scene, _args: Sequence[str]) -> None:
    """Every requirement with its two numbers and its clause, and where things wait."""
    me = learner(scene.session, scene.actor.person_id)
    scene.say(
        Message(
            report(scene, me.id, load(me.programme), me.grade),
            (
                (
                    Choice(press("session"), t("command.session.label")),
                    Choice(press("records"), t("command.records.label")),
                ),
                (Choice(press("menu"), t("command.menu.label")),),
            ),
            kind="question",
            card="progress",
        )
    )


def report(scene: Scene, member_id: int, programme: Programme, grade: str) -> Text:
    """How far a student is, as they and those who answer for them may read it."""
    entries = records.entries(scene.session, member_id)
    today = beijing_day(scene.now)
    made = counted(programme, entries, today)
    lines: list[Text] = [requirement_line(part) for part in made.requirements]
    if not lines:
        lines.append(t("progress.no_minimum", **totals(entries)))
    lines += diary_lines(programme, grade, entries)
    waiting = list(waiting_lines(scene, member_id, entries))
    return t(
        "progress.report",
        programme=programme.name,
        first=programme.cycle.first_day,
        last=programme.cycle.last_day,
        lines=_stack(scene, lines),
        waiting=_stack(scene, waiting or [t("progress.nothing_waits")]),
        note=t("progress.provisional") if programme.provisional else "",
    )


def requirement_line(part: RequirementProgress) -> Text:
    asked = part.requirement
    numbers = {
        "submitted": part.submitted,
        "approved": part.approved,
        "missing": part.still_needed,
        "at_least": asked.at_least,
        "what": t(f"counter.{asked.counts}"),
        "clause": asked.clause,
    }
    if asked.per is not Per.MONTH:
        return t("progress.per_cycle", **numbers)
    short = [
        t("progress.month_short", month=tally.month.month, missing=tally.still_needed)
        for tally in part.months
        if tally.over and tally.still_needed
    ]
    past = t("progress.months_short", months=short) if short else t("progress.months_met")
    if all(tally.over for tally in part.months):
        return t("progress.per_month_past", past=past, **numbers)
    return t("progress.per_month", past=past, **numbers)


def totals(entries: Iterable[tuple[Record, Body]]) -> dict[str, int]:
    states = [record.state for record, _ in entries if record.kind is RecordKind.SESSION]
    return {
        "submitted": states.count(RecordState.SUBMITTED),
        "approved": states.count(RecordState.APPROVED),
    }


def diary_lines(
    programme: Programme, grade: str, entries: Sequence[tuple[Record, Body]]
) -> list[Text]:
    """For each kind of writing that is asked for: how many there are, and what is missing."""
    lines: list[Text] = []
    for kind in WRITING:
        asked = asked_of(programme, grade, kind)
        if asked is None:
            continue
        written = [record for record, _ in entries if stands(record, kind)]
        numbers = {
            "name": asked.name,
            "handed_in": len(written),
            "approved": sum(record.state is RecordState.APPROVED for record in written),
            "clause": asked.clause,
        }
        reviewed = "reviewed" if asked.reviewed_by else "unreviewed"
        lines.append(t(f"progress.writing_{reviewed}", **numbers))
        if asked.frequency is Frequency.PER_SESSION:
            missing = len(sessions_without(entries, kind))
            if missing:
                lines.append(t("progress.writing_missing", name=asked.name, missing=missing))
    return lines


def waiting_lines(
    scene: Scene, member_id: int, entries: Iterable[tuple[Record, Body]]
) -> Iterable[Text]:
    """What waits, with whom, and since when: silence never approves, but it can be seen."""
    names = [one.name for one in records.reviewers(scene.session, member_id)]
    for record, body in entries:
        line = records.title(record, body)
        if record.state is RecordState.SUBMITTED:
            days = (scene.now - record.submitted_at).days
            whom = t("progress.with", names=names) if names else t("progress.with_nobody")
            yield t("progress.waits", line=line, whom=whom, days=days)
        elif record.state is RecordState.RETURNED:
            yield t("progress.your_turn", line=line)


def _stack(scene: Scene, lines: Iterable[Words]) -> str:
    return "\n".join(scene.words(line) for line in lines)


# ---------------------------------------------------------------- own entries


def listing(scene: Scene, args: Sequence[str]) -> None:
    """A student's own entries, the latest first, a page at a time."""
    me = learner(scene.session, scene.actor.person_id)
    entries = records.entries(scene.session, me.id)
    pages(scene, entries, "records", args[:1], t("records.which", count=len(entries)))


def pages(
    scene: Scene,
    entries: Sequence[tuple[Record, Body]],
    verb: str,
    args: Sequence[str],
    words: Text,
    *before: str,
) -> None:
    """Entries as buttons, a page at a time."""
    page = number(args) if args else 0
    shown = entries[page * PAGE : (page + 1) * PAGE]
    if not shown:
        words = t("records.none")
    rows: list[tuple[Choice, ...]] = [
        (Choice(press("record", record.id or 0), state_line(record, body)),)
        for record, body in shown
    ]
    turn: list[Choice] = []
    if page:
        turn.append(Choice(press(verb, *before, page - 1), t("records.newer")))
    if len(entries) > (page + 1) * PAGE:
        turn.append(Choice(press(verb, *before, page + 1), t("records.older")))
    if turn:
        rows.append(tuple(turn))
    rows.append((Choice(press("menu"), t("command.menu.label")),))
    scene.say(Message(words, tuple(rows), kind="question", card="records"))


def state_line(record: Record, body: Body) -> Text:
    line = records.title(record, body, brief=True)
    return t("record.with_state", line=line, state=state(record))


def state(record: Record) -> Text:
    return t(f"state.{record.state}")


def show(scene: Scene, args: Sequence[str]) -> None:
    """One entry in full, with what may be done with it, or an earlier version of it."""
    record = records.readable(scene.session, scene.actor, number(args), "read")
    version = number(args, 1) if len(args) > 1 else record.version
    body = records.body_at(scene.session, record, version)
    mine = student_of(scene.session, record).person_id == scene.actor.person_id
    rows = own_choices(record, version) if mine else []
    if record.version > 1:
        rows.append(version_choices(record, version))
    rows.append((Choice(press("menu"), t("command.menu.label")),))
    scene.say(
        Message(
            whole(scene, record, body, version),
            tuple(rows),
            kind="card",
            card=f"record:{record.id}",
            files=records.files_at(scene.session, record, version),
        )
    )


def whole(scene: Scene, record: Record, body: Body, version: int) -> Text:
    """All that an entry says, whose it is, where it stands, and every word said on it."""
    said = [
        t(
            "record.review_approved" if review.approved else "record.review_returned",
            version=review.version,
            reviewer=name,
            at=review.at,
            reason=review.reason,
        )
        for review, name in records.reviews(scene.session, record)
    ]
    return t(
        "record.whole",
        student=records.owner(scene.session, record).name,
        line=records.title(record, body),
        body=full_text(scene, record, body),
        state=state(record) if version == record.version else t("state.earlier"),
        version=version,
        at=records.written_at(scene.session, record, version),
        reviews=_stack(scene, said) if said else "",
    )


def full_text(scene: Scene, record: Record, body: Body) -> Text:
    if isinstance(body, SessionBody):
        return session.summary(body)
    about = ""
    if record.about_id is not None:
        on = records.found(scene.session, record.about_id, "read")
        line = records.title(on, records.body_at(scene.session, on))
        about = scene.words(t("writing.about_session", line=line))
    return t("writing.whole", about=about, text="\n".join(body.parts), files=len(body.files))


def own_choices(record: Record, version: int) -> list[tuple[Choice, ...]]:
    """What a student may do with their own entry as it stands."""
    if version != record.version or record.state is RecordState.APPROVED:
        return []
    again = Choice(press("edit", record.id or 0), t("record.mend"))
    if record.state is RecordState.WITHDRAWN:
        return [(again,)]
    back = Choice(press("withdraw", record.id or 0, record.version), t("record.withdraw"))
    return [(again, back)]


def version_choices(record: Record, version: int) -> tuple[Choice, ...]:
    return tuple(
        Choice(press("record", record.id or 0, n), t("record.version", version=n))
        for n in range(max(1, record.version - 3), record.version + 1)
        if n != version
    )


def edit(scene: Scene, args: Sequence[str]) -> None:
    """Open an own entry to change it."""
    record = records.readable(scene.session, scene.actor, number(args), "edit")
    if student_of(scene.session, record).person_id != scene.actor.person_id:
        raise Refused(
            t("access.not_your_record"), verb="edit", object="record", object_id=record.id
        )
    if record.state is RecordState.APPROVED:
        raise Refused(t("record.locked"), verb="edit", object="record", object_id=record.id)
    body = records.body_at(scene.session, record)
    match body:
        case SessionBody():
            session.edit(scene, cast(int, record.id), record.version, body)
        case WritingBody():
            diary.edit(scene, record, body)


def withdraw(scene: Scene, args: Sequence[str]) -> None:
    record = records.withdraw(scene.session, scene.actor, number(args), number(args, 1))
    show(scene, [str(record.id)])
