"""回复通知: a recipient replies to a bulletin, and the office answers; teachers read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict

from bot.scene import TO_MENU, Act, Flow, Scene, number
from bot.talk.conversation import Chat
from bot.talk.inputs import Answer, Asked, Free, Pick, Summary, SummaryLine, said
from bot.talk.message import Choice, Field, Item, Message, Tone, press
from handlers import asking
from handlers import cohort as overview
from handlers.corrections import words_corrected
from handlers.pages import page_of, tell
from handlers.seen import first_words
from language.replies import speaks_to_somebody
from prompts import Words, t
from services import bulletin_replies, bulletins
from services.bulletin_replies import Thread, ThreadStep
from services.entities import Bulletin, ReplyStep

SEND: Final = "send"
YES: Final = "yes"
NO: Final = "no"
TONES: Final[Mapping[ReplyStep, Tone]] = {
    ReplyStep.ASKED: "waiting",
    ReplyStep.ANSWERED: "good",
    ReplyStep.SETTLED: "neutral",
}


class ReplySeen(BaseModel):
    """The bulletin that is replied to; for the office also the thread, and its last words."""

    model_config = ConfigDict(frozen=True)

    number: int
    """The bulletin, or the thread."""
    what: str
    name: str
    """To whom the words go."""
    last: str = ""
    perhaps: str = ""
    """Words that nothing else explained, and that may be the reply."""


class ReplyWritten(NamedTuple):
    """What somebody wrote: to be sent, or said of something else; both empty if it is for nobody
    there."""

    words: str = ""
    instead: str = ""


class IsReply(Pick):
    """Whether words are a reply. Whoever says something else has gone on to that."""

    def parse(self, answer: Answer, asked: Asked) -> str:
        return Pick.parse(self, answer, asked) if answer.press is not None else said(answer)


async def write(chat: Chat, me: ReplySeen) -> ReplyWritten:
    """Ask for the words, and show them once before they are sent."""
    if me.perhaps:
        question = t("bulletin.reply.is_it", what=me.what, words=me.perhaps)
        meant: str = await chat.ask("meant", _MEANT, question)
        if meant != YES:
            return ReplyWritten(instead="" if meant == NO else meant)
    asked = (
        t("bulletin.reply.answer", what=me.what, name=me.name, words=me.last)
        if me.last
        else t("bulletin.reply.what", what=me.what, name=me.name, most=bulletin_replies.MOST_WORDS)
    )
    words: str = await chat.ask("words", _WORDS, asked)
    ends = [Choice(SEND, t("bulletin.reply.send"), weight="primary")]
    fields = [SummaryLine("words", t("bulletin.reply.words"), words)]
    if me.perhaps:
        fields.insert(0, SummaryLine("meant", t("bulletin.title"), me.what))
    summary = Summary(fields, ends, words_corrected("words", words))
    await chat.ask("review", summary, t("bulletin.reply.review", name=me.name))
    return ReplyWritten(words)


_WORDS: Final = Free(most=bulletin_replies.MOST_WORDS, questions=True, courtesies=True)
_MEANT: Final = IsReply(
    [
        Choice(
            YES, t("bulletin.reply.it_is"), ("是", "是的", "对", "嗯", "yes"), weight="primary"
        ),
        Choice(NO, t("bulletin.reply.it_is_not"), ("不", "不是的", "no")),
    ]
)


# ---------------------------------------------------------------- the recipient


def begin(scene: Scene, args: Sequence[str]) -> None:
    """回复."""
    bulletin_replies.asked_about(scene.session, scene.actor, number(args))
    scene.begin("reply_bulletin", {"bulletin": number(args)})


def may_be(scene: Scene, words: str) -> bool:
    """Ask whether words that nothing explains reply to the bulletin that came lately. Tells
    whether one did. Words below a card that no history shows are quoted nowhere."""
    long = len(words) > bulletin_replies.MOST_WORDS
    if scene.secret or scene.talk() is not None or long or not speaks_to_somebody(words):
        return False
    row = bulletin_replies.lately(scene.session, scene.actor)
    if row is None:
        return False
    given = {"words": Answer(text=words)}
    scene.begin("reply_bulletin", {"bulletin": row.id, "perhaps": words}, given, anew=True)
    return True


def load(scene: Scene, args: Mapping[str, Any]) -> ReplySeen:
    row = bulletin_replies.asked_about(scene.session, scene.actor, args["bulletin"])
    return ReplySeen(
        number=row.id or 0,
        what=bulletins.beginning(row),
        name=row.sender,
        perhaps=args.get("perhaps", ""),
    )


def finish(scene: Scene, me: ReplySeen, written: ReplyWritten) -> None:
    if written.instead:
        scene.hear(written.instead, ())
        return
    if not written.words:
        asking.not_found(scene, me.perhaps, t("bulletin.reply.not_meant"))
        return
    bulletin_replies.reply(scene.session, scene.actor, me.number, written.words)
    scene.say(Message(t("bulletin.reply.sent", office=me.name), ((TO_MENU,),)))


# ---------------------------------------------------------------- the office


def show(scene: Scene, args: Sequence[str]) -> None:
    """The threads of a bulletin, those that wait first."""
    found = bulletin_replies.threads(scene.session, scene.actor, number(args))
    row = bulletins.read(scene.session, scene.actor, number(args))
    some, turn = page_of(found, args[1:2], f"bulletin_replies:{row.id}")
    bulletins.look(scene.session, scene.actor, row, [one.member for one in some])
    items = tuple(
        Item(
            t("bulletin.reply.row", who=overview.who(one.member), words=_short(one)),
            press("bulletin_thread", one.number),
            t(f"bulletin.reply.step_{one.state}"),
            TONES[one.state],
        )
        for one in some
    )
    waiting = sum(one.waits for one in found)
    words = t("bulletin.reply.list" if found else "bulletin.reply.none", count=waiting)
    title = t("bulletin.about", words=bulletins.beginning(row))
    tell(scene, Message(words, title=title, items=items), [*turn, (_to_card(row),)])


def _short(one: Thread) -> str:
    last = next(said for said in reversed(one.said) if said.words)
    return first_words(last.words)


def thread(scene: Scene, args: Sequence[str]) -> None:
    row, one = bulletin_replies.thread(scene.session, scene.actor, number(args))
    tell_of(scene, row, one)


def tell_of(scene: Scene, row: Bulletin, one: Thread) -> None:
    """Show a thread, with what its office may do."""
    rows: list[tuple[Choice, ...]] = []
    if bulletin_replies.may_answer(scene.session, scene.actor, row):
        answer = Choice(
            press("answer_reply", one.number),
            t("bulletin.reply.do_answer"),
            weight="primary" if one.waits else "plain",
        )
        settle = Choice(press("settle_reply", one.number), t("bulletin.reply.do_settle"))
        rows.append((answer, settle) if one.waits else (answer,))
    back = Choice(
        press("bulletin_replies", row.id or 0), t("bulletin.reply.to_list"), weight="quiet"
    )
    title = t("bulletin.reply.of", who=overview.who(one.member))
    page = Message(
        t("bulletin.reply.about", what=bulletins.beginning(row)),
        title=title,
        fields=tuple(map(_line, one.said)),
    )
    tell(scene, page, [*rows, (back,)], card=f"reply:{one.number}")


def _line(said: ThreadStep) -> Field:
    label = t("bulletin.reply.said_at", name=said.name, at=said.at)
    return Field(label, said.words or t("bulletin.reply.step_settled"))


def load_answer(scene: Scene, args: Mapping[str, Any]) -> ReplySeen:
    row, one = bulletin_replies.thread(scene.session, scene.actor, args["thread"])
    last = next(said for said in reversed(one.said) if said.step is ReplyStep.ASKED)
    return ReplySeen(
        number=one.number,
        what=bulletins.beginning(row),
        name=one.member.person.name,
        last=last.words,
    )


def finish_answer(scene: Scene, me: ReplySeen, written: ReplyWritten) -> None:
    reached = bulletin_replies.answer(scene.session, scene.actor, me.number, written.words)
    key = "bulletin.reply.answered" if reached else "bulletin.reply.unreached"
    scene.say(t(key, name=me.name))
    thread(scene, [str(me.number)])


def settle(scene: Scene, args: Sequence[str]) -> None:
    """不用回复."""
    bulletin_replies.settle(scene.session, scene.actor, number(args))
    thread(scene, args)


def _to_card(row: Bulletin) -> Choice:
    return Choice(press("show_bulletin", row.id or 0), t("bulletin.to_card"), weight="quiet")


# ---------------------------------------------------------------- the school's teacher


def copy(scene: Scene, args: Sequence[str]) -> None:
    """A bulletin that went to students of one's school."""
    row, count = bulletins.copy(scene.session, scene.actor, number(args))
    read = bulletins.message(scene.session, row)
    note = t("bulletin.copy_note", count=count)
    said = copied(scene, row.id or 0)
    back = Choice(press("bulletins"), t("bulletin.to_list"), weight="quiet")
    tell(scene, read._replace(rows=(), note=note, fields=said), [(back,)], card="bulletins")


