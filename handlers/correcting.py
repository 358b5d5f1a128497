"""更正: an office corrects the name or birth date of somebody on its roster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.scene import TO_MENU, Act, Flow, Scene, number
from bot.talk.conversation import Chat
from bot.talk.inputs import Answer, Asked, Day, Free, Pick, Rows
from bot.talk.message import Choice, Item, Message, press
from handlers import mydata
from handlers.pages import on_record
from handlers.speaker import learner
from language.affairs import Affair
from language.days import parse_moment
from language.replies import mended, personal_field
from prompts import BEIJING, t
from services import inquiries, notices, roster
from services.access import allow, grants_of

NAME: Final = "name"
BORN: Final = "born"
MOST_NAME: Final = 30
MOST: Final = 8
"""People who are offered where words name several."""


class CorrectingSeen(BaseModel):
    """Whose data are corrected, and the request for it, if there was one."""

    model_config = ConfigDict(frozen=True)

    place_id: int
    name: str
    born: date | None = None
    inquiry: int | None = None
    asked: str = ""
    """The words of the request."""


class Corrected(BaseModel):
    """The result of the talk: one of the two."""

    model_config = ConfigDict(frozen=True)

    name: str = ""
    born: date | None = None


@dataclass(frozen=True, slots=True)
class BirthDate(Day):
    """A day long ago: typed."""

    def choices(self, asked: Asked) -> Rows:
        return []


async def correct(chat: Chat, me: CorrectingSeen) -> Corrected | None:
    """Ask which of them is wrong and what is right, and once more with both side by side."""
    which = Pick(
        [Choice(NAME, t("correcting.name")), Choice(BORN, t("correcting.born"))],
    )
    asked = t("correcting.which_asked", name=me.name, words=me.asked)
    words = asked if me.asked else t("correcting.which", name=me.name)
    if await chat.ask("field", which, words) == NAME:
        name = await chat.ask("name", Free(2, MOST_NAME), t("correcting.right_name", old=me.name))
        told, made = t("correcting.sure_name", old=me.name, new=name), Corrected(name=name)
    else:
        old = t("field.day_only", day=me.born) if me.born else t("mydata.unknown")
        kind = BirthDate(date(1920, 1, 1), chat.today)
        born = (await chat.ask("born", kind, t("correcting.right_born", name=me.name))).day
        told = t("correcting.sure_born", name=me.name, old=old, new=t("field.day_only", day=born))
        made = Corrected(born=born)
    yes = Choice("yes", t("correcting.yes"), weight="primary")
    return made if await chat.sure(yes, told) else None


def load(scene: Scene, args: Mapping[str, Any]) -> CorrectingSeen:
    """Raises `Refused` for whoever may not correct this person's data."""
    allow(scene.session, scene.actor, roster.CORRECT, args["place"])
    person = roster.find_member(scene.session, args["place"]).person
    told: dict[str, Any] = {}
    if (asked := args.get("inquiry")) is not None:
        group = inquiries.group_of(scene.session, scene.actor, asked, "read_question")
        told = {"inquiry": asked, "asked": group.questions[0].words}
    return CorrectingSeen(place_id=args["place"], name=person.name, born=person.birth_date, **told)


def finish(scene: Scene, me: CorrectingSeen, made: Corrected) -> None:
    member = roster.correct_member(scene.session, scene.actor, me.place_id, made.name, made.born)
    told = t("correcting.done", name=member.person.name)
    rows: list[tuple[Choice, ...]] = [
        (Choice(press("questions"), t("command.questions.label")), TO_MENU)
    ]
    if me.inquiry is None:
        whom = member.person.id or 0
        notice = t("correcting.was_corrected", field=t(f"correcting.{made_of(made)}"))
        key = f"corrected:{me.place_id}:{scene.now.isoformat()}"
        notices.tell(scene.session, scene.actor, whom, Message(notice, ((TO_MENU,),)), key)
        rows = [(TO_MENU,)]
    else:
        inquiries.corrected(scene.session, scene.actor, me.inquiry)
        told = t("correcting.done_and_told", name=member.person.name)
    scene.say(Message(told, tuple(rows)))


def made_of(made: Corrected) -> str:
    return NAME if made.name else BORN


# ---------------------------------------------------------------- the ways in


def begin(scene: Scene, args: Sequence[str]) -> None:
    """更正: of whom a button names, perhaps as a request has it."""
    about = {"place": number(args)}
    given: dict[str, Answer] = {}
    if len(args) > 1:
        about["inquiry"] = number(args, 1)
        group = inquiries.group_of(scene.session, scene.actor, about["inquiry"], "read_question")
        given = of_request(group.questions[0].words, scene.now)
    scene.begin("correct_person", about, given, anew=True)


def hear(scene: Scene, affair: Affair) -> bool:
    """把李沐辰的姓名改成李沐晨, 更正姓名, 怎么改学生的名字: an office begins; whoever speaks of
    their own data asks the office."""
    db = scene.session
    words = affair.about
    if not grants_of(db, scene.actor.person_id, roster.CORRECT):
        if learner(scene) is None:
            mydata.mydata(scene, ())
        else:
            mydata.correct(scene, ())
        return True
    found = roster.to_correct(db, scene.actor, words=words)
    if len(found) != 1:
        of = [item(one) for one in found[:MOST]]
        on_record(scene, [one.id for one in found[:MOST]])
        key = "correcting.which_of_them" if found else "correcting.of_whom"
        scene.say(Message(t(key), ((TO_MENU,),), items=tuple(of), kind="question"))
        return True
    given = understood(affair.about, affair.to, scene.now)
    scene.begin("correct_person", {"place": found[0].id}, given, anew=True)
    return True


def item(one: roster.Member) -> Item:
    """Somebody who can be corrected, as a row."""
    role = t(f"role.{one.membership.role}")
    return Item(one.person.name, press("correct_person", one.id), role)


def understood(about: str, to: str, now: datetime) -> dict[str, Answer]:
    """The answers that words give: what is wrong, and what is right."""
    field = personal_field(about)
    given = {"field": Answer(press=field)} if field else {}
    value = to.strip(" 「」“”\"'")
    moment = parse_moment(value, now.astimezone(BEIJING)) if field == BORN else None
    if (field == NAME and MOST_NAME >= len(value) > 1) or moment:
        given[field] = Answer(text=value)
    return given


def of_request(words: str, now: datetime) -> dict[str, Answer]:
    """The same of the words of a request: 我的名字应该是李沐晨."""
    said = mended(words)
    return understood(said.about, said.right, now) if said else {}


FLOW: Final = Flow(
    name="correct_person",
    title=t("correcting.title"),
    talk=correct,
    about=CorrectingSeen,
    load=load,
    finish=finish,
)
ACTS: Final[dict[str, Act]] = {"correct_person": begin}

__all__ = ["ACTS", "FLOW", "Corrected", "CorrectingSeen", "hear"]
