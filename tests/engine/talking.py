"""Talks played by hand, without a database, a messenger or an event loop.

talk = Talk(flow)
talk.says("昨天")
talk.back()
assert talk.waits == "day"

Every act begins from the journal's JSON, as it does after a restart.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from bot.talk import conversation
from bot.talk.conversation import (
    Broken,
    Conversation,
    Finished,
    Journal,
    RunResult,
    Waiting,
    Working,
)
from bot.talk.inputs import EDIT, Answer, Asked, Kind, Pick, Unclear, settle
from bot.talk.message import Attachment, Choice
from prompts import Language

MORNING: Final = datetime(2026, 11, 23, 2, tzinfo=UTC)
"""Ten in the morning in Beijing, on a Monday."""

Kept = TypeVar("Kept", bound=RunResult)
Act = TypeVar("Act", bound=RunResult | None)


class Talk:
    """One talk and where it stands. The clock moves on by `pace` with every act."""

    def __init__(
        self,
        flow: conversation.TalkFunction,
        about: Any = None,
        *,
        given: Mapping[str, Answer] | None = None,
        stored: str | None = None,
        now: datetime = MORNING,
        pace: timedelta = timedelta(minutes=1),
        language: Language = "zh",
        restarts: bool = False,
    ) -> None:
        """`restarts`: the program is started anew before each act, perhaps another version."""
        self.restarts = restarts
        self.flow = flow
        self.about = about
        self.now = now
        self.pace = pace
        self.language = language
        self.stored = stored or written(conversation.begin(now, given))
        self._staying: Conversation | None = None
        self._known: tuple[Any, ...] = ()
        self.outcome: RunResult = self.resume()

    # ---------------------------------------------------------------- what a person does

    def says(self, text: str) -> RunResult:
        return self.answers(Answer(text=text))

    def presses(self, value: str) -> RunResult:
        return self.answers(Answer(press=value))

    def sends(self, *files: Attachment, text: str | None = None) -> RunResult:
        return self.answers(Answer(text=text, files=files))

    def changes(self, field: str) -> RunResult:
        return self.presses(EDIT + field)

    def answers(self, answer: Answer) -> RunResult:
        return self.keep(self.acts(lambda engine: engine.answer(answer)))

    def back(self) -> bool:
        """Go back; tells whether there was anything to go back over."""
        outcome = self.acts(lambda engine: engine.back())
        if outcome is not None:
            self.keep(outcome)
        return outcome is not None

    # ---------------------------------------------------------------- what the house does

    def resume(self) -> RunResult:
        return self.keep(self.acts(lambda engine: engine.resume()))

    def done(self, result: Any) -> RunResult:
        """Hand over what the outside work gave that the talk waits for."""
        return self.keep(self.acts(lambda engine: engine.done(self.working, result)))

    def engine(self) -> Conversation:
        return Conversation(self.flow, self.about, self.journal, self.now, self.language)

    def acts(self, act: Callable[[Conversation], Act]) -> Act:
        """Act on the talk as it is stored; a flow that was left waiting comes to the same."""
        stored = act(self.engine())
        if not self.restarts:
            assert told(act(self.staying())) == told(stored)
        return stored

    def staying(self) -> Conversation:
        """The talk with its flow left waiting, unless what is stored is no longer what it left."""
        known = (self.flow, self.about, self.language, self.stored)
        staying = self._staying
        if staying is None or (*self._known, written(staying.journal)) != known:
            staying = self._staying = Conversation(
                self.flow, self.about, self.journal, self.now, self.language, stays=True
            )
            self._known = known[:3]
        staying.carry_on(self.now)
        return staying

    def keep(self, outcome: Kept) -> Kept:
        self.outcome = outcome
        self.stored = written(outcome.journal)
        self.now += self.pace
        return outcome

    # ---------------------------------------------------------------- where it stands

    @property
    def journal(self) -> Journal:
        return Journal.from_json(json.loads(self.stored))

    @property
    def waiting(self) -> Waiting:
        assert isinstance(self.outcome, Waiting), self.outcome
        return self.outcome

    @property
    def waits(self) -> str:
        """The step whose question waits."""
        return self.waiting.question.step

    @property
    def note(self) -> str | None:
        """The key of the sentence that comes before the question."""
        return self.waiting.note.key if self.waiting.note else None

    @property
    def working(self) -> str:
        """The step whose outside work is under way."""
        assert isinstance(self.outcome, Working), self.outcome
        return self.outcome.work.step

    @property
    def result(self) -> Any:
        assert isinstance(self.outcome, Finished), self.outcome
        return self.outcome.result

    @property
    def error(self) -> Exception:
        assert isinstance(self.outcome, Broken), self.outcome
        return self.outcome.error

    @property
    def answered(self) -> dict[str, Answer]:
        """What is journalled, by step."""
        return {step: entry.answer for step, entry in self.journal.entries.items()}


SAID_BESIDE: Final = [one.name for one in fields(Waiting) if one.name != "question"]


def told(outcome: RunResult | None) -> Any:
    """An outcome as far as it can be compared: of a question's kind, what it offers and shows."""
    match outcome:
        case Waiting(question=question):
            kind, asked = question.kind, Asked(MORNING, "zh")
            shown = (type(kind), kind.choices(asked), kind.shown(), kind.begins_with())
            as_told = (question.step, question.words, question.number, question.total, shown)
            return as_told, [getattr(outcome, name) for name in SAID_BESIDE]
        case Broken(journal=journal, error=error):
            return journal, repr(error)
        case _:
            return outcome


def written(journal: Journal) -> str:
    """A journal as it lies in the database."""
    return json.dumps(journal.to_json(), ensure_ascii=False)


def choices(*values: str) -> list[Choice]:
    """Choices whose labels are their values."""
    return [Choice(value, value) for value in values]


def pick(*values: str) -> Pick:
    return Pick(choices(*values))


def photo(name: str = "a.jpg") -> Attachment:
    return Attachment(f"ref-{name}", name, "image/jpeg", 1000)


def wide(text: str) -> str:
    """ASCII as a Chinese keyboard types it: full-width."""
    return "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)


def offered(kind: Kind[Any], asked: Asked) -> Sequence[Choice]:
    """All choices of a question, in the order in which they are numbered."""
    return [choice for row in kind.choices(asked) for choice in row]


def heard(kind: Kind[Any], answer: Answer, asked: Asked) -> Any:
    """What an answer means, or the key of the sentence that refuses it."""
    try:
        return kind.parse(settle(kind, answer, asked), asked)
    except Unclear as unclear:
        return unclear.words.key
