"""One's own particulars and the people around one: 我的导师是谁, 谁能看到我写的日志."""

from __future__ import annotations

from bot.scene import TO_MENU, Scene
from bot.talk.message import Choice, Field, Message, press
from handlers import watch
from handlers.pages import called
from handlers.speaker import learner, of_their_own, oversees, ways_on
from language.affairs import Affair
from prompts import t
from services import records, roster
from services.access import LEARNERS, REVIEWERS, cohort_of, memberships
from services.entities import RecordKind
from services.packs import asked_of, load
from services.readers import readers, readers_of_reminders
from services.rights import Relation
from services.roster import Member


def about_me(scene: Scene, _: Affair) -> bool:
    """What is on record of whoever asks, in each of their places."""
    for place in memberships(scene.session, scene.actor.person_id):
        member = roster.find_member(scene.session, place.id or 0)
        cohort = cohort_of(scene.session, place)
        fields = [
            Field(t("join.place"), t(f"role.{place.role}")),
            Field(t("join.cohort"), cohort.name),
        ]
        if member.unit:
            fields.append(Field(t("affair.unit"), member.unit.name))
        if place.grade:
            fields.append(Field(t("affair.grade"), t(f"programme.grade.{place.grade}")))
        if place.subject:
            called = load(cohort.programme).subject_name(place.subject)
            fields.append(Field(t("affair.subject"), called))
        if place.role in LEARNERS:
            fields += _mentors(scene, member)
        card = Message(
            title=member.person.name, fields=tuple(fields), note=t("affair.not_on_record")
        )
        scene.say(card._replace(rows=ways_on(scene)))
    return True


def mentor(scene: Scene, _: Affair) -> bool:
    """Who cultivates whoever asks, or their child."""
    mine = of_their_own(scene)
    for member in mine:
        card = Message(
            title=t("affair.around", name=member.person.name),
            fields=_mentors(scene, member),
            note=t("affair.they_review"),
        )
        scene.say(card._replace(rows=ways_on(scene)))
    if not mine and oversees(scene):
        watch.students(scene, ())
        return True
    return bool(mine)


def _mentors(scene: Scene, member: Member) -> tuple[Field, ...]:
    """Those who cultivate a learner, by role."""
    linked = roster.linked(scene.session, member)
    by_role = {role: [one for one in linked if one.membership.role is role] for role in REVIEWERS}
    if not any(by_role.values()):
        return (Field(t("role.mentor"), t("affair.no_mentor")),)
    return tuple(
        Field(t(f"role.{role}"), t("field.list", items=[called(one) for one in found]))
        for role, found in by_role.items()
        if found
    )


def next_meeting(scene: Scene, _: Affair) -> bool:
    """When a learner meets a mentor next: those two agree on it, and it is kept nowhere."""
    mine = of_their_own(scene)
    for member in mine:
        card = Message(
            t("affair.next_meeting"),
            title=t("affair.around", name=member.person.name),
            fields=_mentors(scene, member),
        )
        scene.say(card._replace(rows=ways_on(scene)))
    return bool(mine)


def teacher(scene: Scene, _: Affair) -> bool:
    """The teachers of one's own, or one's child's, school."""
    shown = readers(scene.session, scene.actor)
    for one in shown:
        people = one.people.get(Relation.SCHOOL, ())
        names = [
            t("watch.student_of", name=name, unit=unit) if unit else name for name, unit in people
        ]
        said = t("field.list", items=names or t("affair.no_teacher"))
        card = Message(
            title=t("affair.around", name=one.learner),
            fields=(Field(t("role.school_teacher"), said),),
        )
        scene.say(card._replace(rows=ways_on(scene)))
    return bool(shown)


def reviewer(scene: Scene, _: Affair) -> bool:
    """Who approves what one hands in, kind by kind."""
    me = learner(scene)
    if me is None:
        return False
    programme = load(me.programme)
    names = [one.name for one in records.reviewers(scene.session, me.id)]
    by = t("field.list", items=names) if names else t("affair.no_mentor")
    fields = [Field(t("watch.matter.session"), by)]
    for kind in (RecordKind.DIARY, RecordKind.MEETING_RECORD):
        if asked := asked_of(programme, me.grade, kind):
            nobody = t("affair.reviewed_by_nobody")
            fields.append(Field(t(f"watch.matter.{kind}"), by if asked.reviewed_by else nobody))
    rows = ((Choice(press("records"), t("command.records.label")), TO_MENU),)
    scene.say(Message(title=t("affair.who_reviews"), fields=tuple(fields), rows=rows))
    return True


def who_reads(scene: Scene, _: Affair) -> bool:
    scene.command("privacy")
    return True


def reminded(scene: Scene, affair: Affair) -> bool:
    """Who can read the reminders that a learner was sent."""
    mine = of_their_own(scene)
    if not mine:
        return who_reads(scene, affair)
    for member in mine:
        names = readers_of_reminders(scene.session, member.id)
        card = Message(
            title=t("affair.reminders_of", name=member.person.name),
            fields=(
                Field(t("affair.reminders_all"), t("field.list", items=names)),
                Field(t("affair.reminders_own"), t("affair.reminders_sender")),
            ),
        )
        scene.say(card._replace(rows=((TO_MENU,),)))
    return True
