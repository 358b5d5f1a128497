"""退出培养: the office checks an evaluation that ends the cultivation; the learner may object."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from bot.scene import TO_MENU, Act, Flow, Scene, number
from bot.talk.conversation import Chat, TalkFunction
from bot.talk.inputs import Free, Pick
from bot.talk.message import Choice, Field, Item, Message, Tone, press
from handlers.evaluations import read_press
from handlers.pages import page_of, tell
from handlers.speaker import in_office, named_of
from language.affairs import Affair
from prompts import Text, Words, t
from services import evaluations, exits
from services.access import learner_at
from services.entities import ExitCase, ExitState
from services.exits import TOLD

DAYS: Final = ("3", "5", "7", "10")
"""How long one may object, in days: no document says, so the office chooses."""
CARD: Final = "exit"

TONES: Final[Mapping[ExitState, Tone]] = {
    ExitState.RAISED: "waiting",
    ExitState.CONFIRMED: "waiting",
    ExitState.TOLD: "waiting",
    ExitState.OBJECTED: "bad",
    ExitState.ENDED: "neutral",
    ExitState.DROPPED: "good",
}


# ---------------------------------------------------------------- what the office reads


def listing(scene: Scene, args: Sequence[str]) -> None:
    """List the cases in which the speaker's office has still to act."""
    found = exits.open_cases(scene.session, scene.actor)
    shown, turn = page_of(found, args[:1], "exits")
    items = tuple(
        Item(
            learner_at(scene.session, case.student_id).name,
            press("exit", case.id or 0),
            t(f"exit.state_{case.state}"),
            TONES[case.state],
        )
        for case in shown
    )
    words = t("exit.which" if found else "exit.none", count=len(found))
    tell(scene, Message(words, title=t("exit.title"), items=items), turn, card=CARD)


def asked(scene: Scene, affair: Affair) -> bool:
    """学生退出怎么办: to an office, its acts and what the document says."""
    if not in_office(scene):
        return False
    named = named_of(scene, affair.about)[:1]
    pages = [(Choice(press("student", one.id), one.person.name),) for one in named]
    cases = (Choice(press("exits"), t("exit.title")),)
    scene.say(Message(t("exit.what_to_do"), (*pages, cases, (TO_MENU,)), title=t("exit.title")))
    scene.command("ask", scene.words(t("ask.topic.exit")))
    return True


def exit_case(scene: Scene, args: Sequence[str]) -> None:
    """Show a case with its steps, and what may be done now."""
    case = exits.find(scene.session, scene.actor, number(args))
    learner = learner_at(scene.session, case.student_id)
    one = evaluations.read(scene.session, scene.actor, case.evaluation_id, case.version)
    told = exits.steps(scene.session, case)
    card = Message(
        title=t("exit.card", student=learner.name),
        fields=(
            Field(t("field.state"), t(f"exit.state_{case.state}"), TONES[case.state]),
            Field(t("exit.signed_by"), one.signer),
            Field(t("evaluation.grounds_label"), one.body.grounds),
            *(
                [Field(t("exit.objections"), t("exit.until", day=case.objections_until))]
                if case.objections_until
                else []
            ),
        ),
        items=tuple(Item(exits.words_of(step, name)) for step, name in told),
        note=awaits(scene, case),
    )
    rows: list[tuple[Choice, ...]] = [
        (Choice(read_press(case.evaluation_id), t("evaluation.read")),)
    ]
    tell(scene, card, [*ways_on(scene, case), *rows], card=CARD)


def ways_on(scene: Scene, case: ExitCase) -> list[tuple[Choice, ...]]:
    """The buttons for what the reader may do now for the office."""
    number = case.id or 0
    go_on = Choice(press("keep_on", number), t("exit.keep_on"))
    if awaits(scene, case):
        return [(go_on,)]
    if case.state in (ExitState.RAISED, ExitState.CONFIRMED):
        return [(Choice(press("confirm_exit", number), t("exit.confirm"), weight="danger"), go_on)]
    if case.state in TOLD:
        return [(Choice(press("end_cultivation", number), t("exit.end"), weight="danger"), go_on)]
    return []


def awaits(scene: Scene, case: ExitCase) -> Words:
    """What has to happen before the reader can go on: somebody else's act, or a day."""
    if case.state is ExitState.CONFIRMED and exits.has_confirmed(scene.session, scene.actor, case):
        return t("exit.awaits_another")
    if exits.may_still_object(case, scene.now):
        return t("exit.awaits_day", day=case.objections_until)
    return ""


