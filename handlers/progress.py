"""我的进度 and 我的记录: what counts, what waits where, and every entry with its versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, cast

from bot.scene import TO_MENU, Scene, number
from bot.talk.clock import beijing_day
from bot.talk.message import Choice, Field, Item, Message, Meter, Tone, press
from handlers import diary, session
from programmes.model import Programme, Requirement
from programmes.rules import RequirementProgress
from programmes.values import Frequency, Per
from prompts import Text, Words, t
from services import records
from services.access import learner
from services.packs import load, word_label
from services.policy import asked_of
from services.progress import WRITING, counted, joined_on, sessions_without, stands
from services.records import Body, SessionBody, WritingBody
from services.rights import Relation
from services.rows import Record, RecordKind, RecordState

PAGE = 6

# ---------------------------------------------------------------- progress


def progress(scene: Scene, _args: Sequence[str]) -> None:
    """Every requirement with its two numbers and its clause, and where things wait."""
    me = learner(scene.session, scene.actor.person_id)
    rows = (
        (
            Choice(press("session"), t("command.session.label"), weight="primary"),
            Choice(press("records"), t("command.records.label")),
        ),
        (TO_MENU,),
    )
    told = report(scene, me.id, load(me.programme), me.grade, own=True)
    scene.say(told._replace(rows=rows, kind="question", card="progress"))


def report(
    scene: Scene, member_id: int, programme: Programme, grade: str, *, own: bool = False
) -> Message:
    """How far a student is, as they (`own`) and those who answer for them may read it."""
    entries = records.entries(scene.session, member_id)
    today = beijing_day(scene.now)
    since = joined_on(scene.session, member_id)
    made = counted(programme, entries, today, since)
    meters = [requirement_meter(part) for part in made.requirements] or [no_minimum(entries)]
    meters += writing_meters(programme, grade, entries, own=own)
    waiting = tuple(waiting_items(scene, member_id, entries, own=own))
    notes = [] if waiting else [t("progress.nothing_waits")]
    if programme.provisional:
        notes.append(t("progress.provisional"))
    if since is not None and since > programme.cycle.first_day:
        notes.append(t("progress.joined_late", day=since))
    last = programme.cycle.last_day or t("progress.no_end")
    return Message(
        title=programme.name,
        text=t("progress.cycle", first=programme.cycle.first_day, last=last),
        meters=tuple(meters),
        items=waiting,
        note=stack(scene, notes),
    )


def requirement_meter(part: RequirementProgress) -> Meter:
    """How far one requirement is met; a monthly one shows this month, and which fell short."""
    asked = part.requirement
    numbers = t("progress.numbers", submitted=part.submitted, approved=part.approved)
    missing = amount(asked, part.still_needed)
    period = period_of(asked)
    if period == "cycle":
        return Meter(
            asked_for(asked),
            numbers,
            part.approved,
            part.submitted,
            asked.at_least,
            *how_far(part.still_needed, t("progress.missing", missing=missing), "progress.met"),
            asked.clause,
        )
    short = [
        t(
            "progress.month_short",
            month=t(f"calendar.month_{tally.month.month}"),
            missing=amount(asked, tally.still_needed),
        )
        if period == "month"
        else t(
            "progress.period_short",
            first=tally.first,
            last=tally.last,
            missing=amount(asked, tally.still_needed),
        )
        for tally in part.months
        if tally.over and tally.still_needed
    ]
    past = t(f"progress.{period}s_met")
    if short:
        past = t(f"progress.{period}s_short", **{f"{period}s": short})
    if not part.months:
        return Meter(asked_for(asked), t("progress.not_begun"), 0, 0, clause=asked.clause)
    if all(tally.over for tally in part.months):
        lacking = t(f"progress.{period}s_missing", missing=len(short))
        state = how_far(len(short), lacking, f"progress.{period}s_all_met")
        return Meter(asked_for(asked), past, 0, 0, 0, *state, asked.clause)
    lacking = t(f"progress.{period}_missing", missing=missing)
    return Meter(
        asked_for(asked),
        t(f"progress.numbers_and_past_{period}", numbers=numbers, past=past),
        part.approved,
        part.submitted,
        asked.at_least,
        *how_far(part.still_needed, lacking, f"progress.{period}_met"),
        asked.clause,
    )


def period_of(asked: Requirement) -> str:
    """The period of a requirement, as sentences tell them apart: `cycle`, `month` or `period`."""
    return str(asked.per) if asked.per in (Per.CYCLE, Per.MONTH) else "period"


def asked_for(asked: Requirement) -> Text:
    """What a requirement counts, how much of it at least, and in which period."""
    return t(
        f"progress.asked_{period_of(asked)}",
        what=word_label(asked.counts, t(f"counter.{asked.counts}")),
        per=word_label(asked.per, t(f"programme.per.{asked.per}")),
        at_least=amount(asked, asked.at_least),
    )


def amount(asked: Requirement, count: int) -> Text:
    """So many of what a requirement counts: 10 次, 30 小时."""
    return t(f"progress.amount_{asked.unit}", count=count)


def how_far(missing: int, lacking: Text, met: str) -> tuple[Text, Tone]:
    """What is missing, or that nothing is: only what was approved counts."""
    return (lacking, "neutral") if missing else (t(met), "good")


def no_minimum(entries: Iterable[tuple[Record, Body]]) -> Meter:
    """The sessions of a programme that sets no least number: two numbers and no bar."""
    states = [record.state for record, _ in entries if record.kind is RecordKind.SESSION]
    submitted = states.count(RecordState.SUBMITTED)
    approved = states.count(RecordState.APPROVED)
    numbers = t("progress.numbers", submitted=submitted, approved=approved)
    return Meter(t("progress.no_minimum"), numbers, approved, submitted)


def writing_meters(
    programme: Programme, grade: str, entries: Sequence[tuple[Record, Body]], *, own: bool
) -> Iterable[Meter]:
    """For each kind of writing that is asked for: how many there are, and what is missing."""
    for kind in WRITING:
        asked = asked_of(programme, grade, kind)
        if asked is None:
            continue
        written = [record for record, _ in entries if stands(record, kind)]
        approved = sum(record.state is RecordState.APPROVED for record in written)
        waiting = sum(record.state is RecordState.SUBMITTED for record in written)
        reviewed = "reviewed" if asked.reviewed_by else "unreviewed"
        numbers = t(f"progress.writing_{reviewed}", handed_in=len(written), approved=approved)
        # Where nobody reviews them, to hand them in is all that is asked.
        done = approved if asked.reviewed_by else len(written)
        meter = Meter(asked.name, numbers, done, waiting, clause=asked.clause)
        if asked.frequency is Frequency.PER_SESSION:
            sessions = sum(stands(record, RecordKind.SESSION) for record, _ in entries)
            missing = len(sessions_without(entries, kind))
            meter = meter._replace(needed=sessions)
            if missing:
                way = WAYS[kind]
                choice = Choice(press(way), t(f"command.{way}.label"))
                meter = meter._replace(
                    state=t("progress.unwritten", missing=missing),
                    choice=choice if own else None,
                )
        yield meter


WAYS: Final = {RecordKind.DIARY: "writing", RecordKind.MEETING_RECORD: "meeting"}
"""The command by which each kind of writing is begun."""


def waiting_items(
    scene: Scene, member_id: int, entries: Iterable[tuple[Record, Body]], *, own: bool
) -> Iterable[Item]:
    """What waits, with whom, and since when: silence never approves, but it can be seen."""
    names = [one.name for one in records.reviewers(scene.session, member_id)]
    for record, body in entries:
        line, open_ = records.title(record, body, brief=True), press("record", record.id or 0)
        if record.state is RecordState.SUBMITTED:
            yield Item(
                line, open_, waits(names, (scene.now - record.submitted_at).days), "waiting"
            )
        elif record.state is RecordState.RETURNED:
            yield Item(
                line, open_, t("progress.to_mend_own" if own else "progress.to_mend"), "bad"
            )


def waits(names: Sequence[str], days: int) -> Text:
    """With whom something waits, and for how long if for a day or more."""
    whom = t("progress.with", names=list(names)) if names else t("progress.with_nobody")
    return t(f"progress.waits_{min(days, 2)}", whom=whom, days=days)


def stack(scene: Scene, lines: Iterable[Words]) -> str:
    return "\n".join(scene.words(line) for line in lines)


# ---------------------------------------------------------------- own entries


def listing(scene: Scene, args: Sequence[str]) -> None:
    """A student's own entries, the latest first, a page at a time."""
    me = learner(scene.session, scene.actor.person_id)
    entries = records.entries(scene.session, me.id)
    words = t("records.which", count=len(entries))
    pages(scene, entries, "records", args[:1], t("command.records.label"), words)


