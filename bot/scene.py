"""What handlers see of the runtime: the scene of one update, and the registry of handlers.

Messages and changes are collected in a `Scene` and written together with its batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from operator import attrgetter
from typing import Any, Final, Protocol

from pydantic import BaseModel
from sqlmodel import Session

from bot.talk import conversation
from bot.talk.acting import Actor, Refused
from bot.talk.inputs import Answer
from bot.talk.message import (
    Attachment,
    Choice,
    Incoming,
    Message,
    Outgoing,
    offered,
    press,
    put,
)
from language.numerals import tidy
from prompts import LANGUAGES, Language, Text, Words, address, catalogue, render, t
from storage import chats
from storage.chats import Post, Speaker, Talk
from storage.tables import Lane, TalkState


class Talks(Protocol):
    """Begins and takes up talks: what a scene knows of the router."""

    @property
    def site(self) -> str: ...

    @property
    def site_for_all(self) -> str: ...

    def begin(
        self,
        scene: Scene,
        name: str,
        args: Mapping[str, Any],
        given: Mapping[str, Answer] | None = None,
        *,
        done: Mapping[str, Any] | None = None,
        anew: bool = False,
    ) -> None: ...

    def resume(self, scene: Scene, talk: Talk) -> None: ...

    def hear(self, scene: Scene, words: str, files: tuple[Attachment, ...]) -> None: ...

    def seals(self, talk: Talk | None) -> bool: ...

    def title(self, talk: Talk) -> Text: ...

    def describe(self, talk: Talk) -> Text: ...

    def offer_draft(self, talk: Talk) -> Message: ...

    def command(self, scene: Scene, name: str, args: Sequence[str]) -> None: ...


@dataclass
class Scene:
    """One update being handled: who speaks, when, in which transaction, and the replies."""

    router: Talks
    session: Session
    speaker: Speaker
    now: datetime
    pressed: str = ""
    """The shown message whose button was pressed: it alone may be replaced in place."""
    ending: str = ""
    """The card of a talk that is ending; the next message replaces it."""
    posts: list[Post] = field(default_factory=list)
    talks: dict[int, Talk] = field(default_factory=dict)
    changed: dict[int, Talk] = field(default_factory=dict)
    withheld: bool = False
    """What the speaker says may not be kept now."""
    secret: bool = False
    """What was said is in no history, nor set aside: a code, or what a sealed talk is told."""
    consent_changed: bool = False
    """An act has changed whose words may be kept."""
    _talks_before: dict[int, tuple[Any, ...] | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._speaker_before = _all_of_speaker(self.speaker)

    def undo(self) -> None:
        """Restore the state held in memory, as the transaction's rows were restored."""
        self.posts.clear()
        self.changed.clear()
        for name, value in zip(Speaker.__slots__, self._speaker_before, strict=True):
            setattr(self.speaker, name, value)
        for talk_id, before in self._talks_before.items():
            if before is None:
                self.talks.pop(talk_id, None)
            else:
                self.talks[talk_id] = Talk(*before)

    @property
    def language(self) -> Language:
        return address(self.speaker.language, self.speaker.young)

    @property
    def actor(self) -> Actor:
        """Who acts. Raises `Refused` for somebody who has not joined."""
        if self.speaker.person_id is None:
            raise Refused(t("join.first"))
        return Actor(self.speaker.person_id, self.speaker.account_id, self.now)

    def holds(self, talk: Talk) -> bool:
        """Whether the speaker owns the talk: the person does, or the chat before joining."""
        if talk.person_id is None:
            return talk.account_id == self.speaker.account_id
        return talk.person_id == self.speaker.person_id

    def words(self, words: Words) -> str:
        """A sentence in the speaker's language."""
        return render(words, self.language)

    def say(self, message: Message | Text) -> None:
        """Reply in this chat; the choices may then also be typed."""
        shown = Message(message) if isinstance(message, Text) else message
        if self.ending:
            shown = shown._replace(kind="question", card=self.ending)
            self.ending = ""
        outgoing = put(shown, self.language)
        if shown.card:
            outgoing = outgoing._replace(replace=self.pressed)
        self.post(outgoing)
        choices = offered(outgoing, shown)
        if choices or shown.sealed:
            self.speaker.offered = choices
            self.speaker.changed = True

    def begin(
        self,
        flow: str,
        args: Mapping[str, Any] | None = None,
        given: Mapping[str, Answer] | None = None,
        *,
        done: Mapping[str, Any] | None = None,
        anew: bool = False,
    ) -> None:
        """Begin a talk, perhaps with answers that one sentence gave already, and with outside
        work that is `done`; `anew` also where the same talk lies half done."""
        self.router.begin(self, flow, args or {}, given, done=done, anew=anew)

    def resume(self, talk: Talk) -> None:
        """Take up a draft again."""
        self.router.resume(self, talk)

    def hear(self, words: str, files: tuple[Attachment, ...]) -> None:
        """Hear words that were held back, and the files they came with, as if just said."""
        self.router.hear(self, words, files)

    def command(self, name: str, *args: str) -> None:
        """Do what a command does, as this house has it set up."""
        self.router.command(self, name, args)

    def post(self, outgoing: Outgoing) -> None:
        # A menu of commands holds nobody up.
        lane = Lane.LAST if outgoing.commands else Lane.REPLY
        self.posts.append(Post(self.speaker.account_id, outgoing.to_json(), lane))

    # ---------------------------------------------------------------- talks

    def talk(self) -> Talk | None:
        """The talk that has the floor here."""
        return None if self.speaker.talk_id is None else self.find_talk(self.speaker.talk_id)

    def find_talk(self, talk_id: int) -> Talk | None:
        if talk_id not in self.talks:
            self.talks.update(chats.talks(self.session, [talk_id]))
        found = self.talks.get(talk_id)
        if found is None or found.closed:
            return None
        if talk_id not in self._talks_before:
            self._talks_before[talk_id] = _all_of_talk(found)
        return found

    def drafts(self) -> list[Talk]:
        """The speaker's talks in which something was answered, begun on any device, the latest
        first."""
        if self.speaker.person_id is None:
            return []
        return [
            talk
            for talk in chats.drafts(self.session, self.speaker.person_id)
            if talk.journal["entries"] and not talk.working and self.find_talk(talk.id) is not None
        ]

    def floor(self, talk: Talk | None) -> None:
        """Give a talk the floor here, or clear it."""
        self.speaker.talk_id = talk.id if talk else None
        self.speaker.changed = True
        if talk:
            self.speaker.offered = []
            talk.account_id = self.speaker.account_id
            talk.state = TalkState.ACTIVE
            self.touch(talk)

    def opened(self, talk: Talk) -> None:
        """Give a talk that has just begun the floor."""
        self.talks[talk.id] = talk
        self._talks_before[talk.id] = None
        self.floor(talk)

    def park(self) -> Talk | None:
        """Park the talk that has the floor; its draft stays."""
        talk = self.talk()
        if talk is not None and talk.state is TalkState.ACTIVE:
            talk.state = TalkState.PARKED
            self.touch(talk)
        if self.speaker.talk_id is not None:
            self.floor(None)
        return talk

    def close(self, talk: Talk) -> None:
        """End a talk and delete its journal."""
        talk.closed = True
        self.touch(talk)
        if self.speaker.talk_id == talk.id:
            self.floor(None)

    def touch(self, talk: Talk) -> None:
        talk.updated_at = self.now
        self.changed[talk.id] = talk


