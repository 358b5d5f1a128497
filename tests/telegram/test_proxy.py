"""Telegram through a proxy: a call goes by it, and by nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest

from bot.platforms.contract import TryLater
from bot.platforms.telegram.calls import ApiServer
from bot.platforms.telegram.messenger import Telegram
from bot.talk.message import Outgoing
from tests.telegram.bot_api import TOKEN, BotApi, Person
from tests.telegram.conftest import MakeCalls, Shelf

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    await _closed(writer)


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


class Proxy:
    """A proxy that knows no names: whatever it is asked for lies on one loopback port."""

    def __init__(self, behind: int) -> None:
        self._behind = behind
        self.asked: list[str] = []

    async def socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """SOCKS5 without authentication (RFC 1928)."""
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\x05\x00")
        _, command, _, kind = await reader.readexactly(4)
        assert (command, kind) == (1, 3), "a connection, to a name that the proxy looks up"
        name = await reader.readexactly((await reader.readexactly(1))[0])
        await reader.readexactly(2)
        self.asked.append(name.decode())
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        await self._join((reader, writer))

    async def http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Requests that name the whole address (RFC 9112, section 3.2.2)."""
        method, address, version = (await reader.readline()).split()
        _, _, host, path = address.decode().split("/", 3)
        self.asked.append(host)
        first = b" ".join((method, f"/{path}".encode(), version)) + b"\r\n"
        await self._join((reader, writer), first)

    async def _join(self, near: Streams, first: bytes = b"") -> None:
        far = await asyncio.open_connection("127.0.0.1", self._behind)
        far[1].write(first)
        await asyncio.gather(_pump(near[0], far[1]), _pump(far[0], near[1]))


@asynccontextmanager
async def _served(serve: Callable[..., Awaitable[None]]) -> AsyncIterator[int]:
    near: list[asyncio.StreamWriter] = []
    served: list[asyncio.Future[None]] = []

    async def each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        near.append(writer)
        served.append(asyncio.ensure_future(serve(reader, writer)))
        await served[-1]

    server = await asyncio.start_server(each, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*map(_closed, near))
        await asyncio.gather(*served)


@asynccontextmanager
async def _bot(make_calls: MakeCalls, proxy: str, tmp_path: Path) -> AsyncIterator[Telegram]:
    # No such host is there: without the proxy no call could arrive.
    server = ApiServer(TOKEN, "http://telegram.invalid", proxy)
    bot = Telegram(make_calls(server), Shelf(tmp_path).open)
    try:
        yield bot
    finally:
        await bot.close()


@pytest.mark.parametrize("scheme", ["socks5", "http"])
async def test_a_message_goes_by_the_proxy(
    make_calls: MakeCalls, telegram: BotApi, lin: Person, tmp_path: Path, scheme: str
) -> None:
    proxy = Proxy(telegram.port)
    async with AsyncExitStack() as stack:
        serve = proxy.socks if scheme == "socks5" else proxy.http
        port = await stack.enter_async_context(_served(serve))
        bot = await stack.enter_async_context(
            _bot(make_calls, f"{scheme}://127.0.0.1:{port}", tmp_path)
        )
        await bot.send(1, str(lin.id), Outgoing("你好"), None)
    assert lin.chat[-1].text == "你好"
    assert proxy.asked == ["telegram.invalid"]


@pytest.mark.parametrize("scheme", ["socks5", "http"])
async def test_a_proxy_that_is_away_is_waited_for(
    make_calls: MakeCalls, telegram: BotApi, lin: Person, tmp_path: Path, scheme: str
) -> None:
    async with _served(Proxy(0).http) as port:
        pass  # nobody listens there any more
    async with _bot(make_calls, f"{scheme}://127.0.0.1:{port}", tmp_path) as bot:
        with pytest.raises(TryLater):
            await bot.send(1, str(lin.id), Outgoing("你好"), None)