def pages(
    scene: Scene,
    entries: Sequence[tuple[Record, Body]],
    verb: str,
    args: Sequence[str],
    title: Words,
    words: Text,
    *before: str,
) -> None:
    """Entries as items, a page at a time."""
    page = number(args) if args else 0
    shown = entries[page * PAGE : (page + 1) * PAGE]
    if not shown:
        words = t("records.none")
    turn: list[Choice] = []
    if page:
        turn.append(Choice(press(verb, *before, page - 1), t("records.newer")))
    if len(entries) > (page + 1) * PAGE:
        turn.append(Choice(press(verb, *before, page + 1), t("records.older")))
    rows = ((*turn, TO_MENU),)
    items = tuple(entry_item(record, body) for record, body in shown)
    scene.say(Message(words, rows, kind="question", card="records", title=title, items=items))


def entry_item(record: Record, body: Body) -> Item:
    """An entry as one row: what it is, and where it stands."""
    line = records.title(record, body, brief=True)
    return Item(line, press("record", record.id or 0), state(record), TONES[record.state])


TONES: Final[Mapping[RecordState, Tone]] = {
    RecordState.SUBMITTED: "waiting",
    RecordState.FILED: "neutral",
    RecordState.APPROVED: "good",
    RecordState.RETURNED: "bad",
    RecordState.WITHDRAWN: "neutral",
}
"""What was only handed in has no tick that could be misread: nobody has approved it."""


