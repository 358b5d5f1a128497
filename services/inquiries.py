"""没帮到我: unanswered questions go to the office, and its answers come back.

Questions are stored without names. While a question may still be answered its row knows the chat
it came from; once the answer has been sent there it does not, and no audit row says who asked. The
office can then publish its answer for everyone who asks the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal, cast

from sqlmodel import Session

from answers import Last, PolicyAnswer, alarmed, guide
from answers.curated import Office, OfficeAnswer
from answers.matching import plain
from bot.talk.acting import Actor, Refused
from bot.talk.clock import beijing_day
from bot.talk.message import Choice, Message, as_message, press
from prompts import Text, Words, t
from services import audit, notices
from services.access import (
    LEARNERS,
    allow,
    cohort_of,
    holders,
    learner_at,
    may_keep,
    memberships,
    programmes_allowed,
)
from services.offices import Concern, concerning, desk
from services.packs import load, name_of
from services.scrub import GAPS, scrub
from storage import chats
from storage import inquiries as inquiry_rows
from storage.tables import Curated, CuratedState, Inquiry, InquiryState, Membership, Person

FOLLOWS: Final = timedelta(minutes=30)
"""How long a follow-up question may refer to the last one."""
ASKED_LIFE: Final = timedelta(days=7)
"""How long a question is kept if nobody says that the answer did not help."""
MOST_WORDS: Final = 300
MOST_WAITING: Final = 20
"""Maximum questions of one chat that may wait at once."""
ALIKE: Final = 0.5
"""Similarity (0 to 1) from which two questions are grouped for the office."""
ALIKE_IN_TOPIC: Final = 0.25
"""The same for two questions about one topic."""
MOST_ASKS: Final = 20
ASK: Final = 100
"""Maximum characters of a wording."""


# ---------------------------------------------------------------- what was asked


def note(
    db: Session,
    person_id: int | None,
    account_id: int,
    now: datetime,
    words: str,
    answer: PolicyAnswer | None,
) -> int:
    """Store the question just asked, and how it was understood, in place of the chat's last one.

    Returns its number, for the button 没帮到我; 0 if nothing may be kept: before joining, below 14
    before a guardian has consented, and for a cry for help, which by promise nobody else reads.
    """
    if person_id is None:
        return 0
    if alarmed(words):
        forget(db, account_id)
        return 0
    places = memberships(db, person_id)
    if not all(_may_keep(db, place, now) for place in places):
        return 0
    names = inquiry_rows.names_around(db, {place.cohort_id for place in places})
    row = Inquiry(
        account_id=account_id,
        role=places[-1].role.value if places else "",
        words=scrub(words[: 2 * MOST_WORDS], names)[:MOST_WORDS],
        asked_at=now,
    )
    _understood(row, answer)
    return inquiry_rows.keep_asked(db, row).id or 0


def point(
    db: Session,
    person_id: int | None,
    account_id: int,
    now: datetime,
    label: str,
    answer: PolicyAnswer,
) -> int:
    """Note the topic that the asker chose for their question. Returns the question's id."""
    row = inquiry_rows.newest(db, account_id)
    if row is None or row.state is not InquiryState.ASKED or now - row.asked_at > FOLLOWS:
        return note(db, person_id, account_id, now, label, answer)
    _understood(row, answer)
    db.add(row)
    return row.id or 0


def forget(db: Session, account_id: int) -> None:
    """Delete a chat's question: it concerns nobody else."""
    inquiry_rows.forget_asked(db, account_id)


def forget_old(db: Session, now: datetime) -> None:
    """Delete questions that nobody forwarded within `ASKED_LIFE`."""
    inquiry_rows.forget_asked_before(db, now - ASKED_LIFE)


def last(db: Session, account_id: int, now: datetime) -> Last | None:
    """The topic and programmes of this chat's last question, if it is recent."""
    row = inquiry_rows.newest(db, account_id)
    if row is None or not row.topic or now - row.asked_at > FOLLOWS:
        return None
    return Last(row.topic, (row.programme,) if row.programme else ())


def _may_keep(db: Session, place: Membership, now: datetime) -> bool:
    if place.role not in LEARNERS:
        return True
    return may_keep(db, learner_at(db, cast(int, place.id)), beijing_day(now))


def _understood(row: Inquiry, answer: PolicyAnswer | None) -> None:
    if answer is not None:
        row.topic, row.kind, row.score = answer.topic, answer.kind, answer.score
        row.programme = answer.programmes[0] if len(answer.programmes) == 1 else ""


# ---------------------------------------------------------------- no help


