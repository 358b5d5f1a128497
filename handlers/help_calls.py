"""求助: two taps to an adult outside the mentor's line.

Nothing of it stands in the chat's history, no question is heard in it, and no model sees it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from answers import alarmed
from bot.scene import TO_MENU, Act, Flow, Scene, number
from bot.talk.conversation import Chat
from bot.talk.inputs import Free
from bot.talk.message import Choice, Field, Message, are_sealed, press
from handlers.speaker import learner
from language.affairs import Affair
from language.names import mentioned
from language.replies import is_taken_back
from prompts import Lines, Text, Words, t
from services import help_calls, roster
from services.access import learner_at
from services.entities import HelpStepKind
from services.help_calls import Adult, Call
from services.joining import WEB
from services.rights import ROLES

CARD: Final = "help"
MOST_CALLS: Final = 3
SURE: Final = "sure"
ENOUGH: Final = "enough"
LISTENS: Final = timedelta(hours=1)
"""For so long what is typed after words that were sent is more of them."""
SEEK: Final = Choice(press("seek_help"), t("seeking.tell_an_adult"), weight="primary")
"""The way here from an answer to a cry for help."""
LONGEST_NAMING: Final = 20
"""Characters of words that say whom to ask."""
_AGAIN: Final = Choice(press("seek_help"), t("seeking.somebody_else"))
OWN_CALLS: Final = Choice(press("own_calls"), t("seeking.own_calls"), weight="quiet")


def sealed(scene: Scene, message: Message) -> None:
    """Say something that no history shows. A form is put down for the while, so that its question
    does not come below, and what is typed next is no answer to it."""
    scene.secret = True
    talk = scene.park()
    rows = message.rows
    if talk is not None and talk.flow not in help_calls.SEALED:
        rows = (*rows, (Choice(press("resume", talk.id), t("talk.go_on")),))
    scene.say(message._replace(rows=rows, sealed=True))


def stays(*, on_web: bool) -> Text:
    """What stays on the screen: the web chat shows it until it is opened anew, another messenger
    keeps what was typed."""
    return t("seeking.stays_here" if on_web else "seeking.stays_there")


def is_on_web(scene: Scene) -> bool:
    return scene.speaker.platform == WEB


def _remark(*, on_web: bool) -> Text:
    """Stands under what a learner has done."""
    return t("ask.parts", parts=Lines([t("seeking.helplines"), stays(on_web=on_web)]))


# ---------------------------------------------------------------- the learner


def heard(scene: Scene, _affair: Affair) -> bool:
    """我需要帮助, 有人欺负我: for learners; others are answered with where there is help."""
    if learner(scene) is None:
        return False
    seek(scene, ())
    return True


def asked_of_me(scene: Scene, _affair: Affair) -> bool:
    """有学生请您联系: as the menu's button; where nobody has asked, the same with no names."""
    if learner(scene) is not None:
        return False
    seek(scene, ())
    return True


def seek(scene: Scene, _args: Sequence[str]) -> None:
    """Say who can be told, what happens, who sees it, and where there is help at once."""
    me = learner(scene) if scene.speaker.person_id is not None else None
    if me is None:
        _of_others(scene)
        return
    found = help_calls.adults(scene.session, me.id)
    if scene.withheld:
        _in_person(scene, found)
        return
    here = [one for one in found if one.reachable]
    rows = [(_ask(one),) for one in here]
    away = [_described(one) for one in found if not one.reachable]
    fields = []
    if here:
        fields = [
            Field(t("seeking.whom"), t("field.list", items=list(map(_described, here)))),
            Field(t("seeking.who_sees"), t("seeking.who_sees_is")),
            Field(t("seeking.who_not"), t("seeking.who_not_is")),
        ]
    if away:
        fields.append(Field(t("seeking.in_person"), t("field.list", items=away)))
    sealed(
        scene,
        Message(
            t("seeking.lead" if here else "seeking.nobody_here"),
            (*rows, *_to_open(scene), (OWN_CALLS, TO_MENU)),
            kind="question",
            card=CARD,
            title=t("seeking.title"),
            fields=tuple(fields),
            note=t("seeking.helplines"),
        ),
    )


