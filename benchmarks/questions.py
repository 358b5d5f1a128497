"""E. Policy questions: the guide, and rank-bm25 with jieba over the same documents.

Each answers in a process of its own, in turn; the peer is asked within the right programme, so
that it need not tell whose document is meant. What counts as right is the same for both: what was
said contains what a right answer must. The peer says the passage that it ranks first, or the first
three.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

from benchmarks import report
from benchmarks.report import figure

ROUNDS: Final = 3
ROOT: Final = Path(__file__).resolve().parents[1]
DOCUMENTS: Final = ROOT.parent / "shared" / "policies"
QUESTIONS: Final = ROOT / "tests" / "answers" / "questions" / "unseen.jsonl"
ANSWERED: Final = ("fact", "number", "date", "procedure")
"""Kinds of question to which some document has the answer."""
SHARED: Final = {
    "sichuan-jingke-2023": "sichuan-2023",
    "sichuan-jindaoshi-2023": "sichuan-2023",
    "neimenggu-yingcai-2025": "neimenggu-2025",
    "neimenggu-pilot-2025": "neimenggu-2025",
}
"""Documents that speak of two programmes."""

Say = Callable[[str, str], Sequence[str]]
"""What a contender says to a programme's question, and what it says at more length."""


async def run() -> None:
    report.title("E. Policy questions")
    if not DOCUMENTS.is_dir():
        report.say(f"Left out: the policy documents are not in {DOCUMENTS.name}/ beside this.")
        return
    found: dict[str, list[dict[str, Any]]] = {"guide": [], "bm25": []}
    for _ in range(ROUNDS):
        for name, rounds in found.items():
            rounds.append(await _alone(name))
    if not all(found["bm25"]):
        report.say("The peer is left out: `make bench` installs rank-bm25 and jieba.")
        del found["bm25"]
    rows = []
    for rounds in found.values():
        for place, words in enumerate(rounds[0]["name"]):
            right, count = rounds[0]["right"][place], rounds[0]["count"]
            figures = ("ready", "memory", "p50", "p95") if place == 0 else ()
            rows.append(
                (
                    words,
                    f"{right} of {count} ({right / count:.0%})",
                    *(figure(median(one[key] for one in rounds)) for key in figures),
                    *("" for _ in range(4 - len(figures))),
                )
            )
    report.table(("", "right", "ready, s", "adds, MB", "p50, ms", "p95, ms"), rows)


async def _alone(name: str) -> dict[str, Any]:
    """One contender's figures, from a process of its own; nothing where it is not installed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "benchmarks.questions",
        name,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    made: dict[str, Any] = json.loads(out.splitlines()[-1])
    return made


# ---------------------------------------------------------------- in the contender's process


def _answer_all(name: str) -> dict[str, Any]:
    from answers.evaluation import Trial, has, programmes_of
    from answers.reading import read
    from programmes.catalogue import all_programmes

    every = all_programmes()
    lines = QUESTIONS.read_text("utf-8").splitlines()
    asked = [Trial.model_validate_json(line) for line in lines]
    answered = [one for one in asked if one.kind in ANSWERED and programmes_of(one.scheme, every)]
    documents = {}
    for programme in every:
        file = DOCUMENTS / f"{SHARED.get(programme.key, programme.key)}.txt"
        documents[programme.key] = read(file.read_bytes(), file.name)
    held, began = _resident(), perf_counter()
    try:
        words, say = (_guide if name == "guide" else _bm25)(documents)
    except ImportError:
        return {}
    ready = perf_counter() - began
    waits: list[float] = []
    right = [0] * len(words)
    for question in answered:
        (programme,) = programmes_of(question.scheme, every)
        began = perf_counter()
        said = say(programme.key, question.question)
        waits.append((perf_counter() - began) * 1000)
        for place, text in enumerate(said):
            right[place] += all(has(text, any_of) for any_of in question.must_contain)
    waits.sort()
    return {
        "name": words,
        "right": right,
        "count": len(answered),
        "ready": ready,
        "memory": _resident() - held,
        "p50": median(waits),
        "p95": waits[int(len(waits) * 0.95)],
    }


def _guide(documents: Any) -> tuple[Sequence[str], Say]:
    from answers import guide
    from answers.passages import Passage, Passages
    from programmes.catalogue import load
    from prompts import render

    here = guide()
    library = Passages(
        Passage(key, document.title, one.section, one.text, number, one.heading)
        for key, document in documents.items()
        for number, one in enumerate(document.passages)
    )

    def say(key: str, question: str) -> Sequence[str]:
        answers = here.ask(question, (load(key),), library=library)
        return ["\n".join(render(answer.text, "zh") for answer in answers)]

    return ["Yingcai, facts and passages"], say


def _bm25(documents: Any) -> tuple[Sequence[str], Say]:
    import jieba
    from rank_bm25 import BM25Okapi

    texts = {
        key: [f"{one.heading}\n{one.text}" for one in document.passages]
        for key, document in documents.items()
    }
    ranks = {key: BM25Okapi([jieba.lcut(text) for text in some]) for key, some in texts.items()}

    def say(key: str, question: str) -> Sequence[str]:
        best = ranks[key].get_top_n(jieba.lcut(question), texts[key], n=3)
        return [best[0], "\n".join(best)]

    return ["rank-bm25 and jieba, first passage", "… its first three together"], say


def _resident() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


if __name__ == "__main__":
    print(json.dumps(_answer_all(sys.argv[1])))