class Forwarded(StrEnum):
    """The result of forwarding a question."""

    SENT = "sent"
    ALREADY = "already"
    """It was forwarded by an earlier press and still waits."""
    NOWHERE = "nowhere"
    """There is no office for it: the asker has no membership now, or nobody coordinates the
    cohort."""
    TOO_MANY = "too_many"


def unhelpful(
    db: Session, person_id: int | None, account_id: int, number: int, now: datetime
) -> Forwarded:
    """Forward a question to the office of the asker's programme.

    Raises `Refused` if the question is not kept, or is not this chat's.
    """
    if not number or person_id is None:
        return Forwarded.NOWHERE
    row = db.get(Inquiry, number, with_for_update=True)
    if row is None or row.account_id != account_id:
        raise Refused(t("question.gone"), verb="unhelpful", object="question", object_id=number)
    if row.state is InquiryState.OPEN:
        return Forwarded.ALREADY
    return _forward(db, Actor(person_id, account_id, now), row, memberships(db, person_id))


def _forward(db: Session, asker: Actor, row: Inquiry, places: Sequence[Membership]) -> Forwarded:
    """Put a question before the office of these places."""
    account_id = cast(int, row.account_id)
    own = list(dict.fromkeys(cohort_of(db, place).programme for place in reversed(places)))
    if row.programme not in own:
        row.programme = own[0] if len(own) == 1 else ""
    keys = [row.programme] if row.programme else own
    at = {cohort_of(db, place).office_id for place in places if _of(db, place) in keys}
    # Asked in cohorts of several offices, it waits for all of them.
    row.office_id = at.pop() if len(at) == 1 else None
    offices = sorted(
        {
            grant.person
            for key in keys
            for grant in holders(db, "answer_question", key)
            if desk(db, grant.person, "answer_question").manages(key, row.office_id)
        }
    )
    if not offices:
        return Forwarded.NOWHERE
    waiting = inquiry_rows.waiting_of(db, account_id)
    if any(plain(other.words) == plain(row.words) for other in waiting):
        if row.id is not None:
            db.delete(row)
        return Forwarded.ALREADY
    if len(waiting) >= MOST_WAITING:
        return Forwarded.TOO_MANY
    row.state = InquiryState.OPEN
    db.add(row)
    _tell_offices(db, asker, offices, "data" if row.about_id else "questions")
    return Forwarded.SENT


def ask_about_data(
    db: Session, actor: Actor, person_id: int, kind: Literal["correct", "erase"], words: str
) -> Forwarded:
    """Ask the office that a person's data be corrected or erased, in words that name them."""
    if actor.account_id is None:
        return Forwarded.NOWHERE
    places = memberships(db, person_id)
    row = Inquiry(
        account_id=actor.account_id,
        about_id=person_id,
        role=_role_of(db, actor),
        words=words[:MOST_WORDS],
        kind=kind,
        asked_at=actor.now,
    )
    return _forward(db, actor, row, places)


def _role_of(db: Session, actor: Actor) -> str:
    places = memberships(db, actor.person_id)
    return places[-1].role.value if places else ""


def _of(db: Session, place: Membership) -> str:
    return cohort_of(db, place).programme


def _tell_offices(db: Session, asker: Actor, offices: Iterable[int], what: str) -> None:
    """Tell the coordinators that a question, or a request about data, waits: once a day, without
    its content."""
    way = Choice(press("questions"), t("command.questions.label"))
    message = Message(t(f"question.waiting.{what}"), ((way,),))
    for person_id in offices:
        if person_id != asker.person_id:
            notices.tell(db, asker, person_id, message, f"{what}:{beijing_day(asker.now)}")


# ---------------------------------------------------------------- what waits


@dataclass(frozen=True, slots=True)
class Group:
    """Similar questions that wait for one answer."""

    programme: str
    """The key of the programme whose office is to answer."""
    topic: str
    questions: tuple[Inquiry, ...]

    @property
    def number(self) -> int:
        """The number of the first question, by which buttons name the group."""
        return cast(int, self.questions[0].id)

    @property
    def numbers(self) -> tuple[int, ...]:
        return tuple(cast(int, one.id) for one in self.questions)

    @property
    def about(self) -> int | None:
        """Whose data are to be corrected or erased; such a request stands alone."""
        return self.questions[0].about_id

    @property
    def words(self) -> tuple[str, ...]:
        """The different wordings."""
        return ways(one.words for one in self.questions)


