"""答疑: unanswered questions wait for the office; its answers go back, or become standard."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from answers import guide
from bot.scene import TO_MENU, Act, Flow, Scene, number
from bot.talk.conversation import Chat
from bot.talk.inputs import Answer, Free, Pick, Summary, SummaryLine
from bot.talk.message import Choice, Field, Item, Message, Tone, as_text, press, put
from handlers.seen import InOrder
from prompts import Lines, Text, Words, t
from services import bulletin_replies, bulletins, inquiries, roster
from services.access import programmes_allowed
from services.entities import Curated, CuratedState, Inquiry
from services.inquiries import ASK, MOST_ASKS, Group
from services.packs import load, name_of

CARD: Final = "questions"
PAGE: Final = 6
"""Groups or answers on one page."""
SHOWN: Final = 8
"""Ways of asking that a card shows."""
NEAR: Final = 6
"""Topics that are offered."""
NONE: Final = "none"
SEND: Final = "send"
SUGGESTED: Final = "suggested"
CLARIFY: Final = "clarify"


# ---------------------------------------------------------------- what waits


def show(scene: Scene, args: Sequence[str]) -> None:
    """List the groups of similar questions that wait, with a way to the standard answers."""
    page = number(args) if args else 0
    found = inquiries.groups(scene.session, scene.actor)
    items = tuple(_item(group) for group in found[page * PAGE : (page + 1) * PAGE])
    replied = bulletin_replies.waiting(scene.session, scene.actor) if not page else {}
    items += tuple(_replied(scene, bulletin, count) for bulletin, count in replied.items())
    rows: list[tuple[Choice, ...]] = []
    if len(found) > (page + 1) * PAGE:
        rows.append((Choice(press("questions", page + 1), t("question.more")),))
    rows.append((Choice(press("answers"), t("question.answers_label")),))
    rows.append((TO_MENU,))
    waiting = sum(len(group.questions) for group in found)
    words = t("question.list", count=waiting, groups=len(found)) if found else t("question.empty")
    if not found and replied:
        words = t("question.only_replies")
    title = t("command.questions.label")
    scene.say(Message(words, tuple(rows), kind="question", card=CARD, title=title, items=items))


def _item(group: Group) -> Item:
    words = group.words[0] if group.words else group.questions[0].words
    times = t("question.times", count=len(group.questions))
    return Item(_short(words, 24), press("group", group.number), times)


def _replied(scene: Scene, number: int, count: int) -> Item:
    """A bulletin whose recipients wait for an answer."""
    row = bulletins.read(scene.session, scene.actor, number)
    words = t("question.replies_to", what=bulletins.beginning(row))
    return Item(words, press("bulletin_replies", number), t("question.replies_wait", count=count))


def _short(words: str, most: int) -> str:
    said = " ".join(words.split())
    return said if len(said) <= most else f"{said[: most - 1]}…"


def group(scene: Scene, args: Sequence[str]) -> None:
    """Show one group of questions and its actions."""
    found = inquiries.group_of(scene.session, scene.actor, number(args), "read_question")
    of_data = found.about is not None
    reply = t("question.reply")
    ways = [
        *_correcting(scene, found),
        Choice(press("reply", found.number), reply, weight="plain" if of_data else "primary"),
    ]
    if not of_data:
        ways.append(Choice(press("sort", found.number), t("question.sort")))
    ways.append(Choice(press("no_answer", found.number), t("question.close"), weight="danger"))
    rows = (tuple(ways), (BACK,))
    scene.say(
        Message(
            t("question.of_data") if of_data else _understood(scene, found.topic),
            rows,
            kind="card",
            card=f"question:{found.number}",
            title=name_of(found.programme),
            fields=(
                Field(t("question.asked_often"), t("question.times", count=len(found.questions))),
                Field(
                    t("question.asked_first"),
                    t("field.moment", at=found.questions[0].asked_at),
                ),
            ),
            items=_asked(found.questions),
        )
    )


def _correcting(scene: Scene, group: Group) -> list[Choice]:
    """The way to correct the data that somebody asked to have corrected."""
    if group.questions[0].kind != "correct":
        return []
    of = roster.to_correct(scene.session, scene.actor, person_id=group.about)
    way = [press("correct_person", one.id, group.number) for one in of]
    return [Choice(one, t("correcting.title"), weight="primary") for one in way]


def to_group(asked: int | None) -> Callable[[Scene], None]:
    """What shows the questions a talk is about; without any, the standard answers."""
    if asked is None:
        return lambda scene: answers(scene, ())
    return lambda scene: group(scene, [str(asked)])


BACK: Final = Choice(press("questions"), t("question.back"), weight="quiet")


def _understood(scene: Scene, topic: str) -> Text:
    """The answer that was given and did not help."""
    if label := inquiries.topic_label(scene.session, topic):
        return t("question.understood", topic=label)
    if topic in guide().topics:
        return t("question.replied", reply=t(f"ask.reply.{topic}"))
    return t("question.not_understood")


def _asked(every: Sequence[Inquiry]) -> tuple[Item, ...]:
    """Each wording of the question, with the asker's role as far as it is kept."""
    ways = {(one.words, one.role): one for one in every}
    items = [Item(words, state=t(f"role.{role}") if role else "") for words, role in ways]
    if len(items) > SHOWN:
        items[SHOWN:] = [Item(t("question.and_others", count=len(items) - SHOWN))]
    return tuple(items)


