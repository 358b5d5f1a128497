"""Asks a model about unsure answers, after the composed answer has been sent.

The composed answer never waits. If it may have missed the point, the other candidates are stored
with it; a worker asks the model, and the model's reply replaces the answer if the documents
support it. Nothing is asked in a programme with children below 14.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast

from sqlalchemy import delete
from sqlmodel import Session, col, func, select

from answers import PolicyAnswer, guide
from answers.candidates import candidates, private, unsure
from answers.phrasing import Evidence, Phrased
from bot.talk.clock import beijing_day, month_began
from prompts import Language, language_named
from services import notices
from services.access import LEARNERS, cohort_of, memberships, own_programmes
from services.consent import needed
from services.documents import loaded
from services.offices import concerning
from services.packs import found, load
from services.private import without_private
from services.scrub import GAPS, unnamed
from storage import chats
from storage.chats import Post
from storage.inquiries import names_around
from storage.tables import Advice, AdviceState, Outbox, Person, SendState, table

LIFE: Final = timedelta(minutes=2)
"""A question that has waited longer than this is dropped."""
MOST_WORDS: Final = 120
"""Maximum characters of a question; a longer text may be a diary."""

_ASKS: Final = re.compile(
    r"[?？吗呢么谁几哪啥咋]|什么|多少|怎么|如何|多久|多长|是不是|是否|有没有|要不要|能不能|可不可以|可以|时候|"
    r"\b(?:when|what|who|how|which|where|why|may|must|can|do|does|is|are)\b",
    re.IGNORECASE,
)
_NAMED: Final = re.compile(
    "[\u3400-\u9fff]{1,3}(?<!导)(?<!的)(?:老师|同学|教授|博士|院士|校长|主任|先生|女士)|"
    "叫[\u3400-\u9fff]{2,3}(?![\u3400-\u9fff])|我是[\u3400-\u9fff]{2,3}(?:[,，。 ]|$)"
)
_NOBODY: Final = re.compile(
    "(?:指导|学校|中学|班|高中|初中|小学|科学|参与|培训|任课|我们?|各科|大学|带队|一线|在职|高校|副|"
    "数学|物理|化学|生物|计算机|信息|语文|英语|科技|"
    "的|找|问|请|和|跟|让|由|给|是|有|当|做|要|个|位|名|些|各|本|该|哪|多少|什么|所有|全体|每|其他|别|男|女)"
    "(?:老师|同学|教授|博士|院士|校长|主任|先生|女士)$|"
    "叫(?:什么|啥|做|停)|我是(?:学生|导师|家长|老师|教师|校长|高[一二三]|初[一二三]|管理|办公室|新来|一名|一个)"
)
"""Words that look like a person's name and are not one."""


# ---------------------------------------------------------------- what is to be asked


def want(
    db: Session,
    person_id: int | None,
    account_id: int,
    language: Language,
    words: str,
    answers: Sequence[PolicyAnswer],
    posts: Sequence[Post],
    now: datetime,
) -> bool:
    """Queue a model's second opinion on the answers just composed.

    `posts` are these answers as they are about to be sent, in the same order; each becomes a card,
    so that another answer may replace it. Returns whether anything is to be asked. Raises
    `Refused` if the pack cannot be read.
    """
    if person_id is None or len(posts) != len(answers) or not _is_question(words):
        return False
    here = guide()
    if not unsure(answers, here):
        return False
    own = own_programmes(db, person_id)
    concerned = {programme.key for programme in own}.union(*(one.programmes for one in answers))
    if not own or any(load(key).guardian_consent for key in concerned):
        return False
    if _below_14(db, person_id, now) or private(words, own, here):
        return False
    said = scrubbed(db, words, person_id)
    if said is None:
        return False
    library = loaded(db, [programme.key for programme in own], concerning(db, person_id))
    evidence = candidates(said, own, answers, here, library, language)
    if not evidence:
        return False
    row = Advice(
        account_id=account_id,
        language=language,
        programmes=[programme.key for programme in own],
        words=said,
        evidence=[one.to_json() for one in evidence],
        cards=[],
        asked_at=now,
    )
    db.add(row)
    db.flush()
    for number, post in enumerate(posts):
        post.body["card"] = f"advice:{row.id}:{number}"
    row.cards = [
        {"topic": answer.topic, "body": post.body}
        for answer, post in zip(answers, posts, strict=True)
    ]
    db.add(row)
    return True


def scrubbed(db: Session, words: str, person_id: int) -> str | None:
    """The words without names; empty if they may name someone we do not know."""
    cohorts = {place.cohort_id for place in memberships(db, person_id)}
    return nameless(unnamed(words, names_around(db, cohorts)))


def nameless(said: str) -> str | None:
    """Those of the scrubbed words that people also ask about policy with, without the
    placeholders. Returns `None` if no such word is left, or if the words still look private or
    seem to name somebody."""
    if without_private(said) != said:
        return None
    found = (match[0] for match in _NAMED.finditer(said))
    if any(not _NOBODY.search(one) for one in found):
        return None
    return guide().known_words(GAPS.sub(" ", said))[:MOST_WORDS] or None


def _is_question(words: str) -> bool:
    """Whether the words ask something: a diary or a story is never shown to a model."""
    return len(words) <= MOST_WORDS and bool(_ASKS.search(words))


def _below_14(db: Session, person_id: int, now: datetime) -> bool:
    person = cast(Person, db.get(Person, person_id))
    if person.birth_date is None:
        return False
    places = [place for place in memberships(db, person_id) if place.role in LEARNERS]
    packs = [(place.grade, found(cohort_of(db, place).programme)) for place in places]
    # Without the pack the grades are unknown, so children are assumed.
    return any(
        pack is None or needed(person.birth_date, grade, pack, beijing_day(now))
        for grade, pack in packs
    )