_all_of_speaker: Final[Callable[[Speaker], tuple[Any, ...]]] = attrgetter(*Speaker.__slots__)
_all_of_talk: Final[Callable[[Talk], tuple[Any, ...]]] = attrgetter(*Talk.__slots__)


@dataclass(frozen=True, slots=True)
class Flow:
    """A talk with a name, and what is done before and after it."""

    name: str
    title: Text
    talk: conversation.TalkFunction
    about: type[BaseModel]
    load: Callable[[Scene, Mapping[str, Any]], BaseModel]
    """Look up what the flow is told, from its arguments. Raises `Refused`."""
    finish: Callable[[Scene, Any, Any], None]
    """Do what the flow returned: `finish(scene, about, result)`. Raises `Refused`. A flow that
    returned `None` was told no, and is not finished."""
    named: Callable[[Any], Text] | None = None
    """What this talk is called, where that depends on what it is told: `named(about)`."""
    home: Callable[[Any], Callable[[Scene], None] | None] = lambda _about: None
    """What shows where the talk came from, for who goes back from where it began: `home(about)`.
    `None` where that is the menu."""
    sketch: Callable[[Any, conversation.Journal], Sequence[Words]] = lambda _about, _journal: ()
    """Tell a half-finished talk from others of its kind: `sketch(about, journal)`."""
    keeps: bool = True
    """Its journal holds what people say. Where that may not be kept, it neither begins nor goes
    on."""
    young: Callable[[Any], bool] | None = None
    """Whether who is told this is spoken to as a student, though they have not joined yet:
    `young(about)`."""
    sealed: bool = False
    """What it asks and is told stands in no history, and nothing else looks at the words."""


