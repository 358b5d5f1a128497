"""我的学生: how school teachers, mentors and coordinators follow their students.

Lists keep the order of the roster: nobody is ranked. Drafts belong to their writers and appear
nowhere here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.scene import Act, Scene, number
from bot.talk.clock import beijing_day
from bot.talk.message import Choice, Field, Item, Message, press
from handlers import departures, dossiers, official, plans, progress
from handlers.evaluations import signed_item
from handlers.pages import (
    CARD,
    PAGE,
    called,
    certificate_item,
    on_record,
    page_asked,
    page_of,
    student_item,
    tell,
    turns,
)
from handlers.urging import matters, urge_choices
from programmes.model import Programme, Requirement
from prompts import Brief, Text, t
from services import certificates, evaluations, guardians, records, roster, urging
from services.access import cohort_of, learner_at, may_keep
from services.entities import Record, RecordKind
from services.packs import load, material_label, word_label
from services.progress import InShort, Standing, in_short, standings
from services.records import Body
from services.roster import Member, Presence
from services.urging import MATTERS

RECENT: Final = 3
"""Entries shown on a student's page."""


def students(scene: Scene, args: Sequence[str]) -> None:
    """List the students for whom the speaker is responsible. Raises `Refused` if there are
    none."""
    count = roster.count_students(scene.session, scene.actor.person_id)
    page = page_asked(count, args[:1])
    found = roster.students_page(scene.session, scene.actor, page * PAGE, PAGE)
    standing = standing_of(scene, found)
    items = tuple(
        student_item(member, called(member), gaps(*standing[member.id])) for member in found
    )
    words = t("watch.students", count=count)
    card = Message(words, title=t("command.students.label"), items=items)
    on_record(scene, [member.id for member in found])
    tell(scene, card, turns(count, page, "students"))


def readable_student(scene: Scene, args: Sequence[str]) -> Member:
    """The learner that a button names, if the speaker may read them. Raises `Refused`."""
    return roster.student_for(scene.session, scene.actor, number(args))


def student(scene: Scene, args: Sequence[str], card: str = CARD) -> None:
    """Show one student: progress, latest entries and reminders."""
    member = readable_student(scene, args)
    roster.looked_at(scene.session, scene.actor, member.id)
    entries = records.entries(scene.session, member.id)
    rows: list[tuple[Choice, ...]] = []
    if len(entries) > RECENT:
        rows.append((Choice(press("entries", member.id), t("watch.all", count=len(entries))),))
    rows += dossiers.choice_of(scene, member)
    rows += plans.choices_of(scene, member)
    rows += urge_choices(scene, member, entries)
    rows += departures.choices_of(scene, member)
    if args[1:2] in (["behind"], ["mine_behind"]):
        rows.append((Choice(press(*args[1:3]), t("watch.back_behind"), weight="quiet"),))
    elif roster.answers_for_somebody(scene.session, scene.actor.person_id):
        rows.append((Choice(press("students"), t("watch.back"), weight="quiet"),))
    tell(scene, profile(scene, member, entries), rows, card=card)


def profile(scene: Scene, member: Member, entries: Sequence[tuple[Record, Body]]) -> Message:
    """A student's card: waiting entries first, then the latest ones."""
    learner = member.membership
    programme = load(cohort_of(scene.session, learner).programme)
    grade = t(f"programme.grade.{learner.grade}") if learner.grade else ""
    about = [member.unit_name, grade, programme.subject_name(learner.subject)]
    around = [one.name for one in records.reviewers(scene.session, member.id)]
    every = urging.reads_all(scene.session, scene.actor, member.membership)
    none = t("watch.never_urged" if every else "watch.you_never_urged")
    key = "field.reminders" if every else "watch.own_reminders"
    mine = roster.answers_for_somebody(scene.session, scene.actor.person_id, member.id)
    urged = progress.stack(scene, urged_lines(scene, member) or [none])
    report = progress.report(scene, member.id, programme, learner.grade)
    waiting = {item.press for item in report.items}
    recent = [progress.entry_item(scene, *entry) for entry in entries[:RECENT]]
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
            *([Field(t(key), urged)] if every or mine else []),
            *official.of_learner(scene, member),
            *consent_fields(scene, member),
            *departures.ended_fields(scene, member),
        ),
        items=(
            *report.items,
            *evaluated(scene, member.id),
            *certified(scene, member.id),
            *(item for item in recent if item.press not in waiting),
        ),
    )


