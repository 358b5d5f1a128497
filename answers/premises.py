"""What a question takes for granted, and a document may not say: 面谈记录交给谁, where none are
asked for. It is denied before anything else is answered, so that nobody takes it for true."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from answers.telling import tell
from answers.topics import Topic, read_yaml
from programmes.model import Programme


class Premise(BaseModel):
    """One thing that questions take for granted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    said: re.Pattern[str]
    """By which words a question takes it for granted."""
    topic: str
    """The topic that tells whether a document has it."""
    written: re.Pattern[str] | None = None
    """What a document that has it says there; without it, anything."""

    def shared(self, programme: Programme, topic: Topic) -> bool:
        """Whether the programme's document says so, too."""
        lines = tell(programme, topic).lines
        if self.written is None:
            return bool(lines)
        return any(self.written.search(line) for line in lines)


def unshared(
    question: str, programme: Programme, topics: Mapping[str, Topic]
) -> Iterator[Premise]:
    """What a question takes for granted of this programme and its document does not say."""
    for premise in premises():
        if premise.said.search(question) and not premise.shared(programme, topics[premise.topic]):
            yield premise


@cache
def premises() -> tuple[Premise, ...]:
    """Everything that questions may take for granted."""
    file = Path(__file__).with_name("premises.yaml")
    return tuple(Premise(key=key, **body) for key, body in read_yaml(file).items())
