"""我的进度 and 我的记录: requirements, waiting entries, and every entry with its versions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final, cast

from bot.scene import TO_MENU, Scene, number
from bot.talk.clock import beijing_day
from bot.talk.message import Choice, Field, Item, Message, Meter, Tone, press
from handlers import diary, materials, official, plans, presentation, results, session
from handlers.attachments import shown
from handlers.diary import WritingSeen
from handlers.materials import MaterialSeen
from handlers.plans import PlanSeen
from handlers.presentation import PresentationSeen
from handlers.seen import SessionSeen
from programmes.model import Programme, Requirement
from programmes.pacing import Away, projection
from programmes.rules import PeriodTally, RequirementProgress
from programmes.values import Frequency
from prompts import Brief, Text, Words, t
from services import leave, records
from services.access import learner
from services.entities import Record, RecordKind, RecordState
from services.packs import asked_of, load, material_label, stage_label, word_label, writing_name
from services.progress import (
    WRITING,
    amount,
    asked_for,
    counted,
    joined_on,
    period_of,
    sessions_without,
    stands,
)
from services.records import (
    OF_OTHERS,
    Body,
    MaterialBody,
    PlanBody,
    PresentationBody,
    ResultBody,
    SessionBody,
    WritingBody,
)
from services.reminder_card import every

PAGE = 6

# ---------------------------------------------------------------- progress


def progress(scene: Scene, _args: Sequence[str]) -> None:
    """Show every requirement with its two numbers and clause, and the entries that wait."""
    me = learner(scene.session, scene.actor.person_id)
    told = report(scene, me.id, load(me.programme), me.grade, own=True)
    ways = [
        Choice(press("records"), t("command.records.label")),
        Choice(press("dossier"), t("command.dossier.label")),
    ]
    if not any(meter.choice == TO_SESSION for meter in told.meters):
        ways.insert(0, replace(TO_SESSION, weight="primary"))
    rows = (tuple(ways), (TO_MENU,))
    scene.say(told._replace(rows=rows, kind="question", card="progress"))


TO_SESSION: Final = Choice(press("session"), t("command.session.label"))


def report(
    scene: Scene, member_id: int, programme: Programme, grade: str, *, own: bool = False
) -> Message:
    """A student's progress as a card: as they see it (`own`), or as their supervisors do."""
    entries = records.entries(scene.session, member_id)
    today = beijing_day(scene.now)
    since = joined_on(scene.session, member_id)
    made = counted(programme, entries, today, since)
    meters = [requirement_meter(part, own=own) for part in made.requirements]
    meters = meters or [no_minimum(entries)]
    meters += writing_meters(programme, grade, entries, own=own)
    meters += plans.meters(scene, programme, entries)
    meters += results.meters(programme, entries)
    meters += presentation.meters(scene, member_id, programme, entries, own=own)
    meters += materials.meters(programme, entries, today, own=own)
    waiting = tuple(waiting_items(scene, member_id, entries, own=own))
    away = leave.days_of(scene.session, member_id)
    notes = list(paces(programme, made.requirements, today, since, away)) if own else []
    notes += [] if waiting else [t("progress.nothing_waits")]
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


def paces(
    programme: Programme,
    parts: Sequence[RequirementProgress],
    today: date,
    since: date | None,
    away: Sequence[Away],
) -> Iterable[Text]:
    """The pace of every minimum of the cycle, with what it counts where there are several."""
    found = [(part, pace_of(programme, part, today, since, away)) for part in parts]
    told = [(part, pace) for part, pace in found if pace is not None]
    for part, pace in told:
        what = word_label(part.requirement.counts, t(f"counter.{part.requirement.counts}"))
        yield pace if len(told) == 1 else t("pace.of", what=what, pace=pace)


def pace_of(
    programme: Programme,
    part: RequirementProgress,
    today: date,
    since: date | None,
    away: Sequence[Away],
) -> Text | None:
    """What the pace of a minimum leads to, in a sentence; entries that wait are counted in."""
    done = part.approved + part.submitted
    found = projection(programme, part.requirement, done, today, since, away)
    if found is None or not found.missing:
        return None
    said = {
        "until": found.until,
        "projected": amount(found.asked, found.projected),
        "short": amount(found.asked, found.short),
        "missing": amount(found.asked, found.missing),
    }
    if not found.short:
        return t("pace.on_track", until=said["until"], projected=said["projected"])
    weeks = found.weeks_between
    if not weeks or found.asked.unit == "hours":
        return t("pace.short_much", days=found.days, **said)
    return t("pace.short", every=every(weeks), **said)


