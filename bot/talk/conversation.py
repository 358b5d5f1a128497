"""The journal-and-replay engine: a talk is a plain function that survives anything.

    async def log_session(chat: Chat, me: Student) -> LogSession:
        day = await chat.ask("day", Day(me.first, me.last), t("session.which_day"))
        ...
        return LogSession(day, ...)

Every answer is journalled under its step's hand-written name. The next answer re-runs the function
from the top, fed from the journal, until it reaches a step that has none. So a restart, a deploy
or another device picks up in mid-sentence; going back drops the last answer; changing one field
drops that one answer and keeps the rest.

Nothing here knows a database, a clock or a messenger: a `Conversation` takes a journal and one
answer to the next journal and the next question. The engine drives the coroutine by hand, so a
flow that awaits anything but a step fails at once, and a flow has no effects: it returns what is
to be done.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

from bot.talk.clock import beijing_day
from bot.talk.inputs import Answer, Asked, Kind, Unclear, settle
from bot.talk.message import Message
from prompts import Language, Text, Words, t

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """One journalled answer: its step, the words, and the time."""

    step: str
    answer: Answer
    at: datetime
    turn: int = 0
    """The turn in which it was given: buttons carry it, so that an old one is known."""
    result: Any = None
    """The result of outside work, for a step that was not a question."""


class Journal(NamedTuple):
    """The whole memory of a talk. Immutable: each change makes a new one."""

    began: datetime
    entries: Mapping[str, Entry] = MappingProxyType({})
    turn: int = 0
    """Counts accepted changes; a button from an earlier turn is stale."""
    asked: str = ""
    """The step whose question was last put: an answer is for that one and no other."""
    changing: str = ""
    """The field that is being asked again."""
    aside: Mapping[str, Entry] = MappingProxyType({})
    """The field's former answers, until it is answered anew; going back restores them."""

    def to_json(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "began": self.began.isoformat(),
            "turn": self.turn,
            "entries": [_entry_to_json(e) for e in self.entries.values()],
        }
        if self.asked:
            body["asked"] = self.asked
        if self.changing:
            body["changing"] = self.changing
            body["aside"] = [_entry_to_json(e) for e in self.aside.values()]
        return body

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Journal:
        return cls(
            began=datetime.fromisoformat(body["began"]),
            turn=body["turn"],
            entries={e["step"]: _entry_from_json(e) for e in body["entries"]},
            asked=body.get("asked", ""),
            changing=body.get("changing", ""),
            aside={e["step"]: _entry_from_json(e) for e in body.get("aside", ())},
        )


def _entry_to_json(entry: Entry) -> dict[str, Any]:
    body: dict[str, Any] = {"step": entry.step, "at": entry.at.isoformat(), "turn": entry.turn}
    body.update(entry.answer.to_json())
    if entry.result is not None:
        body["result"] = entry.result
    return body


def _entry_from_json(body: Mapping[str, Any]) -> Entry:
    return Entry(
        body["step"],
        Answer.from_json(body),
        datetime.fromisoformat(body["at"]),
        body["turn"],
        body.get("result"),
    )


# ---------------------------------------------------------------- what a flow sees


@dataclass(frozen=True, slots=True)
class Question:
    """A step that a person answers."""

    step: str
    kind: Kind[Any]
    words: Words | Message
    number: int | None = None
    """Its place in the talk, from 1, where the talk has a known length."""
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """A slow or outside step: it runs without a transaction, and its result is journalled."""

    step: str
    job: str
    args: Mapping[str, Any]


Step = Question | Work


class _Await(Generic[T]):
    __slots__ = ("step",)

    def __init__(self, step: Step) -> None:
        self.step = step

    def __await__(self) -> Generator[Step, T, T]:
        return (yield self.step)