def groups(db: Session, actor: Actor) -> list[Group]:
    """The groups of similar questions that wait for the actor: the largest first, then the oldest.

    Raises `Refused` for a person who coordinates nothing.
    """
    keys = programmes_allowed(db, actor, "questions")
    mine = desk(db, actor.person_id, "questions")
    found: list[tuple[str, str, list[Inquiry], set[str]]] = []
    for row in inquiry_rows.waiting(db, keys):
        programme = _office(db, row, keys)
        if not programme or not mine.manages(programme, row.office_id):
            continue
        pairs = _pairs(row.words) if row.about_id is None else set()
        for near, topic, together, said in found if pairs else ():
            if together[0].about_id is not None:
                continue
            alike = _alike(pairs, said)
            if near == programme and alike >= (ALIKE_IN_TOPIC if topic == row.topic else ALIKE):
                together.append(row)
                break
        else:
            found.append((programme, row.topic, [row], pairs))
    made = [Group(programme, topic, tuple(together)) for programme, topic, together, _ in found]
    return sorted(made, key=lambda group: (-len(group.questions), group.number))


def group_of(db: Session, actor: Actor, number: int, verb: str) -> Group:
    """The group that a question belongs to now. Raises `Refused`."""
    _open_row(db, actor, number, verb)
    return next(group for group in groups(db, actor) if number in group.numbers)


def _office(db: Session, row: Inquiry, keys: Sequence[str]) -> str:
    """The first of these programmes through which a question may be answered; empty if none."""
    if row.programme:
        return row.programme if row.programme in keys else ""
    if row.account_id is None:
        return ""
    theirs = inquiry_rows.programmes_of_account(db, row.account_id)
    return next((key for key in keys if key in theirs), "")


def _open_row(db: Session, actor: Actor, number: int, verb: str) -> tuple[Inquiry, str]:
    """A question that waits, and the programme through which the actor may answer it."""
    keys = programmes_allowed(db, actor, verb)
    row = db.get(Inquiry, number, with_for_update=True)
    programme = "" if row is None or row.state is InquiryState.ASKED else _office(db, row, keys)
    if row is None or not desk(db, actor.person_id, verb).manages(programme, row.office_id):
        programme = ""
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
    """The different wordings, without the gaps that scrubbing left."""
    found: dict[str, str] = {}
    for words in every:
        said = " ".join(GAPS.sub(" ", words).split())[:ASK]
        if plain(said):
            found.setdefault(plain(said), said)
    return tuple(found.values())[:MOST_ASKS]


# ---------------------------------------------------------------- what goes back


@dataclass(frozen=True, slots=True)
class Given:
    """The outcome of an answer, and how many askers it reached."""

    questions: tuple[Inquiry, ...]
    reached: int
    """Askers whose chat can be reached."""


def answer(
    db: Session, actor: Actor, numbers: Collection[int], says: str, clause: str = ""
) -> Given:
    """Send the office's answer to everyone who asked. Raises `Refused`."""

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
    """Assign questions to a topic: its answer goes back to the askers, and their wordings are
    proposed for it.

    Others are answered by these wordings once they are published. Raises `Refused`.
    """
    known = guide().topics.get(topic)
    of_data = any(row.about_id for number in numbers if (row := db.get(Inquiry, number)))
    if known is None or not known.documented or of_data:
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


def corrected(db: Session, actor: Actor, number: int) -> Given:
    """Tell whoever asked for a correction that it was made. Raises `Refused`."""

    def words(row: Inquiry) -> Text:
        return t("correcting.done_as_asked", words=row.words)

    return _settle(db, actor, (number,), "answer_question", InquiryState.ANSWERED, words)


def close(db: Session, actor: Actor, numbers: Collection[int]) -> Given:
    """Close questions without an answer, and tell the askers. Raises `Refused`."""

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
    """Settle those of the questions that still wait. Raises `Refused` if none does."""
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
    """Propose a standard answer; it is used once published. Raises `Refused`."""
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
    """Propose further wordings of a topic; they are used once published. Raises `Refused`."""
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
        if (earlier := inquiry_rows.curated_from(db, question_id)) is not None:
            return earlier
    made.question_id, made.written_by = question_id, actor.person_id
    made.office_id = desk(db, actor.person_id, verb).writes_as.get(made.programme)
    db.add(made)
    db.flush()
    audit.note(db, actor, verb, "curated", made.id, programme=made.programme)
    return made


def publish(db: Session, actor: Actor, number: int) -> tuple[Curated, bool]:
    """Publish a standard answer. Returns whether that is new. Raises `Refused`."""
    row = found(db, actor, number, "publish_answer")
    if row.state is CuratedState.PUBLISHED:
        return row, False
    row.state = CuratedState.PUBLISHED
    row.published_by, row.published_at = actor.person_id, actor.now
    db.add(row)
    audit.note(db, actor, "publish_answer", "curated", number)
    return row, True


def withdraw(db: Session, actor: Actor, number: int) -> tuple[Curated, bool]:
    """Withdraw a standard answer. Returns whether that is new. Raises `Refused`."""
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
    return len({person for person, _, _ in _reached(db, row)})


