"""The journal-and-replay engine: a talk is a plain function that survives anything.

    async def log_session(chat: Chat, me: Student) -> LogSession:
        day = await chat.ask("day", Day(me.first, me.last), t("session.which_day"))
        ...
        return LogSession(day, ...)

Every answer is journalled under its step's hand-written name. A replay runs the function from the
top, fed from the journal, until it reaches a step that has none; a flow that was left waiting
there goes on. So a restart, a deploy or another device picks up in mid-sentence. Going back drops
the last answer; changing one field drops that one answer and keeps the rest.

Nothing here knows a database, a clock or a messenger: a `Conversation` takes a journal and one
answer to the next journal and the next question. The engine drives the coroutine by hand, so a
flow that awaits anything but a step fails at once, and a flow has no effects: it returns what is
to be done.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import count
from types import MappingProxyType
from typing import Any, Final, Generic, NamedTuple, TypeVar, cast

from bot.talk.clock import beijing_day
from bot.talk.inputs import (
    Answer,
    Asked,
    Free,
    Kind,
    Part,
    Parts,
    Pick,
    Summary,
    SummaryLine,
    Unclear,
    not_a_choice,
    own_words,
    settle,
)
from bot.talk.message import Choice, Field, Message
from language.affairs import is_courtesy
from language.replies import hands_in
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
    by: str = ""
    """The step whose answer said this as well, where one answer gave several."""


class Journal(NamedTuple):
    """The whole memory of a talk. It is immutable: each change makes a new one."""

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
    made: tuple[str, ...] = ()
    """The fields that the last change changed, as long as nothing else was answered since."""
    undo: Mapping[str, Entry] = MappingProxyType({})
    """What they said before; going back restores it."""
    unsure: Answer | None = None
    """Words that may be the answer or a question about something else, kept until the person says
    which."""
    later: str = ""
    """Words that were said while that was open and are no question. They are added to the answer,
    whichever the first ones are."""
    dropped: Mapping[str, Entry] = MappingProxyType({})
    """Answers over which somebody went back: each is offered again when its question is."""
    opened: str = ""
    """The list of files to which somebody went back: what is in it stays."""

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
        if self.made:
            body["made"] = list(self.made)
            body["undo"] = [_entry_to_json(e) for e in self.undo.values()]
        if self.unsure is not None:
            body["unsure"] = self.unsure.to_json()
        if self.later:
            body["later"] = self.later
        if self.dropped:
            body["dropped"] = [_entry_to_json(e) for e in self.dropped.values()]
        if self.opened:
            body["opened"] = self.opened
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
            made=tuple(body.get("made", ())),
            undo={e["step"]: _entry_from_json(e) for e in body.get("undo", ())},
            unsure=Answer.from_json(body["unsure"]) if "unsure" in body else None,
            later=body.get("later", ""),
            dropped={e["step"]: _entry_from_json(e) for e in body.get("dropped", ())},
            opened=body.get("opened", ""),
        )


def _entry_to_json(entry: Entry) -> dict[str, Any]:
    body: dict[str, Any] = {"step": entry.step, "at": entry.at.isoformat(), "turn": entry.turn}
    body.update(entry.answer.to_json())
    if entry.result is not None:
        body["result"] = entry.result
    if entry.by:
        body["by"] = entry.by
    return body


def _entry_from_json(body: Mapping[str, Any]) -> Entry:
    return Entry(
        body["step"],
        Answer.from_json(body),
        datetime.fromisoformat(body["at"]),
        body["turn"],
        body.get("result"),
        body.get("by", ""),
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
    passed: bool = False
    """Going back passes over it: it was given unasked."""


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

    def __init__(self, conversation: Conversation, journal: Journal, language: Language) -> None:
        self.now = journal.began
        """When the last answer was given, or the talk began: the same at every replay."""
        self.language = language
        self._conversation = conversation
        self._total: int | None = None
        self._asked = 0
        self.values: dict[str, Any] = {}
        """What the steps passed so far mean."""
        self.beside: Callable[[], Sequence[SummaryLine]] = tuple
        """The fields said so far, to be shown with each further question."""
        self.above: Words = ""
        """What is said above each question: why all this is asked."""
        self.files = ""
        """The root of the steps that take files which come with any answer."""
        self.captions = ""
        """The step that takes words which came with files and answered nothing else."""
        self.mends: Mends | None = None
        """Hears at any question what is wrong with the fields said so far."""
        self.told: dict[str, Text] = {}

    @property
    def today(self) -> date:
        """The day of `now` in Beijing."""
        return beijing_day(self.now)

    def steps(self, total: int) -> None:
        """Say how many questions the talk has, so that each shows its place (3/8)."""
        self._total = total

    def given(self, step: str) -> bool:
        """Whether the step has an answer, wherever the talk stands."""
        return step in self._conversation.journal.entries

    def changing(self, root: str) -> bool:
        """Whether this field is being asked again."""
        return root in (self._conversation.journal.changing, self._conversation.journal.opened)

    def peek(self, step: str, kind: Kind[T]) -> T | None:
        """What the step's answer means, wherever the talk stands; of a field that is being
        changed, what it said before. `None` where it says nothing that is understood."""
        if step in self.values:
            return cast(T, self.values[step])
        return read(self._conversation.journal, step, kind, self.language)

    def receive(self, files: str, *, captions: str = "") -> None:
        """Take files with any answer, as further turns of the loop `files`; words that came with
        them and answer nothing go to the step `captions`, if it has no answer yet."""
        self.files, self.captions = files, captions

    def tell(self, step: str, words: Text) -> None:
        """Say what came of the outside work of a step, once, before the next question."""
        self.told[step] = words

    def ask(
        self,
        step: str,
        kind: Kind[T],
        words: Words | Message,
        *,
        counted: bool = True,
        passed: bool = False,
    ) -> _Await[T]:
        """Ask, and wait for an answer of this kind.

        `step` is the answer's name for ever: unique in a talk (put the index in it inside a loop)
        and never renamed while talks may be under way.
        """
        if counted and self._total:
            self._asked += 1
            return _Await(Question(step, kind, words, self._asked, self._total))
        return _Await(Question(step, kind, words, passed=passed))

    async def sure(self, yes: Choice, words: Words) -> bool:
        """Ask once more, as the step `sure`. A flow that is told no returns `None`: then the talk
        ends, and nothing is done."""
        no = Choice("no", t("talk.no"), weight="quiet")
        return await self.ask("sure", Pick([yes, no]), words) == yes.value

    def work(self, step: str, job: str, **args: Any) -> _Await[Any]:
        """Have slow work done outside; returns its JSON result, the same at every replay.

        Work that comes of one answer is named inside that answer's step (`files/0/kept`): when the
        answer is given anew, the work is done anew.
        """
        return _Await(Work(step, job, args))


Mends = Callable[[str, Asked, bool], Mapping[str, Answer | None]]
"""As `Corrections`, of fields said so far; whether only what says plainly that something is wrong
is one, because the question takes any words."""
TalkFunction = Callable[[Chat, Any], Coroutine[Any, Any, Any]]


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
    above: Words = ""
    """What is said above the question each time."""
    fields: tuple[Field, ...] = ()
    """What was said so far; of a field that is being changed, what it says now."""
    present: str = ""
    """The choice that was made here before."""
    begin_with: str = ""
    """The words that were said here before, to be edited."""
    aside: tuple[str, ...] = ()
    """Words that turned out to be questions about something else, to be answered now."""


@dataclass(frozen=True, slots=True)
class Working:
    """The talk waits for outside work."""

    journal: Journal
    work: Work
    aside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """The talk has returned what is to be done."""

    journal: Journal
    result: Any
    aside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Broken:
    """The flow raised. Its journal is whole; the talk can go on once the fault is mended."""

    journal: Journal
    error: Exception


RunResult = Waiting | Working | Finished | Broken


# ---------------------------------------------------------------- the engine


class _Returned(NamedTuple):
    """The flow has ended, and what it gives."""

    result: Any


class _Settled(NamedTuple):
    """An answer that was taken, and what it means."""

    entry: Entry
    value: Any


@dataclass(slots=True)
class _Run:
    """A flow's coroutine on its way through the journal."""

    flow: Coroutine[Any, Any, Any]
    chat: Chat
    walked: list[Step] = field(default_factory=list)
    """The answered steps, in the order in which the flow asks for them today."""
    seen: set[str] = field(default_factory=set)
    step: Step | _Returned | None = None
    """Where it is; nothing before it has begun."""
    journal: Journal | None = None
    """The journal by which it came to the question where it was left waiting."""

    def go_on(self, value: Any) -> Step | _Returned:
        """Bring the flow to its next step, given what the last one means. Raises `FlowError`."""
        try:
            step = self.flow.send(value)
        except StopIteration as stop:
            return _Returned(stop.value)
        if not isinstance(step, Step):
            raise FlowError(f"a flow awaited {step!r}; only the chat's steps can be awaited")
        if step.step in self.seen:
            raise FlowError(f"step {step.step!r} is asked twice in one talk")
        self.seen.add(step.step)
        return step


