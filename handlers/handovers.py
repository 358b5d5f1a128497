"""交接: an office has a place pass to somebody else on a day, and withdraws that before it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.scene import TO_MENU, Act, Flow, Scene, number
from bot.talk.acting import Refused
from bot.talk.conversation import Chat
from bot.talk.inputs import Answer, Asked, Kind, Rows, Unclear, rows_of, said
from bot.talk.message import Choice, Item, Message, Tone, press
from handlers.leave import ComingDay
from handlers.pages import page_of
from handlers.seen import InOrder
from handlers.speaker import roles
from language.affairs import Affair
from language.names import mentioned
from language.numerals import fold
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
TONES: Final[Mapping[str, Tone]] = {
    "to_come": "waiting",
    "done": "good",
    "withdrawn": "neutral",
    "given_back": "neutral",
}


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
    seen: int = 0
    """How many learners the place lets see."""
    helps: bool = False
    """Whether learners may ask the holder for help because of it."""
    taken: InOrder[str] = {}
    """Those who have such a place elsewhere, and where."""
    role: str = ""


class HandoverMade(BaseModel):
    """The result of the talk."""

    model_config = ConfigDict(frozen=True)

    successor: str
    first: date


@dataclass(frozen=True, slots=True)
class OfStaff(Kind[str]):
    """Somebody of the staff: pressed, or named as one is called (李青, 李老师)."""

    people: Mapping[str, str]
    where: Mapping[str, str]

    def choices(self, asked: Asked) -> Rows:
        return rows_of([Choice(key, self.where[key]) for key in [*self.people][:OFFERED]], 1)

    def parse(self, answer: Answer, asked: Asked) -> str:
        if answer.press in self.people:
            return str(answer.press)
        typed = _TITLE_AFTER.sub("", said(answer, 60))
        if not (found := self.named(typed)):
            return self.unknown(typed)
        if len(found) > 1:
            told = [self.where[key] for key in found[:OFFERED]]
            raise Unclear(t("handover.which_of_them", found=told))
        return found[0]

    def named(self, typed: str) -> list[str]:
        """Whoever these words may mean."""
        for names in (self.where, self.people):
            if exact := [key for key, name in names.items() if fold(name) == fold(typed)]:
                return exact
        known = {name.name for name in mentioned(typed, list(dict.fromkeys(self.people.values())))}
        found = [key for key, name in self.people.items() if name in known]
        surname = _TITLED.fullmatch(typed)
        if surname and not found:
            begin = surname["surname"]
            return [key for key, name in self.people.items() if name.startswith(begin)]
        return found

    def unknown(self, typed: str) -> str:
        """What words say that name nobody of them. Raises `Unclear`."""
        raise Unclear(t("handover.not_in_charge", name=typed[:20]))


@dataclass(frozen=True, slots=True)
class Successor(OfStaff):
    """Who takes over; whoever is on no roster, by the full name."""

    holder: str = ""
    taken: Mapping[str, str] = field(default_factory=dict)
    role: str = ""

    def choices(self, asked: Asked) -> Rows:
        free = [key for key in self.people if key not in self.taken]
        return rows_of([Choice(key, self.where[key]) for key in free[:OFFERED]], 1)

    def parse(self, answer: Answer, asked: Asked) -> str:
        if (answer.press or "").startswith(NEW):
            return str(answer.press)
        if answer.text == self.holder not in self.people.values():
            raise Unclear(t("handover.same_one", name=self.holder))
        found = OfStaff.parse(self, answer, asked)
        if found in self.taken:
            has = {"name": self.people[found], "role": self.role, "unit": self.taken[found]}
            raise Unclear(t("handover.has_another", **has))
        return found

    def unknown(self, typed: str) -> str:
        if _same(typed, self.holder):
            raise Unclear(t("handover.same_one", name=self.holder))
        if _TITLED.fullmatch(typed):
            raise Unclear(t("handover.full_name", typed=typed))
        if _NAME.fullmatch(typed) is None or _NOBODY.fullmatch(typed):
            raise Unclear(t("handover.no_name", typed=typed[:20]))
        return NEW + typed


def _same(typed: str, name: str) -> bool:
    """Whether words are this name, as one writes it."""
    found = mentioned(typed, [name])
    return any(typed[one.start : one.end] == typed for one in found) and not _TITLED.fullmatch(
        typed
    )


_TITLED: Final = re.compile("(?P<surname>[一-鿿]{1,2})(?:老师|教授|主任|校长|院长|导师|博士)")
_TITLE_AFTER: Final = re.compile("(?<=[一-鿿·]{3})(?:老师|教授|主任|校长|院长|导师|博士)$")
"""Behind a name in full: of 李老师 only the surname is said."""
_NOBODY: Final = re.compile(
    "别人|他人|其他人|别的人|另一位|另一个人|新人|某人|(?i:somebody|someone)( else)?"
)
_NAME: Final = re.compile(r"[一-鿿·]{2,12}|[A-Za-z][A-Za-z .'’-]{1,58}")


def successors(me: HandoverSeen) -> Successor:
    return Successor(me.people, me.where, me.holder, me.taken, me.role)


async def hand_over(chat: Chat, me: HandoverSeen) -> HandoverMade | None:
    """Ask who takes over and from when, and once more before it is arranged."""
    who = await chat.ask(
        "successor",
        successors(me),
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
    new, at_once = who.startswith(NEW), first <= chat.today
    sure, do = sure_words(me, name, first, new=new, at_once=at_once)
    if not await chat.sure(Choice("yes", do, weight="primary"), sure):
        return None
    return HandoverMade(successor=who, first=first)


def sure_words(
    me: HandoverSeen, name: str, first: date, *, new: bool, at_once: bool
) -> tuple[Text, Text]:
    """What is said before a handover is arranged, and of the button that does it."""
    told = {"old": me.holder, "new": name, "place": me.place, "day": first}
    sure = "handover.sure_now" if at_once else "handover.sure_new" if new else "handover.sure"
    do = "handover.arrange_new" if new else "handover.arrange"
    words = t(
        sure,
        goes=t("handover.goes_along", count=me.students) if me.students else "",
        registers=t("handover.registers", new=name) if new else "",
        helps=t("handover.helps", **told) if me.helps else "",
        count=me.seen,
        days=handovers.BACK.days,
        **told,
    )
    return words, t("handover.do_now" if at_once else do, new=name)


def _next_month(today: date) -> date:
    return (today.replace(day=1) + DAY * 32).replace(day=1)


def load(scene: Scene, args: Mapping[str, Any]) -> HandoverSeen:
    return seen_of(scene, handovers.to_arrange(scene.session, scene.actor, args["place"]))


def seen_of(scene: Scene, member: Member) -> HandoverSeen:
    """What is told of a place that is to be handed over."""
    db = scene.session
    found = handovers.candidates(db, scene.actor, member)
    students: list[Member] = []
    if member.membership.role in REVIEWERS:
        students = roster.students_of_mentor(db, member.membership)
    seen, helps = handovers.seen_from(db, member)
    return HandoverSeen(
        place_id=member.id,
        place=scene.words(handovers.place_words(db, member)),
        holder=member.person.name,
        people={str(one.person.id): one.person.name for one in found},
        where={str(one.person.id): scene.words(described(one)) for one in found},
        earliest=handovers.first_possible(scene.actor, member),
        students=len(students),
        seen=len(seen),
        helps=helps,
        taken={str(person): unit for person, unit in handovers.taken(db, member).items()},
        role=scene.words(t(f"role.{member.membership.role}")),
    )


def described(member: Member) -> Text:
    """Somebody of the staff, with what they are now, or were."""
    role = t(f"role.{member.membership.role}")
    unit = t("watch.of_unit", unit=member.unit_name) if member.unit_name else ""
    who = t("watch.somebody", name=member.person.name, role=role, unit=unit)
    return t("handover.former", who=who) if member.membership.ended_at else who


def finish(scene: Scene, me: HandoverSeen, made: HandoverMade) -> None:
    new = made.successor.startswith(NEW)
    successor = made.successor.removeprefix(NEW)
    row = handovers.arrange(
        scene.session,
        scene.actor,
        me.place_id,
        successor if new else int(successor),
        made.first,
    )
    name = successor if new else me.people[successor]
    told = {"old": me.holder, "new": name, "place": me.place, "day": made.first}
    if row.done_at is not None:
        words = t("handover.arranged_now", days=handovers.BACK.days, **told)
        back = (_withdrawal(handovers.told(scene.session, row)),)
        scene.say(Message(words, (back, (TO_LIST, TO_MENU)), title=t("handover.title")))
        return
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
        (_withdrawal(one),) for one in shown if handovers.may_be_withdrawn(one.handover, scene.now)
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


def _withdrawal(one: Handed) -> Choice:
    """The button that withdraws a handover, or takes it back."""
    key = "handover.withdraw" if one.state == "to_come" else "handover.give_back"
    words = t(key, old=one.member.person.name, new=one.successor)
    return Choice(press("withdraw_handover", one.handover.id or 0), words, weight="danger")


def begin(scene: Scene, args: Sequence[str]) -> None:
    """Hand over the place that a button names; else ask which."""
    if args:
        _begin_of(scene, number(args), "")
    else:
        scene.begin("which_place", {"words": "", "of": []}, anew=True)


def _begin_of(scene: Scene, place_id: int, words: str) -> None:
    """Begin to hand over a place, with what a sentence says of it; a place that is handed over
    already is said to be."""
    db = scene.session
    member = handovers.place_for(db, scene.actor, place_id)
    if coming := handovers.to_come(db, place_id):
        way = (_withdrawal(handovers.told(db, coming)),)
        said_so = handovers.already(db, coming)
        scene.say(Message(said_so, (way, (TO_LIST, TO_MENU)), title=t("handover.title")))
        return
    given = {}
    if (typed := _taking_over(words)) and (who := understood(scene, member, typed[0])):
        given["successor"] = who
    if day := first_day(words, scene.now):
        given["first"] = Answer(press=day[0].isoformat())
    scene.begin("hand_over", {"place": place_id}, given, anew=True)


# ---------------------------------------------------------------- which place


class PlacesSeen(BaseModel):
    """What is told of the places that can be handed over, and what was said of one of them."""

    model_config = ConfigDict(frozen=True)

    people: InOrder[str]
    """Whose they are, by place."""
    where: InOrder[str]
    words: str = ""


class PlaceChosen(BaseModel):
    """Whose place it is."""

    model_config = ConfigDict(frozen=True)

    place: int


async def which_place(chat: Chat, me: PlacesSeen) -> PlaceChosen:
    """Ask whose place is handed over."""
    place = await chat.ask("place", OfStaff(me.people, me.where), t("handover.which_place"))
    return PlaceChosen(place=int(place))


def load_places(scene: Scene, args: Mapping[str, Any]) -> PlacesSeen:
    found = handovers.places(scene.session, scene.actor)
    if of := args["of"]:
        found = [one for one in found if one.id in of]
    where = {
        str(one.id): scene.words(
            t(
                "handover.whose",
                name=one.person.name,
                place=handovers.place_words(scene.session, one),
            )
        )
        for one in found
    }
    people = {str(one.id): one.person.name for one in found}
    return PlacesSeen(people=people, where=where, words=args["words"])


def finish_places(scene: Scene, me: PlacesSeen, chosen: PlaceChosen) -> None:
    _begin_of(scene, chosen.place, me.words)


def withdraw(scene: Scene, args: Sequence[str]) -> None:
    """Withdraw a handover before its day."""
    one = handovers.withdraw(scene.session, scene.actor, number(args))
    told = handovers.told(scene.session, one)
    key = "handover.withdrawn" if told.state == "withdrawn" else "handover.given_back"
    words = t(key, old=told.member.person.name, new=told.successor)
    scene.say(Message(words, ((TO_LIST, TO_MENU),)))


# ---------------------------------------------------------------- said in a sentence


def hear(scene: Scene, affair: Affair) -> bool:
    """从12月1日起由李老师接任, 王建国12月1日起由李青接替: for an office.

    Whoever is named must be in the speaker's charge; nobody else's place is ever meant for theirs.
    """
    if not grants_of(scene.session, scene.actor.person_id, "hand_over"):
        return False
    words = affair.about
    found = handovers.places(scene.session, scene.actor)
    rest = fold(words)
    for start, end in sorted(_told_apart(words, scene.now), reverse=True):
        rest = f"{rest[:start]} {rest[end:]}"
    named = mentioned(rest, [one.person.name for one in found])
    of = [one for one in found if one.person.name in {name.name for name in named}]
    close = any(_only_like(rest[one.start : one.end], one.name) for one in named)
    if not named:
        left = [one for one in _FILLS.sub(" ", rest).split() if not _OWN.search(one)]
        stranger = " ".join(left)
        if _STRANGER.fullmatch(stranger):
            unknown = t("handover.not_in_charge", name=stranger)
            raise Refused(unknown, verb="hand_over", object="membership")
        if not left:
            of = [one for one in found if one.person.id == scene.actor.person_id]
    if len(of) == 1 and not close:
        _begin_of(scene, of[0].id, words)
    else:
        ask = {"words": words, "of": [one.id for one in of]}
        scene.begin("which_place", ask, anew=True)
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


def _only_like(spoken: str, name: str) -> bool:
    """Whether a Chinese name was only said like this one: 薛静怡 for 薛静宜."""
    heard = spoken[: len(name)]
    return len(spoken) >= len(name) and heard != name and not _TITLED.fullmatch(spoken)


def _told_apart(words: str, now: datetime) -> list[tuple[int, int]]:
    """Where a sentence names the successor and the first day."""
    found = []
    if successor := _taking_over(words):
        found.append(successor[1])
    if day := first_day(words, now):
        found.append(day[1])
    return found


def _taking_over(words: str) -> tuple[str, tuple[int, int]] | None:
    """Who takes over, as a sentence calls them, and where it does."""
    for way in _TAKES_OVER:
        if one := way.search(words):
            return one["who"], one.span("who")
    return None


def first_day(words: str, now: datetime) -> tuple[date, tuple[int, int]] | None:
    """The day from which somebody takes over, as a sentence names it, and where; a day to come."""
    here = now.astimezone(BEIJING)
    for end in (one.start() for one in _DAY_ENDS.finditer(words)):
        for start in range(max(0, end - MOST_SIGNS), end):
            if day := coming_day(words[start:end], here, here.date()):
                return day, (start, end)
    return None


_DAY_ENDS: Final = re.compile("起|开始|由|,|，|$")
MOST_SIGNS: Final = 12
"""Signs that name a day."""


def understood(scene: Scene, place: Member, successor: str) -> Answer | None:
    """A successor as the talk's question understands them; `None` if it is to be asked. Raises
    `Refused` for whoever has the place."""
    me = load(scene, {"place": place.id})
    own = str(scene.actor.person_id)
    if _OWN.fullmatch(successor):
        if place.person.id != scene.actor.person_id:
            return Answer(text=successor, press=own) if own in me.people else None
        successor = me.holder
    try:
        found = successors(me).parse(Answer(text=successor), Asked(scene.now, scene.language))
    except Unclear as unclear:
        if unclear.words.key in ("handover.same_one", "handover.has_another"):
            raise Refused(unclear.words, verb="hand_over", object="membership") from None
        return None
    return Answer(text=successor, press=found)


_WHO: Final = "(?P<who>我|本人|\\bme\\b|[一-鿿·]{2,8}?|[A-Za-z][A-Za-z .]{1,40}?)"
_TAKES_OVER: Final = (
    re.compile(rf"(?:由|让|请|换成|改由|换){_WHO}来?(?:接任|接替|接手|接管|接|担任|负责|$)"),
    re.compile(rf"(?:交接给|交给|移交给|转给|转交给){_WHO}(?:$|[,，。.;；接负管来])"),
    re.compile(rf"(?:起|开始|[,，]|^|日|号){_WHO}(?:来)?(?:接任|接替|接手|接管)"),
    re.compile(rf"(?:hand(?:ed)? over to|taken over by) {_WHO}(?:$| from| on|[,.])", re.I),
)
_OWN: Final = re.compile("我|本人|自己|(?i:\\b(?:I|me|my|mine)\\b)")
_FILLS: Final = re.compile(
    "(?:我[想要](?=[让由把将请交安换])|[帮给]我)|从|自|起|开始|由|[改]?换成?|让|请|麻烦|帮忙|[交移转]+[接交]?给|交接|安排|把|将"
    "|[来]?(?:接任|接替|接手|接管|担任|负责)|这个|一下|的|岗位|位置|职务|工作|学生|[吧了]"
    "|老师|教授|主任|校长|院长|导师|博士|同志|[^一-鿿·A-Za-z]"
    r"|\b(?i:is|are|be|will|to|taken|takes?|over|by|from|on|hand(?:ed|s)?|please|the|places?"
    r"|of|post|position|job|work|starting|s)\b"
)
"""What stands around the names in such a sentence."""
_STRANGER: Final = re.compile(r"[一-鿿]{2,4}|[一-鿿]+·[一-鿿·]+|[A-Za-z][A-Za-z .'’-]{1,40}")
"""What is left of such a sentence, if it can only be a name."""

TO_LIST: Final = Choice(press("handovers"), t("command.handovers.label"))

FLOW: Final = Flow(
    name="hand_over",
    title=t("handover.title"),
    talk=hand_over,
    about=HandoverSeen,
    load=load,
    finish=finish,
)
WHICH: Final = Flow(
    name="which_place",
    title=t("handover.title"),
    talk=which_place,
    about=PlacesSeen,
    load=load_places,
    finish=finish_places,
)
COMMANDS: Final[dict[str, Act]] = {"handovers": listing}
ACTS: Final[dict[str, Act]] = {"hand_over": begin, "withdraw_handover": withdraw}

__all__ = ["ACTS", "COMMANDS", "FLOW", "WHICH", "HandoverSeen", "PlacesSeen", "hear"]
