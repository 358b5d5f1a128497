"""Run campaigns: `python -m tests.torture`, or `python -m tests.torture rates`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.torture.campaign import Plan, Report, campaign
from tests.torture.hostile import CALM, HOSTILE, Malice


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def held(plan: Plan) -> Report:
    with TemporaryDirectory() as folder:
        report = asyncio.run(campaign(plan, Path(folder)))
        if not report.sound:
            kept = Path(f"torture-{plan.seed}.log")
            kept.write_bytes((Path(folder) / "log.txt").read_bytes())
        return report


def torture(args: argparse.Namespace) -> bool:
    plan = Plan(args.seed, args.seconds, args.people, args.driver, HOSTILE, True, True, True)
    report = held(plan)
    say("\n".join(report.lines()))
    return report.sound


def rates(args: argparse.Namespace) -> bool:
    """Without faults and with 1 % of 500s, by turns, of this version and perhaps another."""
    calm = Plan(args.seed, args.seconds, args.people, args.driver, only_menu=True)
    versions = [None, *([args.against] if args.against else [])]
    found: dict[tuple[str, str], list[Report]] = {}
    moods = {
        "no faults": CALM,
        "1 % of 500s": Malice(broken=0.01),
        "5 ms an answer": Malice(answer_seconds=0.005),
        "400 ms an answer": Malice(answer_seconds=0.4),
    }
    for _ in range(args.rounds):
        for mood in args.moods or moods:
            for code in versions:
                report = held(replace(calm, malice=moods[mood], code=code))
                found.setdefault((str(code or "this"), mood), []).append(report)
                say(
                    f"{code or 'this'}, {mood}: {report.rate:.1f}/s, at the most "
                    f"{report.most_in_a_second} in a second, median "
                    f"{median(report.waits):.3f} s, sound: {report.sound}"
                )
    return True


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["torture", "rates"], default="torture")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--driver", choices=["ptb", "aiogram"], default="ptb")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--moods", nargs="*")
    parser.add_argument("--against", type=Path, help="a folder with another version")
    args = parser.parse_args()
    sys.exit(0 if {"torture": torture, "rates": rates}[args.what](args) else 1)


if __name__ == "__main__":
    main()