class Conversation:
    """One talk: a flow, whom it is about, and the journal so far.

    The flow may be left waiting at its question, for the next answer to be given to it there: a
    replay would come to the same place, and is what counts.
    """

    def __init__(
        self,
        talk: TalkFunction,
        about: Any,
        journal: Journal,
        now: datetime,
        language: Language,
        *,
        stays: bool = False,
    ) -> None:
        """`stays`: the flow is left waiting at its question, until `close`."""
        self._talk = talk
        self._stays = stays
        self._about = about
        self._journal = journal
        self._asked = Asked(now, language)
        self._doubts: Doubts = _no_doubts
        self._fresh = ""
        """The outside work whose result was just handed in."""
        self._aside: tuple[str, ...] = ()
        """Words among those said that ask about something else."""
        self._chat = Chat(self, journal, language)
        self._waiting: _Run | None = None
        """The run that stands where a replay of the journal would."""

    def carry_on(self, now: datetime) -> None:
        """Go on at a later moment, with the same journal."""
        self._asked = Asked(now, self._asked.language)
        self._doubts = _no_doubts
        self._fresh, self._aside = "", ()

    def close(self) -> None:
        """Leave the flow, wherever it waits."""
        if self._waiting is not None:
            self._waiting.flow.close()
            self._waiting = None

    @property
    def waits(self) -> bool:
        """Whether the flow was left waiting at its question."""
        return self._waiting is not None

    @property
    def journal(self) -> Journal:
        """The journal as it stands."""
        return self._journal

    def resume(self) -> RunResult:
        """Replay to the step that waits."""
        return self._run()

    def answer(self, answer: Answer, doubts: Doubts | None = None) -> RunResult:
        """Give an answer to the question that waits; refused, it leaves no trace.

        Words that would be an answer, and that `doubts` takes for a question about something
        else, are kept until the person has said which of the two they are.
        """
        self._doubts = doubts or _no_doubts
        outcome = self._run(answer)
        if self._aside and not isinstance(outcome, Broken):
            outcome = replace(outcome, aside=self._aside)
        return outcome

    def done(self, step: str, result: Any) -> RunResult:
        """Journal the result of outside work, and go on; of two results the first stands."""
        entries = self._journal.entries
        if step not in entries:
            entry = Entry(step, Answer(), self._asked.now, self._journal.turn, result)
            self._journal = self._journal._replace(entries={**entries, step: entry})
        self._fresh = step
        return self._run()

    def back(self) -> RunResult | None:
        """Undo the last thing done: an answer, or a change; `None` when there is nothing."""
        journal = self._journal
        if journal.unsure is not None:
            held = Answer(text=_joined(journal.unsure.text, journal.later))
            again = {journal.asked: Entry(journal.asked, held, self._asked.now, journal.turn)}
            return self._moved(journal.entries, journal.changing, journal.aside, again)
        walked: list[Step] = []
        waits = self._run(walked=walked)
        if journal.made and isinstance(waits, Waiting) and self._still(waits.question):
            kept = {
                step: entry
                for step, entry in journal.entries.items()
                if not any(_inside(step, root) for root in journal.made)
            }
            return self._moved({**kept, **journal.undo})
        inside = [s.step for s in walked if journal.changing and _inside(s.step, journal.changing)]
        if journal.changing and all(
            journal.entries.get(step) == journal.aside.get(step) for step in inside
        ):
            others = _without(journal.entries, journal.changing)
            made, undo = journal.made, journal.undo
            return self._moved({**others, **journal.aside}, made=made, undo=undo)
        files = self._chat.files
        at_files = isinstance(waits, Waiting) and _inside(waits.question.step, files)
        # Dropping an answer also drops the outside work that followed from it.
        gone: set[str] = set()
        while walked:
            last = walked.pop()
            if isinstance(last, Question) and last.step not in inside:
                listed = _inside(last.step, files)
                if listed and not last.passed and not at_files:
                    return self._open(files)
                if listed or last.passed:
                    gone.clear()
                    continue
            gone.add(last.step)
            if isinstance(last, Question):
                # What one answer said of two steps goes together; files that it brought stay.
                by = journal.entries[last.step].by
                gone.add(last.step if _inside(by, files) else by or last.step)
                entries = {
                    k: e for k, e in journal.entries.items() if k not in gone and e.by not in gone
                }
                again = {k: e for k, e in journal.entries.items() if k not in entries}
                changed = next((root for root in journal.made if _inside(last.step, root)), "")
                if changed:
                    return self._change_again(changed, entries, again)
                return self._moved(entries, journal.changing, journal.aside, again)
        return None

    def _change_again(
        self, root: str, entries: Mapping[str, Entry], again: Mapping[str, Entry]
    ) -> RunResult:
        """Go back to a field that was just changed, where that led to another question; going
        back once more undoes the change."""
        journal = self._journal
        aside = {k: e for k, e in journal.undo.items() if _inside(k, root)}
        made = tuple(one for one in journal.made if one != root)
        undo = {k: e for k, e in journal.undo.items() if k not in aside}
        if not aside:
            # It was asked only because another field was changed.
            return self._moved(entries, again=again, made=made, undo=undo)
        return self._moved(entries, root, aside, again, made, undo)

    def _still(self, waits: Question) -> bool:
        """Whether the last change is still what was done last: the talk is back on its card, or
        asks for what the change did not say well."""
        return bool(waits.kind.shown()) or any(
            _inside(waits.step, root) for root in self._journal.made
        )

    def _open(self, root: str) -> RunResult:
        """Go back to the list of files that were asked for; what is in it stays."""
        self._moved(self._unended(root))
        self._journal = self._journal._replace(opened=root)
        outcome = self._run()
        return replace(outcome, accepted=True) if isinstance(outcome, Waiting) else outcome

    def _change(
        self,
        root: str,
        made: tuple[str, ...] = (),
        undo: Mapping[str, Entry] = MappingProxyType({}),
    ) -> RunResult:
        """Ask one field again, keeping every other answer.

        The files that came with any answer stay: only what ended their list is asked again.
        """
        entries = self._journal.entries
        aside = {k: e for k, e in entries.items() if _inside(k, root)}
        files = root == self._chat.files
        left = self._unended(root) if files else _without(entries, root)
        return self._moved(left, root, aside, made=made, undo=undo)

    def _unended(self, root: str) -> dict[str, Entry]:
        """The journal's entries without what ended this list."""
        walked: list[Step] = []
        self._run(walked=walked)
        turns = [s for s in walked if isinstance(s, Question) and _inside(s.step, root)]
        end = {s.step for s in turns[-1:] if self._ends(s)}
        return {k: e for k, e in self._journal.entries.items() if k not in end}

    def _ends(self, step: Question) -> bool:
        """Whether a list was ended at this step."""
        part = self._value(step.kind, self._journal.entries[step.step])
        return isinstance(part, Part) and part.done

    def _correct(self, review: Kind[Any], said: Mapping[str, Answer | None]) -> RunResult:
        """Change several fields at once, as somebody said; those that are only wrong are asked.

        It is one change: going back undoes all of it, also while a field is being asked.
        """
        before = self._journal.entries
        entries = dict(before)
        for step, answer in said.items():
            if answer is not None:
                entries = _without(entries, step)
                entries[step] = Entry(step, answer, self._asked.now, self._journal.turn)
        roots = tuple(dict.fromkeys(step.split("/")[0] for step in said))
        undo = {k: e for k, e in before.items() if any(_inside(k, root) for root in roots)}
        wrong = [step for step, answer in said.items() if answer is None]
        for step in wrong[1:]:
            entries = _without(entries, step)
        self._journal = self._journal._replace(entries=entries)
        if wrong:
            outcome = self._change(wrong[0], roots, undo)
        else:
            turn = self._journal.turn + 1
            self._journal = self._journal._replace(turn=turn, made=roots, undo=undo)
            outcome = self._run()
        right = {step.split("/")[0] for step, answer in said.items() if answer is not None}
        labels = [
            line.label
            for line in (review.fields if isinstance(review, Summary) else ())
            if line.step.split("/")[0] in right
        ]
        return _saying_what_changed(outcome, labels)

    def _renamed(self, field_: SummaryLine, to: str) -> RunResult:
        """Ask a field again, and take what it is said to be as the answer."""
        outcome = self._change(field_.step)
        if not to or not isinstance(outcome, Waiting):
            return outcome
        return _saying_what_changed(self._run(Answer(text=to)), [field_.label])

    def _mended(self, step: Question, candidate: Answer, *, plainly: bool) -> RunResult | None:
        """Take words as a correction of the fields said so far, those that are only wrong being
        asked again; `None` if they are none. `plainly`: they would answer the question as well."""
        mends, journal = self._chat.mends, self._journal
        summary = isinstance(step.kind, Summary)
        if mends is None or not candidate.text or candidate.other or summary:
            return None
        said = mends(own_words(candidate.text), self._asked, plainly)
        if not said:
            return None
        entries = {k: e for k, e in journal.entries.items() if k not in said}
        entries |= {
            one: Entry(one, value, self._asked.now, journal.turn)
            for one, value in said.items()
            if value is not None
        }
        outcome = self._moved(
            entries,
            journal.changing,
            journal.aside,
            {k: e for k, e in journal.entries.items() if said.get(k, e) is None},
            journal.made,
            journal.undo,
        )
        right = [one.label for one in self._chat.beside() if said.get(one.step) is not None]
        return _saying_what_changed(outcome, right)

    def _moved(
        self,
        entries: Mapping[str, Entry],
        changing: str = "",
        aside: Mapping[str, Entry] | None = None,
        again: Mapping[str, Entry] = MappingProxyType({}),
        made: tuple[str, ...] = (),
        undo: Mapping[str, Entry] = MappingProxyType({}),
    ) -> RunResult:
        """Go on with these entries. Those in `again` are offered when their question comes."""
        self._journal = self._journal._replace(
            entries=entries,
            turn=self._journal.turn + 1,
            changing=changing,
            aside=aside or {},
            made=made,
            undo=undo,
            unsure=None,
            later="",
            opened="",
            dropped=_open({**self._journal.dropped, **again}, entries),
        )
        outcome = self._run()
        return replace(outcome, accepted=True) if isinstance(outcome, Waiting) else outcome

    def _run(self, candidate: Answer | None = None, walked: list[Step] | None = None) -> RunResult:
        """Come to the step that waits, and take the candidate if it answers that.

        `walked` receives the answered steps, in the order in which the flow asks for them today.
        """
        try:
            run = self._left_waiting() or self._begun()
            try:
                return self._drive(run, candidate)
            finally:
                if walked is not None:
                    walked += run.walked
                if self._waiting is not run:
                    run.flow.close()
        except Exception as error:  # whatever a flow raises, its journal stays
            return Broken(self._journal, error)

    def _begun(self) -> _Run:
        """A run from the top."""
        self._chat = Chat(self, self._journal, self._asked.language)
        return _Run(self._talk(self._chat, self._about), self._chat)

    def _left_waiting(self) -> _Run | None:
        """The run that was left waiting, if the journal is still the one that led it there."""
        run, self._waiting = self._waiting, None
        if run is None or run.journal is self._journal:
            return run
        run.flow.close()
        return None

    def _drive(self, run: _Run, candidate: Answer | None) -> RunResult:
        note: Text | None = None
        accepted = False
        if run.step is None:
            run.step = run.go_on(None)
        while True:
            step = run.step
            if isinstance(step, _Returned):
                return Finished(self._journal, step.result)
            entry = self._journal.entries.get(step.step)
            value: Any = None
            if entry is not None:
                try:
                    value = self._read(step, entry)
                except Unclear as unclear:
                    # An earlier answer does not fit today's question: ask again, keep the rest.
                    note, entry = unclear.words, None
                    self._drop(step.step)
            if entry is None:
                self._end_change(step, run.walked)
                if isinstance(step, Work):
                    return Working(self._journal, step)
                settled = self._settled(run, step, candidate, note, accepted=accepted)
                if not isinstance(settled, _Settled):
                    return settled
                entry, value = settled
                candidate, note, accepted = None, None, True
            run.chat.now = entry.at
            run.chat.values[step.step] = value
            run.walked.append(step)
            run.step = run.go_on(value)

    def _settled(
        self,
        run: _Run,
        step: Question,
        candidate: Answer | None,
        note: Text | None,
        *,
        accepted: bool,
    ) -> RunResult | _Settled:
        """Ask the question, or take the candidate as its answer."""
        chat = run.chat
        files = candidate.files if candidate is not None else ()
        if candidate is not None and files and chat.files and not step.kind.takes_files:
            return self._received(chat, candidate)
        if candidate is not None and self._journal.asked not in ("", step.step):
            # The flow has changed since its question was put: nobody meant this one.
            candidate, note = None, note or t("answer.not_now")
        note = note or self._told(chat)
        doubtful = self._journal.unsure
        if doubtful is not None:
            if candidate is None:
                return self._which(step, note, accepted=accepted)
            meant = settle(_which_of(doubtful), candidate, self._asked).press
            more = own_words(candidate.text or "")
            # Whoever asks on has asked before.
            asks_on = meant is None and not candidate.files and bool(more) and self._doubts(more)
            if meant not in (_CONTENT, _QUESTION) and not asks_on:
                return self._went_on(step, candidate)
            later = self._journal.later
            turn = self._journal.turn + (meant != _CONTENT)
            self._journal = self._journal._replace(unsure=None, later="", turn=turn)
            self._doubts = _no_doubts
            if meant != _CONTENT:
                self._aside = (doubtful.text or "", *((more,) if asks_on else ()))
                if not later:
                    return self._wait(run, step, note, accepted=True)
                candidate = Answer(text=later)
            elif later:
                candidate = Answer(text=_joined(doubtful.text, later))
            else:
                candidate = doubtful
        if candidate is None:
            self._journal = self._journal._replace(asked=step.step)
            return self._wait(run, step, note, accepted=accepted)
        try:
            answer = settle(step.kind, candidate, self._asked)
            if _hands_in(step.kind, answer):
                raise Unclear(t("talk.not_complete"))
            change = step.kind.change(answer)
            if change is not None and (self._has(change) or change == chat.files):
                return self._change(change)
            corrected = step.kind.correct(answer, self._asked)
            if corrected:
                return self._correct(step.kind, corrected)
            if (named := step.kind.renamed(answer)) is not None:
                return self._renamed(*named)
            entry = Entry(step.step, answer, self._asked.now, self._journal.turn)
            value = self._read(step, entry)
        except Unclear as unclear:
            mended = None if doubtful else self._mended(step, candidate, plainly=False)
            if mended is not None:
                return mended
            asked = self._wait(run, step, unclear.words, accepted=doubtful is not None)
            return replace(asked, begin_with=candidate.text or "") if doubtful else asked
        if doubtful is None and answer.press is None and isinstance(step.kind, Free):
            mended = self._mended(step, candidate, plainly=True)
            if mended is not None:
                return mended
        told = answer.text if answer.press is None and doubtful is None else None
        polite = bool(told) and not step.kind.takes_courtesies and is_courtesy(told or "")
        asks = bool(told) and not step.kind.takes_questions and self._doubts(told or "")
        if polite or asks:
            turn = self._journal.turn + 1
            self._journal = self._journal._replace(unsure=answer, turn=turn)
            return self._which(step, accepted=True)
        self._keep(entry, step.kind.more(answer, self._asked))
        return _Settled(entry, value)

    def _wait(
        self, run: _Run, step: Question, note: Text | None, *, accepted: bool = False
    ) -> Waiting:
        """The talk waits for a step, with what was said so far in sight."""
        chat, journal = run.chat, self._journal
        if self._stays and _plain(journal):
            self._waiting, run.journal = run, journal
        root = journal.changing if journal.aside else ""
        fields = tuple(
            Field(t("talk.now", field=line.label) if root else line.label, line.shown)
            for line in (() if step.kind.shown() else chat.beside())
            if not root or _inside(line.step, root) or _inside(root, line.step)
        )
        present, begin_with = "", step.kind.begins_with()
        aside = journal.aside.get(step.step)
        before = aside or journal.undo.get(step.step) or journal.dropped.get(step.step)
        if before is not None and not step.kind.takes_files:
            present = self._present(step.kind, before)
            if not present and (aside is None or isinstance(step.kind, Free | Parts)):
                begin_with = before.answer.text or begin_with
        return Waiting(journal, step, note, accepted, chat.above, fields, present, begin_with)

    def _present(self, kind: Kind[Any], before: Entry) -> str:
        """The choice that says what was said before; empty if it was said in own words."""
        offered = [c.value for row in kind.choices(self._asked) for c in row]
        if before.answer.press in offered:
            return before.answer.press or ""
        value = self._value(kind, before)
        if value is None:
            return ""
        besides = kind.more(before.answer, self._asked).items()
        return next(
            (
                one
                for one in offered
                if self._value(kind, replace(before, answer=Answer(press=one))) == value
                and kind.more(Answer(press=one), self._asked).items() <= besides
            ),
            "",
        )

    def _value(self, kind: Kind[Any], entry: Entry) -> Any:
        try:
            return kind.parse(entry.answer, Asked(entry.at, self._asked.language))
        except Unclear:
            return None

    def _which(
        self, step: Question, note: Text | None = None, *, accepted: bool = False
    ) -> Waiting:
        """Ask whether words are the answer or a question about something else."""
        unsure, later = self._journal.unsure, self._journal.later
        said = own_words(unsure.text or "") if unsure else ""
        which = _which_of(unsure or Answer())
        if which is _POLITE_OR_NOT:
            key = "talk.content_or_courtesy_later" if later else "talk.content_or_courtesy"
        else:
            key = "talk.content_or_question_later" if later else "talk.content_or_question"
        words = t(key, said=said, **({"later": later} if later else {}))
        self._journal = self._journal._replace(asked=step.step)
        return Waiting(self._journal, Question(step.step, which, words), note, accepted)

    def _went_on(self, step: Question, candidate: Answer) -> Waiting:
        """The person was asked whether their words are the answer or a question, and has said
        something else instead that asks nothing. Keep that beside the first words, and ask
        again."""
        words = own_words(candidate.text or "")
        if candidate.press is not None or candidate.files or candidate.other or not words:
            count = len(_which_of(self._journal.unsure or Answer()).options)
            return self._which(step, not_a_choice(candidate, count).words)
        turn, later = self._journal.turn + 1, _joined(self._journal.later, words)
        self._journal = self._journal._replace(later=later, turn=turn)
        return self._which(step, accepted=True)

    def _told(self, chat: Chat) -> Text | None:
        """What came of the outside work that was just done, and which words that came with files
        were left out."""
        told = chat.told.get(self._fresh)
        entry = self._journal.entries.get(self._fresh.rpartition("/")[0])
        if told is None or entry is None or not entry.answer.text:
            return told
        if any(other.by == entry.step for other in self._journal.entries.values()):
            return told  # they answer another step
        return t("talk.words_left", told=told, said=entry.answer.text)

    def _received(self, chat: Chat, candidate: Answer) -> RunResult:
        """Take the files of an answer to a question that asks for none; then its words, if any."""
        words = own_words(candidate.text or "")
        left = None
        if words:
            entries = self._journal.entries
            outcome = self._run(Answer(text=candidate.text))
            if isinstance(outcome, Broken):
                return outcome
            if isinstance(outcome, Waiting) and not outcome.accepted:
                if self._doubts(words):
                    self._aside = (words,)
                elif chat.captions and chat.captions not in entries:
                    step = chat.captions
                    entry = Entry(step, Answer(text=words), self._asked.now, self._journal.turn)
                    self._journal = self._journal._replace(entries={**entries, step: entry})
                else:
                    left = words
        entries = self._journal.entries
        turn = next(n for n in count() if f"{chat.files}/{n}" not in entries)
        step = f"{chat.files}/{turn}"
        answer = Answer(text=left, files=candidate.files)
        entry = Entry(step, answer, self._asked.now, self._journal.turn)
        self._keep(entry)
        outcome = self._run()
        return replace(outcome, accepted=True) if isinstance(outcome, Waiting) else outcome

    def _read(self, step: Step, entry: Entry) -> Any:
        if isinstance(step, Work):
            return entry.result
        return step.kind.parse(entry.answer, Asked(entry.at, self._asked.language))

    def _keep(self, entry: Entry, more: Mapping[str, Answer] = MappingProxyType({})) -> None:
        """Journal an answer, and what it said about other steps that have no answer yet."""
        others = {
            step: Entry(step, answer, entry.at, entry.turn, by=entry.step)
            for step, answer in more.items()
        }
        journal = self._journal
        entries = {**others, **journal.entries, entry.step: entry}
        made, undo = journal.made, journal.undo
        if made and _inside(entry.step, self._chat.files):
            if not any(_inside(entry.step, root) for root in made):
                made, undo = (), {}
        elif made and not any(_inside(entry.step, root) for root in made):
            # The change has made another question necessary: its answer is a part of it.
            made = (*made, entry.step)
        self._journal = journal._replace(
            entries=entries,
            turn=journal.turn + 1,
            made=made,
            undo=undo,
            dropped=_open(journal.dropped, entries) if journal.dropped else journal.dropped,
        )

    def _drop(self, step: str) -> None:
        """Take back an answer that no longer fits its question; its words are offered again."""
        entries = {k: e for k, e in self._journal.entries.items() if k != step}
        again = {**self._journal.dropped, step: self._journal.entries[step]}
        self._journal = self._journal._replace(entries=entries, dropped=_open(again, entries))

    def _has(self, root: str) -> bool:
        return any(_inside(step, root) for step in self._journal.entries)

    def _end_change(self, waits: Step, walked: list[Step]) -> None:
        """Once the talk has passed the changed field, its former answers only serve to undo."""
        if self._journal.opened and not _inside(waits.step, self._journal.opened):
            self._journal = self._journal._replace(opened="")
        journal = self._journal
        root = journal.changing
        if not root or _inside(waits.step, root):
            return
        if any(_inside(step.step, root) for step in walked):
            made, undo = journal.made, journal.undo
            if not any(_inside(root, one) for one in made):
                made, undo = (root,), journal.aside
            self._journal = journal._replace(changing="", aside={}, made=made, undo=undo)


