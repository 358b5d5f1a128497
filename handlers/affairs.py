"""People's own affairs, asked or told in their own words: 我的导师是谁, 谁还没达标, 全部通过.

Each is answered from the asker's own records, or leads to the act. An affair that does not concern
the asker's role is not answered here, so that the words can be heard as something else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from bot.scene import TO_MENU, Scene
from bot.talk.message import Message
from handlers import (
    around,
    bulletins,
    certificates,
    cohort,
    correcting,
    departures,
    due,
    evaluations,
    exits,
    handovers,
    help_calls,
    inviting,
    leave,
    menu,
    mydata,
    office_days,
    overseen,
    own_entries,
    progress,
    rehearsals,
    rosters,
    summaries,
    urging,
)
from handlers.speaker import in_office, learner, of_their_own, oversees, roles
from language.affairs import COURTESIES, Affair, affair_of, is_about_all
from programmes.presenting import presented
from prompts import t
from services import office_days as days
from services import plans, results, roster
from services.access import REVIEWERS
from services.packs import load

_Heard = Callable[[Scene, Affair], bool]


def hear(scene: Scene, words: str) -> bool:
    """Answer or do what these words want, if that is one of the speaker's own affairs. Returns
    whether it was."""
    if scene.speaker.person_id is None:
        return False
    found = affair_of(words)
    if found is not None and _HEARD[found.name](scene, found):
        return True
    return (
        evaluations.named_there(scene, words)
        or overseen.of_a_student(scene, words)
        or departures.named(scene, words)
    )


def aside(scene: Scene, words: str) -> bool:
    """As `hear`, in the middle of a talk: only affairs that are answered and lead nowhere else."""
    if scene.speaker.person_id is None:
        return False
    found = affair_of(words)
    if found is None or found.name not in _ASIDE:
        return False
    if found.name == "greet":
        scene.say(t("affair.hello", name=scene.speaker.name))
        return True
    return _HEARD[found.name](scene, found)


def may_be_asked(scene: Scene, words: str) -> bool:
    """Whether words that a talk would keep as its answer are about the speaker's own affairs."""
    if scene.speaker.person_id is None:
        return False
    found = affair_of(words)
    return found is not None and found.name in _ASIDE and found.name not in COURTESIES


# ---------------------------------------------------------------- manners


def greet(scene: Scene, _: Affair) -> bool:
    menu.show(scene, ())
    return True


def thank(scene: Scene, _: Affair) -> bool:
    scene.say(Message(t("affair.welcome"), ((TO_MENU,),)))
    return True


def bye(scene: Scene, _: Affair) -> bool:
    scene.say(Message(t("affair.well"), ((TO_MENU,),)))
    return True


def received(scene: Scene, affair: Affair) -> bool:
    """收到, 收到谢谢老师: the receipt of a bulletin that asks for one; else only polite."""
    return bulletins.hear_received(scene) or bye(scene, affair)


def change(scene: Scene, affair: Affair) -> bool:
    """What is said to be wrong with a draft of a bulletin, or with an entry of one's own."""
    return bulletins.change(scene, affair) or own_entries.change(scene, affair)


def begin_session(scene: Scene, _: Affair) -> bool:
    """帮我记一次培养: for learners; others keep none."""
    if not learner(scene):
        return False
    scene.command("session")
    return True


def help_(scene: Scene, _: Affair) -> bool:
    scene.command("help")
    return True


def quiet(scene: Scene, affair: Affair) -> bool:
    """下周考试不要提醒: an office keeps days free for all; everybody has settings."""
    if is_about_all(affair) and days.edits_some(scene.session, scene.actor):
        office_days.show(scene, ())
    else:
        scene.command("reminders")
    return True


def own_certificate(scene: Scene, _: Affair) -> bool:
    """我的证书发了吗: shown to learners and guardians; others have none of their own, and of an
    office 证书发了吗 asks how many there are."""
    if not learner(scene) and not roster.children_of(scene.session, scene.actor.person_id):
        return certificates_sent(scene, Affair("certificates_sent"))
    scene.command("certificates")
    return True


def own_plans(scene: Scene, _: Affair) -> bool:
    """我的培养计划批了吗, 谁还没有培养计划: where a document asks for plans."""
    if not plans.asked_of(scene.session, scene.actor):
        return False
    scene.command("plans")
    return True


def own_presentation(scene: Scene, _: Affair) -> bool:
    """我想准备中期汇报: for learners whose document has one."""
    me = learner(scene)
    if me is None or not presented(load(me.programme)):
        return False
    scene.command("presentation")
    return True


def own_results(scene: Scene, _: Affair) -> bool:
    """我的测试成绩, 录入测试成绩: where a document has tests."""
    if not results.asked_of(scene.session, scene.actor):
        return False
    scene.command("results")
    return True


def invite(scene: Scene, affair: Affair) -> bool:
    """重新邀请孟书言, 打印邀请卡: for an office; the list, if nobody is named."""
    if not inviting.anywhere(scene):
        return False
    if not inviting.named(scene, affair.about + affair.to):
        cohort.ACTS["absent"](scene, ())
    return True


def opens(command: str, may: Callable[[Scene], bool] | None = None) -> _Heard:
    """Open what a command opens, for those who `may`: 导入名单, 把我的数据删掉, 导出名单."""

    def heard(scene: Scene, _: Affair) -> bool:
        if may is not None and not may(scene):
            return False
        scene.command(command)
        return True

    return heard


def issue(scene: Scene, affair: Affair) -> bool:
    """给李沐辰发证书: an office begins with the one that is named, else with the list; others ask
    what a document says."""
    return certificates.named(scene, affair.about, certificates.begin_for_one)


