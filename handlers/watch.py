"""我的学生 and 本期概况: what school teachers, mentors and coordinators see of their students.

Lists keep the order of the roster, or of time where something waits: nobody is ranked. Drafts are
their writers' own and appear nowhere here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar, cast

from bot.scene import TO_MENU, Act, Scene, number
from bot.talk.acting import Refused
from bot.talk.clock import beijing_day
from bot.talk.message import Choice, Field, Item, Message, Meter, press
from handlers import progress
from programmes.model import Programme, Requirement
from programmes.rules import RequirementProgress
from prompts import Text, Words, t
from services import joining, records, roster, urging
from services.access import LEARNERS, cohort_of, cohorts_for
from services.packs import load, word_label
from services.progress import Standing, kept_so_far, met, standings
from services.records import Body
from services.roster import Member, Presence
from services.rows import Cohort, Record, RecordKind

PAGE: Final = 8
"""Buttons or lines on one page of a list."""
RECENT: Final = 3
"""Entries shown on a student's page."""
CARD: Final = "watch"
"""All these pages take one another's place."""

T = TypeVar("T")

# ---------------------------------------------------------------- my students


def students(scene: Scene, args: Sequence[str]) -> None:
    """The students for whom whoever speaks is responsible."""
    found = roster.students_of(scene.session, scene.actor.person_id)
    if not found:
        raise Refused(t("watch.no_students"), verb="students")
    shown, turn = page_of(found, args[:1], "students")
    items = tuple(student_item(member, called(member)) for member in shown)
    words = t("watch.students", count=len(found))
    tell(scene, Message(words, title=t("command.students.label"), items=items), turn)


def called(member: Member) -> Words:
    if not member.unit:
        return member.person.name
    return t("watch.student_of", name=member.person.name, unit=member.unit.name)


def student_item(member: Member, words: Words, state: Words = "") -> Item:
    return Item(words, press("student", member.id), state)


def readable_student(scene: Scene, args: Sequence[str]) -> Member:
    """The learner a button speaks of, whom the presser may read now. Raises `Refused`."""
    return roster.student_for(scene.session, scene.actor, number(args))


def student(scene: Scene, args: Sequence[str]) -> None:
    """One student: how far they are, what they handed in last, and who has urged them."""
    member = readable_student(scene, args)
    entries = records.entries(scene.session, member.id)
    rows: list[tuple[Choice, ...]] = []
    if len(entries) > RECENT:
        rows.append((Choice(press("entries", member.id), t("watch.all", count=len(entries))),))
    rows += urge_choices(scene, member, entries)
    back = Choice(press("students"), t("watch.back"), weight="quiet")
    tell(scene, profile(scene, member, entries), [*rows, (back,)])


def profile(scene: Scene, member: Member, entries: Sequence[tuple[Record, Body]]) -> Message:
    """What is known of a student: what waits comes first, then what was handed in last."""
    learner = member.membership
    programme = load(cohort_of(scene.session, learner).programme)
    grade = t(f"programme.grade.{learner.grade}") if learner.grade else ""
    about = [member.unit_name, grade, roster.subject_name(programme, learner.subject)]
    around = [one.name for one in records.reviewers(scene.session, member.id)]
    urged = progress.stack(scene, urged_lines(scene, member) or [t("watch.never_urged")])
    report = progress.report(scene, member.id, programme, learner.grade)
    waiting = {item.press for item in report.items}
    recent = [progress.entry_item(*entry) for entry in entries[:RECENT]]
    return report._replace(
        title=member.person.name,
        text=t(
            "watch.student",
            about=[words for words in about if words],
            programme=report.title,
            cycle=report.text,
        ),
        fields=(
            Field(t("field.mentors"), t("field.list", items=around or t("watch.no_mentor"))),
            Field(t("field.reminders"), urged),
        ),
        items=(*report.items, *(item for item in recent if item.press not in waiting)),
    )


def urged_lines(scene: Scene, member: Member) -> list[Text]:
    """The latest reminders; those who may not send them in every matter see their own alone."""
    told = urging.told(scene.session, scene.actor, member.membership)
    return [
        t(
            "watch.urged",
            at=urged.at,
            name=urged.name,
            role=t(f"role.{urged.role}"),
            matter=t(f"watch.matter.{urged.matter}"),
        )
        for urged in told[:RECENT]
    ]


