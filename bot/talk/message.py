"""What people send and what is said to them: nothing here knows a messenger or a programme.

A platform turns its vendor's update into one `Incoming` and puts a rendered `Outgoing` before a
person. Handlers see `Incoming`s as answers, and speak in `Message`s.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Final, Literal, NamedTuple

from prompts import Language, Words, render

# ---------------------------------------------------------------- what comes in


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file somebody sent. `ref` is the platform's own handle, by which its bytes can be had."""

    ref: str
    name: str
    media_type: str
    size: int | None
    """Bytes, where the platform says."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One thing a person did, whatever the messenger."""

    address: str
    """The platform's name for the chat, and where an answer goes."""
    text: str | None = None
    press: str | None = None
    """The payload of a pressed button, as it was sent."""
    on: str = ""
    """The platform's id of the message whose button was pressed. Empty where the press itself
    stands in the chat as a line of its own, below that message."""
    files: tuple[Attachment, ...] = ()
    other: str | None = None
    """Something we cannot read, by its kind: sticker, voice, location, edited, unknown …"""
    sent: int = 0
    """Of a message that was edited: when it had been sent, in seconds since 1970."""
    start: str | None = None
    """The code a deep link carried."""
    presence: Literal["left", "returned"] | None = None
    """The person blocked the assistant, or let it back in."""
    group: bool = False
    """Not a private chat."""
    name: str = ""
    """What the person calls themselves there."""
    language: Language | None = None
    """The language the person's client is set to, where the platform says."""


# ---------------------------------------------------------------- what goes out

Weight = Literal["primary", "plain", "danger", "quiet"]
"""A button's weight: the usual way on (primary), one of several (plain), irreversible or a
rejection (danger), a way out (quiet)."""

Tone = Literal["good", "waiting", "bad", "neutral"]
"""The meaning of a state. A platform may colour it; the words always say it too."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One possible answer: pressed, or typed as its number or its words."""

    value: str
    """At most 40 bytes of UTF-8, so that it fits any platform's button with its address."""
    label: Words
    also: tuple[Words, ...] = ()
    """Other words by which it may be typed."""
    decides: bool = False
    """It settles somebody's record: if typed instead of pressed, it must be confirmed."""
    weight: Weight = "plain"


class Link(NamedTuple):
    """A page of the web, offered beside the choices. Opening it answers nothing, so it has no
    number and cannot be typed."""

    label: Words
    url: str
    """An `https://` address, or `http://`."""
    ours: bool = False
    """A page for who is signed in: a messenger may open it within itself and vouch for them."""


class Field(NamedTuple):
    """One thing that a card says, under its label."""

    label: Words
    value: Words
    tone: Tone = "neutral"
    choice: Choice | None = None
    """The choice that changes the field."""
    copied: bool = False
    """A tap copies the value: it is to be pasted elsewhere."""


class Meter(NamedTuple):
    """How far something has come: what was approved and what waits are two numbers."""

    what: Words
    words: Words
    """The numbers, as they are to be read."""
    approved: int
    waiting: int
    needed: int = 0
    """0 if there is no minimum: then nothing is measured."""
    state: Words = ""
    tone: Tone = "neutral"
    clause: Words = ""
    choice: Choice | None = None
    """The choice that leads to what is still missing."""


class Item(NamedTuple):
    """One row of a list."""

    words: Words
    press: str = ""
    """What pressing it does, if anything. It may be typed as a choice is."""
    state: Words = ""
    tone: Tone = "neutral"


class Message(NamedTuple):
    """Something to say: prose, or a card. `rows` hold choices; each choice's value is the whole
    press to send.

    A card is read in this order: title, prose, fields, meters, items, note, clause, choices.
    """

    text: Words = ""
    """The prose."""
    rows: tuple[tuple[Choice, ...], ...] = ()
    kind: Literal["text", "question", "card"] = "text"
    card: str = ""
    """Messages with one card key are one thing: a later one takes the place of the earlier."""
    files: tuple[int, ...] = ()
    """Stored files to show, by id."""
    title: Words = ""
    fields: tuple[Field, ...] = ()
    meters: tuple[Meter, ...] = ()
    items: tuple[Item, ...] = ()
    note: Words = ""
    """A remark under the content."""
    clause: Words = ""
    """The clause behind it."""
    links: tuple[Link, ...] = ()
    """Pages to open, above the choices."""
    sealed: bool = False
    """No history shows it, and its words may not be typed: whoever sits at the screen next is not
    to find it."""


