"""One's children, students and cohort, asked after in one's own words: 谁还没达标, 全部通过."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from bot.scene import TO_MENU, Act, Scene
from bot.talk.message import Choice, Message, press
from handlers import around, cohort, menu, pages, review, urging, watch
from handlers.pages import PAGE, called, on_record, student_item
from handlers.speaker import learner, named_of, oversees, roles, ways_on
from language.affairs import Affair, asks_how
from language.names import leading_name
from language.replies import names_no_child
from prompts import t
from services import guardians, records, roster
from services.access import REVIEWERS
from services.entities import RecordKind, Role
from services.roster import Member

OFFICE: Final = {Role.COORDINATOR, Role.AUDITOR}


def child(scene: Scene, _: Affair) -> bool:
    """How a guardian's children are."""
    children = roster.children_of(scene.session, scene.actor.person_id)
    for one in children:
        # Several cards side by side: none takes another's place.
        own = {"card": f"{pages.CARD}:{one.id}"} if len(children) > 1 else {}
        watch.student(scene, [str(one.id)], **own)
    return bool(children)


def dossier(scene: Scene, affair: Affair) -> bool:
    """林小雨的档案, 孩子的培养档案: of the learner named, or of one's own place or children."""
    named = {
        one.id: one
        for one in (
            *named_of(scene, affair.about),
            *roster.children_of(scene.session, scene.actor.person_id),
        )
        if one.person.name in affair.about
    }
    if len(named) == 1:
        scene.command("dossier", str(*named))
    elif not named and (learner(scene) is not None or Role.GUARDIAN in roles(scene)):
        if not _OF_ONESELF.search(affair.about):
            return False
        scene.command("dossier")
    else:
        return False
    return True


_OF_ONESELF: Final = re.compile(
    "^$|我|孩子|娃|闺女|女儿|儿子|丫头|小朋友|my (child|kid|son|daughter)"
)


def own_or_childs(own: Act) -> Act:
    """Do an act on the speaker's own records. A guardian who has none is shown each child's
    page, an office its overview, and whoever has learners those."""

    def show(scene: Scene, args: Sequence[str]) -> None:
        if learner(scene) is not None:
            own(scene, args)
        elif child(scene, Affair("progress")):
            pass
        elif roles(scene) & OFFICE:
            scene.command("cohort")
        elif oversees(scene):
            scene.command("students")
        else:
            own(scene, args)

    return show


def agree(scene: Scene, affair: Affair) -> bool:
    """同意, 我同意小乙, typed: what the button does, for the child that is named, or where one
    alone waits for it."""
    if (meant := _children_meant(scene, affair)) is None:
        return False
    waiting = [one for one in guardians.awaited(scene.session, scene.actor) if one in meant]
    if len(waiting) == 1:
        menu.give_consent(scene, [str(waiting[0])])
    else:
        menu.children(scene, ())
    return True


def disagree(scene: Scene, affair: Affair) -> bool:
    """不同意, 我不同意小乙, typed: nothing is kept. If a consent was given before, it is withdrawn
    when this is said a second time. With several children, it is asked which one is meant."""
    if (meant := _children_meant(scene, affair)) is None:
        return False
    match list(meant.items()):
        case []:
            menu.children(scene, ())
        case [(child, _)]:
            menu.take_back_consent(scene, [str(child)])
        case several:
            rows = tuple((Choice(press("unconsent", child), name),) for child, name in several)
            scene.say(Message(t("consent.refuse_which"), (*rows, (TO_MENU,)), kind="question"))
    return True


def _children_meant(scene: Scene, affair: Affair) -> Mapping[int, str] | None:
    """The children whom a guardian's 同意 may be about: the one that is named, with or without the
    family name, else all. `None` if the words are about something else."""
    if Role.GUARDIAN not in roles(scene):
        return None
    every = {
        child.id or 0: child.name
        for link, child in guardians.children(scene.session, scene.actor)
        if guardians.asked_for(scene.session, scene.actor, link)
    }
    named = {
        child: name
        for child, name in every.items()
        if name in affair.about or (len(name) > 2 and name[1:] in affair.about)
    }
    return named or (every if names_no_child(affair.about) else None)