def hear_below(scene: Scene, words: str) -> bool:
    """Hear what is typed below a card that no history shows: whom to ask, 收回, or that it is
    nothing. Returns whether it was one of these."""
    if not are_sealed(scene.speaker.offered):
        return False
    plain = words.replace(" ", "")
    if any(plain == label.replace(" ", "") for label, *_ in scene.speaker.offered):
        return False  # a button's words do what the button does
    pressed = [value for _, value, *_ in scene.speaker.offered]
    if (asked := _named(scene, words, pressed)) is not None:
        ask = replace(_ask(asked), weight="primary")
        sealed(scene, Message(t("seeking.this_one", name=asked.name), ((ask,), (_AGAIN, TO_MENU))))
        return True
    taken_back = press("take_back_call")
    if is_taken_back(words):
        for value in pressed:
            if value.startswith(taken_back):
                take_back(scene, [value.rpartition(":")[2]])
                return True
    return False


def _named(scene: Scene, words: str, pressed: Sequence[str]) -> Adult | None:
    """The adult whom these words name, of those who can be asked below the card."""
    me = learner(scene)
    found = help_calls.adults(scene.session, me.id) if me is not None else ()
    here = {one.name: one for one in found if press("tell_adult", one.person_id) in pressed}
    named = {one.name for one in mentioned(words[:LONGEST_NAMING], list(here))}
    return here[named.pop()] if len(named) == 1 and len(words) <= LONGEST_NAMING else None


def _ask(one: Adult) -> Choice:
    return Choice(press("tell_adult", one.person_id), t("seeking.ask", name=one.name))


def awaited(scene: Scene) -> Choice | None:
    """The way in the menu to the calls that wait for whoever speaks; `None` if there are none."""
    if scene.speaker.person_id is None:
        return None
    count = len(help_calls.waiting(scene.session, scene.actor))
    if not count:
        return None
    return Choice(press("seek_help"), t("seeking.awaited", count=count), weight="primary")


def _of_others(scene: Scene) -> None:
    """Show somebody who is no learner the calls that wait for them, and where there is help."""
    rows = _to_open(scene) if scene.speaker.person_id is not None else []
    words = t("seeking.wait_for_you" if rows else "seeking.only_helplines")
    sealed(scene, Message(words, (*rows, (TO_MENU,)), note=t("seeking.helplines")))


def _to_open(scene: Scene) -> list[tuple[Choice, ...]]:
    """The buttons of the calls that wait for the speaker. A learner too may be an adult to another
    one."""
    return [
        (Choice(press("open_call", one.id), t("seeking.open_of", at=one.told.at)),)
        for one in help_calls.waiting(scene.session, scene.actor)
    ]


def _in_person(scene: Scene, found: Sequence[Adult]) -> None:
    """Before a guardian's consent nothing is kept: name the adults, and say why."""
    names = Field(t("seeking.in_person"), t("field.list", items=list(map(_described, found))))
    sealed(
        scene,
        Message(
            t("seeking.before_consent"),
            ((TO_MENU,),),
            title=t("seeking.title"),
            fields=(names,) if found else (),
            note=t("seeking.helplines"),
        ),
    )


def to_go_to(scene: Scene, learners: Sequence[int]) -> tuple[Field, ...]:
    """The adults outside the mentor's line whom a guardian of these learners can go to."""
    found = {one.person_id: one for each in learners for one in _adults(scene, each)}
    if not found:
        return ()
    names = list(map(_described, found.values()))
    return (Field(t("seeking.in_person"), t("field.list", items=names)),)


def _adults(scene: Scene, learner_id: int) -> Sequence[Adult]:
    me = scene.actor.person_id
    return [one for one in help_calls.adults(scene.session, learner_id) if one.person_id != me]


def _described(one: Adult) -> Text:
    role = t(f"role.{ROLES[one.relation][0]}")
    return t("seeking.adult", name=one.name, role=role, unit=one.unit or role)


def tell(scene: Scene, args: Sequence[str]) -> None:
    """Ask the adult on the button to get in touch, at once."""
    scene.secret = True
    if scene.withheld:
        seek(scene, ())
        return
    adult = number(args)
    call = help_calls.ask(scene.session, scene.actor, adult)
    if call is None:
        _not_reached(scene)
        return
    name = help_calls.names_of(scene.session, call)[adult]
    sealed(
        scene,
        Message(
            t("seeking.sent", name=name),
            (*_ways(scene, call), (OWN_CALLS, TO_MENU)),
            kind="question",
            card=CARD,
            title=t("seeking.sent_title", name=name),
            note=_remark(on_web=is_on_web(scene)),
        ),
    )


def _not_reached(scene: Scene) -> None:
    again = Choice(press("seek_help"), t("seeking.somebody_else"), weight="primary")
    words = t("seeking.not_reached")
    sealed(scene, Message(words, ((again,), (TO_MENU,)), note=t("seeking.helplines")))