def lookers(scene: Scene, _: Affair) -> bool:
    """谁看过我的记录: who has looked at one's own, or at those of one's children."""
    mine = of_their_own(scene)
    for member in mine:
        mydata.ACTS["lookers"](scene, [str(member.person.id)])
    if not mine:
        mydata.ACTS["lookers"](scene, ())
    return True


def revoke(scene: Scene, affair: Affair) -> bool:
    """撤销李沐辰的证书: an office's, which is shown with what can be done."""
    return certificates.named(scene, affair.about, certificates.begin_revoking_of)


def certificate_of(scene: Scene, affair: Affair) -> bool:
    """李沐辰的证书: an office's, or a guardian's child's."""
    if in_office(scene):
        return certificates.named(scene, affair.about, certificates.of_member)
    children = roster.children_of(scene.session, scene.actor.person_id)
    if any(one.person.name in affair.about for one in children):
        scene.command("certificates")
        return True
    return False


def certificates_sent(scene: Scene, _: Affair) -> bool:
    """证书发了多少: an office's list, which counts them."""
    if not in_office(scene):
        return False
    certificates.certifying(scene, ())
    return True


def stands_in(scene: Scene, _: Affair) -> bool:
    """请李青代审: for mentors, and those who stand in for them."""
    if not roles(scene) & {*REVIEWERS}:
        return False
    scene.command("stand_ins")
    return True


def remind_some(scene: Scene, affair: Affair) -> bool:
    """催一下…, 给太原还没写日志的学生发提醒: an office that names a place or a subject writes to
    those; whoever names students or all of theirs reminds them."""
    if not affair.about and learner(scene):
        return own_entries.waiting(scene, affair)
    return bulletins.hear_of_some(scene, affair) or overseen.urge(scene, affair)


# ---------------------------------------------------------------- what policy answers lead to


def own(scene: Scene, topic: str) -> Callable[[], object] | None:
    """How a question about the speaker's own records is answered, if it is one."""
    if scene.speaker.person_id is None:
        return None
    me, affair = learner(scene), Affair("progress")
    match topic:
        case "my_diary" if me:
            return lambda: progress.listing(scene, ())
        case "my_sessions" | "my_next" | "my_diary":
            if me or oversees(scene) or roster.children_of(scene.session, scene.actor.person_id):
                return lambda: own_entries.own_progress(scene, affair)
        case "my_students" if oversees(scene):
            return lambda: overseen.students(scene, affair)
        case "my_state":
            return lambda: around.about_me(scene, affair)
    return None


_ASIDE: Final = frozenset(
    (
        *COURTESIES,
        *("about_me", "mentor", "teacher", "reviewer", "reminded", "readers", "lookers"),
        "certificate",
        *("mend", "backdate", "how_to_bring", "last", "progress", "waiting", "returned"),
        *(
            "child",
            "students",
            "behind",
            "queue",
            "how_to_review",
            "absent",
            "unreached",
            "undelivered",
            "longest",
            "cohort",
        ),
    )
)
"""Affairs that are only told or shown, and begin nothing."""

_HEARD: Final[Mapping[str, _Heard]] = {
    "greet": greet,
    "thank": thank,
    "bye": bye,
    "help": help_,
    "seek_help": help_calls.heard,
    "asked_for_help": help_calls.asked_of_me,
    "about_me": around.about_me,
    "mentor": around.mentor,
    "teacher": around.teacher,
    "reviewer": around.reviewer,
    "reminded": around.reminded,
    "readers": around.who_reads,
    "lookers": lookers,
    "certificate": own_certificate,
    "plan": own_plans,
    "presentation": own_presentation,
    "results": own_results,
    "stand_in": stands_in,
    "hand_over": handovers.hear,
    "correct_person": correcting.hear,
    "next_meeting": around.next_meeting,
    "own_data": opens("mydata"),
    "questions": opens("questions", in_office),
    "console": opens("console", in_office),
    "let_go": handovers.let_go,
    "student_leaves": exits.asked,
    "departs": departures.hear,
    "evaluate": evaluations.hear,
    "due": due.hear,
    "mend": own_entries.mend,
    "change": change,
    "backdate": own_entries.backdate,
    "take_back": own_entries.take_back,
    "bring": own_entries.bring,
    "how_to_bring": own_entries.how_to_bring,
    "last": own_entries.last,
    "progress": own_entries.own_progress,
    "waiting": own_entries.waiting,
    "returned": own_entries.returned,
    "drafts": own_entries.drafts,
    "leave": leave.told,
    "quiet": quiet,
    "dossier": overseen.dossier,
    "child": overseen.child,
    "withdraw_consent": overseen.consent,
    "consent": overseen.consent,
    "consented": overseen.consented,
    "agree": overseen.agree,
    "disagree": overseen.disagree,
    "students": overseen.students,
    "behind": overseen.behind,
    "queue": overseen.queue,
    "how_to_review": overseen.how_to_review,
    "next": overseen.next_one,
    "approve": overseen.queue,
    "approve_all": overseen.approve_all,
    "return_all": overseen.queue,
    "leave_out": urging.leave_out,
    "urge": remind_some,
    "begin_session": begin_session,
    "received": received,
    "bulletin": bulletins.hear,
    "receipts": bulletins.hear_receipts,
    "absent": overseen.list_of("absent"),
    "invite": invite,
    "import": opens("roster", rosters.imports),
    "issue": issue,
    "certificate_of": certificate_of,
    "certificates_sent": certificates_sent,
    "revoke": revoke,
    "summary": summaries.hear,
    "rehearsal": rehearsals.hear,
    "unreached": overseen.list_of("unreached"),
    "undelivered": overseen.list_of("undelivered"),
    "longest": overseen.list_of("longest"),
    "cohort": overseen.list_of("cohort"),
}