def state(record: Record) -> Text:
    return t(f"state.{record.state}")


def show(scene: Scene, args: Sequence[str]) -> None:
    """One entry in full, with what may be done with it, or an earlier version of it."""
    record, grant = records.allowed(scene.session, scene.actor, number(args), "read")
    version = number(args, 1) if len(args) > 1 else record.version
    body = records.body_at(scene.session, record, version)
    rows = own_choices(record, version) if grant.relation is Relation.ONESELF else []
    if record.version > 1:
        rows.append(version_choices(record, version))
    rows.append((TO_MENU,))
    scene.say(whole(scene, record, body, version)._replace(rows=tuple(rows)))


def whole(scene: Scene, record: Record, body: Body, version: int) -> Message:
    """All that an entry says, whose it is, where it stands, and every word said on it."""
    latest = version == record.version
    standing = Field(
        t("field.state"),
        state(record) if latest else t("state.earlier"),
        TONES[record.state] if latest else "neutral",
    )
    written = t(
        "record.written", version=version, at=records.written_at(scene.session, record, version)
    )
    reviews = [
        Item(
            t(
                "record.review_approved" if review.approved else "record.review_returned",
                version=review.version,
                reviewer=name,
                at=review.at,
                reason=review.reason,
            ),
            state=t("state.approved" if review.approved else "state.returned"),
            tone="good" if review.approved else "bad",
        )
        for review, name in records.reviews(scene.session, record)
    ]
    owner = records.owner(scene.session, record).name
    return Message(
        "" if isinstance(body, SessionBody) else "\n".join(body.parts),
        kind="card",
        card=f"record:{record.id}",
        files=records.files_at(scene.session, record, version),
        title=t("queue.line", student=owner, line=records.title(record, body, brief=True)),
        fields=(standing, *full_fields(scene, record, body), Field(t("field.version"), written)),
        items=tuple(reviews),
    )


def full_fields(scene: Scene, record: Record, body: Body) -> tuple[Field, ...]:
    """What an entry says beside its prose."""
    if isinstance(body, SessionBody):
        return session.fields_of(body)
    files = Field(t("field.files"), t("field.count", count=len(body.files)))
    on = records.about(scene.session, record)
    if on is None:
        return (files,)
    line = records.title(on, records.body_at(scene.session, on))
    return (Field(t("field.about"), line), files)


def own_choices(record: Record, version: int) -> list[tuple[Choice, ...]]:
    """What a student may do with their own entry as it stands."""
    if version != record.version or record.state is RecordState.APPROVED:
        return []
    again = Choice(press("edit", record.id or 0), t("record.mend"))
    if record.state is RecordState.WITHDRAWN:
        return [(again,)]
    back = Choice(
        press("withdraw", record.id or 0, record.version), t("record.withdraw"), weight="danger"
    )
    return [(again, back)]


def version_choices(record: Record, version: int) -> tuple[Choice, ...]:
    return tuple(
        Choice(press("record", record.id or 0, n), t("record.version", version=n), weight="quiet")
        for n in range(max(1, record.version - 3), record.version + 1)
        if n != version
    )


def edit(scene: Scene, args: Sequence[str]) -> None:
    """Open an own entry to change it."""
    record = records.to_edit(scene.session, scene.actor, number(args))
    body = records.body_at(scene.session, record)
    match body:
        case SessionBody():
            session.edit(scene, cast(int, record.id), record.version, body)
        case WritingBody():
            diary.edit(scene, record, body)


def withdraw(scene: Scene, args: Sequence[str]) -> None:
    record = records.withdraw(scene.session, scene.actor, number(args), number(args, 1))
    show(scene, [str(record.id)])