def tell_next(scene: Scene, args: Sequence[str]) -> None:
    """Agree that another adult is told if nobody looks for a day."""
    scene.secret = True
    call = help_calls.agree(scene.session, scene.actor, number(args), number(args, 1))
    _show(scene, [call])


def own_calls(scene: Scene, args: Sequence[str]) -> None:
    """Show what became of the speaker's calls, each by itself, or of one."""
    scene.secret = True
    if args:
        _show(scene, [help_calls.own_call(scene.session, scene.actor, number(args))])
        return
    _show(scene, help_calls.of_learner(scene.session, scene.actor)[:MOST_CALLS])


def _show(scene: Scene, calls: Sequence[Call], said: Text | None = None) -> None:
    rows = [row for call in calls[:1] for row in _ways(scene, call)]
    rows += [
        (Choice(press("own_calls", call.id), t("seeking.that_of", at=call.steps[0].at)),)
        for call in calls[1:]
        if not call.ended
    ]
    sealed(
        scene,
        Message(
            said or t("seeking.these" if calls else "seeking.none"),
            (*rows, (_AGAIN, TO_MENU)),
            kind="question",
            card=CARD,
            title=t("seeking.own_calls"),
            fields=tuple(_told_of(scene, call) for call in calls),
            note=_remark(on_web=is_on_web(scene)),
        ),
    )


def _told_of(scene: Scene, call: Call) -> Field:
    """A call as a field: whom it went to and when, and each step of it."""
    to = help_calls.names_of(scene.session, call)[call.adult]
    label = t("seeking.call_to", name=to)
    return Field(label, t("ask.parts", parts=Lines(_lines(scene, call))))


def _lines(scene: Scene, call: Call) -> list[Text]:
    """What happened, a line a step; each adult's reading once."""
    names = help_calls.names_of(scene.session, call)
    read: set[int | None] = set()
    lines: list[Text] = []
    for step in call.steps:
        if step.kind is HelpStepKind.OPENED:
            if step.person_id in read:
                continue
            read.add(step.person_id)
        name = names.get(step.person_id or 0, "")
        lines.append(t(f"seeking.step.{step.kind}", name=name, at=step.at))
    return lines


def _ways(scene: Scene, call: Call) -> list[tuple[Choice, ...]]:
    """What a learner can do about an open call: add words, or agree whom to tell next."""
    if call.ended or scene.withheld:
        return []
    more = "seeking.say_more" if call.words else "seeking.say"
    rows: list[tuple[Choice, ...]] = [(Choice(press("say_more", call.id), t(more)),)]
    another = None if call.next else help_calls.next_for(scene.session, call)
    if another is not None:
        way = press("tell_next", call.id, another.person_id)
        gone = help_calls.is_gone(scene.session, call)
        label = t("seeking.tell_now" if gone else "seeking.tell_next", name=another.name)
        rows.append((Choice(way, label),))
    back = Choice(press("take_back_call", call.id), t("seeking.take_back"), weight="quiet")
    return [*rows, (back,)]


def take_back(scene: Scene, args: Sequence[str]) -> None:
    """收回: take a call back that was made by mistake, or is not wanted any more."""
    scene.secret = True
    call = help_calls.take_back(scene.session, scene.actor, number(args))
    _show(scene, [call], t("seeking.taken_back") if call.taken_back else None)


# ---------------------------------------------------------------- the learner's words


class SaySeen(BaseModel):
    """The call, and who reads what is added to it."""

    model_config = ConfigDict(frozen=True)

    call: int
    adult: str
    more: bool = False
    """Words were added just now, and these are further ones."""
    since: datetime | None = None
    """When it was asked."""
    on_web: bool = False


async def say(chat: Chat, me: SaySeen) -> str:
    """Ask for words, as many or as few as the learner likes."""
    asked: Text | Message = t("seeking.say_what", name=me.adult)
    if me.more:
        asked = Message(t("seeking.said_more", name=me.adult), note=_remark(on_web=me.on_web))
    ends = [Choice(ENOUGH, t("seeking.enough"))] if me.more else []
    kind = Free(options=ends, most=help_calls.LONGEST, questions=True, courtesies=True)
    said: str = await chat.ask("words", kind, asked)
    return said


