"""我的学生 and 本期概况: what school teachers, mentors and coordinators see of their students.

Lists keep the order of the roster, or of time where something waits: nobody is ranked. Drafts are
their writers' own and appear nowhere here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar, cast

from bot.scene import Act, Scene, number
from bot.talk.acting import Refused
from bot.talk.clock import beijing_day
from bot.talk.message import Choice, Message, press
from handlers import progress
from programmes.catalogue import load
from programmes.model import Programme, Requirement
from programmes.rules import RequirementProgress
from programmes.values import Per
from prompts import Text, Words, t
from services import joining, records, roster, urging
from services.access import LEARNERS, cohort_of, may_read, memberships
from services.progress import Standing, kept_so_far, met, standings
from services.records import Body
from services.roster import Member, Presence
from services.rows import Cohort, Record, RecordKind, Role

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
    rows = [(student_choice(member, called(member)),) for member in shown]
    tell(scene, t("watch.students", count=len(found)), [*rows, *turn])


def called(member: Member) -> Words:
    if not member.unit:
        return member.person.name
    return t("watch.student_of", name=member.person.name, unit=member.unit.name)


def student_choice(member: Member, label: Words) -> Choice:
    return Choice(press("student", member.id), label)


def readable_student(scene: Scene, args: Sequence[str]) -> Member:
    """The learner a button speaks of, whom the presser may read now. Raises `Refused`."""
    member = roster.find_member(scene.session, number(args))
    learner = member.membership
    if learner.role not in LEARNERS or not may_read(scene.session, scene.actor.person_id, learner):
        raise Refused(
            t("watch.not_yours"), verb="read_student", object="membership", object_id=member.id
        )
    return member


def student(scene: Scene, args: Sequence[str]) -> None:
    """One student: how far they are, what they handed in last, and who has urged them."""
    member = readable_student(scene, args)
    entries = records.entries(scene.session, member.id)
    rows = [entry_choice(*entry) for entry in entries[:RECENT]]
    if len(entries) > RECENT:
        rows.append((Choice(press("entries", member.id), t("watch.all", count=len(entries))),))
    rows += urge_choices(scene, member, entries)
    tell(scene, profile(scene, member), [*rows, (Choice(press("students"), t("watch.back")),)])


def entry_choice(record: Record, body: Body) -> tuple[Choice, ...]:
    return (Choice(press("record", record.id or 0), progress.state_line(record, body)),)


def profile(scene: Scene, member: Member) -> Text:
    learner = member.membership
    programme = load(cohort_of(scene.session, learner).programme)
    grade = t(f"programme.grade.{learner.grade}") if learner.grade else ""
    about = [member.unit_name, grade, roster.subject_name(programme, learner.subject)]
    around = [one.name for one in records.reviewers(scene.session, member.id)]
    return t(
        "watch.student",
        name=member.person.name,
        about=[words for words in about if words],
        mentors=around or t("watch.no_mentor"),
        report=progress.report(scene, member.id, programme, learner.grade),
        urged=stack(scene, urged_lines(scene, member) or [t("watch.never_urged")]),
    )


def urged_lines(scene: Scene, member: Member) -> list[Text]:
    """The latest reminders; those who may not send them in every matter see their own alone."""
    learner, me = member.membership, scene.actor.person_id
    every = urging.role_to_urge(scene.session, me, learner, RecordKind.SESSION) is not None
    told = [u for u in urging.history(scene.session, learner) if every or u.person_id == me]
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
    words = t("watch.entries", name=member.person.name, count=len(found))
    progress.pages(scene, found, "entries", args[1:2], words, str(member.id))


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
        and urging.role_to_urge(scene.session, scene.actor.person_id, learner, matter)
    ]


def urge(scene: Scene, args: Sequence[str]) -> None:
    """Remind a student of what is missing: shown first, sent at a second press."""
    member = readable_student(scene, args)
    if args[1:2] not in [[matter.value] for matter in urging.MATTERS]:
        raise Refused(t("stale.unknown"), verb="urge")
    matter = RecordKind(args[1])
    back = Choice(press("student", member.id), t("watch.to_student", name=member.person.name))
    if args[2:] == ["yes"]:
        urging.urge(scene.session, scene.actor, member.id, matter)
        tell(scene, t("watch.urge.sent", name=member.person.name), [(back,)])
        return
    ready = urging.prepare(scene.session, scene.actor, member.id, matter)
    send = Choice(press("urge", member.id, matter, "yes"), t("watch.urge.send"))
    words = t("watch.urge.preview", name=member.person.name, words=ready.words)
    tell(scene, words, [(send,), (back,)])


# ---------------------------------------------------------------- the cohort


def coordinated(scene: Scene, verb: str, args: Sequence[str]) -> tuple[Cohort, list[Cohort]]:
    """The cohort a button speaks of, else the latest, and all that whoever speaks coordinates.

    Raises `Refused` for anybody who does not coordinate it now.
    """
    mine = [
        cohort_of(scene.session, member)
        for member in reversed(memberships(scene.session, scene.actor.person_id))
        if member.role is Role.COORDINATOR
    ]
    wanted = number(args) if args else None
    for cohort in mine:
        if wanted in (None, cohort.id):
            return cohort, mine
    raise Refused(t("watch.not_coordinator"), verb=verb, object="cohort", object_id=wanted)


def cohort(scene: Scene, args: Sequence[str]) -> None:
    """A cohort at a glance, with a button for each list behind its numbers."""
    shown, mine = coordinated(scene, "cohort", args)
    found = standings(scene.session, shown, beijing_day(scene.now))
    numbers = {
        "behind": sum(standing.behind for standing in found),
        "longest": len(waiting(found)),
        "absent": len(those_who_are(scene, shown, Presence.NOT_JOINED)),
        "unreached": len(those_who_are(scene, shown, Presence.UNREACHABLE)),
    }
    programme = load(shown.programme)
    lines = [
        *members_lines(scene, shown, found),
        *requirement_lines(programme, found),
        *writing_lines(programme, found),
        waiting_line(scene, found),
        t("watch.absent", absent=numbers["absent"], unreached=numbers["unreached"]),
    ]
    words = t(
        "watch.cohort",
        name=shown.name,
        day=beijing_day(scene.now),
        lines=stack(scene, lines),
        note=t("progress.provisional") if programme.provisional else "",
    )
    tell(scene, words, ways_on(shown, mine, numbers))


def ways_on(
    shown: Cohort, mine: Sequence[Cohort], numbers: Mapping[str, int]
) -> list[tuple[Choice, ...]]:
    """The lists that are not empty, the students, and the other cohorts."""
    lists = [
        Choice(press(verb, shown.id or 0), t(f"watch.list.{verb}", count=count))
        for verb, count in numbers.items()
        if count
    ]
    rows = [tuple(lists[i : i + 2]) for i in range(0, len(lists), 2)]
    rows.append((Choice(press("students"), t("command.students.label")),))
    others = [other for other in mine if other.id != shown.id][: PAGE - len(lists) - 2]
    return rows + [(Choice(press("cohort", other.id or 0), other.name),) for other in others]


def members_lines(scene: Scene, shown: Cohort, found: Sequence[Standing]) -> Iterable[Text]:
    ever = roster.members(scene.session, cast(int, shown.id), LEARNERS, ended=True)
    yield t("watch.learners", count=len(found), ended=len(ever) - len(found))


def requirement_lines(programme: Programme, found: Sequence[Standing]) -> Iterable[Text]:
    """For each stated minimum, how many have met it."""
    if not programme.requirements:
        yield t("watch.no_minimum")
    for asked in programme.requirements:
        parts = [cast(RequirementProgress, s.progress.of(asked.key)) for s in found]
        key = "watch.met_months" if asked.per is Per.MONTH else "watch.met_cycle"
        if asked.per is Per.MONTH and all(month.over for part in parts for month in part.months):
            key = "watch.met_past"
        yield t(
            key,
            what=t(f"counter.{asked.counts}"),
            at_least=asked.at_least,
            clause=asked.clause,
            met=sum(not part.still_needed for part in parts),
            before=sum(map(kept_so_far, parts)),
            of=len(parts),
        )


def writing_lines(programme: Programme, found: Sequence[Standing]) -> Iterable[Text]:
    for asked in programme.records:
        if asked.frequency is None:
            continue
        missing = [standing.unwritten.get(RecordKind(asked.kind.value), 0) for standing in found]
        yield t(
            "watch.unwritten",
            name=asked.name,
            students=sum(map(bool, missing)),
            missing=sum(missing),
            clause=asked.clause,
        )


def waiting(found: Iterable[Standing]) -> list[tuple[Record, Body, Member]]:
    """What waits for a review, the longest first."""
    entries = [(*entry, standing.member) for standing in found for entry in standing.waiting]
    return sorted(entries, key=lambda entry: (entry[0].submitted_at, entry[0].id or 0))


def waiting_line(scene: Scene, found: Sequence[Standing]) -> Text:
    entries = waiting(found)
    if not entries:
        return t("watch.nothing_waits")
    oldest = entries[0][0].submitted_at
    days = (scene.now - oldest).days
    return t("watch.waiting", count=len(entries), since=oldest, days=days)


# ---------------------------------------------------------------- the lists behind it


def behind(scene: Scene, args: Sequence[str]) -> None:
    """Whoever has not met every minimum, or has something still to write, in roster order."""
    shown, _ = coordinated(scene, "behind", args)
    every = standings(scene.session, shown, beijing_day(scene.now))
    found = [standing for standing in every if standing.behind]
    on_page, turn = page_of(found, args[1:2], "behind", shown)
    rows = [(student_choice(standing.member, in_short(standing)),) for standing in on_page]
    words = t("watch.behind" if found else "watch.nobody_behind", count=len(found))
    tell(scene, words, [*rows, *turn], shown)


def in_short(standing: Standing) -> Text:
    """What a student has approved of what is asked, and what they have still to write."""
    parts = [
        short_of(part.requirement, part.approved)
        for part in standing.progress.requirements
        if not met(part)
    ]
    parts += [t(f"watch.short.{kind}", count=count) for kind, count in standing.unwritten.items()]
    return t("watch.in_short", name=standing.member.person.name, parts=parts)


def short_of(asked: Requirement, approved: int) -> Text:
    key = "watch.short.month" if asked.per is Per.MONTH else "watch.short.cycle"
    what = t(f"counter.{asked.counts}")
    return t(key, what=what, approved=approved, at_least=asked.at_least)


def longest(scene: Scene, args: Sequence[str]) -> None:
    """What waits for a review, with whom and for how long, the longest first."""
    shown, _ = coordinated(scene, "longest", args)
    found = waiting(standings(scene.session, shown, beijing_day(scene.now)))
    on_page, turn = page_of(found, args[1:2], "longest", shown)
    lines, rows = [], []
    for record, body, member in on_page:
        reviewers = [one.name for one in records.reviewers(scene.session, member.id)]
        whom = t("progress.with", names=reviewers) if reviewers else t("progress.with_nobody")
        line = t("queue.line", student=member.person.name, line=records.title(record, body))
        days = (scene.now - record.submitted_at).days
        lines.append(t("progress.waits", line=line, whom=whom, days=days))
        brief = records.title(record, body, brief=True)
        label = t("queue.line", student=member.person.name, line=brief)
        rows.append((Choice(press("record", record.id or 0), label),))
    key = "watch.longest" if found else "watch.nothing_waits"
    words = t(key, count=len(found), lines=stack(scene, lines))
    tell(scene, words, [*rows, *turn], shown)


def those_who_are(scene: Scene, shown: Cohort, presence: Presence) -> list[Member]:
    """Everybody in a cohort, whatever their role, who has not joined, or cannot be reached."""
    everybody = roster.members(scene.session, cast(int, shown.id))
    present = roster.presences(scene.session, [cast(int, m.person.id) for m in everybody])
    return [m for m in everybody if present[cast(int, m.person.id)] is presence]


def absent(scene: Scene, args: Sequence[str]) -> None:
    """Whoever has not joined yet, and what has become of their invitation."""
    shown, _ = coordinated(scene, "absent", args)
    found = those_who_are(scene, shown, Presence.NOT_JOINED)
    on_page, turn = page_of(found, args[1:2], "absent", shown)
    lines = [t("watch.somebody_invited", **who(m), invite=invitation(scene, m)) for m in on_page]
    key = "watch.not_joined" if found else "watch.all_joined"
    tell(scene, t(key, count=len(found), lines=stack(scene, lines)), turn, shown)


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
    lines = [t("watch.somebody", **who(member)) for member in on_page]
    key = "watch.unreachable" if found else "watch.all_reached"
    tell(scene, t(key, count=len(found), lines=stack(scene, lines)), turn, shown)


def who(member: Member) -> dict[str, Words]:
    role = t(f"role.{member.membership.role}")
    unit: Words = t("watch.of_unit", unit=member.unit.name) if member.unit else ""
    return {"name": member.person.name, "role": role, "unit": unit}


# ---------------------------------------------------------------- inside


def tell(
    scene: Scene, words: Text, rows: Sequence[tuple[Choice, ...]], shown: Cohort | None = None
) -> None:
    """Put a page before whoever speaks, with the way back to the cohort's and to the menu."""
    away = [Choice(press("menu"), t("command.menu.label"))]
    if shown is not None:
        away.insert(0, Choice(press("cohort", shown.id or 0), t("watch.to_cohort")))
    scene.say(Message(words, (*rows, tuple(away)), kind="question", card=CARD))


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


def stack(scene: Scene, lines: Iterable[Words]) -> str:
    return "\n".join(scene.words(line) for line in lines)


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
