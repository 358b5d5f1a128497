"""What is asked of a topic and its facts do not tell: 面谈记录谁审核, where they only tell who
urges it. It is said to be unwritten before what is written is told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from answers.figures import pairs
from answers.telling import Told
from answers.topics import Topic, read_yaml
from programmes.model import Programme
from prompts import Text, render, t


class Aspect(BaseModel):
    """One point that questions ask about, whatever the topic."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    asks: re.Pattern[str]
    told: re.Pattern[str]
    """By which words an answer tells it."""
    topics: tuple[str, ...] = ()
    """The topics in which no other fact may tell it; all of them, if none is given."""
    planned: bool = False
    """Whether the schedule may tell it."""


def unsaid(question: str, topic: Topic, told: Told) -> tuple[Text, ...]:
    """What a question asks for and a topic's facts do not tell."""
    label = render(topic.label, "zh")
    said = "\n".join((label, *(render(line, "zh") for line in told.said)))
    return tuple(
        t(f"ask.aspect.{key}")
        for key, aspect in aspects().items()
        if (not aspect.topics or topic.key in aspect.topics)
        and aspect.asks.search(question)
        and not aspect.told.search(said)
        and not (aspect.planned and pairs(label + question) & _planned(told.programme))
    )


def _planned(programme: Programme) -> set[str]:
    """The pairs of characters in the names of what has a day."""
    steps = [one.name for one in programme.selection.steps.value or ()]
    days = [one.name for one in programme.schedule.milestones.value or ()]
    return pairs("。".join([*steps, *days]))


@cache
def aspects() -> Mapping[str, Aspect]:
    """Every such point."""
    file = Path(__file__).with_name("aspects.yaml")
    return {key: Aspect(**body) for key, body in read_yaml(file).items()}
