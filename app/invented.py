"""Invented people, schools and institutes, for the demo, the simulation and benchmarks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final

import yaml

from prompts import Both

SURNAMES: Final = tuple(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
)
GIVEN: Final = tuple("一子文若星书雨思嘉景明可亦沐知远晨语清和欣然昊宇佳宁泽安静宜乐舒")
ELSEWHERE: Final = "elsewhere"


def names(random: Random) -> Iterator[str]:
    """Names of people, each once."""
    every = [f"{s}{a}{b}" for s in SURNAMES for a in GIVEN for b in GIVEN if a != b]
    random.shuffle(every)
    return iter(every)


@dataclass(frozen=True, slots=True)
class InventedRegion:
    """A part of the country: a city, a river, and invented schools and institutes."""

    city: Both
    river: Both
    schools: Sequence[Both]
    hosts: Sequence[Both]


@cache
def region_of(programme: str) -> InventedRegion:
    """The region in which a programme, by its key, takes place."""
    every: Mapping[str, Any] = yaml.safe_load(
        Path(__file__).with_name("invented.yaml").read_text("utf-8")
    )
    found = every.get(programme.partition("-")[0], every[ELSEWHERE])
    return InventedRegion(
        Both(**found["city"]),
        Both(**found["river"]),
        tuple(Both(**one) for one in found["schools"]),
        tuple(Both(**one) for one in found["hosts"]),
    )
