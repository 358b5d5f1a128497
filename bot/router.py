"""Decides which flow or act an incoming message starts, and moves talks on.

The router works inside one transaction on rows held in memory: what it says and what it changes
are collected in a `Scene` and written together when the batch is. It knows handlers only through
the `Handlers` it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import structlog
from sqlmodel import Session

from bot.left_waiting import LeftWaiting
from bot.scene import ENGINE, TO_MENU, Act, Handlers, Scene, draft_choices, number, with_menu
from bot.talk import conversation
from bot.talk.acting import Refused
from bot.talk.conversation import Broken, Conversation, Finished, Journal, Waiting, Working
from bot.talk.inputs import Answer, Asked, match
from bot.talk.message import (
    ACT,
    Attachment,
    Button,
    Choice,
    Incoming,
    Message,
    Outgoing,
    ShownField,
    are_sealed,
    press,
    put,
)
from language.affairs import without_manners
from language.numerals import tidy
from prompts import Text, Words, render, t
from storage import chats
from storage.chats import Talk
from storage.tables import TalkState

log = structlog.get_logger()

QUESTION: Final = "q"
"""Begins the press of a question's choice: `q:TALK:TURN:VALUE`."""
SHORT_ROWS: Final = 3
"""Rows of buttons, with the last one, under a question that is asked again in one line."""
SURE: Final = "sure"
"""Begins the press that confirms a typed decision: `sure:PRESS`."""


def as_it_began(journal: Journal) -> bool:
    """Whether nothing was answered in the talk, or all of it was taken back."""
    busy = journal.changing or journal.made or journal.unsure is not None
    return not busy and all(one.at == journal.began for one in journal.entries.values())


NoteRefusal = Callable[[Session, Refused, datetime, int | None, int | None], None]
"""Record an act that was refused: what, when, to which person, in which chat."""