def _ways(words: Sequence[str]) -> Lines:
    return Lines([t("question.way", words=one) for one in words])


def no_answer(scene: Scene, args: Sequence[str]) -> None:
    """不用答: close the questions, after showing what the askers will be told."""
    found = inquiries.group_of(scene.session, scene.actor, number(args), "close_question")
    if args[1:] == ["yes"]:
        given = inquiries.close(scene.session, scene.actor, found.numbers)
        scene.say(t("question.closed_done", count=len(given.questions), reached=given.reached))
        show(scene, ())
        return
    told = t("question.closed", words=found.questions[0].words)
    rows = (
        (
            Choice(
                press("no_answer", found.number, "yes"), t("question.yes_close"), weight="danger"
            ),
        ),
        (Choice(press("group", found.number), t("question.back"), weight="quiet"),),
    )
    scene.say(
        Message(
            t("question.sure_close", words=told),
            rows,
            kind="card",
            card=f"question:{found.number}",
            title=t("question.sure_close_title", count=len(found.questions)),
            items=_asked(found.questions),
        )
    )


# ---------------------------------------------------------------- 回答


class GroupSeen(BaseModel):
    """The questions being answered, as shown."""

    model_config = ConfigDict(frozen=True)

    numbers: tuple[int, ...]
    words: tuple[str, ...]
    programme: str
    """The programme's key."""
    name: str
    near: tuple[str, ...] = ()
    """Topics that the questions may be about."""


class InquiryReply(BaseModel):
    model_config = ConfigDict(frozen=True)

    says: str
    clause: str


async def reply(chat: Chat, me: GroupSeen) -> InquiryReply:
    """Ask for the answer and its clause, and show what the askers will read."""
    asked = {"asked": _ways(me.words), "count": len(me.numbers)}
    says = await chat.ask("says", Free(least=2, most=1500), t("question.says", **asked))
    clause = await ask_clause(chat)
    fields = [
        SummaryLine("says", t("question.field_says"), says),
        SummaryLine("clause", t("question.field_clause"), clause or t("question.without_clause")),
    ]
    ends = [Choice(SEND, t("question.send"), weight="primary")]
    words = t("question.preview", words=me.words[0], count=len(me.numbers))
    await chat.ask("review", Summary(fields, ends), words)
    return InquiryReply(says=says, clause=clause)


async def ask_clause(chat: Chat) -> str:
    """Ask which clause the answer rests on; empty if none."""
    none = Choice(NONE, t("question.no_clause"), ("没有", "无", "不写", "none", "no"))
    clause = await chat.ask("clause", Free(most=100, options=[none]), t("question.clause"))
    return "" if clause == NONE else clause


