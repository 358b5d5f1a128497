"""我的数据: what is held of oneself or one's child, who looked, a copy, correcting, erasing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict

from bot.scene import TO_MENU, Act, Flow, Scene, number
from bot.talk.conversation import Chat
from bot.talk.inputs import Free
from bot.talk.message import Choice, Field, Item, Message, press
from handlers.speaker import roles
from prompts import Text, render, t
from services import ending, guardians, inquiries, looking, persons
from services.access import allow
from services.entities import Role
from services.inquiries import Forwarded

MOST_LOOKS: Final = 20
COPY_LIFE: Final = timedelta(days=1)


def whose(scene: Scene, args: Sequence[str], act: str) -> int:
    """The person that a button names, else whoever speaks. Raises `Refused`."""
    person_id = number(args) if args else scene.actor.person_id
    allow(scene.session, scene.actor, act, person_id)
    return person_id


def mydata(scene: Scene, args: Sequence[str]) -> None:
    """Show what is held, with the ways to see who looked, to a copy, to correct and to erase."""
    person_id = whose(scene, args, "see_data")
    held = persons.holdings(scene.session, person_id)
    rows = [
        (Choice(press("copydata", person_id), t("mydata.copy"), weight="primary"),),
        (
            Choice(press("lookers", person_id), t("mydata.lookers")),
            Choice(press("privacy"), t("command.privacy.label")),
        ),
        (
            Choice(press("correct", person_id), t("mydata.correct")),
            Choice(press("erasedata", person_id), t("mydata.erase"), weight="danger"),
        ),
    ]
    rows += [(one,) for one in _dossiers(scene, person_id)]
    if person_id == scene.actor.person_id:
        rows.append((Choice(press("signout"), t("command.signout.label"), weight="quiet"),))
        rows += [(child,) for child in _children(scene)]
    born = held.person.birth_date
    fields = (
        Field(t("mydata.name"), held.person.name),
        Field(t("mydata.born"), t("field.day_only", day=born) if born else t("mydata.unknown")),
        Field(
            t("mydata.records"), t("mydata.records_of", count=held.records, approved=held.approved)
        ),
        Field(t("mydata.files"), t("field.count", count=held.files)),
        Field(t("mydata.drafts"), t("field.count", count=held.drafts)),
        Field(t("mydata.lines"), t("field.count", count=held.lines)),
        Field(t("mydata.questions"), t("field.count", count=held.questions)),
        Field(t("mydata.looks"), t("field.count", count=held.looks)),
    )
    title = t("mydata.title", name=held.person.name)
    scene.say(Message("", (*rows, (TO_MENU,)), title=title, fields=fields, note=t("mydata.note")))


def _dossiers(scene: Scene, person_id: int) -> list[Choice]:
    """The way to a dossier for each place as a learner, the latest first."""
    found = persons.learners_of(scene.session, person_id)[::-1]
    label = t(
        "command.dossier.label" if person_id == scene.actor.person_id else "dossier.of_learner"
    )
    if len(found) > 1:
        return [Choice(press("dossier"), label)]
    return [Choice(press("dossier", one), label) for one in found]


def _children(scene: Scene) -> list[Choice]:
    if Role.GUARDIAN not in roles(scene):
        return []
    return [
        Choice(press("mydata", child.id or 0), t("mydata.of_child", name=child.name))
        for _, child in guardians.children(scene.session, scene.actor)
    ]


def lookers(scene: Scene, args: Sequence[str]) -> None:
    """Who has looked, the latest first."""
    person_id = whose(scene, args, "see_looks")
    places = persons.learners_of(scene.session, person_id)
    found = looking.looks(scene.session, places, MOST_LOOKS)
    items = tuple(
        Item(
            t("mydata.look", name=look.name, relation=t(f"rights.who.{look.relation}")),
            state=t(f"mydata.looked_at.{look.what}", at=look.at),
        )
        for look in found
    )
    back = Choice(press("mydata", person_id), t("command.mydata.label"), weight="quiet")
    words = t("mydata.lookers_are" if found else "mydata.nobody_looked", count=len(found))
    scene.say(Message(words, ((back, TO_MENU),), items=items, note=t("mydata.lookers_note")))


def sign_out(scene: Scene, args: Sequence[str]) -> None:
    """退出所有设备: asked once."""
    if tuple(args) != ("yes",):
        yes = Choice(press("signout", "yes"), t("mydata.yes_signout"), weight="danger")
        no = Choice(press("menu"), t("mydata.no_signout"))
        scene.say(Message(t("mydata.sure_signout"), ((yes, no),), kind="question", card="signout"))
        return
    count = ending.sign_out(scene.session, scene.actor.person_id, scene.now)
    scene.say(Message(t("mydata.signed_out", count=count), ((TO_MENU,),)))


# ---------------------------------------------------------------- a copy


class CopySeen(BaseModel):
    """Whose data are copied."""

    model_config = ConfigDict(frozen=True)

    person_id: int
    name: str = ""
    """Of a child, for its guardian; empty for oneself."""


async def make(chat: Chat, me: CopySeen) -> dict[str, Any] | None:
    """Whoever sees this chat can open the copy: so it is asked first."""
    yes = Choice("make", t("mydata.make_copy"), weight="primary")
    asked = t("mydata.sure_copy_of", name=me.name) if me.name else t("mydata.sure_copy")
    if not await chat.sure(yes, asked):
        return None
    made: dict[str, Any] = await chat.work("made", "make_copy", person=me.person_id)
    return made


def load_copy(scene: Scene, args: Mapping[str, Any]) -> CopySeen:
    allow(scene.session, scene.actor, "copy_data", args["person"])
    return _of(scene, args["person"])


def _of(scene: Scene, person_id: int) -> CopySeen:
    own = person_id == scene.actor.person_id
    name = "" if own else persons.holdings(scene.session, person_id).person.name
    return CopySeen(person_id=person_id, name=name)


def finish_copy(scene: Scene, me: CopySeen, made: Mapping[str, Any]) -> None:
    allow(scene.session, scene.actor, "copy_data", me.person_id)
    if made.get("failed"):
        scene.say(Message(t("mydata.not_copied"), ((TO_MENU,),)))
        return
    name = f"yingcai-{me.person_id}-{scene.now:%Y%m%d}.zip"
    until = scene.now + COPY_LIFE
    file = persons.keep_copy(
        scene.session, scene.actor, me.person_id, made["sha256"], made["size"], name, until
    )
    scene.say(Message(t("mydata.copied", until=until), ((TO_MENU,),), files=(file,)))


def copy_data(scene: Scene, args: Sequence[str]) -> None:
    scene.begin("copydata", {"person": whose(scene, args, "copy_data")}, anew=True)


# ---------------------------------------------------------------- correcting


async def tell_wrong(chat: Chat, me: CopySeen) -> str:
    """Ask what is wrong, in the person's own words."""
    asked = t("mydata.what_is_wrong")
    if me.name:
        asked = t("mydata.what_is_wrong_of", name=me.name, asked=asked)
    said: str = await chat.ask("what", Free(least=2, most=200), asked)
    return said


