"""Compare with peers, and with what we have promised: `python -m benchmarks [NAME …]`."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Coroutine
from time import perf_counter
from typing import Any, Final

from benchmarks import (
    chats,
    drivers,
    issuing,
    lists,
    pages,
    people,
    questions,
    reminders,
    report,
    rosters,
    start,
    talk,
)

ALL: Final[dict[str, Callable[[], Coroutine[Any, Any, None]]]] = {
    "talk": talk.run,
    "people": people.run,
    "start": start.run,
    "chats": chats.run,
    "questions": questions.run,
    "drivers": drivers.run,
    "lists": lists.run,
    "pages": pages.run,
    "reminders": reminders.run,
    "rosters": rosters.run,
    "certificates": issuing.run,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", choices=[[], *ALL], metavar="NAME", help=", ".join(ALL)
    )
    names: list[str] = parser.parse_args().names or list(ALL)
    began = perf_counter()
    report.say(report.machine())
    for name in names:
        asyncio.run(ALL[name]())
    report.say(f"All of this took {perf_counter() - began:.0f} s.")


if __name__ == "__main__":
    main()
