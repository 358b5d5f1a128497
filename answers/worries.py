"""How much words sound like a child in need: weights that were learned from sentences.

`worries.json` holds a weight for each run of one to three characters, learned by
`python -m tests.answers.worries` from the sentences beside it. A sum of weights names no reason:
by it somebody is asked, and nothing else follows.
"""

from __future__ import annotations

import json
import re
from functools import cache
from math import log2, sqrt
from pathlib import Path
from typing import Final, NamedTuple

from language.numerals import fold

WEIGHTS: Final = Path(__file__).with_name("worries.json")
LONGEST_RUN: Final = 3
"""Characters."""
BY_CHANCE: Final = 0.3
"""What is taken off each time the parts double."""


class Weights(NamedTuple):
    """What was learned."""

    bias: float
    of: dict[str, float]


def need(words: str) -> float:
    """How much the most worrying part sounds like need: above 0 more likely than not.

    The more parts there are, the likelier one of them sounds so by chance; this is taken off.
    """
    learned, every = _weights(), parts(words)
    if not every:
        return learned.bias
    return max(_sum(learned, one) for one in every) - BY_CHANCE * log2(len(every))


def plain(words: str) -> str:
    """Words as they are compared: folded, with all figures alike, and without what spells no word,
    such as an invitation's code or a link."""
    said = _NO_WORD.sub("0", fold(words).casefold())
    return re.sub(r"\d+", "0", said).strip(_ENDS)


def parts(words: str) -> list[str]:
    """The sentences of a text and their clauses, as they are compared."""
    sentences = re.split(r"[。！？!?；;\n]+", plain(words))
    clauses = [clause for one in sentences for clause in _CLAUSES.split(one)]
    tidy = (one.strip(_ENDS) for one in (*sentences, *clauses))
    return list(dict.fromkeys(filter(None, tidy)))


_NO_WORD: Final = re.compile(r"https?://[!-~]+|(?=[0-9_-]*+[a-z])(?=[a-z_-]*+[0-9])[a-z0-9_-]{8,}")
"""An address, and letters with figures among them."""
_ENDS: Final = " ，,。！？!?；;.~…\n"
_CLAUSES: Final = re.compile(r"[，,、：:]+")


def runs(sentence: str) -> set[str]:
    """The runs of characters in a sentence, with its beginning and its end marked."""
    marked = f"^{sentence}$"
    return {
        marked[at : at + length]
        for length in range(1, LONGEST_RUN + 1)
        for at in range(len(marked) - length + 1)
    }


def _sum(learned: Weights, sentence: str) -> float:
    found = [weight for run in runs(sentence) if (weight := learned.of.get(run)) is not None]
    return learned.bias + sum(found) / sqrt(len(found) or 1)


@cache
def _weights() -> Weights:
    return Weights(**json.loads(WEIGHTS.read_text("utf-8")))
