"""没帮到我: what could not be answered goes to the office, and the office's words come back.

What somebody asked is kept without what names anybody. While it may still be answered the row
knows the chat that it came from; once an answer has gone there it does not, and no audit row says
who asked. What an office has answered can then be published, for all who ask the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, cast

from sqlmodel import Session

from answers import Last, PolicyAnswer, alarmed, guide
from answers.curated import Office, OfficeAnswer
from answers.matching import plain
from bot.talk.acting import Actor, Refused
from bot.talk.clock import beijing_day
from bot.talk.message import Choice, Message, as_message, press
from prompts import Text, Words, t
from services import audit, notices, packs
from services.access import (
    LEARNERS,
    allow,
    any_of,
    cohort_of,
    holders,
    learner_at,
    may_keep,
    memberships,
    programmes_for,
)
from services.packs import load, name_of
from services.scrub import GAPS, scrub
from storage import chats
from storage import inquiries as rows
from storage.tables import Curated, CuratedState, Inquiry, InquiryState, Membership, Person

FOLLOWS: Final = timedelta(minutes=30)
"""For how long a question may be gone on from."""
ASKED_LIFE: Final = timedelta(days=7)
"""For how long what was asked is kept, if nobody said that the answer was no help."""
MOST_WORDS: Final = 300
MOST_WAITING: Final = 20
"""Questions of one chat that may wait at once."""
ALIKE: Final = 0.5
"""Two questions are one, for an office, if they share this much of what they say (0 to 1)."""
ALIKE_IN_TOPIC: Final = 0.25
"""The same, where both are about one topic."""
MOST_ASKS: Final = 20
ASK: Final = 100
"""Characters of a way of asking."""


# ---------------------------------------------------------------- what was asked


def note(
    db: Session,
    person_id: int | None,
    account_id: int,
    now: datetime,
    words: str,
    answer: PolicyAnswer | None,
) -> int:
    """Keep what somebody asked just now, and how it was understood; what they asked before goes.

    Gives its number, by which they may say that the answer was no help; 0 where nothing may be
    kept: before they have joined, below 14 before a guardian has consented, and words of despair,
    of which they are told that nobody else will read them.
    """
    if person_id is None:
        return 0
    if alarmed(words):
        forget(db, account_id)
        return 0
    places = memberships(db, person_id)
    if not all(_may_keep(db, place, now) for place in places):
        return 0
    names = rows.names_around(db, {place.cohort_id for place in places})
    row = Inquiry(
        account_id=account_id,
        role=places[-1].role.value if places else "",
        words=scrub(words[: 2 * MOST_WORDS], names)[:MOST_WORDS],
        asked_at=now,
    )
    _understood(row, answer)
    return rows.keep_asked(db, row).id or 0


def point(
    db: Session,
    person_id: int | None,
    account_id: int,
    now: datetime,
    label: str,
    answer: PolicyAnswer,
) -> int:
    """Somebody has chosen what they mean: their question was about that. Gives its number."""
    row = rows.newest(db, account_id)
    if row is None or row.state is not InquiryState.ASKED or now - row.asked_at > FOLLOWS:
        return note(db, person_id, account_id, now, label, answer)
    _understood(row, answer)
    db.add(row)
    return row.id or 0


def forget(db: Session, account_id: int) -> None:
    """Keep nothing of what was asked: it concerns nobody else."""
    rows.forget_asked(db, account_id)


def forget_old(db: Session, now: datetime) -> None:
    """Delete questions that nobody passed on within `ASKED_LIFE`."""
    rows.forget_asked_before(db, now - ASKED_LIFE)


def last(db: Session, account_id: int, now: datetime) -> Last | None:
    """What this chat's last question was about, if it was not long ago."""
    row = rows.newest(db, account_id)
    if row is None or not row.topic or now - row.asked_at > FOLLOWS:
        return None
    return Last(row.topic, (row.programme,) if row.programme else ())


def _may_keep(db: Session, place: Membership, now: datetime) -> bool:
    if place.role not in LEARNERS:
        return True
    learner = learner_at(db, cast(int, place.id))
    if packs.found(learner.programme) is None:
        return False  # nobody can say whether consent is needed: nothing is kept
    return may_keep(db, learner, beijing_day(now))


