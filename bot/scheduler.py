"""The clock. APScheduler only ticks; at each tick the database decides what is due."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from prompts import BEIJING

Tick = Callable[[], Awaitable[None]]

JOB_DEFAULTS: Final = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
"""A late tick runs once, however late. By default it would be dropped after 1 s."""


def scheduler(ticks: dict[str, tuple[Tick, float]]) -> AsyncIOScheduler:
    """A scheduler, not started yet, that calls each tick at its interval in seconds."""
    made = AsyncIOScheduler(timezone=BEIJING, job_defaults=JOB_DEFAULTS)
    for name, (tick, seconds) in ticks.items():
        made.add_job(tick, IntervalTrigger(seconds=seconds), id=name)
    return made
