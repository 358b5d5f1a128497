"""Time: APScheduler is only the clock; what is due is decided by the database at each tick."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from prompts import BEIJING

Tick = Callable[[], Awaitable[None]]

JOB_DEFAULTS: Final = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
"""A tick that comes late is done once, however late: by default it would be dropped after 1 s."""


def scheduler(ticks: dict[str, tuple[Tick, float]]) -> AsyncIOScheduler:
    """A scheduler that calls each tick every so many seconds. It is not started yet."""
    made = AsyncIOScheduler(timezone=BEIJING, job_defaults=JOB_DEFAULTS)
    for name, (tick, seconds) in ticks.items():
        made.add_job(tick, IntervalTrigger(seconds=seconds), id=name)
    return made
