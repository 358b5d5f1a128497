"""F. The two libraries that can make Telegram's calls, against one loopback Bot API.

Each runs in a process of its own, by turns, several rounds; what is compared is the whole driver,
as the assistant uses it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any, Final

from benchmarks import report
from benchmarks.report import figure
from bot.platforms.contract import DeliveryError, TryLater
from bot.talk.message import Button, Outgoing

LIBRARIES: Final = ("ptb", "aiogram")
NAMES: Final = {"ptb": "python-telegram-bot", "aiogram": "aiogram"}
ROUNDS: Final = 3
CALLS: Final = 200
AT_ONCE: Final = (1, 16)
TROUBLED: Final = 20
CARD: Final = Outgoing(
    "参加吗？", ((Button("我参加", "q:7:3:=yes"), Button("不参加", "q:7:3:=no")),)
)

ANSWER: Final = json.dumps(
    {"ok": True, "result": {"message_id": 7, "date": 0, "chat": {"id": 1, "type": "private"}}}
).encode()
TOO_MANY: Final = json.dumps(
    {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 3",
        "parameters": {"retry_after": 3},
    }
).encode()


# ---------------------------------------------------------------- the server


class Loopback:
    """Answers every call at once and reads nothing of it but its length; or misbehaves."""

    def __init__(self) -> None:
        self.mood = "well"
        self.port = 0

    async def __aenter__(self) -> Loopback:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = 0
                for line in head.lower().split(b"\r\n"):
                    name, _, value = line.partition(b":")
                    if name == b"content-length":
                        length = int(value)
                    elif name == b"x-mood":
                        self.mood = value.strip().decode()
                await reader.readexactly(length)
                if head.startswith(b"PUT"):
                    writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                elif self.mood == "drops":
                    writer.transport.abort()
                    return
                elif self.mood == "hangs":
                    await reader.read()  # until the caller gives up
                    return
                else:
                    status, body = (
                        (b"429 Too Many", TOO_MANY) if self.mood == "429" else (b"200 OK", ANSWER)
                    )
                    writer.write(
                        b"HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
                        b"Content-Length: %d\r\n\r\n%s" % (status, len(body), body)
                    )
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


# ---------------------------------------------------------------- one library, in its process


async def _measure(library: str, port: int) -> dict[str, Any]:
    """Everything about one library; this process has imported neither before."""
    before = _megabytes()
    began = perf_counter()
    from bot.platforms.telegram.calls import ApiServer, Calls
    from bot.platforms.telegram.messenger import Telegram

    shared, shared_takes, shared_cpu = _megabytes(), perf_counter() - began, process_time()
    make: Callable[[ApiServer], Calls]
    if library == "aiogram":
        from bot.platforms.telegram.aiogram import AiogramCalls

        make = AiogramCalls
    else:
        from bot.platforms.telegram.ptb import PtbCalls

        make = PtbCalls
    calls = make(ApiServer("1:A", f"http://127.0.0.1:{port}", answer_seconds=1))
    bot = Telegram(calls, _no_file, first_pause=0.1)

    async def send() -> None:
        await bot.send(1, "1", CARD, None)

    await send()
    found: dict[str, Any] = {
        "start": perf_counter() - began,
        "start of it shared": shared_takes,
        "start cpu": process_time() - shared_cpu,
        "memory": _megabytes() - shared,
        "memory shared": shared - before,
    }
    for at_once in AT_ONCE:
        found[f"calls {at_once}"] = await _calls_a_second(send, at_once)
    for mood in ("429", "drops", "hangs"):
        await _set_mood(port, mood)
        found[mood] = await _under(send)
        await _set_mood(port, "well")
        began = perf_counter()
        await send()
        found[f"{mood}, the next call"] = perf_counter() - began
    await bot.close()
    return found


def _no_file(number: int) -> tuple[Path, str, str]:
    raise LookupError(number)


async def _calls_a_second(send: Callable[[], Awaitable[None]], at_once: int) -> list[float]:
    """Calls a second, the longest that one took, and the processor time of one, in ms."""
    left = iter(range(CALLS))
    longest = 0.0

    async def work() -> None:
        nonlocal longest
        for _ in left:
            began = perf_counter()
            await send()
            longest = max(longest, perf_counter() - began)

    began, cpu_began = perf_counter(), process_time()
    await asyncio.gather(*(work() for _ in range(at_once)))
    cpu = 1000 * (process_time() - cpu_began) / CALLS
    return [CALLS / (perf_counter() - began), 1000 * longest, cpu]


async def _under(send: Callable[[], Awaitable[None]]) -> list[Any]:
    """What calls say in trouble, four at once, and how long the longest took to say it."""
    said: dict[str, int] = defaultdict(int)
    longest = 0.0

    async def attempt() -> None:
        nonlocal longest
        began = perf_counter()
        try:
            await send()
        except DeliveryError as error:
            words = type(error).__name__
            if isinstance(error, TryLater):
                words += f" {error.seconds:g} s, {'everyone' if error.everyone else 'this chat'}"
            said[words] += 1
        longest = max(longest, perf_counter() - began)

    for _ in range(TROUBLED // 4):
        await asyncio.gather(*(attempt() for _ in range(4)))
    return [dict(said), longest]


async def _set_mood(port: int, mood: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"PUT / HTTP/1.1\r\nX-Mood: {mood}\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    writer.close()


def _megabytes() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the system tells no resident memory")


# ---------------------------------------------------------------- the run


async def run() -> None:
    report.title("F. Telegram's calls, by either library")
    report.say(
        "A message with two buttons, sent by the whole driver to a loopback server that answers "
        f"at once; each library in a process of its own, by turns, medians of {ROUNDS}. Start and "
        "memory are the library's, without what both share; the first call is in the start."
    )
    found: dict[str, list[dict[str, Any]]] = {library: [] for library in LIBRARIES}
    async with Loopback() as server:
        for _ in range(ROUNDS):
            for library in LIBRARIES:
                found[library].append(await _child(library, server.port))

    def middle(library: str, name: str, place: int | None = None) -> float:
        values: list[float] = [
            one[name] if place is None else one[name][place] for one in found[library]
        ]
        return median(values)

    def row(words: str, name: str, place: int | None = None) -> tuple[str, ...]:
        ours, theirs = (middle(library, name, place) for library in LIBRARIES)
        return words, figure(ours), figure(theirs), f"{theirs / ours:.2f} ×"

    for library in LIBRARIES:
        for one in found[library]:
            one["start alone"] = one["start"] - one["start of it shared"]
    report.table(
        ("", *(NAMES[library] for library in LIBRARIES), "aiogram is"),
        [
            row("import and first call, s", "start alone"),
            row("the same, s of the processor", "start cpu"),
            row("resident memory, MB", "memory"),
            *(row(f"calls/s, {n} at once", f"calls {n}", 0) for n in AT_ONCE),
            *(row(f"CPU ms of a call, {n} at once", f"calls {n}", 2) for n in AT_ONCE),
            *(row(f"longest call, ms, {n} at once", f"calls {n}", 1) for n in AT_ONCE),
            *(
                row(f"{words}: told within, s", mood, 1)
                for mood, words in (
                    ("429", "429"),
                    ("drops", "connection drops"),
                    ("hangs", "no answer (1 s allowed)"),
                )
            ),
            *(
                row(f"the next call after {mood}, s", f"{mood}, the next call")
                for mood in ("429", "drops", "hangs")
            ),
        ],
    )
    for mood in ("429", "drops", "hangs"):
        told = {NAMES[library]: found[library][-1][mood][0] for library in LIBRARIES}
        report.say(f"Under {mood} {TROUBLED} calls said: {told}.")


async def _child(library: str, port: int) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.drivers",
        library,
        str(port),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{library} has failed")
    measured: dict[str, Any] = json.loads(out.splitlines()[-1])
    return measured


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_measure(sys.argv[1], int(sys.argv[2])))))