def load_group(scene: Scene, args: Mapping[str, Any]) -> GroupSeen:
    found = inquiries.group_of(scene.session, scene.actor, args["question"], "read_question")
    programme = load(found.programme)
    words = found.words or (found.questions[0].words,)
    near = [found.topic, *_near(words[0], found.programme)]
    return GroupSeen(
        numbers=found.numbers,
        words=words[:SHOWN],
        programme=programme.key,
        name=programme.name,
        near=tuple(dict.fromkeys(key for key in near if _is_topic(key)))[:NEAR],
    )


def finish_reply(scene: Scene, me: GroupSeen, said: InquiryReply) -> None:
    given = inquiries.answer(scene.session, scene.actor, me.numbers, said.says, said.clause)
    first = given.questions[0].id or 0
    counts = {"count": len(given.questions), "reached": given.reached}
    if given.questions[0].about_id is not None:
        scene.say(Message(t("question.answered_one", **counts), ((BACK,),)))
        return
    rows = (
        (
            Choice(press("curate", first), t("question.to_standard")),
            Choice(press("curate", first, CLARIFY), t("question.to_clarify")),
        ),
        (BACK,),
    )
    words = t("question.answered", **counts)
    scene.say(Message(words, rows, kind="card", card=f"question:{first}"))


REPLY: Final = Flow(
    name="reply",
    title=t("question.reply_title"),
    talk=reply,
    about=GroupSeen,
    load=load_group,
    finish=finish_reply,
    home=lambda me: to_group(me.numbers[0]),
    sketch=lambda me, _: [t("question.reply_title"), _short(me.words[0], 24)],
)


# ---------------------------------------------------------------- 归入话题


async def ask_topic(chat: Chat, near: Sequence[str], words: Text) -> str:
    """Ask for a topic: one of the nearby ones, or a typed one."""
    for turn in count():
        options = [Choice(key, guide().topics[key].label) for key in near if _is_topic(key)]
        said = await chat.ask(f"topic/{turn}", Free(most=60, options=options), words)
        if _is_topic(said):
            return said
        near = _near(said)
        words = t("question.which_topic_again" if near else "question.no_such_topic")
    raise AssertionError


def _is_topic(key: str) -> bool:
    topic = guide().topics.get(key)
    return topic is not None and topic.documented


def _near(words: str, programme: str = "") -> tuple[str, ...]:
    """The topics that the words may be about, the likeliest first."""
    own = (load(programme),) if programme else ()
    found = (match.topic for match in guide().match(words, own))
    return tuple(key for key in found if _is_topic(key))[:NEAR]


async def sort(chat: Chat, me: GroupSeen) -> str:
    """Ask which topic is meant, and show what the askers will read."""
    topic = await ask_topic(chat, me.near, t("question.which_topic", asked=_ways(me.words)))
    label = guide().topics[topic].label
    told = guide().about(topic, (load(me.programme),)).text
    words = t("question.sorted", words=me.words[0], topic=label, answer=told)
    check = t("question.sort_check", topic=label, words=words, count=len(me.numbers))
    await chat.ask("check", Pick([Choice(SEND, t("question.do_sort"), weight="primary")]), check)
    return topic


def finish_sort(scene: Scene, me: GroupSeen, topic: str) -> None:
    given, row = inquiries.sort(scene.session, scene.actor, me.numbers, topic)
    label = guide().topics[topic].label
    scene.say(t("question.sorted_done", topic=label, reached=given.reached))
    tell_standard(scene, row)


SORT: Final = Flow(
    name="sort",
    title=t("question.sort_title"),
    talk=sort,
    about=GroupSeen,
    load=load_group,
    finish=finish_sort,
    home=lambda me: to_group(me.numbers[0]),
    sketch=lambda me, _: [t("question.sort_title"), _short(me.words[0], 24)],
)


# ---------------------------------------------------------------- 标准答案