def entries(scene: Scene, args: Sequence[str]) -> None:
    """All that a student has handed in, the latest first."""
    member = readable_student(scene, args)
    found = records.entries(scene.session, member.id)
    words = t("watch.entries", count=len(found))
    progress.pages(scene, found, "entries", args[1:2], member.person.name, words, str(member.id))


# ---------------------------------------------------------------- urging


def urge_choices(
    scene: Scene, member: Member, entries: Sequence[tuple[Record, Body]]
) -> list[tuple[Choice, ...]]:
    """A button for each matter in which something is missing and whoever speaks may urge."""
    learner, today = member.membership, beijing_day(scene.now)
    programme = load(cohort_of(scene.session, learner).programme)
    return [
        (Choice(press("urge", member.id, matter), t(f"watch.urge.{matter}")),)
        for matter in urging.MATTERS
        if urging.lack(programme, learner, entries, matter, today)
        and urging.may_urge(scene.session, scene.actor, member.id, matter)
    ]


def urge(scene: Scene, args: Sequence[str]) -> None:
    """Remind a student of what is missing: shown first, sent at a second press."""
    member = readable_student(scene, args)
    if args[1:2] not in [[matter.value] for matter in urging.MATTERS]:
        raise Refused(t("stale.unknown"), verb="urge")
    matter = RecordKind(args[1])
    label = t("watch.to_student", name=member.person.name)
    back = Choice(press("student", member.id), label, weight="quiet")
    if args[2:] == ["yes"]:
        urging.urge(scene.session, scene.actor, member.id, matter)
        tell(scene, Message(t("watch.urge.sent", name=member.person.name)), [(back,)])
        return
    ready = urging.prepare(scene.session, scene.actor, member.id, matter)
    send = Choice(press("urge", member.id, matter, "yes"), t("watch.urge.send"), weight="primary")
    title = t("watch.urge.preview", name=member.person.name)
    shown = Message(ready.words, title=title, note=t("watch.urge.on_record"))
    tell(scene, shown, [(send,), (back,)])


# ---------------------------------------------------------------- the cohort


def coordinated(scene: Scene, verb: str, args: Sequence[str]) -> tuple[Cohort, list[Cohort]]:
    """The cohort a button speaks of, else the latest, and all that whoever speaks coordinates.

    Raises `Refused` for anybody who does not coordinate it now.
    """
    wanted = number(args) if args else None
    mine = cohorts_for(scene.session, scene.actor, verb, wanted)
    return mine[0], mine


def where_they_stand(scene: Scene, shown: Cohort) -> list[Standing]:
    """The progress of every learner that the speaker may read."""
    today = beijing_day(scene.now)
    return standings(scene.session, shown, today, scene.actor.person_id)


def cohort(scene: Scene, args: Sequence[str]) -> None:
    """A cohort at a glance, with a button for each list behind its numbers."""
    shown, mine = coordinated(scene, "cohort", args)
    found = where_they_stand(scene, shown)
    numbers = {
        "behind": sum(standing.behind for standing in found),
        "longest": len(waiting(found)),
        "absent": len(those_who_are(scene, shown, Presence.NOT_JOINED)),
        "unreached": len(those_who_are(scene, shown, Presence.UNREACHABLE)),
    }
    programme = load(shown.programme)
    notes = [t("watch.drafts_uncounted")]
    if programme.provisional:
        notes.append(t("progress.provisional"))
    card = Message(
        t("watch.on_day", day=beijing_day(scene.now)),
        title=shown.name,
        fields=tuple(cohort_fields(scene, shown, found)),
        meters=(*requirement_meters(programme, found), *writing_meters(programme, found)),
        items=tuple(
            Item(
                t(f"watch.list.{verb}"),
                press(verb, shown.id or 0),
                t("watch.count", count=count),
                "waiting" if verb == "longest" else "neutral",
            )
            for verb, count in numbers.items()
            if count
        ),
        note=progress.stack(scene, notes),
    )
    others = [other for other in mine if other.id != shown.id][: PAGE - len(card.items) - 2]
    rows = [(Choice(press("cohort", other.id or 0), other.name),) for other in others]
    tell(scene, card, [(Choice(press("students"), t("command.students.label")),), *rows])