Act = Callable[[Scene, Sequence[str]], None]
"""What a button outside any talk does, given the arguments that it carried."""


@dataclass(frozen=True)
class Handlers:
    """All flows and acts, as the composition root hands them to the router."""

    flows: Mapping[str, Flow]
    acts: Mapping[str, Act]
    commands: Mapping[str, Act]
    """By name: `menu`, `help`, `session` …; each may be typed by the words that prompts/ lists."""
    hear: Callable[[Scene, Incoming], None]
    """Handles words that answer no question."""
    stranger: Callable[[Scene, Incoming], None]
    """Handles words of somebody who has not joined."""
    aside: Callable[[Scene, Incoming, bool], bool] = lambda _scene, _incoming, _files: False
    """Handles words that a talk refused, perhaps because it awaits files and no words: returns
    whether they were a question, now answered."""
    asked: Callable[[Scene, str], None] = lambda _scene, _words: None
    """Answers words that somebody in a talk has said to be a question."""
    doubts: Callable[[Scene, str], bool] = lambda _scene, _words: False
    """Whether words that a talk would take as its own may be a question."""
    heed: Callable[[Scene, Incoming], str | None] = lambda _scene, incoming: incoming.text
    """Sees a message's words before anything else does, except a sealed talk: returns what is to
    be heard of them, or `None` if they called for help, which has been answered."""
    secret: Callable[[str], bool] = lambda _words: False
    """Whether words are a secret, which no history keeps."""
    site: str = ""
    """The address of the web site, for links to it; empty if there is none."""
    site_for_all: str = ""
    """The same where anybody can open it, not only this machine."""

    @cached_property
    def words(self) -> Mapping[str, str]:
        """The typed words for each command, in every language; what its button says is one."""
        found: dict[str, str] = {}
        for name in (*self.commands, *ENGINE):
            found[f"/{name}"] = name
            for language in LANGUAGES:
                listed = catalogue(language).get(f"command.{name}.words", "")
                found.update((word, name) for word in listed.split("|") if word)
        for name in self.commands:
            for language in LANGUAGES:
                if label := catalogue(language).get(f"command.{name}.label", ""):
                    found.setdefault(tidy(label).casefold(), name)
        return found


ENGINE: Final = ("back", "cancel", "whole")
"""Commands that the router itself handles, because they move a talk or show it."""


def number(args: Sequence[str], place: int = 0) -> int:
    """A number from a button's arguments. Raises `Refused` if our buttons never carry it."""
    written = args[place] if len(args) > place else ""
    if not (written.isascii() and written.isdigit() and len(written) <= 18):
        raise Refused(t("stale.unknown"), verb="press")
    return int(written)


TO_MENU: Final = Choice(press("menu"), t("command.menu.label"), weight="quiet")
"""The button that leads to the menu from anywhere."""


def with_menu(words: Text) -> Message:
    """A sentence with a button for the menu."""
    return Message(words, ((TO_MENU,),))


def draft_choices(talk: Talk) -> tuple[Choice, ...]:
    """What may be done with a draft."""
    return (
        Choice(press("resume", talk.id), t("talk.go_on"), weight="primary"),
        Choice(press("drop", talk.id), t("talk.drop"), weight="danger"),
    )
