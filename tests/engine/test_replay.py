"""Any talk, any acts, a restart between any two: the journal alone decides."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.talk import conversation
from bot.talk.conversation import Conversation, Finished, Journal, RunResult, Waiting, Working
from bot.talk.inputs import Answer
from tests.engine.shapes import REVIEW, Model, Shape, flow_of, meanings, nonsense, shapes
from tests.engine.talking import MORNING, written

RESULTS: st.SearchStrategy[Any] = st.sampled_from(
    [{"kept": ["a"]}, [], 0, None, "", {"failed": True}]
)
MINUTES = st.integers(0, 3000).map(lambda minutes: timedelta(minutes=minutes))
NUMBERS = st.integers(0, 1000)


class AnyTalk(RuleBasedStateMachine):
    """Three tellings of one talk: with its flow left waiting, from JSON at every act, and by the
    model."""

    now: datetime

    @initialize(shape=shapes())
    def begins(self, shape: Shape) -> None:
        self.flow = flow_of(shape)
        self.now = MORNING
        self._begin(shape)

    @rule()
    @precondition(lambda self: self.sort == "over")
    def begins_again(self) -> None:
        self._begin(self.model.shape)

    def _begin(self, shape: Shape) -> None:
        self.model = Model(shape)
        self.live = conversation.begin(self.now)
        self.staying = Conversation(self.flow, None, self.live, self.now, "zh", stays=True)
        self.stored = written(self.live)
        self.acts(lambda engine: engine.resume())

    # ---------------------------------------------------------------- acts

    @rule(n=NUMBERS, pause=MINUTES)
    @precondition(lambda self: self.sort not in ("errand", "over"))
    def answers(self, n: int, pause: timedelta) -> None:
        self.now += pause
        known = meanings(self.sort)
        answer, meaning = known[n % len(known)]
        turn = self.live.turn
        self.model.answer(meaning)
        outcome = self.acts(lambda engine: engine.answer(answer))
        assert outcome.journal.turn == turn + 1
        if isinstance(outcome, Waiting):
            assert (outcome.note, outcome.accepted) == (None, True)

    @rule(n=NUMBERS, pause=MINUTES)
    @precondition(lambda self: self.sort not in ("errand", "over"))
    def talks_nonsense(self, n: int, pause: timedelta) -> None:
        self.now += pause
        known = nonsense(self.sort)
        before = self.stored
        outcome = self.acts(lambda engine: engine.answer(known[n % len(known)]))
        assert isinstance(outcome, Waiting)
        assert outcome.note is not None
        assert not outcome.accepted
        assert self.stored == before

    @rule(result=RESULTS, pause=MINUTES)
    @precondition(lambda self: self.sort == "errand")
    def work_is_done(self, result: Any, pause: timedelta) -> None:
        self.now += pause
        step = self.model.waits[0]
        self.model.answer(result)
        self.acts(lambda engine: engine.done(step, result))

    @rule(pause=MINUTES)
    @precondition(lambda self: self.sort != "over")
    def goes_back(self, pause: timedelta) -> None:
        self.now += pause
        possible = self.model.back()
        turn = self.live.turn
        if not possible:
            assert self.engine(self.live).back() is None
            assert self.engine(self.read()).back() is None
            return
        outcome = self.acts(lambda engine: engine.back())
        assert outcome.journal.turn == turn + 1

    @rule(n=NUMBERS, pause=MINUTES, typed=st.booleans())
    @precondition(lambda self: self.sort == REVIEW and self.model.fields())
    def changes_a_field(self, n: int, pause: timedelta, typed: bool) -> None:
        self.now += pause
        fields = self.model.fields()
        name = fields[n % len(fields)]
        self.model.change(name)
        answer = Answer(text=f"field {name}") if typed else Answer(press=f"edit:{name}")
        self.acts(lambda engine: engine.answer(answer))

    @rule(n=NUMBERS)
    @precondition(lambda self: self.sort not in ("errand", "over"))
    def answers_and_thinks_better_of_it(self, n: int) -> None:
        """Back after an answer leaves what was there, and what was put aside, as they were.

        But for outside work that the flow asks for after it: what that gave is asked for anew.
        An answer that a change made necessary is a part of it: on the card again, going back
        undoes the whole.
        """
        known = meanings(self.sort)
        answer, _ = known[n % len(known)]
        before = self.read()
        taken = self.engine(before).answer(answer)
        if before.changing and not taken.journal.changing:
            return  # the change is made: going back goes over it as over any answer
        undone = self.engine(taken.journal).back()
        if isinstance(taken, Finished):
            return
        assert undone is not None
        if before.asked in undone.journal.entries:
            return  # a change led to it, and what comes after it on the way was answered before
        on_the_card = isinstance(taken, Waiting) and taken.question.step == REVIEW
        if before.made and on_the_card:
            return
        gone = {k: e for k, e in before.entries.items() if k not in undone.journal.entries}
        assert all(entry.answer == Answer() for entry in gone.values())
        entries = {**undone.journal.entries, **gone}
        again = {k: e for k, e in taken.journal.entries.items() if k not in before.entries}
        for step, entry in again.items():
            if (entry.answer.text or entry.answer.press) and not entry.answer.files:
                assert undone.journal.dropped[step].answer == entry.answer
        now_last = before._replace(turn=before.turn + 2, dropped=undone.journal.dropped)
        assert undone.journal._replace(entries=entries) == now_last

    # ---------------------------------------------------------------- what holds at every moment

    @invariant()
    def it_stands_where_the_model_stands(self) -> None:
        step, sort = self.model.waits
        match self.outcome:
            case Waiting(question=question):
                assert question.step == step
                assert question.words == f"{step}?" or step == REVIEW
            case Working(work=work):
                assert (work.step, sort) == (step, "errand")
            case Finished(result=result):
                assert sort == "over"
                assert result[0] == self.model.told()
            case broken:
                raise AssertionError(broken)

    @invariant()
    def a_restart_changes_nothing(self) -> None:
        """Killed here and begun again, however much later and in whichever language."""
        for journal in (self.live, self.read()):
            later = Conversation(self.flow, None, journal, MORNING + timedelta(days=999), "en")
            again = later.resume()
            assert type(again) is type(self.outcome)
            assert again.journal == self.live
            match again:
                case Waiting(question=question):
                    assert isinstance(self.outcome, Waiting)
                    assert question == self.outcome.question
                    assert not again.accepted
                case Working(work=work):
                    assert isinstance(self.outcome, Working)
                    assert work == self.outcome.work
                case Finished(result=result):
                    assert isinstance(self.outcome, Finished)
                    assert result == self.outcome.result

    @invariant()
    def nothing_is_kept_aside_but_for_a_change(self) -> None:
        assert self.live.changing == self.model.changing
        assert set(self.live.aside) == set(self.model.aside)

    # ---------------------------------------------------------------- the tellings

    @property
    def sort(self) -> str:
        return self.model.waits[1]

    def read(self) -> Journal:
        return Journal.from_json(json.loads(self.stored))

    def engine(self, journal: Journal) -> Conversation:
        return Conversation(self.flow, None, journal, self.now, "zh")

    def acts(self, act: Any) -> RunResult:
        """Do the same where the flow waits and from JSON; both must come to the same."""
        self.staying.carry_on(self.now)
        self.outcome = act(self.staying)
        stored = act(self.engine(self.read()))
        assert stored == self.outcome
        self.live = self.outcome.journal
        self.stored = written(stored.journal)
        assert self.read() == self.live
        outcome: RunResult = self.outcome
        return outcome


TestAnyTalk = AnyTalk.TestCase
TestAnyTalk.settings = settings(stateful_step_count=30, deadline=None)