def _saying_what_changed(outcome: RunResult, labels: Sequence[Words]) -> RunResult:
    """An outcome that tells which fields were changed."""
    if not isinstance(outcome, Waiting):
        return outcome
    changed = t("talk.changed", fields=labels) if labels else None
    return replace(outcome, accepted=True, note=outcome.note or changed)


def _hands_in(kind: Kind[Any], answer: Answer) -> bool:
    """Whether somebody types 提交 before they are asked whether to: it is no answer."""
    typed = answer.text is not None and answer.press is None and not answer.files
    return typed and not kind.takes_questions and hands_in(answer.text or "")


def _plain(journal: Journal) -> bool:
    """Whether every answer was given by itself, one after the other: no field is being changed,
    nothing is in doubt, and no answer came with another one. Only then may a flow that was left
    waiting go on."""
    busy = journal.changing or journal.aside or journal.made or journal.unsure or journal.opened
    return not busy and not any(entry.by for entry in journal.entries.values())


def _inside(step: str, root: str) -> bool:
    """Whether a step asks for a field, or is one turn of the loop that asks for it."""
    return step == root or step.startswith(f"{root}/")


def _open(dropped: Mapping[str, Entry], entries: Mapping[str, Entry]) -> Mapping[str, Entry]:
    """The answers that can be offered again: those that were said or chosen, and have not been
    given anew."""
    return {
        step: entry
        for step, entry in dropped.items()
        if step not in entries
        and not entry.answer.files
        and (entry.answer.text or entry.answer.press)
    }


