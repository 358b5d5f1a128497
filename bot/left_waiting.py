"""Talks whose flow was left waiting at its question, so that the next answer needs no replay.

What was left is used only for a talk whose row says exactly what it said then. Any other row (an
act undone, another replica, a restored backup, a newer version) means a replay, and the replay is
what counts: nothing here has to be kept up to date.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from bot.talk.conversation import Conversation
from prompts import Language
from storage.chats import Talk

MOST: Final = 500
"""Maximum of talks left waiting: about 5 MB."""


class _Left(NamedTuple):
    """A talk, and what its row said when it was left."""

    flow: str
    language: Language
    about: Mapping[str, Any]
    journal: Mapping[str, Any]
    conversation: Conversation


class LeftWaiting:
    """The talks left waiting, each taken out when it goes on."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._left: dict[int, _Left] = {}

    def take(self, talk: Talk, language: Language) -> Conversation | None:
        """The conversation that was left, if the talk stands where it was."""
        left = self._left.pop(talk.id, None)
        if left is None:
            return None
        if left[:4] == (talk.flow, language, talk.about, talk.journal):
            return left.conversation
        left.conversation.close()
        return None

    def leave(self, talk: Talk, language: Language, conversation: Conversation) -> None:
        """Leave a conversation for the next answer, if its flow waits."""
        if not conversation.waits:
            return
        if len(self._left) >= self._most:
            self._give_way()
        self._left[talk.id] = _Left(talk.flow, language, talk.about, talk.journal, conversation)

    def _give_way(self) -> None:
        """Drop one by chance: of more talks than have room, some find theirs all the same, which
        dropping the oldest would not give any of them."""
        number = random.choice(list(self._left))  # noqa: S311 - which one it is, is no secret
        self._left.pop(number).conversation.close()
