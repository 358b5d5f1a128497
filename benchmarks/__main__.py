"""`python -m benchmarks [talk] [people] [chats]`: ours and the peers, in turn, in one run."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

import structlog

from benchmarks import aiogram_peer, chats, ptb_peer
from benchmarks.measure import Contender, Figures, Round, talk
from benchmarks.ours import Ours

PEOPLE: Final = 1000
ROUNDS: Final = 3
AT_ONCE: Final = 64


async def compare(contenders: Sequence[Contender], people: Sequence[int]) -> list[Figures]:
    """Each contender's medians over rounds in which they take turns."""
    rounds: list[list[Round]] = [[] for _ in contenders]
    with tempfile.TemporaryDirectory() as folder:
        for place, (contender, known) in enumerate(zip(contenders, people, strict=True)):
            room = Path(folder, str(place))
            room.mkdir()
            await contender.open(room, known)
            await talk(contender, range(known - 1, known), 1)
        for turn in range(ROUNDS):
            for place, (contender, known) in enumerate(zip(contenders, people, strict=True)):
                share = max(1, (min(known, PEOPLE) - 1) // ROUNDS)
                speakers = range(turn * share, (turn + 1) * share)
                rounds[place].append(await talk(contender, speakers, AT_ONCE))
        for contender in contenders:
            await contender.close()
    return [Figures.of(held) for held in rounds]


def show(title: str, names: Sequence[str], figures: Sequence[Figures]) -> None:
    print(f"\n{title}")
    print(f"{'':34}{'updates/s':>10}{'ours is':>10}{'p50 ms':>9}{'p99 ms':>9}")
    for name, row in zip(names, figures, strict=True):
        ratio = f"{figures[0].per_second / row.per_second:.2f} x"
        print(f"{name:34}{row.per_second:10.0f}{ratio:>10}{row.p50:9.2f}{row.p99:9.2f}")


async def talks() -> None:
    """One student's logging talk, over 1 000 people; the peers keep nothing on the way."""
    contenders: list[Contender] = [
        Ours(),
        aiogram_peer.documented_peer(),
        aiogram_peer.fastest_peer(),
        ptb_peer.PythonTelegramBot(),
    ]
    figures = await compare(contenders, [PEOPLE] * len(contenders))
    show(f"A talk, {PEOPLE} people, {AT_ONCE} at once", [c.name for c in contenders], figures)


async def sizes() -> None:
    """The same talk with few and with many people, and their past, in the database."""
    known = [10, 10_000]
    contenders: list[Contender] = [Ours(sessions=2, lines=4) for _ in known]
    figures = await compare(contenders, known)
    show("People in the database", [f"{n} people" for n in known], figures)


PARTS: Final[dict[str, Callable[[], Awaitable[None]]]] = {
    "talk": talks,
    "people": sizes,
    "chats": chats.measure,
}


async def main(wanted: Sequence[str]) -> None:
    logging.basicConfig(level=logging.ERROR)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    packages = ("aiogram", "python-telegram-bot", "sqlmodel", "starlette")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores;", end=" ")
    print(", ".join(f"{name} {version(name)}" for name in packages))
    for name in wanted or PARTS:
        await PARTS[name]()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
