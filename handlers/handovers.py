"""交接: an office has a place pass to somebody else on a day, and withdraws that before it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.scene import TO_MENU, Act, Flow, Scene, number
from bot.talk.conversation import Chat
from bot.talk.inputs import Answer, Asked, Kind, Rows, Unclear, rows_of, said
from bot.talk.message import Choice, Item, Message, Tone, press
from handlers.leave import ComingDay
from handlers.pages import page_of
from handlers.seen import InOrder
from handlers.speaker import roles
from language.affairs import Affair
from language.names import mentioned
from language.spans import coming_day
from prompts import BEIJING, Brief, Text, t
from services import handovers, roster
from services.access import REVIEWERS, any_of, grants_of
from services.handovers import Handed
from services.roster import Member

DAY: Final = timedelta(days=1)
CARD: Final = "handovers"
OFFERED: Final = 6
"""Successors offered as buttons; any other is typed."""
NEW: Final = "new:"
"""Begins the answer that names somebody who is on no roster yet."""
TONES: Final[Mapping[str, Tone]] = {"to_come": "waiting", "done": "good", "withdrawn": "neutral"}


class HandoverSeen(BaseModel):
    """What the talk is told: which place, and who may take it over."""

    model_config = ConfigDict(frozen=True)

    place_id: int
    place: str
    holder: str
    people: InOrder[str]
    """Their names, by person."""
    where: InOrder[str]
    """The same, with what they are now."""
    earliest: date
    students: int
    """How many learners go along."""


class HandoverMade(BaseModel):
    """The result of the talk."""

    model_config = ConfigDict(frozen=True)

    successor: str
    first: date


@dataclass(frozen=True, slots=True)
class Successor(Kind[str]):
    """Who takes over: pressed, or named as one is called (李青, 李老师); whoever is on no roster,
    by the full name."""

    people: Mapping[str, str]
    where: Mapping[str, str]

    def choices(self, asked: Asked) -> Rows:
        return rows_of([Choice(key, self.where[key]) for key in [*self.people][:OFFERED]], 1)

    def parse(self, answer: Answer, asked: Asked) -> str:
        if answer.press in self.people or (answer.press or "").startswith(NEW):
            return str(answer.press)
        typed = _TITLE_AFTER.sub("", said(answer, 60))
        known = {name.name for name in mentioned(typed, list(dict.fromkeys(self.people.values())))}
        found = [key for key, name in self.people.items() if name in known]
        if len(found) == 1:
            return found[0]
        surname = _TITLED.fullmatch(typed)
        if surname and not found:
            alike = [
                key for key, name in self.people.items() if name.startswith(surname["surname"])
            ]
            if not alike:
                raise Unclear(t("handover.full_name", typed=typed))
            found = alike
        if found:
            raise Unclear(
                t("handover.which_of_them", found=[self.where[key] for key in found[:OFFERED]])
            )
        if _NAME.fullmatch(typed) is None:
            raise Unclear(t("handover.no_name", typed=typed[:20]))
        return NEW + typed


_TITLED: Final = re.compile("(?P<surname>[一-鿿]{1,2})(?:老师|教授|主任|校长|院长|导师|博士)")
_TITLE_AFTER: Final = re.compile("(?<=[一-鿿·]{3})(?:老师|教授|主任|校长|院长|导师|博士)$")
"""Behind a name in full: of 李老师 only the surname is said."""
_NAME: Final = re.compile(r"[一-鿿·]{2,12}|[A-Za-z][A-Za-z .'’-]{1,58}")


async def hand_over(chat: Chat, me: HandoverSeen) -> HandoverMade | None:
    """Ask who takes over and from when, and once more before it is arranged."""
    who = await chat.ask(
        "successor",
        Successor(me.people, me.where),
        t("handover.who", name=me.holder, place=me.place),
    )
    name = who.removeprefix(NEW) if who.startswith(NEW) else me.people[who]
    nearby = [
        (chat.today + DAY, t("leave.tomorrow")),
        (_next_month(chat.today), t("handover.first_of", day=Brief(_next_month(chat.today)))),
    ]
    too_early = t("handover.not_this_day", day=me.earliest, most=handovers.LONGEST)
    first = await chat.ask(
        "first", ComingDay(me.earliest, nearby, too_early), t("handover.from_when", name=name)
    )
    told = {"old": me.holder, "new": name, "place": me.place, "day": first}
    goes = t("handover.goes_along", count=me.students) if me.students else ""
    key = "handover.sure_new" if who.startswith(NEW) else "handover.sure"
    yes = Choice("yes", t("handover.arrange"), weight="primary")
    if not await chat.sure(yes, t(key, goes=goes, **told)):
        return None
    return HandoverMade(successor=who, first=first)


def _next_month(today: date) -> date:
    return (today.replace(day=1) + DAY * 32).replace(day=1)


def load(scene: Scene, args: Mapping[str, Any]) -> HandoverSeen:
    db = scene.session
    member = handovers.place_for(db, scene.actor, args["place"])
    found = handovers.candidates(db, scene.actor, member)
    students: list[Member] = []
    if member.membership.role in REVIEWERS:
        students = roster.students_of_mentor(db, member.membership)
    return HandoverSeen(
        place_id=member.id,
        place=scene.words(handovers.place_words(db, member)),
        holder=member.person.name,
        people={str(one.person.id): one.person.name for one in found},
        where={str(one.person.id): scene.words(described(one)) for one in found},
        earliest=handovers.first_possible(scene.actor, member),
        students=len(students),
    )


def described(member: Member) -> Text:
    """Somebody of the staff, with what they are now."""
    role = t(f"role.{member.membership.role}")
    unit = t("watch.of_unit", unit=member.unit_name) if member.unit_name else ""
    return t("watch.somebody", name=member.person.name, role=role, unit=unit)


def finish(scene: Scene, me: HandoverSeen, made: HandoverMade) -> None:
    new = made.successor.startswith(NEW)
    successor = made.successor.removeprefix(NEW)
    handovers.arrange(
        scene.session,
        scene.actor,
        me.place_id,
        successor if new else int(successor),
        made.first,
    )
    name = successor if new else me.people[successor]
    told = {"old": me.holder, "new": name, "place": me.place, "day": made.first}
    words = t("handover.arranged_new" if new else "handover.arranged", **told)
    scene.say(Message(words, ((TO_LIST, TO_MENU),), title=t("handover.title")))


# ---------------------------------------------------------------- the list


def listing(scene: Scene, args: Sequence[str]) -> None:
    """交接: what is arranged, what was done of late, and the way to arrange more."""
    any_of(scene.session, scene.actor, "hand_over")
    found = handovers.overseen(scene.session, scene.actor)
    shown, turn = page_of(found, args[:1], "handovers")
    rows: list[tuple[Choice, ...]] = [
        (Choice(press("hand_over"), t("handover.begin"), weight="primary"),)
    ]
    rows += [
        (
            Choice(
                press("withdraw_handover", one.handover.id or 0),
                t("handover.withdraw", old=one.member.person.name, new=one.successor),
                weight="danger",
            ),
        )
        for one in shown
        if one.state == "to_come"
    ]
    words = t("handover.which" if found else "handover.none")
    scene.say(
        Message(
            words,
            (*rows, *turn, (TO_MENU,)),
            kind="question",
            card=CARD,
            title=t("handover.title"),
            items=tuple(map(item, shown)),
        )
    )


def item(one: Handed) -> Item:
    """A handover as a row: from whom to whom, which place, and how it stands."""
    words = t("handover.row", old=one.member.person.name, new=one.successor, place=one.place)
    return Item(words, "", state(one), TONES[one.state])


def state(one: Handed) -> Text:
    return t(f"handover.state.{one.state}", day=Brief(one.handover.first_day))


def begin(scene: Scene, args: Sequence[str]) -> None:
    """Hand over the place that a button names; else list those that can be."""
    if args and args[0] != PAGED:
        scene.begin("hand_over", {"place": number(args)}, anew=True)
        return
    found = handovers.places(scene.session, scene.actor)
    shown, turn = page_of(found, args[1:2], f"hand_over:{PAGED}")
    items = tuple(
        Item(described(one), press("hand_over", one.id), handovers.place_words(scene.session, one))
        for one in shown
    )
    scene.say(
        Message(
            t("handover.which_place"),
            (*turn, (TO_LIST, TO_MENU)),
            kind="question",
            card=CARD,
            title=t("handover.title"),
            items=items,
        )
    )


PAGED: Final = "page"


def withdraw(scene: Scene, args: Sequence[str]) -> None:
    """Withdraw a handover before its day."""
    one = handovers.withdraw(scene.session, scene.actor, number(args))
    told = handovers.told(scene.session, one)
    words = t("handover.withdrawn", old=told.member.person.name, new=told.successor)
    scene.say(Message(words, ((TO_LIST, TO_MENU),)))


# ---------------------------------------------------------------- said in a sentence


def hear(scene: Scene, affair: Affair) -> bool:
    """从12月1日起由李老师接任, 王建国12月1日起由李青接替: for an office."""
    if not grants_of(scene.session, scene.actor.person_id, "hand_over"):
        return False
    words = affair.about
    found = handovers.places(scene.session, scene.actor)
    successor = next((one["who"] for way in _TAKES_OVER if (one := way.search(words))), "")
    rest = words.replace(successor, "", 1) if successor else words
    named = {one.name for one in mentioned(rest, [one.person.name for one in found])}
    of = [one for one in found if one.person.name in named]
    if not named:
        of = [one for one in found if one.person.id == scene.actor.person_id]
    if len(of) != 1:
        begin(scene, ())
        return True
    given = {}
    if successor and (who := understood(scene, of[0], successor)):
        given["successor"] = who
    if day := first_day(words, scene.now):
        given["first"] = Answer(press=day.isoformat())
    scene.begin("hand_over", {"place": of[0].id}, given, anew=True)
    return True


def let_go(scene: Scene, _: Affair) -> bool:
    """我不带他了: only an office has others take over; a mentor is told how it comes to that."""
    if grants_of(scene.session, scene.actor.person_id, "hand_over"):
        listing(scene, ())
        return True
    mine = roles(scene) & {*REVIEWERS}
    told = t("handover.let_go") if mine else t("handover.not_yours")
    scene.say(Message(told, ((TO_MENU,),)))
    return True


def first_day(words: str, now: datetime) -> date | None:
    """The day from which somebody takes over, as a sentence names it; a day to come."""
    here = now.astimezone(BEIJING)
    for end in (one.start() for one in _DAY_ENDS.finditer(words)):
        for start in range(max(0, end - MOST_SIGNS), end):
            if day := coming_day(words[start:end], here, here.date()):
                return day
    return None


_DAY_ENDS: Final = re.compile("起|开始|由|,|，|$")
MOST_SIGNS: Final = 12
"""Signs that name a day."""


def understood(scene: Scene, place: Member, successor: str) -> Answer | None:
    """A successor as the talk's question understands them; `None` if it is to be asked."""
    me = load(scene, {"place": place.id})
    try:
        found = Successor(me.people, me.where).parse(
            Answer(text=successor), Asked(scene.now, scene.language)
        )
    except Unclear:
        return None
    return Answer(text=successor, press=found)