def _understood(row: Inquiry, answer: PolicyAnswer | None) -> None:
    if answer is not None:
        row.topic, row.kind, row.score = answer.topic, answer.kind, answer.score
        row.programme = answer.programmes[0] if len(answer.programmes) == 1 else ""


# ---------------------------------------------------------------- no help


class Forwarded(StrEnum):
    """What became of a question that was no help."""

    SENT = "sent"
    ALREADY = "already"
    """It waits for the office, from an earlier press."""
    NOWHERE = "nowhere"
    """There is no office for it: the asker has no place now, or nobody coordinates it."""
    TOO_MANY = "too_many"


def unhelpful(
    db: Session, person_id: int | None, account_id: int, number: int, now: datetime
) -> Forwarded:
    """The answer was no help: the question waits for the office of the asker's programme.

    Raises `Refused` for a question that is not kept, or not of this chat.
    """
    if not number or person_id is None:
        return Forwarded.NOWHERE
    row = db.get(Inquiry, number, with_for_update=True)
    if row is None or row.account_id != account_id:
        raise Refused(t("question.gone"), verb="unhelpful", object="question", object_id=number)
    if row.state is InquiryState.OPEN:
        return Forwarded.ALREADY
    places = memberships(db, person_id)
    own = list(dict.fromkeys(cohort_of(db, place).programme for place in reversed(places)))
    if row.programme not in own:
        row.programme = own[0] if len(own) == 1 else ""
    keys = [row.programme] if row.programme else own
    offices = sorted({g.person for key in keys for g in holders(db, "answer_question", key)})
    if not offices:
        return Forwarded.NOWHERE
    waiting = rows.waiting_of(db, account_id)
    if any(plain(other.words) == plain(row.words) for other in waiting):
        db.delete(row)
        return Forwarded.ALREADY
    if len(waiting) >= MOST_WAITING:
        return Forwarded.TOO_MANY
    row.state = InquiryState.OPEN
    db.add(row)
    _tell_offices(db, Actor(person_id, account_id, now), offices)
    return Forwarded.SENT


def _tell_offices(db: Session, asker: Actor, offices: Iterable[int]) -> None:
    """Tell those who may answer that something waits: once a day, and nothing of what it is."""
    way = Choice(press("questions"), t("command.questions.label"))
    message = Message(t("question.waits"), ((way,),))
    for person_id in offices:
        if person_id != asker.person_id:
            notices.tell(db, asker, person_id, message, f"questions:{beijing_day(asker.now)}")


# ---------------------------------------------------------------- what waits


@dataclass(frozen=True, slots=True)
class Group:
    """Questions that wait for one answer."""

    programme: str
    """The one whose office is to answer."""
    topic: str
    questions: tuple[Inquiry, ...]

    @property
    def number(self) -> int:
        """The first question's, by which buttons name the group."""
        return cast(int, self.questions[0].id)

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(cast(int, one.id) for one in self.questions)

    @property
    def words(self) -> tuple[str, ...]:
        """The different ways in which it was asked."""
        return ways(one.words for one in self.questions)


def groups(db: Session, actor: Actor) -> list[Group]:
    """What waits for whoever acts, like with like: the largest first, then the oldest.

    Raises `Refused` for anybody who coordinates nothing.
    """
    keys = mine(db, actor, "questions")
    found: list[tuple[str, str, list[Inquiry], set[str]]] = []
    for row in rows.waiting(db, keys):
        programme = _office(db, row, keys)
        if not programme:
            continue
        pairs = _pairs(row.words)
        for near, topic, together, said in found:
            alike = _alike(pairs, said)
            if near == programme and alike >= (ALIKE_IN_TOPIC if topic == row.topic else ALIKE):
                together.append(row)
                break
        else:
            found.append((programme, row.topic, [row], pairs))
    made = [Group(programme, topic, tuple(together)) for programme, topic, together, _ in found]
    return sorted(made, key=lambda group: (-len(group.questions), group.number))


