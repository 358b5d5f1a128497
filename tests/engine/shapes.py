"""Random talks, and a plain account of how any talk should go, written without the engine.

A `Shape` is a talk as a tree. `flow_of` makes a flow of it; `Model` plays it by keeping a table of
answers and reading the tree afresh after every act, so it knows no coroutine and no journal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from hypothesis import strategies as st

from bot.talk.conversation import Chat
from bot.talk.conversation import TalkFunction as Flow
from bot.talk.inputs import (
    Answer,
    Day,
    Free,
    Kind,
    Minutes,
    Parts,
    People,
    Pick,
    Summary,
    SummaryLine,
)
from language.days import Moment
from tests.engine.talking import choices, photo, wide

KINDS: Final[Mapping[str, Kind[Any]]] = {
    "pick": Pick(choices("left", "right", "middle")),
    "day": Day(date(2026, 9, 1), date(2027, 8, 31)),
    "minutes": Minutes(),
    "free": Free(least=2, most=20, options=choices("because", "unknown")),
    "people": People({"7": "王建国", "8": "李和平"}),
}
REVIEW: Final = "review"

# For each kind: what may be answered, and what it means; no answer means another's thing.
MEANINGS: Final[Mapping[str, Sequence[tuple[Answer, Any]]]] = {
    "pick": [
        (Answer(press="left"), "left"),
        (Answer(text="2"), "right"),
        (Answer(text="Mid"), "middle"),
        (Answer(text=wide(" RIGHT ")), "right"),
    ],
    "day": [
        (Answer(text="2026-10-01"), Moment(date(2026, 10, 1))),
        (Answer(press="2026-11-20"), Moment(date(2026, 11, 20))),
        (Answer(text="2026年9月30日"), Moment(date(2026, 9, 30))),
    ],
    "minutes": [
        (Answer(press="120"), 120),
        (Answer(text="一个半小时"), 90),
        (Answer(text="45分钟"), 45),
        (Answer(text="2 h"), 120),
    ],
    "free": [
        (Answer(press="because"), "because"),
        (Answer(text="2"), "unknown"),
        (Answer(text="双缝 干涉，很清楚！"), "双缝 干涉，很清楚！"),
    ],
    "people": [
        (Answer(press="8"), ("李和平",)),
        (Answer(text="1"), ("王建国",)),
        (Answer(text="王建国和李和平、Ann Lee"), ("王建国", "李和平", "Ann Lee")),
    ],
    "part": [
        (Answer(text="第一句。\n第二句"), ("第一句。\n第二句", 0)),
        (Answer(files=(photo("a.jpg"), photo("b.jpg")), text="图"), ("图", 2)),
    ],
    "end": [(Answer(press="done"), None), (Answer(text="完成"), None)],
    REVIEW: [(Answer(press="submit"), "submit"), (Answer(text="1"), "submit")],
}

NONSENSE: Final[Mapping[str, Sequence[Answer]]] = {
    "pick": [Answer(text="up"), Answer(press="up"), Answer(text="4"), Answer(other="voice")],
    "day": [Answer(text="2026-02-30"), Answer(text="2027-01-01"), Answer(files=(photo(),))],
    "minutes": [Answer(text="a while"), Answer(text="20小时"), Answer(press="edit:s0")],
    "free": [Answer(text="x"), Answer(text="x" * 21), Answer(text=" "), Answer(press="gone")],
    "people": [Answer(text="🙂"), Answer(text="、"), Answer(other="contact")],
    "part": [Answer(text=""), Answer(other="video"), Answer(press="gone"), Answer()],
    REVIEW: [Answer(text="9999"), Answer(press="edit:no"), Answer(text="whatever else")],
}


# ---------------------------------------------------------------- shapes


@dataclass(frozen=True)
class Ask:
    step: str
    kind: str


@dataclass(frozen=True)
class Errand:
    step: str


@dataclass(frozen=True)
class Branch:
    """Different questions after each choice of an earlier pick."""

    on: str
    arms: Mapping[str, tuple[Node, ...]]


@dataclass(frozen=True)
class Loop:
    """Parts until done, or until there are `most`; each perhaps with work of its own."""

    step: str
    most: int
    errand: bool


Node = Ask | Errand | Branch | Loop


@dataclass(frozen=True)
class Shape:
    nodes: tuple[Node, ...]
    reviewed: bool
    """Whether the talk ends with a review, where fields can be changed."""


def shapes() -> st.SearchStrategy[Shape]:
    return st.builds(Shape, st.composite(_nodes)(2), st.booleans())


def _nodes(draw: st.DrawFn, depth: int, names: Iterator[int] | None = None) -> tuple[Node, ...]:
    names = iter(range(1000)) if names is None else names
    made: list[Node] = []
    for _ in range(draw(st.integers(1 if depth == 2 else 0, 4))):
        step = f"s{next(names)}"
        sort = draw(st.sampled_from(["ask", "ask", "errand", "loop", *(["branch"] * (depth > 0))]))
        match sort:
            case "ask":
                made.append(Ask(step, draw(st.sampled_from(sorted(KINDS)))))
            case "errand":
                made.append(Errand(step))
            case "loop":
                made.append(Loop(step, draw(st.integers(1, 3)), draw(st.booleans())))
            case _:
                made.append(Ask(step, "pick"))
                arms = {side: _nodes(draw, depth - 1, names) for side in ("left", "right")}
                made.append(Branch(step, arms))
    return tuple(made)


def flow_of(shape: Shape) -> Flow:
    """The talk as a flow. It returns what it was told, and how its clock stood each time."""

    async def flow(chat: Chat, about: Any) -> list[Any]:
        told: dict[str, Any] = {}
        times: list[str] = []
        asked: list[str] = []
        await _ask_all(chat, shape.nodes, told, times, asked)
        if shape.reviewed:
            fields = [SummaryLine(step, f"field {step}", "") for step in asked]
            kind = Summary(fields, choices("submit"))
            told[REVIEW] = await chat.ask(REVIEW, kind, "right?")
        return [told, [*times, chat.now.isoformat()]]

    return flow


async def _ask_all(
    chat: Chat, nodes: Sequence[Node], told: dict[str, Any], times: list[str], asked: list[str]
) -> None:
    for node in nodes:
        times.append(chat.now.isoformat())
        match node:
            case Ask(step, kind):
                asked.append(step)
                told[step] = await chat.ask(step, KINDS[kind], f"{step}?")
            case Errand(step):
                told[step] = await chat.work(step, "errand", told=len(told))
            case Branch(on, arms):
                await _ask_all(chat, arms.get(told[on], ()), told, times, asked)
            case Loop(step, most, errand):
                asked.append(step)
                for turn in range(most):
                    name = f"{step}/{turn}"
                    part = await chat.ask(name, Parts(needed=turn == 0), f"{name}?")
                    if part.done:
                        break
                    told[name] = (part.text, len(part.files))
                    if errand:
                        told[f"{name}/kept"] = await chat.work(f"{name}/kept", "errand")


# ---------------------------------------------------------------- how a talk should go


@dataclass
class Model:
    """A talk as a table of answers. Reading the shape with it tells what comes next."""

    shape: Shape
    table: dict[str, Any] = field(default_factory=dict)
    """What each answered step means; `None` where a loop was ended."""
    changing: str = ""
    aside: dict[str, Any] = field(default_factory=dict)
    made: tuple[str, ...] = ()
    """The field that was changed last, and what was answered since because of that."""
    undo: dict[str, Any] = field(default_factory=dict)

    def path(self) -> list[tuple[str, str]]:
        """Every step up to the first that is not answered: its name, and its sort."""
        found: list[tuple[str, str]] = []
        for step, sort in self._read(self.shape.nodes):
            found.append((step, sort))
            if step not in self.table:
                return found
        if self.shape.reviewed:
            found.append((REVIEW, REVIEW))
            if REVIEW not in self.table:
                return found
        return [*found, ("", "over")]

    def _read(self, nodes: Sequence[Node]) -> Iterator[tuple[str, str]]:
        for node in nodes:
            match node:
                case Ask(step, kind):
                    yield step, kind
                case Errand(step):
                    yield step, "errand"
                case Branch(on, arms):
                    yield from self._read(arms.get(self.table[on], ()))
                case Loop(step, most, errand):
                    for turn in range(most):
                        name = f"{step}/{turn}"
                        yield name, "part" if turn == 0 else "more"
                        if self.table[name] is None:
                            break
                        if errand:
                            yield f"{name}/kept", "errand"

    @property
    def waits(self) -> tuple[str, str]:
        return self.path()[-1]

    def fields(self) -> list[str]:
        """What a review shows, in order."""
        steps = [step for step, sort in self.path() if sort not in ("errand", "more", REVIEW)]
        return [step.split("/")[0] for step in steps]

    def answer(self, meaning: Any) -> None:
        step, sort = self.waits
        if self.made and sort != "errand" and not self._made(step):
            self.made = (*self.made, step)
        self.table[step] = meaning
        if self.changing and not _of(self.waits[0], self.changing):
            self.made, self.undo = (self.changing,), self.aside
            self.changing, self.aside = "", {}

    def change(self, name: str) -> None:
        self.made, self.undo = (), {}
        self.changing = name
        self.aside = {k: v for k, v in self.table.items() if _of(k, name)}
        for step in self.aside:
            del self.table[step]

    def back(self) -> bool:
        answered = self.path()[:-1]
        if self.made and self.waits[0] == REVIEW:
            kept = {k: v for k, v in self.table.items() if not self._made(k)}
            self.table = kept | self.undo
            self.made, self.undo = (), {}
            return True
        if self.changing and not any(_of(step, self.changing) for step, _ in answered):
            self.table |= self.aside
            self.changing, self.aside = "", {}
            return True
        questions = [i for i, (_, sort) in enumerate(answered) if sort != "errand"]
        if not questions:
            return False
        for step, _ in answered[questions[-1] :]:
            del self.table[step]
        self._answers_again(answered[questions[-1]][0])
        return True

    def _answers_again(self, step: str) -> None:
        """Back at the field that was changed last, it is being changed again; back at what was
        asked because of that, the change still stands."""
        field = self._made(step)
        if field and self.undo and all(_of(k, field) for k in self.undo):
            self.changing, self.aside = field, self.undo
            self.made, self.undo = (), {}
        elif field:
            self.made = tuple(one for one in self.made if one != field)
        else:
            self.made, self.undo = (), {}

    def _made(self, step: str) -> str:
        """Which part of the last change a step belongs to, or none."""
        return next((field for field in self.made if _of(step, field)), "")

    def told(self) -> dict[str, Any]:
        """What the flow returns in the end: no ended loops."""
        meant = {step: self.table[step] for step, sort in self.path() if sort != "over"}
        return {step: value for step, value in meant.items() if not self._ends_loop(step, value)}

    def _ends_loop(self, step: str, value: Any) -> bool:
        return value is None and "/" in step and not step.endswith("/kept")


def _of(step: str, field: str) -> bool:
    """Whether a step asks for a field, or is one turn of the loop that asks for it."""
    return step == field or step.startswith(f"{field}/")


def meanings(sort: str) -> Sequence[tuple[Answer, Any]]:
    """What may be answered to a question of this sort, and what it means."""
    return [*MEANINGS["part"], *MEANINGS["end"]] if sort == "more" else MEANINGS[sort]


def nonsense(sort: str) -> Sequence[Answer]:
    return NONSENSE["part" if sort == "more" else sort]
