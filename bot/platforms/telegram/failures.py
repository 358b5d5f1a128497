"""What an outcome of a call to the Bot API means, whichever library made the call."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import structlog

from bot.platforms.contract import (
    DeliveryError,
    FateUnknown,
    TryLater,
    Unreachable,
    Unsent,
    Unserved,
)

DEEPEST: Final = 100
"""Levels to which JSON is read that is too deep as a whole."""
BRACKETS: Final = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]')
"""Brackets, and the strings in which a bracket is none."""

PAUSE: Final = 5.0
"""Seconds to wait if Telegram does not say how long."""
LONGEST_PAUSE: Final = 60.0

CHAT_GONE: Final = ("chat not found", "peer_id_invalid", "was upgraded to a supergroup")
MESSAGE_GONE: Final = (
    "message to edit not found",
    "message can't be edited",
    "no text in the message",
    "message_id_invalid",
)
"""Telegram's words for a message that cannot be edited, and never will be."""

log = structlog.get_logger()


class Failure(Exception):
    """A failed call.

    The libraries' own errors do not tell enough: they do not distinguish a refused connection from
    a broken one, lose the status, and take a proxy's 403 page for Telegram's.
    """

    def __init__(
        self,
        what: str,
        *,
        status: int = 0,
        code: int = 0,
        retry_after: float = 0,
        moved_to: int | None = None,
        sent: bool = True,
        method: str = "",
    ) -> None:
        super().__init__(what)
        self.what = what
        """What went wrong: never the token, nor what the message said."""
        self.status = status
        """The HTTP status; 0 where nobody answered."""
        self.code = code
        """Telegram's error code; 0 where it was not Telegram that answered."""
        self.retry_after = retry_after
        self.moved_to = moved_to
        """The supergroup that the chat has become."""
        self.sent = sent
        """Without an answer from Telegram: whether the call may have reached it."""
        self.method = method


def unanswered(error: BaseException, *, sent: bool, method: str = "") -> Failure:
    """The failure of a call without an answer. Only the error's name is kept: its text may hold
    the token."""
    return Failure(type(error).__name__, sent=sent, method=method)


def result(status: int, payload: bytes | str, method: str = "") -> Any:
    """The result in an HTTP answer. Raises `Failure` if the answer reports an error."""
    answer = loads(payload)
    match answer:
        case {"ok": True, "result": found} if status == 200:
            return found
        case {"ok": False, "error_code": int(code), "description": str(what)}:
            if code in (401, 404):
                log.critical("telegram.token_refused")
            more = answer.get("parameters")
            parameters = more if isinstance(more, dict) else {}
            raise Failure(
                what[:200],
                status=status,
                code=code,
                retry_after=parameters.get("retry_after", 0),
                moved_to=parameters.get("migrate_to_chat_id"),
                method=method,
            )
        case _:
            # Something on the way answered. A success nobody can read, and a gateway that gave up
            # waiting, say nothing about what Telegram did.
            raise Failure(
                f"HTTP {status}, not Telegram's",
                status=status,
                sent=status in (200, 504),
                method=method,
            )


def loads(raw: str | bytes) -> Any:
    """The parsed JSON; `None` if it is not JSON. What is nested deeper than anybody means it reads
    as null, so that the updates beside it are not lost with it."""
    try:
        return json.loads(raw)
    except RecursionError:
        return loads(_shallow(raw if isinstance(raw, str) else raw.decode(errors="replace")))
    except ValueError:
        return None


def _shallow(raw: str) -> str:
    """The JSON with a null for each part that is nested deeper than `DEEPEST`."""
    kept: list[str] = []
    depth = end = 0
    for mark in BRACKETS.finditer(raw):
        if mark[0] in "[{":
            depth += 1
            if depth == DEEPEST:
                kept.append(raw[end : mark.start()] + "null")
        elif mark[0] in "]}":
            if depth == DEEPEST:
                end = mark.end()
            depth -= 1
    return "".join(kept) + (raw[end:] if depth < DEEPEST else "")


def message_id(shown: Any) -> int:
    """The id of a message that was shown, the last one's of an album.

    Nothing else of the answer is read: something odd in it would make a message that arrived look
    lost. Raises `Failure` if even the id cannot be read.
    """
    match shown:
        case {"message_id": int(known)} | [*_, {"message_id": int(known)}]:
            return known
    raise Failure("the answer names no message", status=200)


def delivery_error(failure: Failure) -> DeliveryError:
    """What a failed call means for the message it carried."""
    error = _meaning(failure)
    error.method = failure.method
    return error


def _meaning(failure: Failure) -> DeliveryError:
    what = failure.what
    match failure.code:
        case 0 if failure.sent:
            return FateUnknown(what)
        case 0 if not failure.status:  # nobody was reached, so it is nothing that we said
            return TryLater(0, everyone=True, why=what)
        case 429:
            return TryLater(failure.retry_after or PAUSE)
        case 401 | 404:  # the token is refused: the operator must act
            return TryLater(LONGEST_PAUSE, everyone=True, why=what)
        case 403:
            return Unreachable(what)
        case 400 if any(words in what.lower() for words in CHAT_GONE):
            return Unreachable(what)
        case code if code == 0 or code >= 500:
            return Unserved(what)
        case _:
            return Unsent(what)


def edited_already(failure: Failure) -> bool:
    """Whether the message already reads as the edit would make it."""
    return failure.code == 400 and "message is not modified" in failure.what


def uneditable(failure: Failure) -> bool:
    """Whether the message can never be edited."""
    return failure.code == 400 and any(gone in failure.what.lower() for gone in MESSAGE_GONE)


def style_refused(failure: Failure) -> bool:
    """An older Bot API server does not know that a button can have a style."""
    what = failure.what.lower()
    return failure.code == 400 and ("style" in what or "keyboard button" in what)


def too_big(failure: Failure) -> bool:
    """Whether the file is larger than Telegram gives to bots."""
    return "file is too big" in failure.what