def copied(scene: Scene, bulletin: int) -> tuple[Field, ...]:
    """What the office and learners of a teacher's school have said to each other about it."""
    found = bulletin_replies.copies(scene.session, scene.actor, bulletin)
    return tuple(
        Field(_said_of(one, said), said.words) for one in found for said in one.said if said.words
    )


def _said_of(one: Thread, said: ThreadStep) -> Words:
    if said.step is ReplyStep.ASKED:
        return t("bulletin.reply.said_at", name=said.name, at=said.at)
    return t("bulletin.reply.said_to", name=said.name, to=one.member.person.name, at=said.at)


FLOWS: Final = [
    Flow(
        name="reply_bulletin",
        title=t("bulletin.reply.title"),
        talk=write,
        about=ReplySeen,
        load=load,
        finish=finish,
        named=lambda me: t("bulletin.reply.to", what=me.what),
    ),
    Flow(
        name="answer_reply",
        title=t("bulletin.reply.do_answer"),
        talk=write,
        about=ReplySeen,
        load=load_answer,
        finish=finish_answer,
        named=lambda me: t("bulletin.reply.to", what=me.name),
        home=lambda me: lambda scene: thread(scene, [str(me.number)]),
    ),
]

ACTS: dict[str, Act] = {
    "reply_bulletin": begin,
    "bulletin_replies": show,
    "bulletin_thread": thread,
    "answer_reply": lambda scene, args: scene.begin(
        "answer_reply", {"thread": number(args)}, anew=True
    ),
    "settle_reply": settle,
    "bulletin_copy": copy,
}

__all__ = ["ACTS", "FLOWS", "may_be"]
