"""结束身份: an office ends somebody's place, and gives it back; and a card of one of the staff."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.scene import TO_MENU, Act, Flow, Scene, number
from bot.talk.clock import beijing_day
from bot.talk.conversation import Chat
from bot.talk.inputs import Free
from bot.talk.message import Choice, Field, Item, Message, press
from handlers.pages import on_record
from handlers.seen import InOrder
from language.affairs import Affair
from language.numerals import fold
from prompts import Brief, Text, Words, t
from services import departures, handovers, roster
from services.access import LEARNERS, allow, grants_of, held
from services.departures import Departure
from services.roster import Member

MOST_REASON: Final = 150
MOST: Final = 8
"""Places that are offered where words name several."""
OF_LEARNERS: Final = ("moved", "own_wish", "slip")
OF_OTHERS: Final = ("left", "no_longer", "slip")
"""The reasons that are offered."""


class DepartureSeen(BaseModel):
    """What the talk is told: whose place, and what ends with it."""

    model_config = ConfigDict(frozen=True)

    place_id: int
    name: str
    place: str
    learner: bool = False
    reasons: InOrder[str]
    """The reasons that are offered, in words, by key."""
    ends: str
    """What ends, and whether it can be taken back."""


class DepartureMade(BaseModel):
    """The result of the talk."""

    model_config = ConfigDict(frozen=True)

    reason: str


async def end_place(chat: Chat, me: DepartureSeen) -> DepartureMade | None:
    """Ask for the reason, and once more with all that ends."""
    usual = [Choice(key, words) for key, words in me.reasons.items()]
    key = "departure.why_learner" if me.learner else "departure.why"
    asked = t(key, name=me.name, place=me.place)
    said = await chat.ask("reason", Free(2, MOST_REASON, options=usual), asked)
    reason = me.reasons.get(said, said)
    yes = Choice("yes", t("departure.yes"), weight="danger")
    sure = t("departure.sure", name=me.name, place=me.place, reason=reason, ends=me.ends)
    return DepartureMade(reason=reason) if await chat.sure(yes, sure) else None


def load(scene: Scene, args: Mapping[str, Any]) -> DepartureSeen:
    found = departures.to_end(scene.session, scene.actor, args["place"])
    learner = found.member.membership.role in LEARNERS
    reasons = OF_LEARNERS if learner else OF_OTHERS
    return DepartureSeen(
        place_id=found.member.id,
        name=found.member.person.name,
        place=scene.words(found.place),
        learner=learner,
        reasons={key: scene.words(t(f"departure.reason.{key}")) for key in reasons},
        ends="\n".join(map(scene.words, what_ends(found))),
    )


def what_ends(found: Departure) -> list[Text]:
    """What ends with a place, a sentence each, and whether it can be given back."""
    learner = found.member.membership.role in LEARNERS
    names = [one.person.name for one in found.around]
    said = []
    if names:
        key = "departure.linked_learner" if learner else "departure.linked_staff"
        said.append(t(key, names=t("field.list", items=names), count=len(names)))
    if found.alone:
        alone = [one.person.name for one in found.alone]
        said.append(t("departure.alone", names=t("field.list", items=alone)))
    if found.children:
        said.append(t("departure.consents", names=t("field.list", items=[*found.children])))
    if found.waiting:
        said.append(t("departure.waits", count=found.waiting))
    said.append(t("departure.after_learner" if learner else "departure.after_staff"))
    if found.signed_out:
        said.append(t("departure.signs_out"))
    return [*said, back_words(found.member)]


def back_words(member: Member) -> Text:
    """Whether, and for how long, a place can be given back."""
    role = member.membership.role
    if not departures.restorable(role):
        return t("departure.no_back")
    key = "departure.back_learner" if role in LEARNERS else "departure.back_staff"
    return t(key, days=departures.BACK.days)


def finish(scene: Scene, me: DepartureSeen, made: DepartureMade) -> None:
    member = departures.end(scene.session, scene.actor, me.place_id, made.reason)
    told = t("departure.done", name=me.name, place=me.place, back=back_words(member))
    rows = (*choices_of(scene, member), (TO_MENU,))
    scene.say(Message(told, rows, title=t("departure.title")))


def restore(scene: Scene, args: Sequence[str]) -> None:
    """Give a place back."""
    member = departures.restore(scene.session, scene.actor, number(args))
    place = handovers.place_words(scene.session, member)
    words = t("departure.restored", name=member.person.name, place=place)
    scene.say(Message(words, ((TO_MENU,),), title=t("departure.title")))


# ---------------------------------------------------------------- the ways in


def begin(scene: Scene, args: Sequence[str]) -> None:
    """End the place that a button names."""
    scene.begin("end_place", {"place": number(args)}, anew=True)


def choices_of(scene: Scene, member: Member) -> list[tuple[Choice, ...]]:
    """The button that ends a place, or gives it back, for who may."""
    if departures.may_end(scene.session, scene.actor, member):
        return [(Choice(press("end_place", member.id), t("departure.begin"), weight="quiet"),)]
    if departures.may_restore(scene.session, scene.actor, member):
        return [(Choice(press("restore_place", member.id), t("departure.restore")),)]
    return []


def hear(scene: Scene, affair: Affair) -> bool:
    """王若彤转学了, 郝景行离职了, 把孟书言移出名册: for an office, of somebody on its roster."""
    if not grants_of(scene.session, scene.actor.person_id, departures.END):
        return False
    of = departures.called_in(scene.session, scene.actor, affair.about)
    if not of:
        return False
    if len(of) == 1 and of[0].membership.ended_at is None:
        begin(scene, [str(of[0].id)])
    else:
        of = of[:MOST]
        on_record(scene, [one.id for one in of])
        items = tuple(map(item, of))
        scene.say(Message(t("departure.which"), ((TO_MENU,),), items=items, kind="question"))
    return True


def item(one: Member) -> Item:
    """A place as a row, by which it is opened or ended."""
    role = t(f"role.{one.membership.role}")
    if one.membership.ended_at is None:
        return Item(one.person.name, press("end_place", one.id), role)
    return Item(one.person.name, press("place", one.id), ended_words(one), "neutral")


def ended_words(member: Member) -> Words:
    """When and why a place has ended."""
    here = member.membership
    if here.ended_at is None:
        return ""
    day = Brief(beijing_day(here.ended_at))
    return t("departure.ended", day=day, reason=here.ended_reason)


def ended_fields(scene: Scene, member: Member) -> list[Field]:
    """A field that says when a place has ended, if it has; and why, to who may end it."""
    ended = member.membership.ended_at
    if ended is None:
        return []
    told: Words = t("departure.ended_on", day=Brief(beijing_day(ended)))
    if held(scene.session, scene.actor.person_id, departures.END, member.id) is not None:
        told = ended_words(member)
    return [Field(t("departure.standing"), told, "waiting")]


# ---------------------------------------------------------------- one of the staff


def named(scene: Scene, words: str) -> bool:
    """郝景行, 郝景行老师: the card of whoever of the staff is called so, for who oversees them."""
    said = _TITLE.sub("", fold(words).strip())
    if not _NAME.fullmatch(said):
        return False
    found = departures.staff_called(scene.session, scene.actor, said)
    if len(found) == 1:
        card(scene, [str(found[0].id)])
    elif found:
        on_record(scene, [one.id for one in found[:MOST]])
        items = tuple(
            Item(handovers.place_words(scene.session, one), press("place", one.id))
            for one in found[:MOST]
        )
        scene.say(Message(said, ((TO_MENU,),), items=items, kind="question"))
    return bool(found)


_NAME: Final = re.compile(r"[一-鿿·]{2,12}|[A-Za-z][A-Za-z .'’-]{1,58}")
_TITLE: Final = re.compile("(?<=[一-鿿·]{2})(?:老师|教授|主任|校长|院长|导师|博士)$")


def card(scene: Scene, args: Sequence[str]) -> None:
    """Somebody of the staff in their place, with what an office may do with it."""
    place_id = number(args)
    allow(scene.session, scene.actor, "read_member", place_id)
    member = roster.find_member(scene.session, place_id)
    presence = roster.presences(scene.session, [member.person.id or 0])[member.person.id or 0]
    standing = ended_words(member) or t(f"console.presence.{presence}")
    rows: list[tuple[Choice, ...]] = []
    if handovers.may_hand_over(scene.session, scene.actor, member):
        rows.append((Choice(press("hand_over", place_id), t("handover.title")),))
    rows += choices_of(scene, member)
    on_record(scene, [place_id])
    scene.say(
        Message(
            "",
            (*rows, (TO_MENU,)),
            kind="card",
            title=member.person.name,
            fields=(
                Field(t("departure.role"), handovers.place_words(scene.session, member)),
                Field(t("departure.standing"), standing),
            ),
        )
    )


FLOW: Final = Flow(
    name="end_place",
    title=t("departure.title"),
    talk=end_place,
    about=DepartureSeen,
    load=load,
    finish=finish,
    named=lambda me: me.name,
)
ACTS: Final[dict[str, Act]] = {
    "end_place": begin,
    "restore_place": restore,
    "place": card,
}

__all__ = ["ACTS", "FLOW", "choices_of", "hear", "named"]