def load_correct(scene: Scene, args: Mapping[str, Any]) -> CopySeen:
    allow(scene.session, scene.actor, "correct_data", args["person"])
    return _of(scene, args["person"])


def finish_correct(scene: Scene, me: CopySeen, said: str) -> None:
    allow(scene.session, scene.actor, "correct_data", me.person_id)
    told = t("mydata.please_correct", name=_whom(scene, me.person_id), said=said)
    _ask_office(scene, me.person_id, "correct", told, t("mydata.correct_sent"))


def _whom(scene: Scene, person_id: int) -> str:
    return persons.holdings(scene.session, person_id).person.name


def correct(scene: Scene, args: Sequence[str]) -> None:
    scene.begin("correct", {"person": whose(scene, args, "correct_data")})


def _ask_office(
    scene: Scene, person_id: int, kind: Literal["correct", "erase"], asked: Text, told: Text
) -> None:
    """Put what is asked before the office, as one of the questions that wait for it."""
    words = render(asked, "zh")
    sent = inquiries.ask_about_data(scene.session, scene.actor, person_id, kind, words)
    if sent is Forwarded.TOO_MANY:
        told = t("question.too_many")
    elif sent is Forwarded.NOWHERE:
        told = t("mydata.no_office")
    scene.say(Message(told, ((TO_MENU,),)))


# ---------------------------------------------------------------- erasing


def erase(scene: Scene, args: Sequence[str]) -> None:
    """Say what goes, what stays and why; erase at a second press."""
    person_id = whose(scene, args[:1], "erase_data")
    held = persons.holdings(scene.session, person_id)
    name, left = held.person.name, held.approved
    if args[1:] != ["yes"]:
        yes = Choice(press("erasedata", person_id, "yes"), t("mydata.yes_erase"), weight="danger")
        no = Choice(press("mydata", person_id), t("mydata.no_erase"))
        words = t("mydata.sure_erase", name=name, count=held.records - left, left=left)
        scene.say(Message(words, ((yes, no),), kind="question", card=f"erase:{person_id}"))
        return
    done = persons.erase_own(scene.session, scene.actor, person_id)
    told = t("mydata.erased", name=name, count=done.records, left=done.left)
    if done.left:
        _ask_office(scene, person_id, "erase", t("mydata.please_erase", name=name), told)
    else:
        scene.say(Message(told, ((TO_MENU,),)))


COMMANDS: dict[str, Act] = {"mydata": mydata, "signout": sign_out}

ACTS: dict[str, Act] = {
    "lookers": lookers,
    "copydata": copy_data,
    "correct": correct,
    "erasedata": erase,
}

FLOWS: Final = [
    Flow(
        name="copydata",
        title=t("mydata.copy"),
        talk=make,
        about=CopySeen,
        load=load_copy,
        finish=finish_copy,
        keeps=False,
    ),
    Flow(
        name="correct",
        title=t("mydata.correct"),
        talk=tell_wrong,
        about=CopySeen,
        load=load_correct,
        finish=finish_correct,
    ),
]

__all__ = ["ACTS", "COMMANDS", "FLOWS"]