def group_of(db: Session, actor: Actor, number: int, verb: str) -> Group:
    """The group that a question is in now. Raises `Refused`."""
    _open_row(db, actor, number, verb)
    return next(group for group in groups(db, actor) if number in group.numbers)


def mine(db: Session, actor: Actor, verb: str) -> tuple[str, ...]:
    """The programmes for which the actor may do an act, the latest first. Raises `Refused`."""
    any_of(db, actor, verb)
    return programmes_for(db, actor.person_id, verb)


def _office(db: Session, row: Inquiry, keys: Sequence[str]) -> str:
    """By which of these programmes somebody may answer a question; none if by none."""
    if row.programme:
        return row.programme if row.programme in keys else ""
    if row.account_id is None:
        return ""
    theirs = rows.programmes_of_account(db, row.account_id)
    return next((key for key in keys if key in theirs), "")


def _open_row(db: Session, actor: Actor, number: int, verb: str) -> tuple[Inquiry, str]:
    """A question that waits, and the programme by which the actor may answer it."""
    keys = mine(db, actor, verb)
    row = db.get(Inquiry, number, with_for_update=True)
    programme = "" if row is None or row.state is InquiryState.ASKED else _office(db, row, keys)
    allow(db, actor, verb, programme, number=number)
    if row is None or row.state is not InquiryState.OPEN:
        raise Refused(t("question.settled"), verb=verb, object="question", object_id=number)
    return row, programme


def _pairs(words: str) -> set[str]:
    said = plain(words)
    return {said[at : at + 2] for at in range(max(1, len(said) - 1))}


def _alike(one: Collection[str], other: Collection[str]) -> float:
    both = len(set(one) & set(other))
    return both / (len(one) + len(other) - both)


def ways(every: Iterable[str]) -> tuple[str, ...]:
    """Different ways of asking, each once, without the gaps that scrubbing has left."""
    found: dict[str, str] = {}
    for words in every:
        said = " ".join(GAPS.sub(" ", words).split())[:ASK]
        if plain(said):
            found.setdefault(plain(said), said)
    return tuple(found.values())[:MOST_ASKS]


# ---------------------------------------------------------------- what goes back


@dataclass(frozen=True, slots=True)
class Given:
    """What has gone back, and to how many."""

    questions: tuple[Inquiry, ...]
    reached: int
    """Askers whose chat can be reached."""


def answer(
    db: Session, actor: Actor, numbers: Collection[int], says: str, clause: str = ""
) -> Given:
    """The office's words go back to everybody who asked. Raises `Refused`."""

    def words(row: Inquiry) -> Message:
        return Message(
            says,
            title=t("question.answer", programme=name_of(row.programme)),
            note=t("question.you_asked", words=row.words),
            clause=t("question.by_clause", clause=clause) if clause else "",
        )

    return _settle(
        db, actor, numbers, "answer_question", InquiryState.ANSWERED, words, says, clause
    )


def sort(db: Session, actor: Actor, numbers: Collection[int], topic: str) -> tuple[Given, Curated]:
    """The questions are about a topic: its answer goes back, and they are to lead to it.

    For others they do so once that is published. Raises `Refused`.
    """
    known = guide().topics.get(topic)
    if known is None or not known.documented:
        raise Refused(t("question.no_topic"), verb="sort_question", object="question")

    def words(row: Inquiry) -> Text:
        told = guide().about(topic, (load(row.programme),)).text
        return t("question.sorted", words=row.words, topic=known.label, answer=told)

    given = _settle(db, actor, numbers, "sort_question", InquiryState.ANSWERED, words)
    for row in given.questions:
        row.topic = topic
        db.add(row)
    first = given.questions[0]
    asks = ways(row.words for row in given.questions)
    return given, add_asks(db, actor, first.programme, topic, asks, question_id=first.id)


def close(db: Session, actor: Actor, numbers: Collection[int]) -> Given:
    """No answer is given here; those who asked are told so. Raises `Refused`."""

    def words(row: Inquiry) -> Text:
        return t("question.closed", words=row.words)

    return _settle(db, actor, numbers, "close_question", InquiryState.CLOSED, words)


