"""What a student says to log one session: the same messages to us and to the peers."""

from __future__ import annotations

from typing import Final

COMMAND: Final = "/session"
STEPS: Final = ("day", "place", "kind", "length", "people", "what", "files", "review")
ANSWERS: Final = (
    "昨天下午",
    "到校面对面",
    "课题研究",
    "2小时",
    "王建国",
    "搭双缝干涉光路，测了三组条纹间距",
    "跳过",
    "提交",
)
"""One answer for each of the six questions, then: no files, and send it."""
TALK: Final = (COMMAND, *ANSWERS)

PLACES: Final = ("到校面对面", "校外面对面", "到校自主学习", "线上")
KINDS: Final = ("读指定书目", "学术讨论", "学术报告", "课题研究", "其他")
LENGTHS: Final = ("1小时", "1小时30分钟", "2小时", "3小时")
PEOPLE: Final = ("王建国",)
SKIP: Final = "跳过"
SUBMIT: Final = "提交"