def _joined(*said: str | None) -> str:
    """What was said in several messages."""
    return "\n".join(filter(None, said))


def _without(entries: Mapping[str, Entry], root: str) -> dict[str, Entry]:
    return {step: entry for step, entry in entries.items() if not _inside(step, root)}


Doubts = Callable[[str], bool]
"""Whether words that would be an answer may be a question about something else."""


def _no_doubts(_words: str) -> bool:
    return False


_CONTENT: Final = "content"
_QUESTION: Final = "question"
_WHICH: Final = Pick(
    [
        Choice(
            _CONTENT, t("talk.is_content"), ("内容", "是内容", "记下来", "是要记的", "content")
        ),
        Choice(
            _QUESTION,
            t("talk.is_question"),
            ("问政策", "是问政策", "政策", "问题", "是问题", "是问", "question"),
        ),
    ]
)


def read(journal: Journal, step: str, kind: Kind[T], language: Language = "zh") -> T | None:
    """What a journal says at a step; `None` where it says nothing that is understood."""
    entry = journal.entries.get(step) or journal.aside.get(step)
    if entry is None:
        return None
    try:
        return kind.parse(entry.answer, Asked(entry.at, language))
    except Unclear:
        return None


def already_given(journal: Journal, turn: int, press: str) -> bool:
    """Whether a stale press only repeats what that turn took: a double tap, not a change."""
    return any(e.turn == turn and e.answer.press == press for e in journal.entries.values())


def begin(
    now: datetime,
    given: Mapping[str, Answer] | None = None,
    done: Mapping[str, Any] | None = None,
) -> Journal:
    """A new journal, perhaps with answers understood from one sentence, and with the results of
    outside work that is `done`."""
    entries = {step: Entry(step, answer, now) for step, answer in (given or {}).items()}
    results = {s: Entry(s, Answer(), now, result=result) for s, result in (done or {}).items()}
    return Journal(began=now, entries=entries | results)


_POLITE_OR_NOT: Final = Pick(
    [
        Choice(_CONTENT, t("talk.is_content"), ("内容", "是内容", "记下来", "content")),
        Choice(_QUESTION, t("talk.is_courtesy"), ("客气", "只是客气", "不用", "no")),
    ]
)


def _which_of(unsure: Answer) -> Pick:
    """What is asked of words that may be no answer: only polite, or a question."""
    return _POLITE_OR_NOT if is_courtesy(unsure.text or "") else _WHICH
