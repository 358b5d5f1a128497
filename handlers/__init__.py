"""The conversations and acts, one file for each thing that people do."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from bot.scene import Act, Handlers, Scene, number
from bot.talk.message import Incoming
from handlers import (
    asking,
    diary,
    documents,
    inquiries,
    join,
    menu,
    progress,
    review,
    session,
    watch,
)
from prompts import t
from services.rows import RecordKind
from storage.files import FileStore


def handlers(store: FileStore | None = None, *, advised: bool = False) -> Handlers:
    """Everything people can do; what they send is kept in `store`.

    `advised` where a model is asked about questions that were not surely understood.
    """
    loading = documents.flow(store or FileStore(Path("files")))
    flows = [join.FLOW, session.FLOW, diary.FLOW, review.FLOW, loading, *inquiries.FLOWS]
    return Handlers(
        flows={flow.name: flow for flow in flows},
        acts=ACTS,
        commands=COMMANDS
        | {
            "ask": partial(asking.question, advised=advised),
            "privacy": partial(menu.privacy, advised=advised),
        },
        hear=partial(hear, advised=advised),
        stranger=join.stranger,
        aside=lambda scene, incoming: asking.aside(scene, incoming.text or ""),
        heed=asking.heed,
    )


def hear(scene: Scene, incoming: Incoming, advised: bool = False) -> None:
    """Words that answer nothing: a session told in one sentence, a question, or neither."""
    words = incoming.text or ""
    if not session.hear(scene, words) and not asking.hear(scene, words, advised):
        asking.not_found(scene, words, t("help.not_understood"))


COMMANDS: dict[str, Act] = {
    "start": menu.show,
    "menu": menu.show,
    "help": menu.help_,
    "language": menu.language,
    "privacy": menu.privacy,
    "drafts": menu.drafts,
    "ask": asking.question,
    "session": lambda scene, _: scene.begin("session"),
    "writing": lambda scene, _: diary.start(scene, RecordKind.DIARY),
    "meeting": lambda scene, _: diary.start(scene, RecordKind.MEETING_RECORD),
    "progress": progress.progress,
    "records": progress.listing,
    "queue": review.queue,
    "children": menu.children,
    **watch.COMMANDS,
    **documents.COMMANDS,
    **inquiries.COMMANDS,
}
"""What can be asked for by `/name`, by its words, or from the menu."""

ACTS: dict[str, Act] = {
    "resume": menu.resume,
    "drop": menu.drop,
    "consent": menu.give_consent,
    "unconsent": menu.take_back_consent,
    "diary": lambda scene, args: diary.start(scene, RecordKind.DIARY, number(args)),
    "record": progress.show,
    "edit": progress.edit,
    "withdraw": progress.withdraw,
    "whole": review.whole,
    "approve": review.approve,
    "return": review.send_back,
    "bulk": review.bulk,
    "topic": asking.topic,
    "passage": asking.passage,
    "unhelpful": asking.unhelpful,
    **watch.ACTS,
    **documents.ACTS,
    **inquiries.ACTS,
}
"""What the buttons of cards do."""

__all__ = ["ACTS", "COMMANDS", "handlers"]
