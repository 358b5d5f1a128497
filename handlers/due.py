"""今天要做什么: what waits for whoever asks, each with the page on which it is done."""

from __future__ import annotations

from collections.abc import Iterator

from bot.scene import TO_MENU, Scene
from bot.talk.message import Item, Message, press
from handlers import overseen, progress
from handlers.speaker import learner, oversees, roles
from language.affairs import Affair
from prompts import t
from services import bulletins, evaluations, exits, guardians, inquiries, plans, records
from services.access import REVIEWERS, grants_of
from services.entities import RecordState


def hear(scene: Scene, affair: Affair) -> bool:
    """What is due for the speaker: a learner's progress, a guardian's children, and whatever waits
    for a reviewer, a teacher or an office."""
    items = tuple(
        Item(t(label), where, t("watch.count", count=count), "waiting")
        for label, where, count in waiting(scene)
        if count
    )
    if oversees(scene):
        items += (Item(t("watch.list.behind"), press("mine_behind", "any")),)
    if items or learner(scene) is None:
        words = t("affair.due" if items else "affair.nothing_due")
        scene.say(Message(words, ((TO_MENU,),), title=t("affair.due_title"), items=items))
    if learner(scene) is not None:
        progress.progress(scene, ())
    else:
        overseen.child(scene, affair)
    return True


def waiting(scene: Scene) -> Iterator[tuple[str, str, int]]:
    """What waits: what it is called, the press that shows it, and how much there is of it."""
    db, actor = scene.session, scene.actor
    if roles(scene) & {*REVIEWERS}:
        yield "command.queue.label", press("queue"), records.waiting_count(db, actor)
    signs = evaluations.waiting_count(db, actor)
    yield "command.evaluations.label", press("evaluations"), signs
    if plans.asked_of(db, actor):
        writes, decides = plans.writes(db, actor), plans.decides(db, actor)
        count = sum(
            (one.state is None and one.student in writes)
            or (one.state is RecordState.SUBMITTED and one.student in decides)
            for one in plans.planned(db, actor)
        )
        yield "command.plans.label", press("plans"), count
    if grants_of(db, actor.person_id, "questions"):
        yield "command.questions.label", press("questions"), len(inquiries.groups(db, actor))
    yield "exit.title", press("exits"), len(exits.open_cases(db, actor))
    yield "bulletin.title", press("bulletins"), len(bulletins.unconfirmed(db, actor))
    yield "command.children.label", press("children"), len(guardians.awaited(db, actor))