# ---------------------------------------------------------------- the talks


class CaseSeen(BaseModel):
    """The case that a talk is about."""

    model_config = ConfigDict(frozen=True)

    case_id: int
    student: str
    first: bool = False
    """Nobody has confirmed it yet."""
    clause: str = ""


class ExitWords(BaseModel):
    """What a talk about a case gives."""

    model_config = ConfigDict(frozen=True)

    reason: str
    days: int = 0


async def confirm(chat: Chat, me: CaseSeen) -> ExitWords | None:
    words = t("exit.why_confirm", student=me.student, clause=me.clause)
    reason = await chat.ask("reason", Free(least=10, most=1000), words)
    days = "0"
    if me.first:
        choices = [Choice(one, t("exit.days", count=int(one))) for one in DAYS]
        days = await chat.ask("days", Pick(choices, width=4), t("exit.how_long"))
    sure = t("exit.sure_first" if me.first else "exit.sure_second", student=me.student)
    yes = Choice("yes", t("exit.confirm"), weight="danger")
    if not await chat.sure(yes, sure):
        return None
    return ExitWords(reason=reason, days=int(days))


def asking(key: str) -> TalkFunction:
    """A talk of one question: the words or the reason."""

    async def ask(chat: Chat, me: CaseSeen) -> ExitWords:
        words = t(key, student=me.student)
        return ExitWords(reason=await chat.ask("reason", Free(least=2, most=1000), words))

    return ask


Find = Callable[[Any, Any, int], ExitCase]


def loading(find: Find) -> Callable[[Scene, Mapping[str, Any]], CaseSeen]:
    def load(scene: Scene, args: Mapping[str, Any]) -> CaseSeen:
        case = find(scene.session, scene.actor, args["case"])
        learner = learner_at(scene.session, case.student_id)
        return CaseSeen(
            case_id=args["case"],
            student=learner.name,
            first=case.state is ExitState.RAISED,
            clause=evaluations.clause_of(scene.session, case.evaluation_id),
        )

    return load


def beginning(flow: str, find: Find) -> Act:
    """A button that begins a talk about a case."""

    def begin(scene: Scene, args: Sequence[str]) -> None:
        find(scene.session, scene.actor, number(args))
        scene.begin(flow, {"case": number(args)})

    return begin


def finish_confirm(scene: Scene, me: CaseSeen, said: ExitWords) -> None:
    exits.confirm(scene.session, scene.actor, me.case_id, said.reason, said.days)
    exit_case(scene, [str(me.case_id)])


def finish_keep_on(scene: Scene, me: CaseSeen, said: ExitWords) -> None:
    case = exits.drop(scene.session, scene.actor, me.case_id, said.reason)
    evaluations.open_if_signed(scene.session, scene.actor, case.evaluation_id, said.reason)
    exit_case(scene, [str(me.case_id)])


def finish_end(scene: Scene, me: CaseSeen, said: ExitWords) -> None:
    exits.end(scene.session, scene.actor, me.case_id, said.reason)
    exit_case(scene, [str(me.case_id)])


def finish_object(scene: Scene, me: CaseSeen, said: ExitWords) -> None:
    exits.object_to(scene.session, scene.actor, me.case_id, said.reason)
    tell(scene, Message(t("exit.objected")), [], card=CARD)


def _flow(name: str, title: Text, talk: TalkFunction, find: Find, finish: Any) -> Flow:
    return Flow(
        name=name,
        title=title,
        talk=talk,
        about=CaseSeen,
        load=loading(find),
        finish=finish,
        named=lambda me: t("exit.card", student=me.student),
    )


FLOWS: Final = [
    _flow("confirm_exit", t("exit.confirm"), confirm, exits.to_confirm, finish_confirm),
    _flow("keep_on", t("exit.keep_on"), asking("exit.why_keep_on"), exits.to_drop, finish_keep_on),
    _flow("end_cultivation", t("exit.end"), asking("exit.why_end"), exits.to_end, finish_end),
    _flow("object", t("exit.object"), asking("exit.why_object"), exits.to_object, finish_object),
]

ACTS: dict[str, Act] = {
    "exits": listing,
    "exit": exit_case,
    "confirm_exit": beginning("confirm_exit", exits.to_confirm),
    "keep_on": beginning("keep_on", exits.to_drop),
    "end_cultivation": beginning("end_cultivation", exits.to_end),
    "object": beginning("object", exits.to_object),
}

__all__ = ["ACTS", "FLOWS"]