def requirement_meter(part: RequirementProgress, *, own: bool = False) -> Meter:
    """How far one requirement is met; a monthly one shows this month, and which fell short. What
    is `own` and still missing has a way to it."""
    meter = _requirement_meter(part)
    lacks = own and meter.needed and part.still_needed
    return meter._replace(choice=TO_SESSION) if lacks else meter


def _requirement_meter(part: RequirementProgress) -> Meter:
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
    behind = [tally for tally in part.months if tally.over and tally.still_needed]
    short = [shortfall(asked, period, run) for run in runs(part.months, behind)]
    past = t(f"progress.{period}s_met")
    if short:
        past = t(f"progress.{period}s_short", **{f"{period}s": short})
    if not part.months:
        return Meter(asked_for(asked), t("progress.not_begun"), 0, 0, clause=asked.clause)
    if all(tally.over for tally in part.months):
        lacking = t(f"progress.{period}s_missing", missing=len(behind))
        state = how_far(len(behind), lacking, f"progress.{period}s_all_met")
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


def runs(
    every: Sequence[PeriodTally], behind: Sequence[PeriodTally]
) -> Iterable[Sequence[PeriodTally]]:
    """What fell short, period by period; three or more in a row that lack the same, together."""
    run: list[PeriodTally] = []
    for tally in every:
        goes_on = tally in behind and (not run or run[-1].still_needed == tally.still_needed)
        if not goes_on:
            yield from [run] if len(run) > 2 else [[one] for one in run]
            run = []
        if tally in behind:
            run.append(tally)
    yield from [run] if len(run) > 2 else [[one] for one in run]


def shortfall(asked: Requirement, period: str, run: Sequence[PeriodTally]) -> Text:
    """One period that fell short, or several in a row."""
    first, last = run[0], run[-1]
    missing = amount(asked, first.still_needed)
    several = len(run) > 1
    if period == "month":
        return t(
            "progress.months_short_in" if several else "progress.month_short",
            month=t(f"calendar.month_{first.month.month}"),
            last=t(f"calendar.month_{last.month.month}"),
            missing=missing,
        )
    return t(
        "progress.periods_short_in" if several else "progress.period_short",
        first=first.first,
        last=last.last,
        missing=missing,
    )


def how_far(missing: int, lacking: Text, met: str) -> tuple[Text, Tone]:
    """The state of a requirement: what is missing, or that it is met. Only approvals count."""
    return (lacking, "neutral") if missing else (t(met), "good")


def no_minimum(entries: Iterable[tuple[Record, Body]]) -> Meter:
    """The meter of sessions in a programme without a minimum: two numbers and no bar."""
    states = [record.state for record, _ in entries if record.kind is RecordKind.SESSION]
    submitted = states.count(RecordState.SUBMITTED)
    approved = states.count(RecordState.APPROVED)
    numbers = t("progress.numbers", submitted=submitted, approved=approved)
    return Meter(t("progress.no_minimum"), numbers, approved, submitted)


def writing_meters(
    programme: Programme, grade: str, entries: Sequence[tuple[Record, Body]], *, own: bool
) -> Iterable[Meter]:
    """One meter for each kind of writing that the programme asks for."""
    for kind in WRITING:
        asked = asked_of(programme, grade, kind)
        if asked is None:
            continue
        written = [record for record, _ in entries if stands(record, kind)]
        approved = sum(record.state is RecordState.APPROVED for record in written)
        waiting = sum(record.state is RecordState.SUBMITTED for record in written)
        reviewed = "reviewed" if asked.reviewed_by else "unreviewed"
        numbers = t(f"progress.writing_{reviewed}", handed_in=len(written), approved=approved)
        # Where nobody reviews them, handing in is enough.
        done = approved if asked.reviewed_by else len(written)
        meter = Meter(writing_name(asked), numbers, done, waiting, clause=asked.clause)
        if asked.frequency is Frequency.PER_SESSION:
            sessions = sum(stands(record, RecordKind.SESSION) for record, _ in entries)
            missing = len(sessions_without(entries, kind))
            meter = meter._replace(needed=sessions)
            if missing:
                way = records.BEGUN_BY[kind]
                choice = Choice(press(way), t(f"command.{way}.label"))
                meter = meter._replace(
                    state=t("progress.unwritten", missing=missing),
                    choice=choice if own else None,
                )
        yield meter