def consented(scene: Scene, _: Affair) -> bool:
    """我同意了什么: to guardians."""
    if Role.GUARDIAN not in roles(scene):
        return False
    menu.consented(scene, ())
    return True


def consent(scene: Scene, _: Affair) -> bool:
    """A guardian's consents, each with its button; who else asks is told whose it is."""
    if Role.GUARDIAN in roles(scene):
        menu.children(scene, ())
        return True
    scene.say(Message(t("affair.consent_is_guardians"), ((TO_MENU,),)))
    return True


def students(scene: Scene, affair: Affair) -> bool:
    if not oversees(scene):
        return child(scene, affair)
    watch.students(scene, ())
    return True


def behind(scene: Scene, affair: Affair) -> bool:
    """The speaker's students who have not met a minimum, or have something still to write."""
    if not oversees(scene):
        if learner(scene) is None and Role.GUARDIAN not in roles(scene):
            return False
        scene.say(Message(t("affair.not_of_others"), ways_on(scene)))
        return True
    watch.mine_behind(scene, [_matter(affair.about) or "any"])
    return True


def _matter(about: str) -> str:
    """What is missing, or is to be done, by the words for it."""
    return next(
        (matter for matter, words in _MATTERS.items() if any(word in about for word in words)), ""
    )


_MATTERS: Final[Mapping[str, Sequence[str]]] = {
    RecordKind.MATERIAL: ("材料", "报告", "material", "report"),
    RecordKind.MEETING_RECORD: ("面谈", "meeting record"),
    RecordKind.DIARY: ("日志", "日记", "diar", "journal"),
    RecordKind.SESSION: ("次数", "培养", "活动", "实验", "到校", "session"),
}


def of_a_student(scene: Scene, words: str) -> bool:
    """林小雨最近怎么样: show the page of a student or child who is named.

    For anybody else, say that they are no student or child of the speaker's.
    """
    if len(words) > 40:
        return False
    children = roster.children_of(scene.session, scene.actor.person_id)
    theirs = [one for one in children if one.person.name in words]
    named = {one.id: one for one in (*named_of(scene, words), *theirs)}
    asks = asks_how(words)
    if len(named) == 1:
        [one] = named.values()
        if not asks and words.strip() != one.person.name:
            return False
        if "审" in words and "谁" not in words and roles(scene) & set(REVIEWERS):
            review.queue(scene, [str(one.id)])
            return True
        watch.student(scene, [str(one.id)])
        return True
    if named and asks:
        # Several are called so.
        items = tuple(student_item(one, called(one)) for one in [*named.values()][:PAGE])
        on_record(scene, [*named][:PAGE])
        scene.say(Message(t("affair.which_of_them"), ((TO_MENU,),), items=items))
        return True
    name = leading_name(words) if asks else ""
    if name:
        answers = bool(children) or oversees(scene)
        key = "affair.nobody_of_that_name" if answers else "affair.not_of_others"
        scene.say(Message(t(key, name=name), ways_on(scene)))
    return bool(name)


# ---------------------------------------------------------------- acts on many


def queue(scene: Scene, _: Affair) -> bool:
    if not roles(scene) & {*REVIEWERS, *OFFICE}:
        return False
    queue_or_list(scene, ())
    return True


def queue_or_list(scene: Scene, args: Sequence[str]) -> None:
    """待审: a reviewer's queue; to an office, all that waits in its cohort."""
    mine = set() if scene.speaker.person_id is None else roles(scene)
    if mine & OFFICE and not mine & set(REVIEWERS):
        cohort.longest(scene, ())
    else:
        review.queue(scene, args)