def clarify(db: Session, actor: Actor, number: int) -> int:
    """Publish an answer and send it to everyone in the programme, once.

    Returns the number of people. Raises `Refused`.
    """
    row = _to_clarify(db, actor, number)
    publish(db, actor, number)
    reached = _reached(db, row)
    told = [(account, language) for _, account, language in reached]
    notices.tell_all(db, told, clarification(row), f"clarify:{number}", actor.now)
    people = len({person for person, _, _ in reached})
    audit.note(db, actor, "clarify", "curated", number, people=people)
    return people


def _reached(db: Session, row: Curated) -> list[tuple[int, int, str]]:
    """The chats of everyone whom an answer concerns."""
    return [
        one
        for one in inquiry_rows.audience(db, row.programme)
        if concerning(db, one[0]).shows(row.programme, row.office_id)
    ]


def clarification(row: Curated) -> Message:
    """The message that everyone in the programme gets."""
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
    """A standard answer of one of the actor's offices. Raises `Refused`."""
    row = db.get(Curated, number, with_for_update=True)
    mine = row and desk(db, actor.person_id, verb).manages(row.programme, row.office_id)
    allow(db, actor, verb, row.programme if row and mine else None, number=number)
    return cast(Curated, row)


def written(db: Session, actor: Actor) -> list[Curated]:
    """The standard answers of the actor's offices: unpublished first, then published.

    Raises `Refused`.
    """
    keys = programmes_allowed(db, actor, "answers")
    mine = desk(db, actor.person_id, "answers")
    states = (CuratedState.PROPOSED, CuratedState.PUBLISHED)
    every = (row for state in states for row in inquiry_rows.curated(db, keys, state))
    return [row for row in every if mine.manages(row.programme, row.office_id)]


def answered(db: Session, actor: Actor, number: int, verb: str) -> list[Inquiry]:
    """The questions answered together with this one. Raises `Refused`."""
    row = db.get(Inquiry, number)
    answered = row if row is not None and row.state is InquiryState.ANSWERED else None
    # What was answered of one person's data is for nobody else.
    answered = answered if answered is not None and answered.about_id is None else None
    mine = desk(db, actor.person_id, verb)
    if answered is not None and not mine.manages(answered.programme, answered.office_id):
        answered = None
    allow(db, actor, verb, answered.programme if answered else None, number=number)
    return inquiry_rows.answered_with(db, cast(Inquiry, row))


def standard_from(db: Session, question_id: int) -> Curated | None:
    """The standard answer written from a question, if it is still in force."""
    return inquiry_rows.curated_from(db, question_id)


def publisher(db: Session, row: Curated) -> str:
    """The publisher's name; empty if it is not published."""
    by = db.get(Person, row.published_by) if row.published_by else None
    return by.name if by else ""


def topic_label(db: Session, topic: str) -> Words:
    """The label of the topic or standard answer that a question was understood as; empty if
    none."""
    known = guide().topics.get(topic)
    if known is not None:
        return known.label if known.documented else ""
    number = topic.removeprefix("office.")
    row = db.get(Curated, int(number)) if topic != number and number.isdigit() else None
    return row.title if row is not None else ""


# ---------------------------------------------------------------- what is answered from them


def office(db: Session, concern: Concern | None = None) -> Office:
    """The published standard answers, of these offices if a person asks, indexed for search.

    The database is asked each time which are in force; their text never changes, so it is cached.
    """
    rows = inquiry_rows.published_ids(db)
    published = tuple(
        (number, at)
        for number, at, programme, of in rows
        if concern is None or concern.shows(programme, of)
    )
    if not published:
        return NOTHING
    # One process may use several databases.
    key = (str(db.connection().engine.url), published)
    if key not in _offices:
        if len(_offices) >= MOST_OFFICES:
            _offices.clear()
        chosen = {number for number, _ in published}
        every = (row for row in inquiry_rows.all_published(db) if row.id in chosen)
        _offices[key] = Office(map(_ready, every))
    return _offices[key]


def _ready(row: Curated) -> OfficeAnswer:
    asks = tuple(_bare(ask, row.programme) for ask in row.asks)
    number = cast(int, row.id)
    return OfficeAnswer(number, row.programme, row.topic, row.title, asks, row.says, row.clause)


def _bare(ask: str, programme: str) -> str:
    """A wording without the name of its own programme, which people of the programme leave
    out."""
    own = tuple(one for one in guide().every if one.key == programme)
    asked, rest = guide().scope(ask, own)
    return rest if asked == own else ask


NOTHING: Final = Office(())
MOST_OFFICES: Final = 8
_offices: dict[tuple[str, tuple[tuple[int, datetime], ...]], Office] = {}
