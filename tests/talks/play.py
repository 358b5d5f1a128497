"""Talks as readable text: a script of acts, and what everybody sees after each.

! packs programmes/packs             a folder of packs beside the built-in ones, under tests/
! programme shanxi-2026 senior_1      which programme, and the learners' grade
! experts 卢致远 方若谷                  these are experts of the cohort's committee
! join 林小雨 王建国                    these have joined before the talk begins
林小雨> 记一次培养                      says
    林小雨< （1/6）哪天的培养活动，…      … and this is what she is shown (✎: in place)
林小雨> [昨天]                          presses the button whose label holds these words
林小雨> {photo 光路.jpg} {photo 记录.jpg}   sends an album
管小青> {letter 通知.pdf}               sends an invented document, in the form its name says
管小青> {sheet 名单.xlsx}               sends an invented sheet of that name
管小青> {template 自己的.docx}           sends an invented template of that name
! days 7                              a week goes by
"""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from PIL import Image
from sqlmodel import select

from bot.talk.message import Incoming
from storage.tables import Role
from tests.documents.samples import page, printed, word
from tests.house import House, Member, text_of
from tests.rosters.sheets import xlsx

SHEETS = {
    "名单.xlsx": lambda: xlsx(
        [
            ["2026年学生推荐汇总表"],
            [
                "序号",
                "姓名",
                "学校",
                "年级",
                "申报学科",
                "学科年级排名",
                "综合年级排名",
                "年级人数",
            ],
            [1, "萧婧", "龙城第一中学", "高一", "物理学", 12, 40, 620],
            [2, "叶明哲", "龙城第一中学", "高1(3)班", "数学", 9, 21, 620],
            [3, "韩怀瑾", "龙城第一中学", "高三", "化学", 33, 70, 620],
            [4, "萧静", "龙城第一中学", "2025级", "生物学", "8%", None, None],
            ["合计", "4人"],
        ]
    ),
    "选手.xlsx": lambda: xlsx([["选手", "来自", "年级"], ["谭文博", "龙城第一中学", "高二"]]),
    "空表.xlsx": lambda: xlsx([["序号", "姓名", "学校", "年级"], [1], [2]]),
}
TEMPLATES = {
    "自己的.docx": lambda: word("{{管理办公室}}工作总结\n在册{{在册人数}}名。\n{{表：按学校}}"),
    "打错的.docx": lambda: word("共{{学生总数}}名。"),
}
ACT = re.compile(r"^(?P<who>[^\s>]+)> (?P<what>.*)$")
INDENT = "    "


@dataclass(frozen=True)
class Script:
    """The acts of a transcript, without what was seen."""

    title: str
    lines: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> Script:
        lines = path.read_text("utf-8").splitlines()
        acts = tuple(line for line in lines if line.startswith("!") or ACT.match(line))
        return cls(lines[0], acts)

    @property
    def packs(self) -> Path | None:
        """The folder of packs that the talk needs, if it needs one."""
        named = (line.split()[2] for line in self.lines if line.startswith("! packs "))
        return next((Path(__file__).parents[1] / folder for folder in named), None)


Between = Callable[[House], Any]


async def play(house: House, script: Script, before_each: Between | None = None) -> str:
    """Play a script; gives the whole transcript. `before_each` may replace the house."""
    told = [script.title, ""]
    for line in script.lines:
        if before_each is not None and not line.startswith("!"):
            house = await before_each(house)
        told.append(line)
        if line.startswith("!"):
            await direct(house, shlex.split(line[1:]))
        else:
            await act(house, line)
        told += [f"{INDENT}{row}" for row in seen(house)]
        told.append("")
    return "\n".join(told).rstrip() + "\n"


async def direct(house: House, words: list[str]) -> None:
    match words:
        case ["packs", _]:  # the house was opened with them
            pass
        case ["programme", key, grade]:
            await house.populate(key, grade)
        case ["experts", *names]:
            for name in names:
                await house.enrol(name, Role.EXPERT_COMMITTEE)
        case ["join", *names]:
            await house.join(*names)
            for member in house.members.values():
                member.reads()
        case ["days", days]:
            house.clock.move(timedelta(days=int(days)))
        case ["device", name, address]:
            member = house.members[name]
            house.members[name] = Member(
                house, name, member.role, member.person_id, member.membership_id, address
            )
        case ["code", name]:
            house.members[name].invitation = await house.code(name)
        case _:
            raise ValueError(f"no such direction: {words}")


async def act(house: House, line: str) -> None:
    found = ACT.match(line)
    assert found is not None
    member, what = house.members[found["who"]], found["what"]
    files = re.findall(r"\{(photo|file|letter|sheet|template) ([^}]+)\}", what)
    if what.startswith("["):
        await member.presses(what.strip("[]"))
    elif files:
        await member.sends_files(*[(name, content(kind, name)) for kind, name in files])
    elif what == "(code)":
        await member.says(member.invitation)
    elif other := re.fullmatch(r"\((\w+)\)", what):
        await member.sends(Incoming(member.address, other=other[1]))
    else:
        await member.says(what)


def content(kind: str, name: str) -> bytes:
    if kind == "file":
        return b"MZ\x90\x00 not a kind of file that is taken"
    if kind == "letter":
        return {"pdf": printed, "docx": word, "html": page}[name.rpartition(".")[2]]()
    if kind == "sheet":
        return SHEETS[name]()
    if kind == "template":
        return TEMPLATES[name]()
    picture = io.BytesIO()
    Image.new("RGB", (8, 6), (sum(map(ord, name)) % 256, 40, 90)).save(picture, "JPEG")
    return picture.getvalue()


def seen(house: House) -> Iterator[str]:
    """What everybody has been shown since they last looked."""
    for name, member in house.members.items():
        for message in member.unread():
            first, *rest = text_of(message).split("\n")
            yield f"{name}< {first}"
            yield from (f"{INDENT}{row}" if row else "" for row in rest)
        member.reads()


def contents(house: House) -> dict[str, list[Any]]:
    """All that the house has on record, for telling whether two houses are alike."""
    from storage import tables

    kept: list[Any] = [
        tables.Record,
        tables.RecordVersion,
        tables.Review,
        tables.File,
        tables.RecordFile,
        tables.PolicyDocument,
        tables.StoredPassage,
        tables.SummaryTemplate,
        tables.StoredTalk,
        tables.Inquiry,
        tables.Curated,
        tables.ExpertMark,
        tables.ExpertMarkReopening,
    ]
    with house.app.database.transaction() as db:
        found = {
            table.__name__: [row.model_dump() for row in db.exec(select(table))] for table in kept
        }
        found["Audit"] = [
            (row.person_id, row.verb, row.object, row.object_id, row.version, row.refused)
            for row in db.exec(select(tables.Audit))
        ]
    return found
