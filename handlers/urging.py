"""催一催: students are reminded of what is missing, one of them or all; shown first, then sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from bot.scene import Act, Scene, number
from bot.talk.acting import Refused
from bot.talk.clock import beijing_day
from bot.talk.message import Choice, Item, Message, press
from handlers.pages import called, on_record, student_item, tell
from handlers.speaker import named_of
from language.affairs import Affair
from prompts import Text, address, render, t
from services import records, roster, urging
from services.access import cohort_of, cohorts_for
from services.entities import Cohort, Record, RecordKind, Role
from services.packs import load
from services.records import Body
from services.roster import Member

AT_ONCE: Final = 100
"""Reminders sent at one press, in one transaction; who has more to send presses again."""
MOST_NAMED: Final = 6
"""People who are named as those who may remind."""


def urge_choices(
    scene: Scene, member: Member, entries: Sequence[tuple[Record, Body]]
) -> list[tuple[Choice, ...]]:
    """A button for each matter in which something is missing and the speaker may urge."""
    learner, today = member.membership, beijing_day(scene.now)
    programme = load(cohort_of(scene.session, learner).programme)
    return [
        (Choice(press("urge", member.id, matter), t(f"watch.urge.{matter}")),)
        for matter in urging.MATTERS
        if urging.lack(programme, learner, entries, matter, today)
        and urging.may_urge(scene.session, scene.actor, member.id, matter)
    ]


def urge(scene: Scene, args: Sequence[str]) -> None:
    """Remind a student of what is missing: preview first, send at a second press."""
    member = roster.student_for(scene.session, scene.actor, number(args))
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
    # As it will be read: a student is 你.
    young = ready.student.role is Role.STUDENT
    words = render(ready.words, address(scene.speaker.language, young))
    shown = Message(words, title=title, note=t("watch.urge.on_record"))
    tell(scene, shown, [(send,), (back,)])


def urge_all(scene: Scene, args: Sequence[str]) -> None:
    """Remind everybody of whom something is missing: shown first, sent at a second press."""
    chosen = args[0] if args else "any"
    left_out = args[2] if len(args) > 2 else ""
    numbers = {*left_out.split(APART)}
    due, done = due_for(scene, matters(chosen))
    due = [one for one in due if str(one[0].id) not in numbers]
    away: list[tuple[Choice, ...]] = [
        (Choice(press("students"), t("watch.back"), weight="quiet"),)
    ]
    if args[1:2] == ["yes"]:
        sent, unsent = urging.urge_each(scene.session, scene.actor, due[:AT_ONCE])
        if left := len({member.id for member, _ in due[AT_ONCE:]}):
            more = t("watch.urge.send_more", count=left)
            go_on = Choice(
                press("urge_all", chosen, "yes", *([left_out] if left_out else [])),
                more,
                weight="primary",
            )
            away.insert(0, (go_on,))
        items = tuple(Item(name, state=why, tone="bad") for name, why in unsent)
        words = t("watch.urge.sent_all", count=len(sent), names=sent)
        tell(scene, Message(words if sent else t("watch.urge.sent_none"), items=items), away)
        return
    if not due:
        key = "watch.urge.all_done_today" if done else "watch.urge.nobody_due"
        tell(scene, Message(t(key)), away)
        return
    by_student: dict[int, list[Text]] = {}
    named: dict[int, Member] = {}
    for member, matter in due:
        named[member.id] = member
        by_student.setdefault(member.id, []).append(t(f"watch.matter.{matter}"))
    items = tuple(
        student_item(named[number], called(named[number]), t("field.list", items=what))
        for number, what in by_student.items()
    )
    send = Choice(
        press("urge_all", chosen, "yes", *([left_out] if left_out else [])),
        t("watch.urge.send_all", count=len(items)),
        weight="primary",
    )
    on_record(scene, list(by_student))
    note = t("watch.urge.on_record")
    words = t("watch.urge.preview_all", count=len(items))
    tell(scene, Message(words, items=items, note=note), [(send,), *away])


def leave_out(scene: Scene, affair: Affair) -> bool:
    """不要发给李沐辰, below the list of those who are to be reminded: take them off it."""
    here = next((p for _, p, *_ in scene.speaker.offered if p.startswith(_SEND)), "")
    named = named_of(scene, affair.about)
    if not here or not named:
        return False
    chosen, _, before = here.removeprefix(_SEND).partition(":yes")
    due, _ = due_for(scene, matters(chosen))
    listed = {member.id for member, _ in due}
    if strangers := [one.person.name for one in named if one.id not in listed]:
        scene.say(t("watch.urge.not_listed", names=strangers))
    named = [one for one in named if one.id in listed]
    out = [one for one in before.strip(":").split(APART) if one]
    out += [str(member.id) for member in named if str(member.id) not in out]
    if len(APART.join(out)) > MOST_LEFT_OUT:
        scene.say(t("watch.urge.too_many_left_out"))
        return True
    if named:
        scene.say(t("watch.urge.left_out", names=[one.person.name for one in named]))
    urge_all(scene, [chosen, "no", APART.join(out)])
    return True


_SEND: Final = press("urge_all", "")
APART: Final = "."
MOST_LEFT_OUT: Final = 14
"""Characters of the numbers of those who are left out, which a button carries."""


def matters(chosen: str) -> Sequence[RecordKind]:
    """The matters that a button means: one of them, or all. Raises `Refused` for an unknown
    one."""
    if chosen == "any":
        return urging.MATTERS
    if chosen not in [matter.value for matter in urging.MATTERS]:
        raise Refused(t("stale.unknown"), verb="urge")
    return (RecordKind(chosen),)


def due_for(
    scene: Scene, wanted: Sequence[RecordKind]
) -> tuple[list[tuple[Member, RecordKind]], int]:
    """Which of the speaker's students lack something of which the speaker may remind them: the
    student and the matter, each pair once. The number counts those pairs that are left out because
    the speaker has reminded the student of the matter today already.

    Raises `Refused` for a speaker who may remind nobody.
    """
    due: list[tuple[Member, RecordKind]] = []
    done = 0
    today = beijing_day(scene.now)
    students = roster.students_of(scene.session, scene.actor.person_id)
    ids = [member.id for member in students]
    theirs = urging.urgeable(scene.session, scene.actor, ids, wanted)
    entries = records.entries_of(scene.session, ids)
    for member in students:
        programme = load(cohort_of(scene.session, member.membership).programme)
        for matter in wanted:
            if (member.id, matter) not in theirs:
                continue
            if urging.lack(
                programme, member.membership, entries.get(member.id, ()), matter, today
            ):
                urged = urging.urged_today(scene.session, scene.actor, member.membership, matter)
                done += urged
                due += [] if urged else [(member, matter)]
    if not theirs:
        raise not_theirs(scene, students)
    return due, done


def reminds(scene: Scene, student: Member, matter: str = "") -> bool:
    """Whether whoever speaks may remind a student of a matter, or of any."""
    wanted = matters(matter or "any")
    return bool(urging.urgeable(scene.session, scene.actor, [student.id], wanted))


def not_theirs(scene: Scene, students: Sequence[Member]) -> Refused:
    """The refusal for somebody who may not remind these students. It names those who may."""
    ids = [student.id for student in students]
    who = [
        t("watch.urge.by", name=name, role=t(f"role.{role}"))
        for name, role in urging.who_may(scene.session, ids)[:MOST_NAMED]
    ]
    if not who:
        who = [t("role.coordinator")]
    return Refused(t("watch.urge.not_yours_all", who=who), verb="urge", object="membership")


def reviewers_choice(
    scene: Scene, shown: Cohort, waiting: Iterable[Record]
) -> list[tuple[Choice, ...]]:
    """The button that reminds reviewers who are late, if there is any such reviewer."""
    if not any(urging.is_late(scene.session, scene.actor, record) for record in waiting):
        return []
    return [(Choice(press("urge_reviewers", shown.id or 0), t("watch.urge.reviewers")),)]


def urge_reviewers(scene: Scene, args: Sequence[str]) -> None:
    """Remind those who are late with their reviews: shown first, sent at a second press."""
    [shown, *_] = cohorts_for(scene.session, scene.actor, "longest", number(args))
    back = (Choice(press("longest", shown.id or 0), t("watch.back_longest"), weight="quiet"),)
    if args[1:] == ["yes"]:
        names = urging.urge_reviewers(scene.session, scene.actor, shown.id or 0)
        key = "watch.urge.reviewers_sent" if names else "watch.urge.no_late_review"
        tell(scene, Message(t(key, count=len(names), names=names)), [back])
        return
    late = urging.late_reviews(scene.session, scene.actor, shown.id or 0)
    if not late:
        tell(scene, Message(t("watch.urge.no_late_review")), [back])
        return
    items = tuple(
        Item(
            one.reviewer.name,
            state=t(
                "watch.urge.late",
                count=len(one.waiting),
                days=(scene.now - one.waiting[0].submitted_at).days,
            ),
        )
        for one in late
    )
    send = Choice(
        press("urge_reviewers", shown.id or 0, "yes"),
        t("watch.urge.send_all", count=len(late)),
        weight="primary",
    )
    on_record(scene, [record.student_id for one in late for record in one.waiting])
    words = t("watch.urge.preview_reviewers", count=len(late))
    card = Message(words, items=items, note=t("watch.urge.on_record"))
    tell(scene, card, [(send,), back])


ACTS: dict[str, Act] = {"urge": urge, "urge_all": urge_all, "urge_reviewers": urge_reviewers}

__all__ = [
    "ACTS",
    "due_for",
    "leave_out",
    "matters",
    "reviewers_choice",
    "urge",
    "urge_all",
    "urge_choices",
]