def cohort_fields(scene: Scene, shown: Cohort, found: Sequence[Standing]) -> Iterable[Field]:
    """How many learners there are, and since when the oldest entry waits."""
    reader = ("read_student", scene.actor.person_id)
    ever = roster.members(scene.session, cast(int, shown.id), LEARNERS, ended=True, seen_by=reader)
    ended = len(ever) - len(found)
    words = t("watch.learners_ended" if ended else "watch.learners", count=len(found), ended=ended)
    yield Field(t("role.student"), words)
    entries = waiting(found)
    if not entries:
        yield Field(t("state.submitted"), t("watch.nothing_waits"))
        return
    oldest = entries[0][0].submitted_at
    yield Field(t("state.submitted"), t("watch.waiting", count=len(entries), since=oldest))


def requirement_meters(programme: Programme, found: Sequence[Standing]) -> Iterable[Meter]:
    """For each stated minimum, how many have met it."""
    if not programme.requirements:
        yield Meter(t("progress.no_minimum"), "", 0, 0)
    for asked in programme.requirements:
        parts = [cast(RequirementProgress, s.progress.of(asked.key)) for s in found]
        enough = sum(not part.still_needed for part in parts)
        before = sum(map(kept_so_far, parts))
        period, shown = progress.period_of(asked), enough
        key = period if period == "cycle" else f"{period}s"
        months = [month for part in parts for month in part.months]
        if period != "cycle" and not months:
            yield Meter(
                progress.asked_for(asked), t("progress.not_begun"), 0, 0, clause=asked.clause
            )
            continue
        if period != "cycle" and all(month.over for month in months):
            key, shown = f"{period}s_past", before
        yield Meter(
            progress.asked_for(asked),
            t(f"watch.met_{key}", met=enough, before=before, of=len(parts)),
            shown,
            0,
            len(parts),
            clause=asked.clause,
        )


def writing_meters(programme: Programme, found: Sequence[Standing]) -> Iterable[Meter]:
    """For each kind of writing, how many learners have nothing left to write."""
    for asked in programme.records:
        if asked.frequency is None:
            continue
        missing = [standing.unwritten.get(RecordKind(asked.kind.value), 0) for standing in found]
        behind = sum(map(bool, missing))
        words = t(
            "watch.unwritten" if behind else "watch.all_written",
            students=behind,
            missing=sum(missing),
        )
        yield Meter(asked.name, words, len(found) - behind, 0, len(found), clause=asked.clause)


def waiting(found: Iterable[Standing]) -> list[tuple[Record, Body, Member]]:
    """What waits for a review, the longest first."""
    entries = [(*entry, standing.member) for standing in found for entry in standing.waiting]
    return sorted(entries, key=lambda entry: (entry[0].submitted_at, entry[0].id or 0))


# ---------------------------------------------------------------- the lists behind it


def behind(scene: Scene, args: Sequence[str]) -> None:
    """Whoever has not met every minimum, or has something still to write, in roster order."""
    shown, _ = coordinated(scene, "behind", args)
    every = where_they_stand(scene, shown)
    found = [standing for standing in every if standing.behind]
    on_page, turn = page_of(found, args[1:2], "behind", shown)
    items = tuple(
        student_item(one.member, one.member.person.name, in_short(one)) for one in on_page
    )
    words = t("watch.behind" if found else "watch.nobody_behind", count=len(found))
    tell(scene, Message(words, title=t("watch.list.behind"), items=items), turn, shown)


def in_short(standing: Standing) -> Text:
    """What a student has approved of what is asked, and what they have still to write."""
    parts = [
        short_of(part.requirement, part.approved)
        for part in standing.progress.requirements
        if not met(part)
    ]
    parts += [t(f"watch.short.{kind}", count=count) for kind, count in standing.unwritten.items()]
    return t("field.list", items=parts)


def short_of(asked: Requirement, approved: int) -> Text:
    by_period = {"cycle": "watch.short.cycle", "month": "watch.short.month"}
    key = by_period.get(str(asked.per), "watch.short.period")
    what = word_label(asked.counts, t(f"counter.{asked.counts}"))
    return t(key, what=what, approved=approved, at_least=asked.at_least)


