"""官网填报: what the official platform asks for of an entry, each to be copied; the learner ticks
what is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.scene import TO_MENU, Act, Flow, Scene, number
from bot.talk.acting import Refused
from bot.talk.clock import beijing_day
from bot.talk.conversation import Chat
from bot.talk.inputs import Pick
from bot.talk.message import Choice, Field, Item, Message, press
from handlers.pages import page_of
from handlers.rosters import OneSheet
from handlers.seen import InOrder
from prompts import Text, t
from services import evaluations, official, official_export, records
from services.access import any_of, cohort_of, cohorts_for
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
    left = Choice(press("platform"), t("official.to_left"), weight="quiet")
    note: Text | str = ""
    if row is not None:
        key = "official.since" if done else "official.changed_since"
        note = t(key, day=beijing_day(row.at))
    scene.say(
        Message(
            t("official.how", platform=form.platform, title=records.title(record, body)),
            ((tick,), (left, back), (TO_MENU,)),
            kind="question",
            card=CARD,
            title=t("official.title"),
            fields=tuple(official.fields(scene.session, record, body)),
            note=note,
            clause=form.clause,
        )
    )


def listing(scene: Scene, args: Sequence[str]) -> None:
    """官网填报: one's entries that are left to be entered, the newest first."""
    any_of(scene.session, scene.actor, "enter_on_platform")
    found = official.left(scene.session, scene.actor)
    shown, turn = page_of(found, args[:1], "platform")
    items = tuple(
        Item(records.title(record, body, brief=True), press("official", record.id or 0))
        for record, body in shown
    )
    words = t("official.left" if found else "official.none_left", count=len(found))
    title = t("official.title")
    rows = (*turn, (TO_MENU,))
    scene.say(Message(words, rows, kind="question", card=CARD, title=title, items=items))


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
    found = official.counted(scene.session, programme, [member.id]).values()
    if not found:
        return []
    entered, of = sum(one.entered for one in found), sum(one.of for one in found)
    words = t("official.counted", entered=entered, of=of)
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


# ---------------------------------------------------------------- what the platform gives out


class CheckingSeen(BaseModel):
    """The cohorts whose entries belong on a platform, by number."""

    model_config = ConfigDict(frozen=True)

    cohorts: InOrder[str]


async def check(chat: Chat, me: CheckingSeen) -> dict[str, Any]:
    """Ask for the sheet until one can be read."""
    cohort, *others = me.cohorts
    if others:
        ways = [Choice(key, name) for key, name in me.cohorts.items()]
        cohort = await chat.ask("cohort", Pick(ways, width=1), t("rostering.which_cohort"))
    words: Text = t("official.send", cohort=me.cohorts[cohort])
    for turn in count():
        step = f"file/{turn}"
        file = await chat.ask(step, OneSheet(), words)
        wired = [file.ref, file.name, file.media_type, file.size]
        order = {"cohort": int(cohort), "file": wired}
        found: dict[str, Any] = await chat.work(f"{step}/checked", "check_platform", **order)
        if "refused" not in found:
            return found
        words = t("official.not_read", why=found["refused"])
    raise AssertionError


def load_check(scene: Scene, _args: Mapping[str, Any]) -> CheckingSeen:
    mine = cohorts_for(scene.session, scene.actor, official_export.ACT, None)
    found, refusal = {}, None
    for one in mine:
        try:
            official_export.to_check(scene.session, scene.actor, one.id or 0)
            found[str(one.id)] = one.name
        except Refused as refused:
            refusal = refused
    if not found and refusal is not None:
        raise refusal
    return CheckingSeen(cohorts=found)


def finish_check(scene: Scene, _me: CheckingSeen, found: Mapping[str, Any]) -> None:
    """Tell how much differs, with the first of it and the sheet of all."""
    counts = found["counts"]
    differs = sum(counts.values())
    words = t(
        "official.checked" if differs else "official.all_same",
        rows=found["rows"],
        same=found["same"],
    )
    fields = [
        Field(t(f"official.kind.{kind}"), t("field.count", count=number))
        for kind, number in counts.items()
        if number
    ]
    items = tuple(
        Item(t("official.line", name=name, words=words), "", t(f"official.kind.{kind}"), "waiting")
        for name, words, kind in found["first"]
    )
    more = differs - len(items)
    note = t("official.more", count=more) if more > 0 else ""
    files = (found["file"],) if found.get("file") else ()
    scene.say(
        Message(
            words,
            ((TO_MENU,),),
            title=t("official.checked_title"),
            fields=tuple(fields),
            items=items,
            note=note,
            files=files,
        )
    )


FLOW: Final = Flow(
    name="check_platform",
    title=t("official.checked_title"),
    talk=check,
    about=CheckingSeen,
    load=load_check,
    finish=finish_check,
)
COMMANDS: Final[dict[str, Act]] = {
    "platform": listing,
    "check_platform": lambda scene, _: scene.begin("check_platform", anew=True),
}
ACTS: Final[dict[str, Act]] = {
    "official": show,
    "on_platform": tick,
    "off_platform": untick,
    "official_evaluation": evaluation,
}

__all__ = [
    *("ACTS", "COMMANDS", "FLOW", "CheckingSeen"),
    *("choices_of", "choices_of_evaluation", "of_learner"),
]
