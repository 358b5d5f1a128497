"""A language model at any endpoint that speaks OpenAI's protocol.

The library is loaded only if a model is configured. Asking never raises: it returns the checked
reply, or why there is none. Questions and replies are never logged.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import structlog
from pydantic import SecretStr

from answers.phrasing import READ, Evidence, Phrased, Unfit, checked, request, so_far
from prompts import Language

log = structlog.get_logger()

OPENAI: Final = "https://api.openai.com/v1"
MOST_OUT: Final = 1000
"""Maximum tokens of a reply, including a model's reasoning."""
RETRIES: Final = 2
"""Retries after 429, 5xx or a broken connection; the library waits as the server asks."""
PART: Final = 1.0
"""Minimum seconds between two looks at a partial reply."""

ShowPartial = Callable[[Phrased], Awaitable[None]]
"""Called with the part of the reply that has arrived and been checked."""


@dataclass(frozen=True, slots=True)
class ModelReply:
    """The outcome of asking."""

    phrased: Phrased | None
    why: str
    """Why there is no reply, in one word; empty if there is one."""
    tokens: tuple[int, int]
    """Tokens in and out as the endpoint reports them; else an upper estimate."""
    replied: bool = True
    """Whether the model said anything, useful or not."""


class Endpoint(Protocol):
    """A model's endpoint and how to ask it."""

    @property
    def base_url(self) -> str:
        """The endpoint's address; OpenAI's own if empty."""
        ...

    @property
    def key(self) -> SecretStr | None: ...

    @property
    def name(self) -> str: ...

    @property
    def timeout(self) -> float:
        """Time limit for the whole answer, in seconds."""
        ...


class Model:
    def __init__(self, endpoint: Endpoint) -> None:
        from openai import AsyncOpenAI

        # At DEBUG the library would log whole requests.
        logging.getLogger("openai").setLevel(logging.WARNING)
        self.name = endpoint.name
        self._timeout = endpoint.timeout
        # Only OpenAI's own endpoint requires the limit's new name.
        self._limit = "max_tokens" if endpoint.base_url else "max_completion_tokens"
        self._client = AsyncOpenAI(
            base_url=endpoint.base_url or OPENAI,
            api_key=endpoint.key.get_secret_value() if endpoint.key else "none",
            timeout=endpoint.timeout,
            max_retries=RETRIES,
        )

    async def close(self) -> None:
        await self._client.close()

    async def ask(
        self,
        question: str,
        evidence: Sequence[Evidence],
        language: Language,
        shown: ShowPartial | None = None,
        gap: float = PART,
    ) -> ModelReply:
        """Ask, within the endpoint's time limit for the whole reply.

        `shown` receives the checked part of the reply, at most every `gap` seconds.
        """
        began = time.monotonic()
        asked = _Asked(request(question, evidence, language), evidence, language, shown, gap)
        said = _Said(reckoned(question, evidence, language))
        try:
            async with asyncio.timeout(self._timeout):
                await self._say(said, asked)
            reply = ModelReply(_made_of(said, asked), "", said.tokens)
        except Unfit as unfit:
            reply = ModelReply(None, unfit.why, said.tokens)
        except Exception as error:
            why, reached = _told(error)
            tokens = said.tokens if reached or said.text else (0, 0)
            reply = ModelReply(None, why, tokens, replied=False)
        log.info(
            "model_asked",
            why=reply.why,
            seconds=round(time.monotonic() - began, 1),
            tokens_in=reply.tokens[0],
            tokens_out=reply.tokens[1],
        )
        return reply

    async def _say(self, said: _Said, asked: _Asked) -> None:
        from openai import BadRequestError, UnprocessableEntityError

        if asked.shown is not None:
            try:
                await self._stream(said, asked, asked.shown)
            except (BadRequestError, UnprocessableEntityError):
                log.info("model_does_not_stream")
            else:
                return
        whole: Any = await self._client.chat.completions.create(**self._call(asked))
        said.count(whole.usage)
        for choice in whole.choices[:1]:
            said.take(choice.message, choice.finish_reason)

    async def _stream(self, said: _Said, asked: _Asked, shown: ShowPartial) -> None:
        stream: Any = await self._client.chat.completions.create(
            **self._call(asked), stream=True, stream_options={"include_usage": True}
        )
        looked, last = time.monotonic(), ""
        async with stream:
            async for chunk in stream:
                said.count(chunk.usage)
                for choice in chunk.choices[:1]:
                    said.take(choice.delta, choice.finish_reason)
                if len(said.text) > READ:
                    return
                if time.monotonic() - looked < asked.gap:
                    continue
                looked = time.monotonic()
                part = so_far(said.text, asked.evidence, asked.language)
                if part is not None and part.words != last:
                    last = part.words
                    await shown(part)

    def _call(self, asked: _Asked) -> dict[str, Any]:
        return {"model": self.name, "messages": asked.messages, self._limit: MOST_OUT}


@dataclass(frozen=True, slots=True)
class _Asked:
    messages: list[dict[str, str]]
    evidence: Sequence[Evidence]
    language: Language
    shown: ShowPartial | None
    gap: float


class _Said:
    """A model's reply as it arrives, and its cost."""

    def __init__(self, reckoned: tuple[int, int]) -> None:
        self.text = ""
        self.refused = False
        self.tokens = reckoned

    def take(self, message: Any, ended: str | None) -> None:
        self.text += message.content or ""
        self.refused = self.refused or bool(message.refusal) or ended == "content_filter"

    def count(self, usage: Any) -> None:
        if usage is not None and usage.total_tokens:
            self.tokens = (usage.prompt_tokens or 0, usage.completion_tokens or 0)


def _made_of(said: _Said, asked: _Asked) -> Phrased:
    if said.refused:
        raise Unfit("refusal")
    return checked(said.text, asked.evidence, asked.language)


def reckoned(question: str, evidence: Sequence[Evidence], language: Language) -> tuple[int, int]:
    """An upper estimate of the tokens that asking costs, in and out: one for each character."""
    return len(json.dumps(request(question, evidence, language), ensure_ascii=False)), MOST_OUT


def _told(error: Exception) -> tuple[str, bool]:
    """The error in one word, for the log, and whether the call may have cost tokens."""
    import openai

    match error:
        case TimeoutError() | openai.APITimeoutError():
            return "slow", True
        case openai.RateLimitError():
            return "busy", False
        case openai.APIStatusError(status_code=status):
            return f"status_{status}", False
        case openai.APIConnectionError():
            return "unreachable", False
        case _:
            log.warning("model_failed", error=type(error).__name__)
            return "broken", True