def how_to_review(scene: Scene, affair: Affair) -> bool:
    """How entries are reviewed, to whoever does; who does, to a learner."""
    mine = roles(scene)
    if not mine & set(REVIEWERS):
        if around.reviewer(scene, affair) or not mine & {*OFFICE, Role.SCHOOL_TEACHER}:
            return learner(scene) is not None
        longest = Choice(press("longest"), t("watch.list.longest"))
        rows = ((longest,), (TO_MENU,)) if mine & OFFICE else ((TO_MENU,),)
        scene.say(Message(t("affair.review_is_theirs"), rows))
        return True
    count = records.waiting_count(scene.session, scene.actor)
    way = replace(review.TO_QUEUE, weight="primary")
    scene.say(Message(t("affair.how_to_review", count=count), ((way,), (TO_MENU,))))
    return True


def reviews_of_others(scene: Scene) -> bool:
    """What comes of entries that wait for others, to a teacher who asks for them."""
    if not oversees(scene):
        return False
    way = Choice(press("students"), t("command.students.label"))
    scene.say(Message(t("affair.reviews_of_others"), ((way, TO_MENU),)))
    return True


def next_one(scene: Scene, _: Affair) -> bool:
    """下一条, typed at any time: the next entry that waits and was not opened yet."""
    if not roles(scene) & set(REVIEWERS):
        return False
    review.next_one(scene)
    return True


def approve_all(scene: Scene, _: Affair) -> bool:
    review.confirm_all(scene, ())
    return True


def urge(scene: Scene, affair: Affair) -> bool:
    """Remind one student, or all whom something is missing of: shown first."""
    if not oversees(scene):
        others = any(word in affair.about for word in _OTHERS)
        if affair.about and not others and not leading_name(affair.about):
            return False
        scene.say(Message(t("affair.urging_is_theirs"), ((TO_MENU,),)))
        return True
    if not affair.about:
        urging.urge_all(scene, ["any"])
        return True
    matter = _matter(affair.about)
    named = named_of(scene, affair.about)
    if len(named) == 1:
        return _urge_one(scene, named[0], matter)
    if not any(word in affair.about for word in _MANY):
        return False
    urging.urge_all(scene, [matter or "any"])
    return True


_OTHERS: Final = ("大家", "同学", "所有", "他们", "everyone")
_MANY: Final = (
    *(
        "所有",
        "全部",
        "全体",
        "每个",
        "大家",
        "都",
        "没",
        "不够",
        "不达标",
        "差",
        "欠",
        "落后",
        "掉队",
        "学生",
        "同学",
        "学员",
        "他们",
    ),
    *("all", "every", "those", "student", "n't", "not ", "behind", "missing"),
)


def _urge_one(scene: Scene, member: Member, matter: str) -> bool:
    """The reminder to one student: in the matter that was said, or the first in which one is
    due."""
    entries = records.entries(scene.session, member.id)
    rows = urging.urge_choices(scene, member, entries)
    wanted = [choice for row in rows for choice in row if choice.value.endswith(matter)]
    if not urging.reminds(scene, member, matter):
        raise urging.not_theirs(scene, [member])
    if wanted:
        urging.urge(scene, wanted[0].value.split(":")[2:])
    elif matter:
        urging.urge(scene, [str(member.id), matter])
    else:
        watch.student(scene, [str(member.id)])
    return True


# ---------------------------------------------------------------- the cohort


def list_of(verb: str) -> Callable[[Scene, Affair], bool]:
    def show(scene: Scene, affair: Affair) -> bool:
        if not roles(scene) & OFFICE:
            if verb == "absent" and oversees(scene):
                watch.mine_absent(scene, ())
                return True
            return queue(scene, affair) if verb == "longest" else False
        act = cohort.COMMANDS.get(verb) or cohort.ACTS[verb]
        act(scene, ())
        return True

    return show
