"""What a student says to log one session: the same messages to us and to the peers."""

from __future__ import annotations

from datetime import date
from typing import Final

COMMAND: Final = "/session"
STEPS: Final = ("day", "length", "place", "kind", "people", "what", "review")
ASKED: Final = STEPS[:6]
"""The six questions; then: send it."""
PLACES: Final = ("到校面对面", "校外面对面", "到校自主学习", "线上")
KINDS: Final = ("读指定书目", "学术讨论", "学术报告", "课题研究", "其他")
LENGTHS: Final = ("1小时", "1小时30分钟", "2小时", "3小时")
MENTOR: Final = "王建国"
WHAT: Final = "搭双缝干涉光路，测了三组条纹间距"
SUBMIT: Final = "提交"


def talk(day: date) -> tuple[str, ...]:
    """The eight messages of one talk, each typed."""
    said = (day.isoformat(), LENGTHS[2], PLACES[0], KINDS[3], MENTOR, WHAT)
    return (COMMAND, *said, SUBMIT)