class Chat:
    """What a flow uses to talk. Its clock stands still between answers."""

    def __init__(self, began: datetime, language: Language) -> None:
        self.now = began
        """When the last answer was given, or the talk began: the same at every replay."""
        self.language = language
        self._total: int | None = None
        self._asked = 0

    @property
    def today(self) -> date:
        """The day of `now` in Beijing."""
        return beijing_day(self.now)

    def steps(self, total: int) -> None:
        """Say how many questions the talk has, so that each shows its place (3/8)."""
        self._total = total

    def ask(
        self, step: str, kind: Kind[T], words: Words | Message, *, counted: bool = True
    ) -> _Await[T]:
        """Ask, and wait for an answer of this kind.

        `step` is the answer's name for ever: unique in a talk (put the index in it inside a loop)
        and never renamed while talks may be under way.
        """
        if counted and self._total:
            self._asked += 1
            return _Await(Question(step, kind, words, self._asked, self._total))
        return _Await(Question(step, kind, words))

    def work(self, step: str, job: str, **args: Any) -> _Await[Any]:
        """Have slow work done outside; returns its JSON result, the same at every replay.

        Work that comes of one answer is named inside that answer's step (`files/0/kept`): when the
        answer is given anew, the work is done anew.
        """
        return _Await(Work(step, job, args))


Talk = Callable[[Chat, Any], Coroutine[Any, Any, Any]]


class FlowError(Exception):
    """A flow broke the engine's rules: a duplicate step, or an await of something else.

    Like whatever else a flow raises, it ends in `Broken`.
    """


# ---------------------------------------------------------------- what the engine says


@dataclass(frozen=True, slots=True)
class Waiting:
    """The talk waits for an answer to `question`."""

    journal: Journal
    question: Question
    note: Text | None = None
    """What to say first: why the last answer could not be taken, or what has changed."""
    accepted: bool = False
    """Whether the answer just given was taken."""


@dataclass(frozen=True, slots=True)
class Working:
    """The talk waits for outside work."""

    journal: Journal
    work: Work


@dataclass(frozen=True, slots=True)
class Finished:
    """The talk has returned what is to be done."""

    journal: Journal
    result: Any


@dataclass(frozen=True, slots=True)
class Broken:
    """The flow raised. Its journal is whole; the talk can go on once the fault is mended."""

    journal: Journal
    error: Exception


Outcome = Waiting | Working | Finished | Broken


# ---------------------------------------------------------------- the engine


