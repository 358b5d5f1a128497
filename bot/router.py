"""Decides which flow or act an incoming message starts, and moves talks on.

The router works inside one transaction on rows held in memory: what it says and what it changes
are collected in a `Scene` and written together when the batch is. It knows handlers only through
the `Handlers` it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import structlog
from sqlmodel import Session

from bot.scene import ENGINE, TO_MENU, Act, Handlers, Scene, draft_choices, number, with_menu
from bot.talk import conversation
from bot.talk.acting import Refused
from bot.talk.conversation import Broken, Conversation, Finished, Journal, Waiting, Working
from bot.talk.inputs import Answer, Asked, match
from bot.talk.message import (
    ACT,
    Button,
    Choice,
    Incoming,
    Message,
    Outgoing,
    ShownField,
    press,
    put,
)
from language.numerals import tidy
from prompts import Text, Words, render, t
from storage import chats
from storage.chats import Talk
from storage.tables import TalkState

log = structlog.get_logger()

QUESTION: Final = "q"
"""Begins the press of a question's choice: `q:TALK:TURN:VALUE`."""
SURE: Final = "sure"
"""Begins the press that confirms a typed decision: `sure:PRESS`."""


NoteRefusal = Callable[[Session, Refused, datetime, int | None, int | None], None]
"""Record an act that was refused: what, when, to which person, in which chat."""