class CurateSeen(BaseModel):
    """Where a standard answer may apply, and the question behind it, if any."""

    model_config = ConfigDict(frozen=True)

    programmes: InOrder[str]
    """Programme names, by key."""
    question_id: int | None = None
    title: str = ""
    """A suggested title."""
    clarify: bool = False
    """Also send it to everyone in the programme."""


class Standard(BaseModel):
    model_config = ConfigDict(frozen=True)

    programme: str
    asks: tuple[str, ...]
    title: str
    says: str
    clause: str


async def curate(chat: Chat, me: CurateSeen) -> Standard:
    """Ask for wordings, title and answer; taken from a question, most are given."""
    programme = await ask_programme(chat, me)
    asks = await ask_ways(chat)
    suggested = [Choice(SUGGESTED, me.title)] if me.title else []
    title = await chat.ask("title", Free(2, 40, suggested), t("question.title"))
    title = me.title if title == SUGGESTED else title
    says = await chat.ask("says", Free(least=2, most=1500), t("question.standard_says"))
    clause = await ask_clause(chat)
    fields = [
        *programme_field(me, programme),
        SummaryLine("asks", t("question.field_asks"), "\n".join(asks)),
        SummaryLine("title", t("question.field_title"), title),
        SummaryLine("says", t("question.field_says"), says),
        SummaryLine("clause", t("question.field_clause"), clause or t("question.without_clause")),
    ]
    made = Standard(programme=programme, asks=asks, title=title, says=says, clause=clause)
    save = Choice(SEND, t("question.save"), weight="primary")
    await chat.ask("review", Summary(fields, [save]), t("question.curate_check"))
    return made


async def ask_programme(chat: Chat, me: CurateSeen) -> str:
    programme, *others = me.programmes
    if others:
        choices = [Choice(key, name) for key, name in me.programmes.items()]
        one_of = Pick(choices, width=1)
        programme = await chat.ask("programme", one_of, t("question.which_programme"))
    return programme


def programme_field(me: CurateSeen, programme: str) -> list[SummaryLine]:
    if len(me.programmes) == 1:
        return []
    return [SummaryLine("programme", t("question.field_programme"), me.programmes[programme])]


async def ask_ways(chat: Chat) -> tuple[str, ...]:
    """Ask for wordings of the question, one on each line."""
    said = await chat.ask("asks", Free(2, MOST_ASKS * (ASK + 1)), t("question.asks"))
    return tuple(line.strip()[:ASK] for line in said.split("\n") if line.strip())[:MOST_ASKS]


def begin_curate(scene: Scene, args: Sequence[str]) -> None:
    """设为标准答案: from an answered question; only the title is asked."""
    asked = number(args)
    clarify = args[1:] == [CLARIFY]
    together = inquiries.answered(scene.session, scene.actor, asked, "write_answer")
    if (earlier := inquiries.standard_from(scene.session, asked)) is not None:
        (confirm if clarify else tell_standard)(scene, earlier)
        return
    row = next(one for one in together if one.id == asked)
    ways = "\n".join(inquiries.ways(one.words for one in together))
    given = {"asks": Answer(text=ways), "says": Answer(text=row.answer)}
    if row.clause:
        given["clause"] = Answer(text=row.clause)
    else:
        given["clause"] = Answer(press=NONE)
    scene.begin("curate", {"question": asked, "clarify": clarify}, given)


def load_curate(scene: Scene, args: Mapping[str, Any]) -> CurateSeen:
    if (asked := args.get("question")) is None:
        return CurateSeen(programmes=_mine(scene))
    row, *_ = inquiries.answered(scene.session, scene.actor, asked, "write_answer")
    label = inquiries.topic_label(scene.session, row.topic)
    return CurateSeen(
        programmes={row.programme: name_of(row.programme)},
        question_id=asked,
        title=_short(scene.words(label) or row.words, 30),
        clarify=args["clarify"],
    )


