"""A. Logging a session by chat, against the two libraries that most bots are written with."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import aiogram_peer, ptb_peer, report
from benchmarks.house import MOMENT
from benchmarks.measure import Contender, Figures, Round, hold
from benchmarks.ours import Ours
from benchmarks.report import figure
from benchmarks.script import talk

PEOPLE: Final = 1000
AT_ONCE: Final = 64
ROUNDS: Final = 5
SLICE: Final = 128
"""People who hold their talk in one round."""

TALK: Final = talk((MOMENT - timedelta(days=1)).date())
HEAD: Final = (
    "", "messages/s", "CPU ms", "p50 ms", "p99 ms", "we: rate", "we: CPU",
)  # fmt: skip


async def run() -> None:
    report.title("A. One student's logging talk, in process")
    report.say(
        f"{PEOPLE} people are known. Each talk is {len(TALK)} messages: the command, six answers, "
        "send. Everybody says the next thing once the answer to the last has come. "
        "CPU: processor time a message. The last columns say how many times as fast, and how "
        "many times as cheap, we are."
    )
    async with AsyncExitStack() as stack:
        contenders = [
            await _opened(stack, contender)
            for contender in (
                Ours(),
                aiogram_peer.documented(),
                aiogram_peer.fastest(),
                ptb_peer.documented(),
                ptb_peer.cheapest(),
            )
        ]
        report.say(f"{AT_ONCE} at once, medians of {ROUNDS} rounds of {SLICE} people by turns:")
        await _compare(contenders, ROUNDS, SLICE, AT_ONCE)
    async with AsyncExitStack() as stack:
        contenders = [
            await _opened(stack, contender)
            for contender in (Ours(), aiogram_peer.documented(), aiogram_peer.fastest())
        ]
        report.say(
            f"All {PEOPLE} at once, one round (python-telegram-bot, which writes everybody's "
            "answers for each message, would take minutes):"
        )
        await _compare(contenders, 1, PEOPLE, PEOPLE)


async def _opened(stack: AsyncExitStack, contender: Contender) -> Contender:
    folder = Path(stack.enter_context(TemporaryDirectory()))
    # One more than talk in earnest: the first talk pays for what is done once.
    await contender.open(folder, PEOPLE + 1)
    stack.push_async_callback(contender.close)
    await hold(contender, [PEOPLE], 1, TALK)
    return contender


async def _compare(contenders: list[Contender], rounds: int, people: int, at_once: int) -> None:
    held: dict[str, list[Round]] = {contender.name: [] for contender in contenders}
    for number in range(rounds):
        whose = range(number * people, (number + 1) * people)
        # By turns, and each time in another order.
        for contender in contenders[number % 2 :] + contenders[: number % 2]:
            held[contender.name].append(await hold(contender, whose, at_once, TALK))
    for contender in contenders:
        assert await contender.entries() == 1 + rounds * people, contender.name
    figures = {name: Figures.of(every) for name, every in held.items()}
    ours = figures[Ours.name]
    report.table(
        HEAD,
        [
            (
                name,
                figure(its.per_second),
                figure(its.cpu),
                figure(its.p50),
                figure(its.p99),
                "" if its is ours else f"{ours.per_second / its.per_second:.2f} ×",
                "" if its is ours else f"{its.cpu / ours.cpu:.2f} ×",
            )
            for name, its in figures.items()
        ],
    )