def _settle(
    db: Session,
    actor: Actor,
    numbers: Collection[int],
    verb: str,
    state: InquiryState,
    words: Callable[[Inquiry], Text | Message],
    says: str = "",
    clause: str = "",
) -> Given:
    """Settle those questions that still wait. Raises `Refused` if none does."""
    settled: list[Inquiry] = []
    told = 0
    gone: Refused | None = None
    for number in sorted(numbers):
        try:
            row, programme = _open_row(db, actor, number, verb)
        except Refused as refused:
            if refused.words.key != "question.settled":
                raise
            gone = refused
            continue
        row.programme, row.state, row.answer, row.clause = programme, state, says, clause
        row.answered_by, row.answered_at = actor.person_id, actor.now
        speaker = chats.speaker_of(db, cast(int, row.account_id))
        if speaker is not None and speaker.reachable:
            said = as_message(words(row))
            notices.tell_chat(db, speaker, said, f"answer:{row.id}", actor.now)
            told += 1
        row.account_id = None
        db.add(row)
        settled.append(row)
    if not settled:
        raise gone or Refused(t("question.none"), verb=verb, object="question")
    first, together = settled[0], [row.id for row in settled[1:]]
    audit.note(db, actor, verb, "question", first.id, together=together)
    return Given(tuple(settled), told)


# ---------------------------------------------------------------- answers for everybody


def propose(
    db: Session,
    actor: Actor,
    programme: str,
    *,
    title: str,
    asks: Collection[str],
    says: str,
    clause: str = "",
    question_id: int | None = None,
) -> Curated:
    """Write an answer for all who ask so; it is given once it is published. Raises `Refused`."""
    made = Curated(
        programme=programme, title=title, asks=[], says=says, clause=clause, written_at=actor.now
    )
    return _write(db, actor, made, asks, question_id)


def add_asks(
    db: Session,
    actor: Actor,
    programme: str,
    topic: str,
    asks: Collection[str],
    *,
    question_id: int | None = None,
) -> Curated:
    """Write further ways of asking for a topic; they lead to it once published.

    Raises `Refused`.
    """
    made = Curated(programme=programme, topic=topic, asks=[], written_at=actor.now)
    return _write(db, actor, made, asks, question_id)


def _write(
    db: Session, actor: Actor, made: Curated, asks: Collection[str], question_id: int | None
) -> Curated:
    verb = "write_answer"
    allow(db, actor, verb, made.programme)
    made.asks = list(ways(asks))
    if not made.asks:
        raise Refused(t("question.no_asks"), verb=verb, object="curated")
    if question_id is not None:
        db.get(Inquiry, question_id, with_for_update=True)
        if (earlier := rows.curated_from(db, question_id)) is not None:
            return earlier
    made.question_id, made.written_by = question_id, actor.person_id
    db.add(made)
    db.flush()
    audit.note(db, actor, verb, "curated", made.id, programme=made.programme)
    return made


def publish(db: Session, actor: Actor, number: int) -> tuple[Curated, bool]:
    """Give this answer from now on to all who ask so; whether that is new. Raises `Refused`."""
    row = found(db, actor, number, "publish_answer")
    if row.state is CuratedState.PUBLISHED:
        return row, False
    row.state = CuratedState.PUBLISHED
    row.published_by, row.published_at = actor.person_id, actor.now
    db.add(row)
    audit.note(db, actor, "publish_answer", "curated", number)
    return row, True


def withdraw(db: Session, actor: Actor, number: int) -> tuple[Curated, bool]:
    """Give this answer no longer; whether that is new. Raises `Refused`."""
    row = found(db, actor, number, "withdraw_answer")
    if row.state is CuratedState.WITHDRAWN:
        return row, False
    row.state = CuratedState.WITHDRAWN
    db.add(row)
    audit.note(db, actor, "withdraw_answer", "curated", number)
    return row, True


def audience(db: Session, actor: Actor, number: int) -> int:
    """How many people a clarification would reach. Raises `Refused`."""
    row = _to_clarify(db, actor, number)
    return len({person for person, _, _ in rows.audience(db, row.programme)})