def _mine(scene: Scene) -> dict[str, str]:
    """The programmes that the speaker looks after: names by key. Raises `Refused`."""
    keys = programmes_allowed(scene.session, scene.actor, "write_answer")
    return {key: name_of(key) for key in keys}


def finish_curate(scene: Scene, me: CurateSeen, made: Standard) -> None:
    row = inquiries.propose(
        scene.session,
        scene.actor,
        made.programme,
        title=made.title,
        asks=made.asks,
        says=made.says,
        clause=made.clause,
        question_id=me.question_id,
    )
    (confirm if me.clarify else tell_standard)(scene, row)


CURATE: Final = Flow(
    name="curate",
    title=t("question.curate_title"),
    talk=curate,
    about=CurateSeen,
    load=load_curate,
    finish=finish_curate,
    home=lambda me: to_group(me.question_id),
)


class Asks(BaseModel):
    model_config = ConfigDict(frozen=True)

    programme: str
    topic: str
    asks: tuple[str, ...]


async def ask_asks(chat: Chat, me: CurateSeen) -> Asks:
    """Ask for further wordings, and the topic that they mean."""
    programme = await ask_programme(chat, me)
    asks = await ask_ways(chat)
    near = _near(asks[0], programme)
    topic = await ask_topic(chat, near, t("question.which_topic", asked=_ways(asks)))
    label = guide().topics[topic].label
    fields = [
        *programme_field(me, programme),
        SummaryLine("asks", t("question.field_asks"), "\n".join(asks)),
        SummaryLine("topic", t("question.field_topic"), label),
    ]
    save = Choice(SEND, t("question.save"), weight="primary")
    await chat.ask("review", Summary(fields, [save]), t("question.ways_check", topic=label))
    return Asks(programme=programme, topic=topic, asks=asks)


def finish_asks(scene: Scene, _me: CurateSeen, made: Asks) -> None:
    row = inquiries.add_asks(scene.session, scene.actor, made.programme, made.topic, made.asks)
    tell_standard(scene, row)


ASKS: Final = Flow(
    name="asks",
    title=t("question.ways_title"),
    talk=ask_asks,
    about=CurateSeen,
    load=lambda scene, _: CurateSeen(programmes=_mine(scene)),
    finish=finish_asks,
    home=lambda _: to_group(None),
)


# ---------------------------------------------------------------- what is published


def answers(scene: Scene, args: Sequence[str]) -> None:
    """List the standard answers: unpublished first, then published."""
    page = number(args) if args else 0
    found = inquiries.written(scene.session, scene.actor)
    items = tuple(_row(row) for row in found[page * PAGE : (page + 1) * PAGE])
    rows: list[tuple[Choice, ...]] = []
    if len(found) > (page + 1) * PAGE:
        rows.append((Choice(press("answers", page + 1), t("question.more")),))
    rows.append(
        (
            Choice(press("write_answer"), t("question.write_answer")),
            Choice(press("write_asks"), t("question.write_asks")),
        )
    )
    rows.append((BACK,))
    proposed = sum(row.state is CuratedState.PROPOSED for row in found)
    counts = {"proposed": proposed, "published": len(found) - proposed}
    words = t("question.answers", **counts) if found else t("question.answers_none")
    title = t("question.answers_label")
    scene.say(Message(words, tuple(rows), kind="question", card=CARD, title=title, items=items))


def _row(row: Curated) -> Item:
    waits = row.state is CuratedState.PROPOSED
    state = t("question.state.proposed" if waits else "question.state.out")
    return Item(_title(row), press("standard", row.id or 0), state, TONES[row.state])


TONES: Final[Mapping[CuratedState, Tone]] = {
    CuratedState.PROPOSED: "waiting",
    CuratedState.PUBLISHED: "good",
    CuratedState.WITHDRAWN: "neutral",
}


def _title(row: Curated) -> Words:
    if not row.topic:
        return row.title
    return t("question.ways_of", topic=_label(row.topic))


def _label(topic: str) -> Words:
    known = guide().topics.get(topic)
    return known.label if known else topic