def waiting_items(
    scene: Scene, member_id: int, entries: Iterable[tuple[Record, Body]], *, own: bool
) -> Iterable[Item]:
    """The entries that wait or were returned, with the reviewers and the days waited."""
    for record, body in entries:
        line, open_ = records.title(record, body, brief=True), press("record", record.id or 0)
        if record.state is RecordState.SUBMITTED:
            yield Item(line, open_, waits(scene, record), "waiting")
        elif record.state is RecordState.RETURNED:
            mine = own and record.kind not in OF_OTHERS
            yield Item(
                line, open_, t("progress.to_mend_own" if mine else "progress.to_mend"), "bad"
            )


def waits(scene: Scene, record: Record) -> Text:
    """Who has to act on an entry, and for how many days it has waited, if any."""
    days = (scene.now - record.submitted_at).days
    if record.kind in OF_OTHERS:
        return t(f"progress.waits_{min(days, 2)}", whom=t("progress.with_office"), days=days)
    names = [one.name for one in records.reviewers(scene.session, record.student_id)]
    whom = t("progress.with", names=list(names)) if names else t("progress.with_nobody")
    return t(f"progress.waits_{min(days, 2)}", whom=whom, days=days)


def stack(scene: Scene, lines: Iterable[Words]) -> str:
    return "\n".join(scene.words(line) for line in lines)


# ---------------------------------------------------------------- own entries


def listing(scene: Scene, args: Sequence[str]) -> None:
    """List the student's own entries, the latest first, page by page."""
    me = learner(scene.session, scene.actor.person_id)
    entries = records.own_writings(records.entries(scene.session, me.id))
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
    """Show one page of entries, with buttons to turn pages."""
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
    items = tuple(entry_item(scene, record, body) for record, body in shown)
    scene.say(Message(words, rows, kind="question", card="records", title=title, items=items))


def entry_item(scene: Scene, record: Record, body: Body) -> Item:
    """An entry as one row of a list, with its state."""
    if records.is_shut(scene.session, scene.actor, record):
        return Item(bare(record), press("record", record.id or 0), withdrawn(scene, record))
    line = records.title(record, body, brief=True)
    return Item(line, press("record", record.id or 0), state(record), TONES[record.state])


TONES: Final[Mapping[RecordState, Tone]] = {
    RecordState.SUBMITTED: "waiting",
    RecordState.FILED: "neutral",
    RecordState.APPROVED: "good",
    RecordState.RETURNED: "bad",
    RecordState.WITHDRAWN: "neutral",
}
"""A filed entry is neutral: a tick could be misread as an approval."""


def state(record: Record) -> Text:
    if record.kind is RecordKind.PLAN:
        return plans.state(record)
    if record.kind is RecordKind.TEST_RESULT:
        return t("result.state")
    return t(f"state.{record.state}")


def show(scene: Scene, args: Sequence[str], told: Words = "") -> None:
    """Show one entry in full with its actions, or an earlier version of it; `told`: what has just
    become of it."""
    record, _ = records.read(scene.session, scene.actor, number(args))
    version = number(args, 1) if len(args) > 1 else record.version
    if records.is_shut(scene.session, scene.actor, record):
        scene.say(shut(scene, record, ((TO_MENU,),)))
        return
    body = records.body_at(scene.session, record, version)
    mine = records.may(scene.session, scene.actor, record, "edit")
    rows = own_choices(record, version) if mine else []
    if mine:
        rows = [*official.choices_of(scene, record, version), *rows]
    rows = [*word_choices(scene, record, version), *rows]
    if record.version > 1:
        rows.append(version_choices(record, version))
    rows.append((TO_MENU,))
    scene.say(whole(scene, record, body, version)._replace(rows=tuple(rows), note=told))