def load_say(scene: Scene, args: Mapping[str, Any]) -> SaySeen:
    call = help_calls.own_call(scene.session, scene.actor, args["call"], "ask_for_help")
    adult = help_calls.names_of(scene.session, call)[call.adult]
    return SaySeen(
        call=call.id,
        adult=adult,
        more=bool(args.get("more")),
        since=scene.now,
        on_web=is_on_web(scene),
    )


def finish_say(scene: Scene, me: SaySeen, words: str) -> None:
    """Send the words, and go on to listen for further ones for a while: what is typed below is
    meant for the same adult, and what is typed much later may be meant for nobody."""
    if me.more and words == ENOUGH:
        own_calls(scene, [str(me.call)])
        return
    if me.more and me.since and scene.now - me.since > LISTENS:
        again = Choice(press("say_more", me.call), t("seeking.say_more"), weight="primary")
        ways = ((again,), (OWN_CALLS, TO_MENU))
        sealed(
            scene,
            Message(
                t("seeking.too_late", name=me.adult), ways, note=_remark(on_web=is_on_web(scene))
            ),
        )
        return
    call = help_calls.add_words(scene.session, scene.actor, me.call, words)
    if call is None:
        _not_reached(scene)
        return
    if help_ := alarmed(words):
        # The adult may not look at once.
        sealed(scene, Message(help_))
    scene.begin(help_calls.FLOW, {"call": call.id, "more": True}, anew=True)


def say_more(scene: Scene, args: Sequence[str]) -> None:
    scene.secret = True
    scene.begin(help_calls.FLOW, {"call": number(args)}, anew=True)


# ---------------------------------------------------------------- the adult


def open_call(scene: Scene, args: Sequence[str]) -> None:
    """Show an adult who asks, and what they wrote. That it was read is kept, and told."""
    call, asker = help_calls.open_call(scene.session, scene.actor, number(args))
    member = roster.find_member(scene.session, asker.id)
    written: list[Words] = [
        t("seeking.wrote", at=step.at, words=step.words) for step in call.words
    ]
    place = t("seeking.place", unit=member.unit_name, grade=_grade(asker.grade))
    fields = (
        Field(t("seeking.asker"), asker.name),
        Field(t("seeking.of"), place),
        Field(t("seeking.when"), t("seeking.at", at=call.steps[0].at)),
        Field(t("seeking.words"), _written(written)),
    )
    closed = call.ended
    told = t("seeking.closed_already") if closed else t("seeking.please")
    if call.taken_back:
        told = t("seeking.taken_back_already")
    done = Choice(press("close_call", call.id), t("seeking.close"), weight="primary")
    sealed(
        scene,
        Message(
            told,
            ((TO_MENU,),) if closed else ((done,), (TO_MENU,)),
            title=t("seeking.asks_you", name=asker.name),
            fields=fields,
            note=t("seeking.only_you"),
        ),
    )


def _grade(grade: str) -> Words:
    return t(f"programme.grade.{grade}") if grade else ""


def _written(lines: Sequence[Words]) -> Words:
    return t("ask.parts", parts=Lines(lines)) if lines else t("seeking.no_words")


def close_call(scene: Scene, args: Sequence[str]) -> None:
    """我已联系: close a call that one has read, once that is confirmed; the learner is told."""
    call = help_calls.to_close(scene.session, scene.actor, number(args))
    if SURE not in args and not call.ended:
        name = learner_at(scene.session, call.learner_id).name
        yes = Choice(press("close_call", call.id, SURE), t("seeking.close_sure"), weight="primary")
        not_yet = Choice(press("open_call", call.id), t("seeking.not_yet"), weight="quiet")
        sealed(scene, Message(t("seeking.close_really", name=name), ((yes,), (not_yet,))))
        return
    help_calls.close(scene.session, scene.actor, call.id)
    sealed(scene, Message(t("seeking.thanks"), ((TO_MENU,),)))


FLOWS: Final = [
    Flow(
        name=help_calls.FLOW,
        title=t("seeking.title"),
        talk=say,
        about=SaySeen,
        load=load_say,
        finish=finish_say,
        home=lambda _about: lambda scene: own_calls(scene, ()),
        sealed=True,
    )
]
COMMANDS: Final[dict[str, Act]] = {"seek_help": seek, "own_calls": own_calls}
ACTS: Final[dict[str, Act]] = {
    "tell_adult": tell,
    "tell_next": tell_next,
    "say_more": say_more,
    "take_back_call": take_back,
    "open_call": open_call,
    "close_call": close_call,
}

__all__ = ["ACTS", "COMMANDS", "FLOWS", "SEEK", "SaySeen", "heard"]