class Router:
    def __init__(self, handlers: Handlers, note_refusal: NoteRefusal) -> None:
        self._handlers = handlers
        self._note_refusal = note_refusal
        self._left = LeftWaiting()

    def title(self, talk: Talk) -> Text:
        """What a talk is called."""
        flow = self._handlers.flows[talk.flow]
        return (
            flow.named(flow.about.model_validate(talk.about["seen"])) if flow.named else flow.title
        )

    def describe(self, talk: Talk) -> Text:
        """What a draft is called, and what tells it from others of its kind."""
        flow = self._handlers.flows[talk.flow]
        about = flow.about.model_validate(talk.about["seen"])
        what, *known = flow.sketch(about, Journal.from_json(talk.journal)) or [flow.title]
        return t("drafts.called", what=what, of=known) if known else t("drafts.row", what=what)

    # ---------------------------------------------------------------- one update

    def handle(self, scene: Scene, incoming: Incoming) -> None:
        """Handle one update. All effects are in the scene or in its transaction."""
        if incoming.presence:
            scene.speaker.reachable = incoming.presence == "returned"
            scene.speaker.changed = True
            return
        if not scene.speaker.reachable:
            scene.speaker.reachable, scene.speaker.changed = True, True
        scene.pressed = incoming.on
        self._address(scene)
        code = bool(incoming.text) and self._handlers.secret(incoming.text or "")
        scene.secret = code or self.seals(scene.talk())
        if incoming.group:
            self._in_group(scene, incoming)
        elif incoming.press is not None:
            self._guarded(scene, self._press, incoming.press)
        else:
            self._guarded(scene, self._said, incoming)

    def _address(self, scene: Scene) -> None:
        """Speak to somebody who is about to join as to one of those whom they join."""
        talk = scene.talk() if scene.speaker.person_id is None else None
        flow = self._handlers.flows[talk.flow] if talk is not None else None
        if talk is not None and flow is not None and flow.young is not None:
            about = flow.about.model_validate(talk.about["seen"])
            scene.speaker.young = flow.young(about)

    def seals(self, talk: Talk | None) -> bool:
        """Whether what this talk is told stands in no history."""
        return talk is not None and self._handlers.flows[talk.flow].sealed

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
        if self._put_away(scene, talk):
            return
        journal = Journal.from_json(talk.journal)
        if turn != journal.turn:
            if conversation.already_given(journal, turn, value.removeprefix("=")):
                return
            self._take_floor(scene, talk)
            self._turn(scene, talk, Conversation.resume, t("stale.earlier"))
            return
        self._take_floor(scene, talk)
        if value == "back":
            self._back(scene, talk)
        elif value == "cancel":
            self._cancel(scene)
        else:
            answer = Answer(press=value.removeprefix("="))
            self._turn(scene, talk, lambda talking: talking.answer(answer))

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
        if talk is not None and self._put_away(scene, talk):
            return
        if incoming.text and not self.seals(talk):
            heard = self._handlers.heed(scene, incoming)
            if heard is None:
                return
            incoming = replace(incoming, text=heard)
        self._hear(scene, talk, incoming)

    def hear(self, scene: Scene, words: str, files: tuple[Attachment, ...]) -> None:
        """Hear words that were held back, and the files they came with, as if just said. A talk
        that cannot take them asks its question again."""
        talk, incoming = scene.talk(), Incoming(scene.speaker.address, words, files=files)
        if talk is None:
            self._hear(scene, talk, incoming)
        else:
            self._answer(scene, talk, incoming, held=True)

    def _hear(self, scene: Scene, talk: Talk | None, incoming: Incoming) -> None:
        """Take words and files for what they are: a command, an answer, or something new."""
        words = "" if incoming.files or incoming.other else tidy((incoming.text or "")[:200])
        name, *args = words.casefold().split(" ") if words[:1] == "/" else [words.casefold()]
        command = self._handlers.words.get(name)
        new = command is None and talk is None and words[:1] != "/"
        if new and self._offered(scene, words) is None:
            # 请打开通知, 帮我撤销: a button's words with manners around them.
            plain = without_manners(words)
            command = self._handlers.words.get(plain)
            if command is None and self._offered(scene, plain) is not None:
                words = plain
        if command is not None and talk is not None and self._is_choice(scene, talk, words):
            # A button's words do what the button does, whatever else they are called.
            self._answer(scene, talk, incoming)
        elif command is not None and talk is None and (button := self._label(scene, words)):
            self._typed(scene, *button)
        elif command in ENGINE:
            self._engine_command(scene, command)
        elif command is not None:
            self._do(scene, self._handlers.commands[command], args)
        elif words.startswith("/"):
            # A message to somebody whose words may not be kept does not hold them either.
            shown = "/…" if scene.withheld else words[:40]
            unknown = t("help.unknown_command", command=shown)
            self._do(scene, lambda s, _: s.say(unknown), ())
        elif talk is not None:
            self._answer(scene, talk, incoming)
        elif chosen := self._offered(scene, words):
            scene.secret |= are_sealed(scene.speaker.offered)
            self._typed(scene, *chosen)
        elif scene.speaker.person_id is None:
            self._in_savepoint(scene, lambda s, _: self._handlers.stranger(s, incoming), ())
        else:
            # What is typed below a card that no history shows may speak of it.
            scene.secret |= are_sealed(scene.speaker.offered)
            self._in_savepoint(scene, lambda s, _: self._handlers.hear(s, incoming), ())

    def _answer(self, scene: Scene, talk: Talk, incoming: Incoming, *, held: bool = False) -> None:
        """Give the words to the talk. Words that it refuses may be a question of their own."""
        talking = self._conversation(scene, talk)
        if self.seals(talk):
            self._show(scene, talk, talking, talking.answer(Answer.of(incoming)))
            return
        given = talking.answer(
            Answer.of(incoming), lambda words: self._handlers.doubts(scene, words)
        )
        refused = isinstance(given, Waiting) and not given.accepted and given.note is not None
        files = isinstance(given, Waiting) and not given.question.kind.takes_words
        if refused and incoming.text and self._handlers.aside(scene, incoming, files):
            if scene.speaker.talk_id == talk.id:
                self._remind(scene, talk)
            return
        if refused and held:
            self._turn(scene, talk, Conversation.resume)
            return
        self._show(scene, talk, talking, given)

    def _put_away(self, scene: Scene, talk: Talk) -> bool:
        """Close a talk whose answers may not be kept any more; returns whether that was so."""
        if not scene.withheld or not self._handlers.flows[talk.flow].keeps:
            return False
        scene.close(talk)
        scene.say(with_menu(t("talk.may_not_keep")))
        return True

    def _is_choice(self, scene: Scene, talk: Talk, words: str) -> bool:
        """Whether these words are the whole label of a choice that the talk waits for."""
        talking = self._conversation(scene, talk)
        waiting = talking.resume()
        self._left.leave(talk, scene.language, talking)
        if not isinstance(waiting, Waiting):
            return False
        offered = waiting.question.kind.choices(Asked(scene.now, scene.language))
        return any(
            tidy(render(choice.label, scene.language)).casefold() == words.casefold()
            for row in offered
            for choice in row
        )

    def _offered(self, scene: Scene, words: str) -> tuple[str, str, str] | None:
        """The choice of the last message that these words mean, as (label, press, about)."""
        choices = [Choice(value, label) for label, value, *_ in scene.speaker.offered]
        chosen = match(words, choices, scene.language)
        if chosen is None:
            return None
        label, value, about, *_ = scene.speaker.offered[choices.index(chosen)]
        return label, value, about

    def _label(self, scene: Scene, words: str) -> tuple[str, str, str] | None:
        """The choice of the last message whose whole label these words are, as `_offered`."""
        return next(
            (
                (label, value, about)
                for label, value, about, *_ in scene.speaker.offered
                if tidy(label).casefold() == words.casefold()
            ),
            None,
        )

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
        elif command == "whole":
            self._turn(scene, talk, Conversation.resume)
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
            self._remind(scene, talk)

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
        *,
        done: Mapping[str, Any] | None = None,
        anew: bool = False,
    ) -> None:
        """Begin a talk, perhaps with answers from one sentence, and with outside work `done`.

        If a draft of the same talk exists, on any device, it is offered instead, so that nothing
        has to be typed twice; `anew` begins another all the same.
        """
        flow = self._handlers.flows[name]
        draft = None if given or anew else self._draft(scene, name, args)
        if draft is not None:
            scene.park()
            offer = self.offer_draft(draft)
            another = Choice(press("anew", draft.id), t("talk.another"))
            scene.say(offer._replace(rows=(*offer.rows, (another,))))
            return
        about = flow.load(scene, args)
        if scene.withheld and flow.keeps:
            raise Refused(t("consent.awaited"), verb=name)
        kept = self._kept(scene.park())
        journal = conversation.begin(scene.now, given, done)
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
        self._turn(scene, talk, Conversation.resume, kept)

    def _kept(self, parked: Talk | None) -> Text | None:
        """What to say about a talk that was just parked for another."""
        if parked is None or parked.closed or not parked.journal["entries"]:
            return None
        return t("talk.kept", what=self.describe(parked))

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
            t("drafts.one", what=self.describe(talk), since=talk.updated_at),
            (draft_choices(talk),),
            kind="question",
            card=f"talk:{talk.id}",
        )

    @property
    def site(self) -> str:
        """The address of the web site; empty if there is none."""
        return self._handlers.site

    @property
    def site_for_all(self) -> str:
        """The same where anybody can open it; empty if nobody else can."""
        return self._handlers.site_for_all

    def command(self, scene: Scene, name: str, args: Sequence[str]) -> None:
        """Do what a command does."""
        self._handlers.commands[name](scene, args)

    def resume(self, scene: Scene, talk: Talk, note: Text | None = None) -> None:
        """Resume a draft, with its data looked up again."""
        if self._put_away(scene, talk):
            return
        flow = self._handlers.flows[talk.flow]
        args = talk.about["args"]
        talk.about = {"args": args, "seen": flow.load(scene, args).model_dump(mode="json")}
        talk.looked_up = True
        parked = scene.park()
        scene.floor(talk)
        if note is None and parked is not talk:
            note = self._kept(parked)
        self._turn(scene, talk, Conversation.resume, note)

    def work_done(self, scene: Scene, talk: Talk, step: str, result: Any) -> None:
        """Journal the result of outside work, and continue the talk."""
        if self._put_away(scene, talk):
            return
        talk.work = None
        talk.state = TalkState.ACTIVE
        scene.touch(talk)
        self._guarded(
            scene,
            lambda s, _: self._turn(s, talk, lambda talking: talking.done(step, result)),
            None,
        )

    def _conversation(self, scene: Scene, talk: Talk) -> Conversation:
        if left := self._left.take(talk, scene.language):
            left.carry_on(scene.now)
            return left
        flow = self._handlers.flows[talk.flow]
        about = flow.about.model_validate(talk.about["seen"])
        journal = Journal.from_json(talk.journal)
        return Conversation(flow.talk, about, journal, scene.now, scene.language, stays=True)

    def _turn(
        self,
        scene: Scene,
        talk: Talk,
        act: Callable[[Conversation], conversation.RunResult],
        note: Text | None = None,
    ) -> None:
        """Act on a talk, and show what comes of it."""
        talking = self._conversation(scene, talk)
        self._show(scene, talk, talking, act(talking), note)

    def _back(self, scene: Scene, talk: Talk) -> None:
        """Undo the last thing done; where nothing was done, show where the talk came from."""
        home = self._home(talk)
        talking = self._conversation(scene, talk)
        untouched = home is not None and as_it_began(talking.journal)
        outcome = None if untouched else talking.back()
        if outcome is not None:
            self._show(scene, talk, talking, outcome)
        elif home is None:
            self._cancel(scene)
        else:
            scene.close(talk)
            scene.ending = f"talk:{talk.id}"
            home(scene)

    def _home(self, talk: Talk) -> Callable[[Scene], None] | None:
        flow = self._handlers.flows[talk.flow]
        return flow.home(flow.about.model_validate(talk.about["seen"]))

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
                t("talk.parked", what=self.describe(talk)),
                (draft_choices(talk), (TO_MENU,)),
                kind="question",
                card=f"talk:{talk.id}",
            )
        )

    def _show(
        self,
        scene: Scene,
        talk: Talk,
        talking: Conversation,
        outcome: conversation.RunResult,
        note: Text | None = None,
    ) -> None:
        """Store the engine's outcome of the turn, and say what comes next."""
        before = talk.journal
        talk.journal = outcome.journal.to_json()
        scene.touch(talk)
        self._left.leave(talk, scene.language, talking)
        aside = () if isinstance(outcome, Broken) else outcome.aside
        for words in aside:
            self._handlers.asked(scene, words)
            scene.pressed = ""
        match outcome:
            case Waiting():
                talk.state, talk.work = TalkState.ACTIVE, None
                self._ask(scene, talk, outcome, note, short=bool(aside))
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
        if result is None:
            scene.say(with_menu(t("talk.declined")))
            return
        try:
            with scene.session.begin_nested():
                flow.finish(scene, about, result)
        except Refused as refused:
            # The last answer is not kept, so that the person can mend the entry and send it again.
            talk.closed, talk.journal, scene.ending = False, before, ""
            self._note(scene, refused)
            self.resume(scene, talk, refused.words)

    def _remind(self, scene: Scene, talk: Talk) -> None:
        """Ask a talk's question again in one line, below what was answered in passing."""
        scene.pressed = ""
        talking = self._conversation(scene, talk)
        outcome = talking.resume()
        if isinstance(outcome, Waiting):
            talk.journal = outcome.journal.to_json()
            scene.touch(talk)
            self._left.leave(talk, scene.language, talking)
            self._ask(scene, talk, outcome, None, short=True)
        else:
            self._show(scene, talk, talking, outcome)

    def _ask(
        self,
        scene: Scene,
        talk: Talk,
        waiting: Waiting,
        note: Text | None,
        *,
        short: bool = False,
    ) -> None:
        """Put a question with its choices; `short`, it is one line, and a card can be seen whole
        at a press."""
        language = scene.language
        question = waiting.question
        said = question.words
        if isinstance(said, Message):
            card = put(said, language)
            words = card.text
        else:
            card, words = None, render(said, language)
        if short:
            words = (words or (card.title if card else "")).partition("\n")[0]
        if question.number is not None:
            numbers = {"number": question.number, "total": question.total or 0}
            words = render(t("talk.numbered", question=words, **numbers), language)
        for told in (note, waiting.note, waiting.above):
            if told:
                words = f"{render(told, language)}\n\n{words}"
        begins = f"{QUESTION}:{talk.id}:{waiting.journal.turn}:"

        def button(choice: Choice) -> Button:
            label = choice.label
            if waiting.present and choice.value == waiting.present:
                label = t("talk.present", choice=label)
            return Button(render(label, language), f"{begins}={choice.value}", choice.weight)

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
            for field in (*waiting.fields, *question.kind.shown())
        ]
        if fields:
            # What changes a field stands beside it.
            changes = {field.button for field in fields}
            left = (tuple(b for b in row if b not in changes) for row in rows)
            rows = [row for row in left if row]
        down = away(t("talk.put_down"), "cancel")
        journal = waiting.journal
        begun = journal.entries or journal.aside or journal.unsure or self._home(talk)
        rows.append((away(t("talk.back"), "back"), down) if begun else (down,))
        replace = scene.pressed if waiting.accepted else ""
        many = len(rows) > SHORT_ROWS
        if short and (card is not None or fields or many):
            # The answer above is to stay in view with the question.
            rows = rows[-1:] if many else rows
            whole = render(t("talk.choices" if many else "talk.whole"), language)
            rows.insert(-1, (Button(whole, press("resume", talk.id)),))
        asked = Outgoing(words, tuple(rows), "question", f"talk:{talk.id}", replace)
        if waiting.begin_with:
            copy = render(t("talk.copy"), language)
            asked = asked._replace(draft=waiting.begin_with, copy=copy)
        if not short and (card is not None or fields):
            card = card or asked
            asked = asked._replace(
                files=card.files,
                title=card.title or render(self.title(talk), language),
                fields=(*card.fields, *fields),
                meters=card.meters,
                items=card.items,
                note=card.note,
                clause=card.clause,
            )
        scene.post(asked._replace(sealed=self.seals(talk)))