class Router:
    def __init__(self, handlers: Handlers, note_refusal: NoteRefusal) -> None:
        self._handlers = handlers
        self._note_refusal = note_refusal

    def title(self, talk: Talk) -> Text:
        """What a talk is called."""
        return self._handlers.flows[talk.flow].title

    # ---------------------------------------------------------------- one update

    def handle(self, scene: Scene, incoming: Incoming) -> None:
        """Handle one update. All effects are in the scene or in its transaction."""
        if incoming.presence:
            scene.speaker.reachable = incoming.presence == "returned"
            scene.speaker.changed = True
            return
        if not scene.speaker.reachable:
            scene.speaker.reachable, scene.speaker.changed = True, True
        scene.pressed = incoming.press is not None
        if incoming.group:
            self._in_group(scene, incoming)
        elif incoming.press is not None:
            self._guarded(scene, self._press, incoming.press)
        else:
            self._guarded(scene, self._said, incoming)

    def _in_group(self, scene: Scene, incoming: Incoming) -> None:
        """Nothing personal in groups: refuse and note presses, send commands elsewhere."""
        if incoming.press is not None:
            refused = Refused(t("group.refused"), verb="press")
            self._note_refusal(scene.session, refused, scene.now, None, scene.speaker.account_id)
            scene.say(refused.words)
        elif (incoming.text or "").startswith("/"):
            scene.say(t("group.refused"))

    def _guarded(self, scene: Scene, step: Callable[[Scene, Any], None], what: Any) -> None:
        """Run a step. If it is refused, undo it, note the refusal, and say why."""
        try:
            step(scene, what)
        except Refused as refused:
            scene.undo()
            self._note(scene, refused)
            scene.say(with_menu(refused.words))

    def _note(self, scene: Scene, refused: Refused) -> None:
        speaker = scene.speaker
        self._note_refusal(
            scene.session, refused, scene.now, speaker.person_id, speaker.account_id
        )

    # ---------------------------------------------------------------- presses

    def _press(self, scene: Scene, pressed: str) -> None:
        kind, _, rest = pressed.partition(":")
        if kind == QUESTION:
            self._press_choice(scene, rest)
        elif kind == ACT:
            self._act(scene, rest)
        elif kind == SURE:
            self._press(scene, rest)
        else:
            raise Refused(t("stale.unknown"), verb="press")

    def _act(self, scene: Scene, carried: str) -> None:
        verb, *args = carried.split(":")
        act = self._handlers.acts.get(verb) or self._handlers.commands.get(verb)
        if act is None and verb in ENGINE:
            self._engine_command(scene, verb)
        elif act is None:
            raise Refused(t("stale.unknown"), verb="press")
        else:
            self._do(scene, act, args)

    def _press_choice(self, scene: Scene, carried: str) -> None:
        parts = carried.split(":", 2)
        talk_id, turn = number(parts, 0), number(parts, 1)
        value = parts[2] if len(parts) > 2 else ""
        talk = scene.find_talk(talk_id)
        if talk is None or not scene.holds(talk):
            scene.say(with_menu(t("stale.closed")))
            return
        journal = Journal.from_json(talk.journal)
        if turn != journal.turn:
            if conversation.already_given(journal, turn, value.removeprefix("=")):
                return
            self._take_floor(scene, talk)
            self._show(scene, talk, self._conversation(scene, talk).resume(), t("stale.earlier"))
            return
        self._take_floor(scene, talk)
        if value == "back":
            self._back(scene, talk)
        elif value == "cancel":
            self._cancel(scene)
        else:
            answer = Answer(press=value.removeprefix("="))
            self._show(scene, talk, self._conversation(scene, talk).answer(answer))

    def _take_floor(self, scene: Scene, talk: Talk) -> None:
        """Continue a talk here after a press on an older card or another device."""
        if scene.speaker.talk_id != talk.id:
            parked = scene.park()
            scene.floor(talk)
            if kept := self._kept(parked):
                scene.say(kept)

    # ---------------------------------------------------------------- words and files

    def _said(self, scene: Scene, incoming: Incoming) -> None:
        if incoming.start is not None:
            self._in_savepoint(scene, lambda s, _: self._handlers.stranger(s, incoming), ())
            return
        talk = scene.talk()
        words = "" if incoming.files or incoming.other else tidy((incoming.text or "")[:200])
        name, *args = words.casefold().split(" ") if words[:1] == "/" else [words.casefold()]
        command = self._handlers.words.get(name)
        if command in ENGINE:
            self._engine_command(scene, command)
        elif command is not None:
            self._do(scene, self._handlers.commands[command], args)
        elif words.startswith("/"):
            unknown = t("help.unknown_command", command=words[:40])
            self._do(scene, lambda s, _: s.say(unknown), ())
        elif talk is not None:
            self._answer(scene, talk, incoming)
        elif chosen := self._offered(scene, words):
            self._typed(scene, *chosen)
        elif scene.speaker.person_id is None:
            self._in_savepoint(scene, lambda s, _: self._handlers.stranger(s, incoming), ())
        elif not words:
            scene.say(with_menu(t("help.not_now")))
        else:
            self._in_savepoint(scene, lambda s, _: self._handlers.hear(s, incoming), ())

    def _answer(self, scene: Scene, talk: Talk, incoming: Incoming) -> None:
        """Give the words to the talk. Words that it refuses may be a question of their own."""
        given = self._conversation(scene, talk).answer(Answer.of(incoming))
        refused = isinstance(given, Waiting) and not given.accepted and given.note is not None
        if refused and incoming.text and self._handlers.aside(scene, incoming):
            given = self._conversation(scene, talk).resume()
        elif incoming.text:
            self._handlers.heed(scene, incoming.text)
        self._show(scene, talk, given)

    def _offered(self, scene: Scene, words: str) -> tuple[str, str, str] | None:
        """The choice of the last message that these words mean, as (label, press, about)."""
        choices = [Choice(value, label) for label, value, _ in scene.speaker.offered]
        chosen = match(words, choices, scene.language)
        if chosen is None:
            return None
        label, value, about = scene.speaker.offered[choices.index(chosen)]
        return label, value, about

    def _typed(self, scene: Scene, label: str, value: str, about: str) -> None:
        """Treat a typed choice as a press; ask for confirmation if it settles a record."""
        if not about:
            self._press(scene, value)
            return
        scene.say(
            Message(
                t("answer.sure", choice=label, about=about),
                (
                    (
                        Choice(value, t("answer.yes_do", choice=label), weight="primary"),
                        Choice(press("menu"), t("answer.no_leave"), weight="quiet"),
                    ),
                ),
            )
        )

    def _engine_command(self, scene: Scene, command: str) -> None:
        talk = scene.talk()
        if talk is None:
            self._in_savepoint(scene, self._handlers.commands["menu"], ())
        elif command == "back":
            self._back(scene, talk)
        else:
            self._cancel(scene)

    def _do(self, scene: Scene, act: Act, args: Sequence[str]) -> None:
        """Run an act. A talk that still has the floor asks its question again."""
        before = scene.speaker.talk_id
        self._in_savepoint(scene, act, args)
        talk = scene.talk()
        if talk is None or talk.id != before or talk.state is not TalkState.ACTIVE:
            return
        if not any(post.body.get("card") == f"talk:{talk.id}" for post in scene.posts):
            scene.pressed = False
            self._show(scene, talk, self._conversation(scene, talk).resume())

    def _in_savepoint(self, scene: Scene, act: Act, args: Sequence[str]) -> None:
        """Run an act in a savepoint, so that a refusal undoes it."""
        with scene.session.begin_nested():
            act(scene, args)

    # ---------------------------------------------------------------- a talk's turn

    def begin(
        self,
        scene: Scene,
        name: str,
        args: Mapping[str, Any],
        given: Mapping[str, Answer] | None = None,
    ) -> None:
        """Begin a talk, perhaps with answers that one sentence gave already.

        Where the same talk lies half done, on whichever device, that is offered instead: what was
        typed once need not be typed again.
        """
        flow = self._handlers.flows[name]
        draft = None if given else self._draft(scene, name, args)
        if draft is not None:
            scene.park()
            scene.say(self.offer_draft(draft))
            return
        about = flow.load(scene, args)
        kept = self._kept(scene.park())
        journal = conversation.begin(scene.now, given)
        talk = chats.open_talk(
            scene.session,
            name,
            scene.speaker.person_id,
            scene.speaker.account_id,
            {"args": dict(args), "seen": about.model_dump(mode="json")},
            journal.to_json(),
            scene.now,
        )
        scene.opened(talk)
        self._show(scene, talk, self._conversation(scene, talk).resume(), kept)

    def _kept(self, parked: Talk | None) -> Text | None:
        """What to say about a talk that was just parked for another."""
        if parked is None or parked.closed or not parked.journal["entries"]:
            return None
        return t("talk.kept", what=self.title(parked))

    def _draft(self, scene: Scene, name: str, args: Mapping[str, Any]) -> Talk | None:
        if scene.speaker.person_id is None:
            return None
        for draft in chats.drafts(scene.session, scene.speaker.person_id):
            same = draft.flow == name and draft.about["args"] == dict(args)
            if same and (held := scene.find_talk(draft.id)) and held.journal["entries"]:
                return held
        return None

    def offer_draft(self, talk: Talk) -> Message:
        """A half-finished entry, to go on with or to drop."""
        return Message(
            t("drafts.one", what=self.title(talk), since=talk.updated_at),
            (draft_choices(talk),),
            kind="question",
            card=f"talk:{talk.id}",
        )

    def resume(self, scene: Scene, talk: Talk, note: Text | None = None) -> None:
        """Resume a draft, with its data looked up again."""
        flow = self._handlers.flows[talk.flow]
        args = talk.about["args"]
        talk.about = {"args": args, "seen": flow.load(scene, args).model_dump(mode="json")}
        talk.looked_up = True
        parked = scene.park()
        scene.floor(talk)
        if note is None and parked is not talk:
            note = self._kept(parked)
        self._show(scene, talk, self._conversation(scene, talk).resume(), note)

    def work_done(self, scene: Scene, talk: Talk, step: str, result: Any) -> None:
        """Journal the result of outside work, and continue the talk."""
        talk.work = None
        talk.state = TalkState.ACTIVE
        scene.touch(talk)
        self._guarded(
            scene,
            lambda s, _: self._show(s, talk, self._conversation(s, talk).done(step, result)),
            None,
        )

    def _conversation(self, scene: Scene, talk: Talk) -> Conversation:
        flow = self._handlers.flows[talk.flow]
        about = flow.about.model_validate(talk.about["seen"])
        journal = Journal.from_json(talk.journal)
        return Conversation(flow.talk, about, journal, scene.now, scene.language)

    def _back(self, scene: Scene, talk: Talk) -> None:
        outcome = self._conversation(scene, talk).back()
        if outcome is None:
            self._cancel(scene)
        else:
            self._show(scene, talk, outcome)

    def _cancel(self, scene: Scene) -> None:
        """Park the talk; the answers so far stay as a draft."""
        talk = scene.park()
        if talk is None:
            self._in_savepoint(scene, self._handlers.commands["menu"], ())
            return
        if not talk.journal["entries"]:
            scene.close(talk)
            self._in_savepoint(scene, self._handlers.commands["menu"], ())
            return
        scene.say(
            Message(
                t("talk.parked", what=self.title(talk)),
                (draft_choices(talk), (TO_MENU,)),
                kind="question",
                card=f"talk:{talk.id}",
            )
        )

    def _show(
        self,
        scene: Scene,
        talk: Talk,
        outcome: conversation.Outcome,
        note: Text | None = None,
    ) -> None:
        """Store the engine's outcome of the turn, and say what comes next."""
        before = talk.journal
        talk.journal = outcome.journal.to_json()
        scene.touch(talk)
        match outcome:
            case Waiting():
                talk.state, talk.work = TalkState.ACTIVE, None
                self._ask(scene, talk, outcome, note)
            case Working(work=work):
                talk.state = TalkState.WORKING
                talk.work = {"step": work.step, "job": work.job, "args": dict(work.args)}
            case Finished(result=result):
                self._finish(scene, talk, result, before)
            case Broken(error=error):
                log.error("flow_broken", flow=talk.flow, talk=talk.id, exc_info=error)
                talk.state = TalkState.BROKEN
                scene.floor(None)
                scene.say(with_menu(t("talk.broken")))

    def _finish(self, scene: Scene, talk: Talk, result: Any, before: dict[str, Any]) -> None:
        flow = self._handlers.flows[talk.flow]
        about = flow.about.model_validate(talk.about["seen"])
        scene.close(talk)
        scene.ending = f"talk:{talk.id}"
        try:
            with scene.session.begin_nested():
                flow.finish(scene, about, result)
        except Refused as refused:
            # The last answer is not kept, so that the person can mend the entry and send it again.
            talk.closed, talk.journal, scene.ending = False, before, ""
            self._note(scene, refused)
            self.resume(scene, talk, refused.words)

    def _ask(self, scene: Scene, talk: Talk, waiting: Waiting, note: Text | None) -> None:
        language = scene.language
        question = waiting.question
        said = question.words
        if isinstance(said, Message):
            card = put(said, language)
            words = card.text
        else:
            card, words = None, render(said, language)
        if question.number is not None:
            numbers = {"number": question.number, "total": question.total or 0}
            words = render(t("talk.numbered", question=words, **numbers), language)
        for told in (note, waiting.note):
            if told is not None:
                words = f"{render(told, language)}\n\n{words}"
        begins = f"{QUESTION}:{talk.id}:{waiting.journal.turn}:"

        def button(choice: Choice) -> Button:
            return Button(
                render(choice.label, language), f"{begins}={choice.value}", choice.weight
            )

        def away(label: Words, value: str) -> Button:
            return Button(render(label, language), begins + value, "quiet")

        choices = question.kind.choices(Asked(scene.now, language))
        rows = [tuple(map(button, row)) for row in choices]
        fields = [
            ShownField(
                render(field.label, language),
                render(field.value, language),
                field.tone,
                button(field.choice) if field.choice else None,
            )
            for field in question.kind.shown()
        ]
        if fields:
            # What changes a field stands beside it.
            changes = {field.button for field in fields}
            left = (tuple(b for b in row if b not in changes) for row in rows)
            rows = [row for row in left if row]
        down = away(t("talk.put_down"), "cancel")
        begun = waiting.journal.entries or waiting.journal.aside
        rows.append((away(t("talk.back"), "back"), down) if begun else (down,))
        replace = scene.pressed and waiting.accepted
        asked = Outgoing(words, tuple(rows), "question", f"talk:{talk.id}", replace)
        if card is not None or fields:
            card = card or asked
            asked = asked._replace(
                files=card.files,
                title=card.title,
                fields=(*card.fields, *fields),
                meters=card.meters,
                items=card.items,
                note=card.note,
                clause=card.clause,
            )
        scene.post(asked)