def consent_fields(scene: Scene, member: Member) -> list[Field]:
    """A field that says that nothing is kept yet because a guardian has not consented; none
    otherwise."""
    if may_keep(scene.session, learner_at(scene.session, member.id), beijing_day(scene.now)):
        return []
    mine = guardians.standing_for(scene.session, scene.actor, member.person.id or 0)
    whose = f"consent.{mine or 'awaited'}_state"
    if mine is None and roster.answers_for_somebody(
        scene.session, scene.actor.person_id, member.id
    ):
        whose = "evaluation.guardian_awaited"
    return [Field(t("consent.label"), t(whose), "waiting")]


def evaluated(scene: Scene, member_id: int) -> list[Item]:
    """A learner's signed evaluations, as far as the speaker may read them."""
    found = evaluations.of_student(scene.session, scene.actor, member_id)
    return [signed_item(scene, one) for one in found]


def certified(scene: Scene, member_id: int) -> list[Item]:
    """A learner's certificates, for those who may see them."""
    found = certificates.of_learner(scene.session, scene.actor, member_id)
    return [certificate_item(one) for one in found]


def urged_lines(scene: Scene, member: Member) -> list[Text]:
    """The latest reminders; a person who may not urge in every matter sees only their own."""
    told = urging.told(scene.session, scene.actor, member.membership)
    return [
        t(
            "watch.urged",
            at=Brief(beijing_day(urged.at)),
            name=urged.name,
            role=t(f"role.{urged.role}"),
            matter=t(f"watch.matter.{urged.matter}"),
        )
        for urged in told[:RECENT]
    ]


def entries(scene: Scene, args: Sequence[str]) -> None:
    """List all of a student's entries, the latest first."""
    member = readable_student(scene, args)
    roster.looked_at(scene.session, scene.actor, member.id)
    found = records.entries(scene.session, member.id)
    words = t("watch.entries", count=len(found))
    progress.pages(scene, found, "entries", args[1:2], member.person.name, words, str(member.id))


# ---------------------------------------------------------------- who is behind


def mine_behind(scene: Scene, args: Sequence[str]) -> None:
    """The speaker's students who have not met a minimum, or have something still to write, in one
    matter or in any."""
    chosen = args[0] if args else "any"
    wanted = matters(chosen)
    if not roster.answers_for_somebody(scene.session, scene.actor.person_id):
        roster.students_for(scene.session, scene.actor)  # says why not
    mine = roster.answered_for(scene.actor.person_id)
    found: list[InShort] = []
    for cohort in roster.cohorts_of(scene.session, mine):
        known, left = in_short(scene.session, cohort, beijing_day(scene.now), students=mine)
        if left:
            return counting(scene, len(known), left)
        found += [one for one in known if not one.owing.isdisjoint(wanted)]
    on_page, turn = page_of(found, args[1:2], f"mine_behind:{chosen}")
    items = behind_items(scene, on_page, ("mine_behind", chosen), wanted)
    words = t("watch.behind" if found else "watch.nobody_behind", count=len(found))
    if chosen not in ("any", RecordKind.SESSION):
        key = "watch.behind_in" if found else "watch.nobody_behind_in"
        words = t(key, count=len(found), what=t(f"watch.matter.{chosen}"))
    rows = [*turn, *remind_them(scene, found, chosen)]
    on_record(scene, [one.member_id for one in on_page])
    tell(scene, Message(words, title=t("watch.list.behind"), items=items), rows)
    return None


def remind_them(
    scene: Scene, found: Sequence[InShort], chosen: str = "any"
) -> list[tuple[Choice, ...]]:
    """The button that reminds those who are behind, for who may remind any of them."""
    # Whoever may remind some may remind most; the first tell.
    first = [one.member_id for one in found[:PAGE]]
    may = urging.urgeable(scene.session, scene.actor, first, matters(chosen))
    return [(Choice(press("urge_all", chosen), t("watch.urge.all")),)] if may else []