def longest(scene: Scene, args: Sequence[str]) -> None:
    """What waits for a review, with whom and for how long, the longest first."""
    shown, _ = coordinated(scene, "longest", args)
    found = waiting(where_they_stand(scene, shown))
    on_page, turn = page_of(found, args[1:2], "longest", shown)
    items = []
    for record, body, member in on_page:
        reviewers = [one.name for one in records.reviewers(scene.session, member.id)]
        brief = records.title(record, body, brief=True)
        line = t("queue.line", student=member.person.name, line=brief)
        state = progress.waits(reviewers, (scene.now - record.submitted_at).days)
        items.append(Item(line, press("record", record.id or 0), state, "waiting"))
    words = t("watch.longest" if found else "watch.nothing_waits", count=len(found))
    card = Message(words, title=t("watch.list.longest"), items=tuple(items))
    tell(scene, card, turn, shown)


def those_who_are(scene: Scene, shown: Cohort, presence: Presence) -> list[Member]:
    """Everybody in a cohort, whatever their role, who has not joined, or cannot be reached."""
    reader = ("read_member", scene.actor.person_id)
    everybody = roster.members(scene.session, cast(int, shown.id), seen_by=reader)
    present = roster.presences(scene.session, [cast(int, m.person.id) for m in everybody])
    return [m for m in everybody if present[cast(int, m.person.id)] is presence]


def absent(scene: Scene, args: Sequence[str]) -> None:
    """Whoever has not joined yet, and what has become of their invitation."""
    shown, _ = coordinated(scene, "absent", args)
    found = those_who_are(scene, shown, Presence.NOT_JOINED)
    on_page, turn = page_of(found, args[1:2], "absent", shown)
    items = tuple(Item(who(m), state=invitation(scene, m)) for m in on_page)
    words = t("watch.not_joined" if found else "watch.all_joined", count=len(found))
    tell(scene, Message(words, title=t("watch.list.absent"), items=items), turn, shown)


def invitation(scene: Scene, member: Member) -> Text:
    until = joining.latest_invitation(scene.session, member.id)
    if until is None:
        return t("watch.invite_none")
    open_still = until > scene.now
    return t("watch.invite_open" if open_still else "watch.invite_over", until=until)


def unreached(scene: Scene, args: Sequence[str]) -> None:
    """Whoever joined and has left every chat since."""
    shown, _ = coordinated(scene, "unreached", args)
    found = those_who_are(scene, shown, Presence.UNREACHABLE)
    on_page, turn = page_of(found, args[1:2], "unreached", shown)
    items = tuple(Item(who(member)) for member in on_page)
    words = t("watch.unreachable" if found else "watch.all_reached", count=len(found))
    tell(scene, Message(words, title=t("watch.list.unreached"), items=items), turn, shown)


def who(member: Member) -> Text:
    role = t(f"role.{member.membership.role}")
    unit: Words = t("watch.of_unit", unit=member.unit.name) if member.unit else ""
    return t("watch.somebody", name=member.person.name, role=role, unit=unit)


# ---------------------------------------------------------------- inside


def tell(
    scene: Scene, card: Message, rows: Sequence[tuple[Choice, ...]], shown: Cohort | None = None
) -> None:
    """Put a page before whoever speaks, with the way back to the cohort's and to the menu."""
    away = [TO_MENU]
    if shown is not None:
        back = Choice(press("cohort", shown.id or 0), t("watch.to_cohort"), weight="quiet")
        away.insert(0, back)
    scene.say(card._replace(rows=(*rows, tuple(away)), kind="question", card=CARD))


def page_of(
    items: Sequence[T], asked: Sequence[str], verb: str, shown: Cohort | None = None
) -> tuple[Sequence[T], list[tuple[Choice, ...]]]:
    """One page of a list, and the buttons to the pages beside it."""
    page = min(number(asked) if asked else 0, max(0, len(items) - 1) // PAGE)
    before = () if shown is None else (shown.id or 0,)
    turn = []
    if page:
        turn.append(Choice(press(verb, *before, page - 1), t("watch.page_before")))
    if len(items) > (page + 1) * PAGE:
        turn.append(Choice(press(verb, *before, page + 1), t("watch.page_after")))
    return items[page * PAGE : (page + 1) * PAGE], [tuple(turn)] if turn else []


COMMANDS: dict[str, Act] = {"students": students, "cohort": cohort}

ACTS: dict[str, Act] = {
    "student": student,
    "entries": entries,
    "urge": urge,
    "behind": behind,
    "longest": longest,
    "absent": absent,
    "unreached": unreached,
}

__all__ = ["ACTS", "COMMANDS"]