def as_message(said: Words | Message) -> Message:
    """Prose as a message; a card as it is."""
    return said if isinstance(said, Message) else Message(said)


class Button(NamedTuple):
    label: str
    press: str
    weight: Weight = "plain"


class ShownLink(NamedTuple):
    """A link in its reader's language."""

    label: str
    url: str
    ours: bool = False


class ShownField(NamedTuple):
    """A field in its reader's language."""

    label: str
    value: str
    tone: Tone = "neutral"
    button: Button | None = None
    copied: bool = False


class ShownMeter(NamedTuple):
    """A meter in its reader's language."""

    what: str
    words: str
    approved: int
    waiting: int
    needed: int = 0
    state: str = ""
    tone: Tone = "neutral"
    clause: str = ""
    button: Button | None = None


class ShownItem(NamedTuple):
    """An item in its reader's language."""

    words: str
    press: str = ""
    state: str = ""
    tone: Tone = "neutral"


class Outgoing(NamedTuple):
    """A message in its reader's language, ready for a platform."""

    text: str = ""
    rows: tuple[tuple[Button, ...], ...] = ()
    kind: Literal["text", "question", "card"] = "text"
    card: str = ""
    replace: str = ""
    """The platform's id of the shown message whose place it takes, or `ITS_CARD`. Delivery alone
    decides whether it does."""
    files: tuple[int, ...] = ()
    commands: tuple[tuple[str, str], ...] = ()
    """With nothing said: this chat's menu of commands, as (name, description) pairs."""
    title: str = ""
    fields: tuple[ShownField, ...] = ()
    meters: tuple[ShownMeter, ...] = ()
    items: tuple[ShownItem, ...] = ()
    note: str = ""
    clause: str = ""
    draft: str = ""
    """The reader's own words, to be edited and sent back: where they write, or to be copied."""
    copy: str = ""
    """The label of what copies them."""
    links: tuple[ShownLink, ...] = ()
    sealed: bool = False
    """No history shows it."""

    def to_json(self) -> dict[str, Any]:
        """As JSON without empty parts: most messages are a line and a few buttons."""
        body: dict[str, Any] = {"kind": self.kind}
        if self.text:
            body["text"] = self.text
        if self.rows:
            body["rows"] = [[_button_to_json(button) for button in row] for row in self.rows]
        if self.card:
            body["card"] = self.card
        if self.replace:
            body["replace"] = self.replace
        if self.files:
            body["files"] = self.files
        if self.commands:
            body["commands"] = self.commands
        if self.draft:
            body["draft"] = self.draft
            body["copy"] = self.copy
        if self.sealed:
            body["sealed"] = True
        if self.links:
            body["links"] = [link._asdict() for link in self.links]
        if is_card(self):
            body.update((name, said) for name in _PROSE if (said := getattr(self, name)))
            for name, _ in _PARTS:
                if parts := getattr(self, name):
                    body[name] = [_part_to_json(part) for part in parts]
        return body

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Outgoing:
        """Read a stored body, of whatever age: what is not known is passed over."""
        plain = cls(
            body.get("text", ""),
            tuple(tuple(map(_button, row)) for row in body.get("rows", ())),
            body.get("kind", "text"),
            body.get("card", ""),
            _taken(body.get("replace")),
            tuple(body.get("files", ())),
            tuple((name, words) for name, words in body.get("commands", ())),
            draft=body.get("draft", ""),
            copy=body.get("copy", ""),
            links=tuple(ShownLink(**one) for one in body.get("links", ())),
            sealed=body.get("sealed", False),
        )
        said: dict[str, Any] = {name: body[name] for name in _PROSE if name in body}
        for name, kind in _PARTS:
            if name in body:
                said[name] = tuple(_part(one, kind) for one in body[name])
        return plain._replace(**said) if said else plain


