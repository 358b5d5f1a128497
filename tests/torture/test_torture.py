"""A short campaign: whatever happens, nothing acknowledged is lost, doubled or shown twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.telegram.conftest import DRIVERS
from tests.torture.campaign import Plan, campaign
from tests.torture.hostile import HOSTILE, RATE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.mark.parametrize("driver", DRIVERS)
async def test_a_short_campaign(tmp_path: Path, driver: str) -> None:
    plan = Plan(
        seed=11,
        seconds=25,
        people=12,
        driver=driver,
        malice=HOSTILE,
        kills=True,
        clock_jumps=True,
        one_unserved=True,
    )
    report = await campaign(plan, tmp_path)
    told = "\n".join(report.lines())
    assert report.sound, told
    assert report.kills, told
    assert report.updates > plan.people, told
    assert report.most_in_a_second <= RATE, told
