"""Measures answers: questions with what a right answer contains, and what it must not."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from answers.curated import Office
from answers.naming import names
from answers.passages import Passages
from answers.policy_guide import PolicyAnswer, guide
from programmes.model import Programme
from prompts import render


class Trial(BaseModel):
    """One line of a file of questions."""

    id: str
    scheme: str
    """The programme, as `family_edition`; `any` or `compare` for none."""
    asker: str = ""
    """What the asker is there."""
    question: str
    kind: str
    must_contain: list[list[str]] = []
    """A right answer contains one of each list. If empty, the question only has to be recognised
    for what it is: silent, out of scope, or about the asker's records."""
    must_not_contain: list[str] = []


RECOGNISED: Final[Mapping[str, tuple[str, ...]]] = {
    "unanswerable": ("silent", "out_of_scope"),
    "out_of_scope": ("silent", "out_of_scope"),
    "personal": ("personal",),
}
"""Kinds of question, and the kinds of answer that recognise them."""


@dataclass(frozen=True, slots=True)
class Result:
    question: Trial
    answers: tuple[PolicyAnswer, ...]
    text: str
    missing: tuple[tuple[str, ...], ...]
    wrong: tuple[str, ...]

    @property
    def right(self) -> bool:
        return not self.missing and not self.wrong and self.recognised

    @property
    def recognised(self) -> bool:
        """Whether an answer is of a kind that the question calls for, if only that is asked."""
        wanted = RECOGNISED.get(self.question.kind)
        if wanted is None or self.question.must_contain:
            return True
        return any(answer.kind in wanted for answer in self.answers)


_BREAK: Final = re.compile("[。；;！!？?\\n，,]")
_DENIAL: Final = re.compile(
    "不是|并非|没有|未|不要求|不需要|不能|不行|不可|不属|不含|不包括|不会|无需|not|n't"
)


def evaluate(
    questions: Iterable[Trial],
    every: Sequence[Programme],
    library: Passages | None = None,
    office: Office | None = None,
) -> list[Result]:
    """Answer each question as somebody of its programme would be answered, and judge it."""
    found = []
    for question in questions:
        own = programmes_of(question.scheme, every)
        answers = guide().ask(
            question.question, own, role=question.asker, library=library, office=office
        )
        found.append(_judged(question, answers, own))
    return found


def programmes_of(scheme: str, every: Sequence[Programme]) -> tuple[Programme, ...]:
    """The programme that a scheme names: `shanxi_yingcai_2026` is `shanxi-2026`."""
    name, _, year = scheme.rpartition("_")
    return tuple(
        one
        for one in every
        if str(one.edition) == year and name.replace("_", "-").startswith(one.family)
    )


def _judged(
    question: Trial, answers: tuple[PolicyAnswer, ...], own: Sequence[Programme]
) -> Result:
    text = "\n\n".join(render(answer.text, "zh") for answer in answers)
    return Result(
        question,
        answers,
        text,
        tuple(tuple(any_of) for any_of in question.must_contain if not has(text, any_of)),
        tuple(_wrong(text, question, {one.family for one in own})),
    )


def has(text: str, any_of: Sequence[str]) -> bool:
    """Whether a text contains one of these, however it is spaced."""
    return any(_bare(words) in _bare(text) for words in any_of)


def _wrong(text: str, question: Trial, own: set[str]) -> Iterable[str]:
    """What must not be said and is, unless of another programme or to deny it."""
    others = [name for name, families in names().sure.items() if families - own]
    for part in map(_bare, _BREAK.split(text)):
        if any(name in part for name in others):
            continue
        for words in map(_bare, question.must_not_contain):
            if words in part and (_DENIAL.search(words) or not _DENIAL.search(part)):
                yield words


def _bare(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).lower()
    plain = re.sub("[–—]", "-", plain).replace("～", "~")
    return re.sub(r"(?<=\d),(?=\d{3})", "", re.sub(r"\s+", "", plain))
