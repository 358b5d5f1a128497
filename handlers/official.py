"""官网填报: what the official platform asks for of an entry, each to be copied; the learner ticks
what is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot.scene import TO_MENU, Act, Scene, number
from bot.talk.clock import beijing_day
from bot.talk.message import Choice, Field, Message, press
from prompts import Text, t
from services import evaluations, official, records
from services.access import cohort_of
from services.entities import Record
from services.evaluations import Signed
from services.packs import load
from services.roster import Member

CARD: Final = "official"


def choices_of(scene: Scene, record: Record, version: int) -> list[tuple[Choice, ...]]:
    """The button on one's own entry, in its latest version, where the platform asks for it."""
    if version != record.version or official.form_for(scene.session, record) is None:
        return []
    row = official.entered(scene.session, record)
    label = t("official.entered" if row else "official.title")
    return [(Choice(press("official", record.id or 0), label),)]


def show(scene: Scene, args: Sequence[str]) -> None:
    """Show what the platform asks for of one's own entry, in its order."""
    record = official.to_tick(scene.session, scene.actor, number(args))
    form = official.form_for(scene.session, record)
    if form is None:
        return
    body = records.body_at(scene.session, record)
    row = official.entered(scene.session, record)
    done = row is not None and row.version == record.version
    label, verb = ("official.untick", "off_platform") if done else ("official.tick", "on_platform")
    tick = Choice(press(verb, record.id or 0), t(label), weight="plain" if done else "primary")
    back = Choice(press("record", record.id or 0), t("official.back"), weight="quiet")
    note: Text | str = ""
    if row is not None:
        key = "official.since" if done else "official.changed_since"
        note = t(key, day=beijing_day(row.at))
    scene.say(
        Message(
            t("official.how", platform=form.platform, title=records.title(record, body)),
            ((tick,), (back, TO_MENU)),
            kind="question",
            card=CARD,
            title=t("official.title"),
            fields=tuple(official.fields(scene.session, record, body)),
            note=note,
            clause=form.clause,
        )
    )


def tick(scene: Scene, args: Sequence[str]) -> None:
    """已填官网: note that the entry is there."""
    official.tick(scene.session, scene.actor, number(args), on=True)
    show(scene, args)


def untick(scene: Scene, args: Sequence[str]) -> None:
    official.tick(scene.session, scene.actor, number(args), on=False)
    show(scene, args)


def of_learner(scene: Scene, member: Member) -> list[Field]:
    """How many of a learner's entries are on the platform, for those who look after them."""
    programme = load(cohort_of(scene.session, member.membership).programme)
    found = official.counted(scene.session, programme, [member.id])
    if found is None or not found.of:
        return []
    words = t("official.counted", entered=found.entered, of=found.of)
    return [Field(t("official.title"), words)]


def choices_of_evaluation(scene: Scene, one: Signed) -> list[tuple[Choice, ...]]:
    """The button on an evaluation that one has signed, where the platform asks for it."""
    mine = one.version.signed_by == scene.actor.person_id
    if not mine or not official.fields_of_evaluation(scene.session, one):
        return []
    way = press("official_evaluation", one.evaluation.id or 0)
    return [(Choice(way, t("official.title")),)]


def evaluation(scene: Scene, args: Sequence[str]) -> None:
    """Show what the platform asks for of an evaluation, in its order."""
    one = evaluations.read(scene.session, scene.actor, number(args))
    scene.say(
        Message(
            t("official.how_evaluation"),
            ((TO_MENU,),),
            kind="question",
            card=CARD,
            title=t("official.title"),
            fields=tuple(official.fields_of_evaluation(scene.session, one)),
        )
    )


ACTS: Final[dict[str, Act]] = {
    "official": show,
    "on_platform": tick,
    "off_platform": untick,
    "official_evaluation": evaluation,
}

__all__ = ["ACTS", "choices_of", "choices_of_evaluation", "of_learner"]