ITS_CARD: Final = "card"
"""In place of an id: wherever its card was shown last."""


def _taken(replace: Any) -> str:
    """The message whose place is taken; older bodies say only whether one is."""
    return replace if isinstance(replace, str) else ""


_PROSE: Final = ("title", "note", "clause")
_PARTS: Final = (("fields", ShownField), ("meters", ShownMeter), ("items", ShownItem))


def _button_to_json(button: Button) -> dict[str, str]:
    shown = {"label": button.label, "press": button.press}
    if button.weight != "plain":
        shown["weight"] = button.weight
    return shown


def _part_to_json(part: ShownField | ShownMeter | ShownItem) -> dict[str, Any]:
    shown = {
        name: value
        for name, value in part._asdict().items()
        if value and (name, value) != ("tone", "neutral")
    }
    if "button" in shown:
        shown["button"] = _button_to_json(shown["button"])
    return shown


def _button(body: Mapping[str, Any]) -> Button:
    return Button(body["label"], body["press"], body.get("weight", "plain"))


def _part(body: Mapping[str, Any], kind: type[ShownField | ShownMeter | ShownItem]) -> Any:
    """Read one part; zeros and empty strings were not stored."""
    given = {name: body[name] for name in kind._fields if name in body}
    if "button" in given:
        given["button"] = _button(given["button"])
    return kind(**{**_BLANK[kind], **given})


_BLANK: Final[Mapping[type, Mapping[str, Any]]] = {
    ShownField: {"label": "", "value": ""},
    ShownMeter: {"what": "", "words": "", "approved": 0, "waiting": 0},
    ShownItem: {"words": ""},
}


def put(message: Message, language: Language) -> Outgoing:
    """Render a message in its reader's language."""
    rows = tuple(tuple(_put_choice(choice, language) for choice in row) for row in message.rows)
    links = tuple(
        ShownLink(render(label, language), url, ours) for label, url, ours in message.links
    )
    if not is_card(message):
        words = render(message.text, language)
        return Outgoing(
            words,
            rows,
            message.kind,
            message.card,
            files=message.files,
            links=links,
            sealed=message.sealed,
        )
    return Outgoing(
        text=render(message.text, language),
        rows=rows,
        kind=message.kind,
        card=message.card,
        files=message.files,
        title=render(message.title, language),
        fields=tuple(_put_field(field, language) for field in message.fields),
        meters=tuple(_put_meter(meter, language) for meter in message.meters),
        items=tuple(
            ShownItem(render(i.words, language), i.press, render(i.state, language), i.tone)
            for i in message.items
        ),
        note=render(message.note, language),
        clause=render(message.clause, language),
        links=links,
        sealed=message.sealed,
    )


def _put_choice(choice: Choice, language: Language) -> Button:
    return Button(render(choice.label, language), choice.value, choice.weight)


def _put_field(field: Field, language: Language) -> ShownField:
    button = _put_choice(field.choice, language) if field.choice else None
    return ShownField(
        render(field.label, language),
        render(field.value, language),
        field.tone,
        button,
        field.copied,
    )


def _put_meter(meter: Meter, language: Language) -> ShownMeter:
    return ShownMeter(
        what=render(meter.what, language),
        words=render(meter.words, language),
        approved=meter.approved,
        waiting=meter.waiting,
        needed=meter.needed,
        state=render(meter.state, language),
        tone=meter.tone,
        clause=render(meter.clause, language),
        button=_put_choice(meter.choice, language) if meter.choice else None,
    )


def is_card(message: Message | Outgoing) -> bool:
    """Whether it has anything besides prose."""
    return bool(
        message.title
        or message.fields
        or message.meters
        or message.items
        or message.note
        or message.clause
    )


# ---------------------------------------------------------------- what may be pressed or typed


