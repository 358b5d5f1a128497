"""What the web chat asks of the application: who may enter, what was said, which files to show.

The web platform knows nothing of tables or services; the composition root hands it a `Door`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bot.talk.message import Outgoing
from prompts import Language, Text


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person with a valid session cookie."""

    address: str
    """The web chat's address: what `Incoming.address` and `Platform.send` carry."""
    name: str
    """Empty before they have joined."""
    language: Language


@dataclass(frozen=True, slots=True)
class Entered:
    """A signed-in visitor, with the session's secret for the cookie (stored as a hash)."""

    session: str
    visitor: Visitor
    start: str = ""
    """An invitation code still to be taken up: the chat opens as if `/start CODE` were said."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Entry refused, with the sentence to say."""

    words: Text
    retry_after: int = 0
    """Seconds to wait after too many attempts."""


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line of the chat's history."""

    at: datetime
    number: int
    """Outbox row id for the assistant's lines, update id for the person's."""
    message: Outgoing | None = None
    raw: str = ""
    """The person's update as the platform stored it."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    path: Path
    name: str
    media_type: str


class Door(Protocol):
    async def sign_in(self, token: str, source: str) -> Entered | Refusal:
        """Use up a one-time sign-in link. `source` is the network address, for rate limits."""
        ...

    async def sign_in_from(self, messenger: str, data: str, source: str) -> Entered | Refusal:
        """Let in the person for whom a messenger vouches with this data, which is used up."""
        ...

    async def whose_link(self, token: str, source: str) -> str | Refusal:
        """The name of the person whom a sign-in link would let in, without using it up."""
        ...

    async def whose_invitation(self, code: str, source: str) -> str | Refusal:
        """The name of the person whom a code invites, without using it up."""
        ...

    async def join(self, code: str, source: str, language: Language) -> Entered | Refusal:
        """Open a chat for somebody who holds an invitation code; the chat itself uses it up."""
        ...

    async def who(self, session: str) -> Visitor | None:
        """Whose session this is, if it is valid now."""
        ...

    async def sign_out(self, session: str) -> None: ...

    async def history(
        self, address: str, before: datetime | None, limit: int
    ) -> Sequence[HistoryLine]:
        """The last lines of a chat, oldest first, ended before `before`.

        Holds every row that has been handed to the platform: a page that connects is shown these
        and, from then on, what is sent.
        """
        ...

    async def opened(self, address: str) -> None:
        """A page was loaded anew: what stood on the last one and in no history is not on it."""
        ...

    async def takes_files(self, address: str) -> Refusal | None:
        """Why this chat may send no files now; `None` if it may."""
        ...

    async def commands(self, address: str) -> Sequence[tuple[str, str]]:
        """The menu this chat was last offered, as (name, description) pairs.

        Kept by the house, so that a page opened after a restart has its menu.
        """
        ...

    async def file(self, address: str, file_id: int, *, opened: bool = False) -> StoredFile | None:
        """A stored file, if the person behind this chat may read it now.

        `opened`: its bytes are shown, which is noted.
        """
        ...