def behind_items(
    scene: Scene,
    found: Sequence[InShort],
    came_from: Sequence[int | str],
    wanted: Sequence[RecordKind] = MATTERS,
) -> tuple[Item, ...]:
    """One page of learners, each with a short line of what is missing in the wanted matters."""
    members = roster.members_by_id(scene.session, [one.member_id for one in found])
    of = {member.id: member for member in members}
    programmes = {member.id: programme_of(scene, member) for member in members}
    return tuple(
        student_item(
            of[one.member_id],
            of[one.member_id].person.name,
            t("field.list", items=in_parts(programmes[one.member_id], one, wanted)),
            came_from,
        )
        for one in found
    )


def programme_of(scene: Scene, member: Member) -> Programme:
    return load(cohort_of(scene.session, member.membership).programme)


def standing_of(scene: Scene, members: Sequence[Member]) -> dict[int, tuple[Programme, Standing]]:
    """Where these learners stand, by number, with their programmes."""
    found: dict[int, tuple[Programme, Standing]] = {}
    for cohort_id in {member.membership.cohort_id for member in members}:
        here = [one for one in members if one.membership.cohort_id == cohort_id]
        programme = programme_of(scene, here[0])
        for one in standings(scene.session, programme, here, beijing_day(scene.now)):
            found[one.member.id] = programme, one
    return found


def counting(scene: Scene, known: int, left: int) -> None:
    """Say that a big cohort's entries are still being counted, as happens after the start and
    after midnight."""
    tell(scene, Message(t("watch.counting", known=known, of=known + left)), ())


def mine_absent(scene: Scene, args: Sequence[str]) -> None:
    """The speaker's students who have not joined. Raises `Refused` if the speaker has no
    students."""
    if not roster.answers_for_somebody(scene.session, scene.actor.person_id):
        roster.students_for(scene.session, scene.actor)  # says why not
    mine = roster.answered_for(scene.actor.person_id)
    here, latest = Presence.NOT_JOINED, roster.LATEST_COHORT
    count, _ = roster.present(scene.session, mine, here, 0, 0)
    page = page_asked(count, args[:1])
    _, found = roster.present(scene.session, mine, here, page * PAGE, PAGE, order=latest)
    items = tuple(student_item(one, called(one)) for one in found)
    words = t("watch.not_joined" if count else "watch.all_joined", count=count)
    on_record(scene, [one.id for one in found])
    card = Message(words, title=t("watch.list.absent"), items=items)
    tell(scene, card, turns(count, page, "mine_absent"))


def gaps(programme: Programme, standing: Standing) -> Text:
    """What a student still lacks and what waits for review; or that nothing does."""
    parts = in_parts(programme, standing.short)
    if standing.waiting:
        parts.append(t("watch.short.waiting", count=standing.waiting))
    elif not parts:
        parts.append(t("watch.short.met" if programme.requirements else "watch.short.nothing"))
    return t("field.list", items=parts)


def in_parts(
    programme: Programme, short: InShort, wanted: Sequence[RecordKind] = MATTERS
) -> list[Text]:
    """What is missing in each of the wanted matters: how much is approved of how much, and what is
    still to be written or brought."""
    parts = [
        short_of(asked, part.approved)
        for asked, part in zip(programme.requirements, short.parts, strict=True)
        if RecordKind.SESSION in wanted and not part.met
    ]
    parts += [
        t(f"watch.short.{kind}", count=count)
        for kind, count in short.unwritten.items()
        if kind in wanted
    ]
    if RecordKind.MATERIAL in wanted and RecordKind.MATERIAL in short.owing:
        parts.append(t("watch.short.material", what=list(map(material_label, short.lacking))))
    return parts


def short_of(asked: Requirement, approved: int) -> Text:
    by_period = {"cycle": "watch.short.cycle", "month": "watch.short.month"}
    key = by_period.get(str(asked.per), "watch.short.period")
    what = word_label(asked.counts, t(f"counter.{asked.counts}"))
    return t(key, what=what, approved=approved, at_least=asked.at_least)


COMMANDS: dict[str, Act] = {"students": students}

ACTS: dict[str, Act] = {
    "student": student,
    "entries": entries,
    "mine_behind": mine_behind,
    "mine_absent": mine_absent,
}

__all__ = ["ACTS", "COMMANDS"]