def clarify(db: Session, actor: Actor, number: int) -> int:
    """Publish an answer, and send it to everybody in the programme, once.

    Gives the number of people. Raises `Refused`.
    """
    row = _to_clarify(db, actor, number)
    publish(db, actor, number)
    reached = rows.audience(db, row.programme)
    told = [(account, language) for _, account, language in reached]
    notices.tell_all(db, told, clarification(row), f"clarify:{number}", actor.now)
    people = len({person for person, _, _ in reached})
    audit.note(db, actor, "clarify", "curated", number, people=people)
    return people


def clarification(row: Curated) -> Message:
    """What everybody is told."""
    return Message(
        row.says,
        title=t("question.clarification", topic=row.title),
        note=t("question.to_everybody", programme=name_of(row.programme)),
        clause=t("question.by_clause", clause=row.clause) if row.clause else "",
    )


def _to_clarify(db: Session, actor: Actor, number: int) -> Curated:
    row = found(db, actor, number, "clarify")
    if row.state is CuratedState.WITHDRAWN or row.topic:
        raise Refused(
            t("question.not_to_clarify"), verb="clarify", object="curated", object_id=number
        )
    return row


def found(db: Session, actor: Actor, number: int, verb: str) -> Curated:
    """What an office of the actor's has written. Raises `Refused`."""
    row = db.get(Curated, number, with_for_update=True)
    allow(db, actor, verb, row.programme if row else None, number=number)
    return cast(Curated, row)


def standing(db: Session, actor: Actor) -> list[Curated]:
    """What the actor's offices have written: what waits to be published, then what is.

    Raises `Refused`.
    """
    keys = mine(db, actor, "answers")
    proposed = rows.curated(db, keys, CuratedState.PROPOSED)
    return [*proposed, *rows.curated(db, keys, CuratedState.PUBLISHED)]


def answered(db: Session, actor: Actor, number: int, verb: str) -> list[Inquiry]:
    """The questions that were answered together with this one. Raises `Refused`."""
    row = db.get(Inquiry, number)
    answered = row if row is not None and row.state is InquiryState.ANSWERED else None
    allow(db, actor, verb, answered.programme if answered else None, number=number)
    return rows.answered_with(db, cast(Inquiry, row))


def standard_from(db: Session, question_id: int) -> Curated | None:
    """What was written from a question and still stands."""
    return rows.curated_from(db, question_id)


def publisher(db: Session, row: Curated) -> str:
    """The name of whoever published it; empty if nobody has."""
    by = db.get(Person, row.published_by) if row.published_by else None
    return by.name if by else ""


def topic_label(db: Session, topic: str) -> Words:
    """The topic, or the office's answer, that a question was taken to ask for; nothing if none."""
    known = guide().topics.get(topic)
    if known is not None:
        return known.label if known.documented else ""
    number = topic.removeprefix("office.")
    row = db.get(Curated, int(number)) if topic != number and number.isdigit() else None
    return row.title if row is not None else ""


# ---------------------------------------------------------------- what is answered from them


def office(db: Session) -> Office:
    """All that offices have published, ready to be searched.

    What that is is asked of the database every time; what is published is never changed, so it is
    kept in memory.
    """
    published = rows.published_ids(db)
    if not published:
        return NOTHING
    # A process may speak to more than one database.
    key = (str(db.connection().engine.url), published)
    if key not in _offices:
        if len(_offices) >= MOST_OFFICES:
            _offices.clear()
        _offices[key] = Office(map(_ready, rows.all_published(db)))
    return _offices[key]


def _ready(row: Curated) -> OfficeAnswer:
    asks = tuple(_bare(ask, row.programme) for ask in row.asks)
    number = cast(int, row.id)
    return OfficeAnswer(number, row.programme, row.topic, row.title, asks, row.says, row.clause)


def _bare(ask: str, programme: str) -> str:
    """A way of asking without its own programme's name: whoever belongs there leaves it out."""
    own = tuple(one for one in guide().every if one.key == programme)
    asked, rest = guide().scope(ask, own)
    return rest if asked == own else ask


NOTHING: Final = Office(())
MOST_OFFICES: Final = 8
_offices: dict[tuple[str, tuple[tuple[int, datetime], ...]], Office] = {}