def shut(scene: Scene, record: Record, rows: tuple[tuple[Choice, ...], ...]) -> Message:
    """An entry that its learner has withdrawn, as those who look after them see it: that it was,
    and when."""
    return Message(
        t("record.shut"),
        rows,
        kind="card",
        card=f"record:{record.id}",
        title=t(
            "queue.line", student=records.owner(scene.session, record).name, line=bare(record)
        ),
        fields=(Field(t("field.state"), withdrawn(scene, record)),),
    )


def withdrawn(scene: Scene, record: Record) -> Text:
    """That an entry was withdrawn, and when."""
    at = records.withdrawn_at(scene.session, record)
    return t("record.withdrawn_on", day=Brief(beijing_day(at)))


def bare(record: Record) -> Words:
    """What an entry is, and nothing of what it says."""
    if record.kind is RecordKind.MATERIAL:
        return material_label(record.period)
    if record.kind is RecordKind.PRESENTATION:
        return t("record.presentation_line", stage=stage_label(record.period))
    return t(f"watch.matter.{record.kind}")


def word_choices(scene: Scene, record: Record, version: int) -> list[tuple[Choice, ...]]:
    """The buttons for what others wrote of a learner, before who has the word on it."""
    waits = record.state is RecordState.SUBMITTED and version == record.version
    if record.kind not in OF_OTHERS or not waits:
        return []
    if not records.may(scene.session, scene.actor, record, "approve"):
        return []
    return [records.decisions(record)]


def home(
    me: SessionSeen | WritingSeen | MaterialSeen | PresentationSeen | PlanSeen,
) -> Callable[[Scene], None] | None:
    """What shows the entry that is being changed; a new one comes from the menu."""
    changed = me.record_id
    return None if changed is None else lambda scene: show(scene, [str(changed)])


def whole(scene: Scene, record: Record, body: Body, version: int) -> Message:
    """A card with the whole entry, its owner, its state and all reviews."""
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
        records.prose(body),
        kind="card",
        card=f"record:{record.id}",
        files=records.files_at(scene.session, record.id, version),
        title=t("queue.line", student=owner, line=records.title(record, body, brief=True)),
        fields=(
            standing,
            *full_fields(scene, record, body, version),
            Field(t("field.version"), written),
        ),
        items=tuple(reviews),
    )


def full_fields(scene: Scene, record: Record, body: Body, version: int) -> tuple[Field, ...]:
    """The fields of an entry besides its prose."""
    if isinstance(body, SessionBody):
        return session.fields_of(body)
    files = Field(t("field.files"), shown(body.files))
    if isinstance(body, MaterialBody):
        return materials.fields_of(record, body)
    if isinstance(body, ResultBody):
        return results.fields_of(record, body)
    if isinstance(body, PresentationBody):
        return presentation.fields_of(body)
    if isinstance(body, PlanBody):
        return plans.fields_of(scene, record, body, version)
    on = records.about(scene.session, record)
    if on is None:
        return (files,)
    line = records.title(on, records.body_at(scene.session, on))
    return (Field(t("field.about"), line), files)


def own_choices(record: Record, version: int) -> list[tuple[Choice, ...]]:
    """The buttons for an entry of one's own in its latest version."""
    if record.kind in OF_OTHERS and version == record.version:
        return [(Choice(press("edit", record.id or 0), t("record.mend")),)]
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
    """Open one of the speaker's own entries for change."""
    record = records.to_edit(scene.session, scene.actor, number(args))
    body = records.body_at(scene.session, record)
    match body:
        case SessionBody():
            session.edit(scene, cast(int, record.id), record.version, body)
        case WritingBody():
            diary.edit(scene, record, body)
        case MaterialBody():
            materials.edit(scene, record, body)
        case PresentationBody():
            presentation.edit(scene, record, body)
        case ResultBody():
            results.edit(scene, record)
        case PlanBody():
            plans.edit(scene, record, body)


def withdraw(scene: Scene, args: Sequence[str]) -> None:
    """Withdraw an entry as it is shown; of an older card, show how it stands instead."""
    record, _ = records.allowed(scene.session, scene.actor, number(args), "withdraw")
    material = record.kind is RecordKind.MATERIAL
    told: Words = t("record.material_withdrawn" if material else "record.entry_withdrawn")
    if record.version != number(args, 1):
        told = t("record.newer")
    else:
        records.withdraw(scene.session, scene.actor, number(args), record.version)
    show(scene, [str(record.id)], told)