def rows_of(outgoing: Outgoing) -> tuple[tuple[Button, ...], ...]:
    """All that can be pressed, as rows of buttons, in the order in which it is numbered.

    The items come first, then what leads to what is missing, each way once, then the changes of
    fields. The choices stand last, where those of the message before stood, so that a second tap
    in the same place does nothing else.
    """
    if not is_card(outgoing):
        return outgoing.rows
    items = [(Button(item.words, item.press),) for item in outgoing.items if item.press]
    ways = [(way,) for way in dict.fromkeys(m.button for m in outgoing.meters if m.button)]
    changes = [field.button for field in outgoing.fields if field.button]
    changed = [tuple(changes[at : at + 3]) for at in range(0, len(changes), 3)]
    return (*items, *ways, *changed, *outgoing.rows)


SEALED: Final = "sealed"


def are_sealed(choices: Sequence[Sequence[Any]]) -> bool:
    """Whether these choices, as they were offered, stand on a message that no history shows."""
    return any(SEALED in choice[3:] for choice in choices)


def offered(outgoing: Outgoing, message: Message) -> list[list[Any]]:
    """All that can be pressed, as it may be typed: label, press, what a decision is about, and a
    mark where no history shows it."""
    sealed = [SEALED] if outgoing.sealed else []
    decide = {c.value for row in message.rows for c in row if c.decides}
    about = as_text(outgoing)[:300] if decide else ""
    return [
        [button.label, button.press, about if button.press in decide else "", *sealed]
        for row in rows_of(outgoing)
        for button in row
    ]


# ---------------------------------------------------------------- without any drawing


CELLS: Final = 10
"""Maximum cells in a bar of characters."""


def bar(meter: ShownMeter, signs: str = "▰▨▱") -> str:
    """A meter in characters: approved, waiting, missing. It is full only if all is approved."""
    cells = min(meter.needed, CELLS)
    if not cells:
        return ""
    approved = _cells(meter.approved, meter.needed, cells)
    both = _cells(meter.approved + meter.waiting, meter.needed, cells)
    if meter.waiting:
        both = max(both, min(cells, approved + 1))
    return signs[0] * approved + signs[1] * (both - approved) + signs[2] * (cells - both)


def _cells(done: int, needed: int, cells: int) -> int:
    """How many cells are done: none only for nothing, all of them only for all."""
    if done >= needed:
        return cells
    return max(bool(done), done * cells // needed)


def as_text(outgoing: Outgoing) -> str:
    """A message as plain text, without its buttons: for what can draw nothing better."""
    if not is_card(outgoing):
        links = links_text(outgoing.links)
        return "\n\n".join(filter(None, (outgoing.text, outgoing.draft, links)))
    parts = [
        outgoing.title,
        outgoing.text,
        "\n".join(f"{labelled(field.label)}{field.value}" for field in outgoing.fields),
        "\n".join(map(_meter_text, outgoing.meters)),
        "\n".join(_item_texts(outgoing.items)),
        outgoing.note,
        outgoing.clause,
        outgoing.draft,
        links_text(outgoing.links),
    ]
    return "\n\n".join(part for part in parts if part)


def links_text(links: Sequence[ShownLink]) -> str:
    """Links as lines that show their addresses."""
    return "\n".join(f"{labelled(link.label)}{link.url}" for link in links)


def labelled(label: str) -> str:
    """A label before its value, with the colon of its script."""
    return f"{label}: " if label.isascii() else f"{label}："


def _meter_text(meter: ShownMeter) -> str:
    head = f"{meter.what} · {meter.state}" if meter.state else meter.what
    line = " ".join(filter(None, (bar(meter), meter.words, meter.clause)))
    return f"{head}\n  {line}"


def _item_texts(items: Sequence[ShownItem]) -> Iterator[str]:
    """A line for each item, numbered as it may be typed."""
    numbers = count(1)
    for item in items:
        lead = f"{next(numbers)}." if item.press else "·"
        yield f"{lead} {item.words}" + (f" · {item.state}" if item.state else "")


# ---------------------------------------------------------------- presses


ACT: Final = "a"
"""Begins the press of an act outside any talk: `a:VERB:ARGUMENTS`."""


def press(verb: str, *args: int | str) -> str:
    """The press of an act. At most 64 bytes, the least that any platform carries."""
    made = ":".join((ACT, verb, *map(str, args)))
    if len(made.encode()) > 64:
        raise ValueError(f"a press of over 64 bytes: {made!r}")
    return made