# ---------------------------------------------------------------- asking

Reckon = Callable[[str, Sequence[Evidence], Language], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A question that the model is to be asked now."""

    id: int
    platform: str
    language: Language
    words: str
    evidence: tuple[Evidence, ...]
    tokens: tuple[int, int]
    """Tokens reserved for it: in, out."""


def take(
    db: Session,
    now: datetime,
    most: int,
    busy: Collection[int],
    reckon: Reckon,
    monthly: int,
) -> tuple[list[Wanted], int]:
    """Take the oldest waiting questions and reserve the tokens that each may cost.

    Returns them with the number of questions dropped because they were stale or beyond the monthly
    budget. `reckon(words, evidence, language)` estimates the most tokens that asking may cost, in
    and out.
    """
    waiting = db.exec(
        select(Advice)
        .where(Advice.state == AdviceState.WANTED, col(Advice.id).not_in(busy))
        .order_by(col(Advice.id))
        .limit(most)
    ).all()
    spent = spent_this_month(db, now) if waiting else 0
    taken: list[Wanted] = []
    dropped = 0
    for row in waiting:
        language = language_named(row.language)
        evidence = tuple(Evidence.from_json(one) for one in row.evidence)
        tokens = reckon(row.words, evidence, language)
        why = ""
        # After the clock is set back, all of them would wait for ever.
        if not timedelta(minutes=-1) < now - row.asked_at <= LIFE:
            why = "stale"
        elif spent + sum(tokens) > monthly:
            why = "cap"
        if why:
            _drop(db, row, AdviceState.FAILED, why, now)
            dropped += 1
            continue
        spent += sum(tokens)
        # Counted as spent if we crash while asking: the real cost is then unknown.
        row.tokens_in += tokens[0]
        row.tokens_out += tokens[1]
        db.add(row)
        speaker = chats.speaker_of(db, row.account_id)
        platform = speaker.platform if speaker else ""
        taken.append(Wanted(cast(int, row.id), platform, language, row.words, evidence, tokens))
    return taken, dropped


def spent_this_month(db: Session, now: datetime) -> int:
    """Tokens spent or reserved since this month began in Beijing."""
    asked = select(func.sum(col(Advice.tokens_in) + col(Advice.tokens_out))).where(
        Advice.asked_at >= month_began(now)
    )
    return db.exec(asked).one() or 0


# ---------------------------------------------------------------- what comes of it


def show_part(db: Session, number: int, phrased: Phrased, now: datetime) -> None:
    """Show the checked part of a reply, unless the part shown before is still being sent."""
    row = db.get(Advice, number)
    if row is None or row.state is not AdviceState.WANTED:
        return
    before = select(Outbox.state).where(Outbox.key == f"advice:{number}:{row.parts}")
    if row.parts and db.exec(before).first() is not SendState.SENT:
        return
    body = _card(row, phrased)["body"]
    row.parts, row.card = row.parts + 1, body["card"]
    db.add(row)
    text = phrased.shown(language_named(row.language), whole=False)
    _replace(db, row, _prose(body), text, f"advice:{number}:{row.parts}", now)


def settle(
    db: Session,
    wanted: Wanted,
    phrased: Phrased | None,
    why: str,
    tokens: tuple[int, int],
    now: datetime,
    *,
    replied: bool,
) -> None:
    """Store the outcome of asking; a usable reply replaces the composed answer."""
    row = db.get(Advice, wanted.id)
    if row is None or row.state is not AdviceState.WANTED:
        return
    row.tokens_in += tokens[0] - wanted.tokens[0]
    row.tokens_out += tokens[1] - wanted.tokens[1]
    if phrased is None:
        state = AdviceState.REFUSED if replied else AdviceState.FAILED
        _drop(db, row, state, why, now)
        return
    body = _card(row, phrased)["body"]
    _replace(db, row, _prose(body), phrased.shown(wanted.language), f"advice:{row.id}", now)
    _close(db, row, AdviceState.GIVEN, "", now)


def forget_before(db: Session, moment: datetime) -> None:
    """Delete advice asked for before this moment."""
    rows = table(Advice)
    db.connection().execute(delete(rows).where(rows.c.asked_at < moment))


def _drop(db: Session, row: Advice, state: AdviceState, why: str, now: datetime) -> None:
    """Drop the request. If a part of the reply was shown, the composed answer takes its place
    again."""
    for card in row.cards if row.parts else ():
        body = card["body"]
        if body["card"] == row.card:
            notices.replace(db, row.account_id, body, f"advice:{row.id}", now)
    _close(db, row, state, why, now)


def _close(db: Session, row: Advice, state: AdviceState, why: str, now: datetime) -> None:
    row.state, row.why, row.done_at = state, why, now
    row.words, row.evidence, row.cards = "", [], []
    db.add(row)


def _card(row: Advice, phrased: Phrased) -> dict[str, Any]:
    """The composed answer to replace: the one that the model chose, or the last."""
    if row.card:
        return next(card for card in row.cards if card["body"]["card"] == row.card)
    topics = {one.topic for one in phrased.chosen}
    chosen = (card for card in row.cards if card["topic"] in topics)
    return cast(dict[str, Any], next(chosen, row.cards[-1]))


def _replace(
    db: Session, row: Advice, body: dict[str, Any], text: str, key: str, now: datetime
) -> None:
    notices.replace(db, row.account_id, {**body, "text": text}, key, now)


KEPT: Final = ("kind", "card", "rows", "files")
"""The parts of a card that stay when a model's words replace its own."""


def _prose(body: Mapping[str, Any]) -> dict[str, Any]:
    """A card's body without its words."""
    return {name: said for name, said in body.items() if name in KEPT}