class Conversation:
    """One talk at one moment: a flow, whom it is about, and the journal so far."""

    def __init__(
        self, talk: Talk, about: Any, journal: Journal, now: datetime, language: Language
    ) -> None:
        self._talk = talk
        self._about = about
        self._journal = journal
        self._asked = Asked(now, language)

    def resume(self) -> Outcome:
        """Replay to the step that waits."""
        return self._run()

    def answer(self, answer: Answer) -> Outcome:
        """Give an answer to the question that waits; refused, it leaves no trace."""
        return self._run(answer)

    def done(self, step: str, result: Any) -> Outcome:
        """Journal the result of outside work, and go on; of two results the first stands."""
        entries = self._journal.entries
        if step not in entries:
            entry = Entry(step, Answer(), self._asked.now, self._journal.turn, result)
            self._journal = self._journal._replace(entries={**entries, step: entry})
        return self._run()

    def back(self) -> Outcome | None:
        """Drop the last answer, or give up a change; `None` when there is nothing to drop."""
        journal = self._journal
        walked: list[Step] = []
        self._run(walked=walked)
        if journal.changing and not any(_inside(s.step, journal.changing) for s in walked):
            return self._moved({**journal.entries, **journal.aside})
        # Dropping an answer also drops the outside work that followed from it.
        gone: set[str] = set()
        while walked:
            last = walked.pop()
            gone.add(last.step)
            if isinstance(last, Question):
                entries = {k: e for k, e in journal.entries.items() if k not in gone}
                return self._moved(entries, journal.changing, journal.aside)
        return None

    def _change(self, root: str) -> Outcome:
        """Ask one field again, keeping every other answer."""
        entries = self._journal.entries
        aside = {k: e for k, e in entries.items() if _inside(k, root)}
        return self._moved({k: e for k, e in entries.items() if k not in aside}, root, aside)

    def _moved(
        self,
        entries: Mapping[str, Entry],
        changing: str = "",
        aside: Mapping[str, Entry] | None = None,
    ) -> Outcome:
        self._journal = self._journal._replace(
            entries=entries,
            turn=self._journal.turn + 1,
            changing=changing,
            aside=aside or {},
        )
        outcome = self._run()
        return replace(outcome, accepted=True) if isinstance(outcome, Waiting) else outcome

    def _run(self, candidate: Answer | None = None, walked: list[Step] | None = None) -> Outcome:
        """Replay, and take the candidate if it answers the step that waits.

        `walked` receives the answered steps, in the order in which the flow asks for them today.
        """
        chat = Chat(self._journal.began, self._asked.language)
        try:
            with closing(self._talk(chat, self._about)) as flow:
                return self._drive(flow, chat, candidate, [] if walked is None else walked)
        except Exception as error:  # whatever a flow raises, its journal stays
            return Broken(self._journal, error)

    def _drive(
        self,
        flow: Coroutine[Any, Any, Any],
        chat: Chat,
        candidate: Answer | None,
        walked: list[Step],
    ) -> Outcome:
        seen: set[str] = set()
        note: Text | None = None
        accepted = False
        value: Any = None
        while True:
            try:
                step = flow.send(value)
            except StopIteration as stop:
                return Finished(self._journal, stop.value)
            if not isinstance(step, Step):
                raise FlowError(f"a flow awaited {step!r}; only the chat's steps can be awaited")
            if step.step in seen:
                raise FlowError(f"step {step.step!r} is asked twice in one talk")
            seen.add(step.step)
            entry = self._journal.entries.get(step.step)
            if entry is not None:
                try:
                    value = self._read(step, entry)
                except Unclear as unclear:
                    # An earlier answer does not fit today's question: ask again, keep the rest.
                    note, entry = unclear.words, None
                    self._drop(step.step)
            if entry is None:
                self._end_change(step, walked)
                if isinstance(step, Work):
                    return Working(self._journal, step)
                if candidate is not None and self._journal.asked not in ("", step.step):
                    # The flow has changed since its question was put: nobody meant this one.
                    candidate, note = None, note or t("answer.not_now")
                if candidate is None:
                    self._journal = self._journal._replace(asked=step.step)
                    return Waiting(self._journal, step, note, accepted)
                try:
                    answer = settle(step.kind, candidate, self._asked)
                    change = step.kind.change(answer)
                    if change is not None and self._has(change):
                        return self._change(change)
                    entry = Entry(step.step, answer, self._asked.now, self._journal.turn)
                    value = self._read(step, entry)
                except Unclear as unclear:
                    return Waiting(self._journal, step, unclear.words)
                candidate, note, accepted = None, None, True
                self._keep(entry)
            chat.now = entry.at
            walked.append(step)

    def _read(self, step: Step, entry: Entry) -> Any:
        if isinstance(step, Work):
            return entry.result
        return step.kind.parse(entry.answer, Asked(entry.at, self._asked.language))

    def _keep(self, entry: Entry) -> None:
        entries = {**self._journal.entries, entry.step: entry}
        self._journal = self._journal._replace(entries=entries, turn=self._journal.turn + 1)

    def _drop(self, step: str) -> None:
        entries = {k: e for k, e in self._journal.entries.items() if k != step}
        self._journal = self._journal._replace(entries=entries)

    def _has(self, root: str) -> bool:
        return any(_inside(step, root) for step in self._journal.entries)

    def _end_change(self, waits: Step, walked: list[Step]) -> None:
        """Drop the former answers of the changed field once the talk has passed it."""
        root = self._journal.changing
        if not root or _inside(waits.step, root):
            return
        if any(_inside(step.step, root) for step in walked):
            self._journal = self._journal._replace(changing="", aside={})


def _inside(step: str, root: str) -> bool:
    """Whether a step asks for a field, or is one turn of the loop that asks for it."""
    return step == root or step.startswith(f"{root}/")


def already_given(journal: Journal, turn: int, press: str) -> bool:
    """Whether a stale press only repeats what that turn took: a double tap, not a change."""
    return any(e.turn == turn and e.answer.press == press for e in journal.entries.values())


def begin(now: datetime, given: Mapping[str, Answer] | None = None) -> Journal:
    """A new journal, perhaps with answers understood from one sentence."""
    entries = {step: Entry(step, answer, now) for step, answer in (given or {}).items()}
    return Journal(began=now, entries=entries)