_WHO: Final = "(?P<who>[一-鿿·]{2,8}?|[A-Za-z][A-Za-z .]{1,40}?)"
_TAKES_OVER: Final = (
    re.compile(rf"(?:由|让|请|换成|改由|换){_WHO}来?(?:接任|接替|接手|接管|接|担任|负责|$)"),
    re.compile(rf"(?:交接给|交给|移交给|转给|转交给){_WHO}(?:$|[,，。.;；接负管来])"),
    re.compile(rf"(?:起|开始|[,，]|^|日|号){_WHO}(?:来)?(?:接任|接替|接手|接管)"),
    re.compile(rf"(?:hand(?:ed)? over to|taken over by) {_WHO}(?:$| from| on|[,.])", re.I),
)

TO_LIST: Final = Choice(press("handovers"), t("command.handovers.label"))

FLOW: Final = Flow(
    name="hand_over",
    title=t("handover.title"),
    talk=hand_over,
    about=HandoverSeen,
    load=load,
    finish=finish,
)
COMMANDS: Final[dict[str, Act]] = {"handovers": listing}
ACTS: Final[dict[str, Act]] = {"hand_over": begin, "withdraw_handover": withdraw}

__all__ = ["ACTS", "COMMANDS", "FLOW", "HandoverSeen", "hear"]