def standard(scene: Scene, args: Sequence[str]) -> None:
    row = inquiries.found(scene.session, scene.actor, number(args), "read_answer")
    tell_standard(scene, row)


def tell_standard(scene: Scene, row: Curated) -> None:
    """Show one standard answer with its actions."""
    back = Choice(press("answers"), t("question.answers_label"), weight="quiet")
    asks = t("field.lines", lines=Lines(row.asks))
    scene.say(
        Message(
            row.says,
            (tuple(_choices(row)), (back,)),
            kind="card",
            card=f"standard:{row.id}",
            title=_title(row),
            fields=(
                Field(t("field.state"), _state(scene, row), TONES[row.state]),
                Field(t("question.field_programme"), name_of(row.programme)),
                Field(t("question.field_asks"), asks),
            ),
            clause=t("question.by_clause", clause=row.clause) if row.clause else "",
        )
    )


def _state(scene: Scene, row: Curated) -> Text:
    name = inquiries.publisher(scene.session, row)
    return t(f"question.state.{row.state}", name=name, at=row.published_at or row.written_at)


def _choices(row: Curated) -> list[Choice]:
    """The actions on a standard answer; one with its own text can be sent to everyone."""
    here = row.id or 0
    to_all = [] if row.topic else [Choice(press("clarify", here), t("question.clarify"))]
    match row.state:
        case CuratedState.PROPOSED:
            publish = Choice(press("publish", here), t("question.publish"), weight="primary")
            drop = Choice(press("retract", here), t("question.drop"), weight="danger")
            return [publish, *to_all, drop]
        case CuratedState.PUBLISHED:
            back = Choice(press("retract", here), t("question.withdraw"), weight="danger")
            return [*to_all, back]
        case CuratedState.WITHDRAWN:
            return [Choice(press("publish", here), t("question.publish_again"))]


def publish(scene: Scene, args: Sequence[str]) -> None:
    row, _ = inquiries.publish(scene.session, scene.actor, number(args))
    tell_standard(scene, row)


def withdraw(scene: Scene, args: Sequence[str]) -> None:
    row, _ = inquiries.withdraw(scene.session, scene.actor, number(args))
    tell_standard(scene, row)


def clarify(scene: Scene, args: Sequence[str]) -> None:
    """发布澄清: preview it with the number of recipients; send at a second press."""
    row = inquiries.found(scene.session, scene.actor, number(args), "clarify")
    if args[1:] != ["yes"]:
        confirm(scene, row)
        return
    people = inquiries.clarify(scene.session, scene.actor, number(args))
    scene.say(t("question.clarified", count=people))
    tell_standard(scene, row)


def confirm(scene: Scene, row: Curated) -> None:
    here = row.id or 0
    people = inquiries.audience(scene.session, scene.actor, here)
    yes = t("question.yes_clarify", count=people)
    rows = (
        (Choice(press("clarify", here, "yes"), yes, weight="danger"),),
        (Choice(press("standard", here), t("question.only_look"), weight="quiet"),),
    )
    scene.say(
        Message(
            as_text(put(inquiries.clarification(row), scene.language)),
            rows,
            kind="card",
            card=f"standard:{here}",
            title=t("question.sure_clarify", count=people),
            note=t("question.no_recall"),
        )
    )


COMMANDS: dict[str, Act] = {"questions": show}

ACTS: dict[str, Act] = {
    "group": group,
    "reply": lambda scene, args: scene.begin("reply", {"question": number(args)}),
    "sort": lambda scene, args: scene.begin("sort", {"question": number(args)}),
    "no_answer": no_answer,
    "curate": begin_curate,
    "answers": answers,
    "standard": standard,
    "write_answer": lambda scene, _: scene.begin("curate"),
    "write_asks": lambda scene, _: scene.begin("asks"),
    "publish": publish,
    "retract": withdraw,
    "clarify": clarify,
}

FLOWS: Final = (REPLY, SORT, CURATE, ASKS)

__all__ = ["ACTS", "COMMANDS", "FLOWS"]
