"""How an invented person uses the chat: reads what has come, and says or presses the next thing.

What a person does is a generator of `Incoming`s: each is sent, the house settles, and the next one
is decided by what the person sees then. So a day's doings of many people go in rounds, and each
round is handled as one batch, as it would be.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Final

from app.main import App
from app.simulation.inventing import Invented
from bot.platforms.fake import FakePlatform, Shown, encode
from bot.router import QUESTION
from bot.talk.message import ACT, Attachment, Button, Incoming, Outgoing, ShownItem, rows_of
from prompts import Text, render

Doing = Generator[Incoming, None, None]
MOST_STEPS: Final = 100_000
"""Nobody goes on for longer in one sitting: a talk that never ends would be a fault. An office
that decides about five thousand learners says some sixty thousand things."""
REMINDER: Final = "why_reminded"
"""The act that reminders alone offer."""
REMEMBERED: Final = 3
"""Messages among which somebody still sees a reminder."""
WAYS_OUT: Final = ("back", "cancel")


class Chats:
    """Everybody's chats with the assistant."""

    def __init__(self, app: App, platform: FakePlatform) -> None:
        self._app, self._platform = app, platform
        self._numbers = itertools.count(1)
        self._seen: dict[str, list[Shown]] = defaultdict(list)

    def latest(self, one: Invented) -> Sequence[Shown]:
        """What has come to a person, the oldest first."""
        for shown in self._platform.shown:
            self._seen[shown.address].append(shown)
        self._platform.shown.clear()
        return self._seen[one.address]

    def message(self, one: Invented) -> Outgoing:
        """What came last."""
        seen = self.latest(one)
        return seen[-1].message if seen else Outgoing()

    # ---------------------------------------------------------------- one thing done

    def say(self, one: Invented, words: str | Text) -> Incoming:
        return Incoming(one.address, text=words if isinstance(words, str) else render(words, "zh"))

    def send(self, one: Invented, name: str | Text, content: bytes) -> Incoming:
        """Send a file."""
        ref = f"sim-file-{next(self._numbers)}"
        self._platform.files[ref] = content
        called = name if isinstance(name, str) else render(name, "zh")
        file = Attachment(ref, called, "image/png", len(content))
        return Incoming(one.address, files=(file,))

    def act(self, one: Invented, *verbs: str) -> Incoming | None:
        """Press the button of one of these acts, on the last message."""
        return self._press(one, lambda button: _verb(button.press) in verbs)

    def reminded_of(self, one: Invented, *verbs: str) -> Incoming | None:
        """Press the way on of the latest reminder, if it is one of these acts."""
        for shown in self.latest(one)[: -REMEMBERED - 1 : -1]:
            verbs_shown = {_verb(button.press) for button in _buttons(shown.message)}
            if REMINDER in verbs_shown:
                found = (b for b in _buttons(shown.message) if _verb(b.press) in verbs)
                button = next(found, None)
                return button and Incoming(one.address, press=button.press, on=shown.place)
        return None

    def answer(self, one: Invented, *values: str) -> Incoming | None:
        """Press the choice of a question that has one of these values."""
        return self._press(one, lambda button: _value(button.press) in values)

    def any_answer(self, one: Invented) -> Incoming | None:
        """Press the first choice of a question."""
        return self._press(one, lambda b: _value(b.press) not in (None, *WAYS_OUT))

    def answers(self, one: Invented) -> list[str]:
        """The values of the choices of the question that was put last."""
        values = (_value(button.press) for button in _buttons(self.message(one)))
        return [value for value in values if value is not None]

    def item(
        self, one: Invented, verb: str, fits: Callable[[ShownItem], bool] = lambda item: True
    ) -> Incoming | None:
        """Press the first row of the last message's list that does this act, and fits."""
        return next(iter(self.items(one, verb, fits)), None)

    def items(
        self, one: Invented, verb: str, fits: Callable[[ShownItem], bool] = lambda item: True
    ) -> list[Incoming]:
        """As `item`, the presses of all these rows."""
        seen = self.latest(one)
        return [
            Incoming(one.address, press=item.press, on=seen[-1].place)
            for item in (seen[-1].message.items if seen else ())
            if _verb(item.press) == verb and fits(item)
        ]

    def _press(self, one: Invented, fits: Callable[[Button], bool]) -> Incoming | None:
        seen = self.latest(one)
        for button in _buttons(seen[-1].message) if seen else ():
            if fits(button):
                return Incoming(one.address, press=button.press, on=seen[-1].place)
        return None

    # ---------------------------------------------------------------- many people

    async def go(self, doings: Sequence[Doing]) -> None:
        """Let people do what they do, side by side, until each is done."""
        under_way = [(doing, 0) for doing in doings]
        while under_way:
            sent, going = [], []
            for doing, steps in under_way:
                step = next(doing, None) if steps < MOST_STEPS else None
                if step is not None:
                    sent.append(encode(f"sim-{next(self._numbers)}", step))
                    going.append((doing, steps + 1))
            if sent:
                await self._app.inbox.receive(self._platform.name, sent)
                await self.settle()
            under_way = going

    async def settle(self) -> None:
        """Handle what has come, and send what is to be sent."""
        await self._app.inbox.drain()
        await self._app.issuing.drain()
        await self._app.delivery.drain()


def _buttons(message: Outgoing) -> Iterator[Button]:
    for row in rows_of(message):
        yield from row


def _verb(press: str) -> str:
    """The act behind a press; empty for an answer."""
    kind, _, rest = press.partition(":")
    return rest.partition(":")[0] if kind == ACT else ""


def _value(press: str) -> str | None:
    """What a press answers; `None` for an act."""
    kind, _, rest = press.partition(":")
    return rest.split(":", 2)[-1].removeprefix("=") if kind == QUESTION else None
