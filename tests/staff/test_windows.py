"""Windows into what the assistant understands: `yingcai hear` and `yingcai document read`."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from pypdf import PdfWriter
from sqlmodel import select

from storage.database import Database
from storage.tables import PolicyDocument
from tests.documents.samples import LETTER, SECTIONS, printed
from tests.house import House
from tests.staff.conftest import OpenHouse, Yingcai, rows

NOW = ("--now", "2026-11-23T10:00:00+08:00")
SENTENCE = "昨天下午在校和王老师做了两小时双缝实验"


# ---------------------------------------------------------------- a sentence


def test_what_is_understood_of_a_sentence_is_told_field_by_field(yingcai: Yingcai) -> None:
    people = ("--people", "王建国,李青", "--programme", "shanxi-2026")
    assert rows(yingcai, "hear", SENTENCE, *NOW, *people) == {
        "session": True,
        "days": ["2026-11-22"],
        "part": "afternoon",
        "start": None,
        "minutes": 120,
        "place": "on_campus",
        "kind": "research",
        "people": ["王建国"],
        "what": "做双缝实验",
    }
    hours = rows(yingcai, "hear", "今天9点到11点半做实验", *NOW)
    assert (hours["start"], hours["minutes"]) == ("09:00", 150)


def test_what_is_not_understood_is_null(yingcai: Yingcai) -> None:
    told = rows(yingcai, "hear", "中期评价什么时候？", *NOW)
    assert told == {
        "session": False,
        "days": [],
        **dict.fromkeys(("part", "start", "minutes", "place", "kind")),
        "people": [],
        "what": "中期评价什么时候？",
    }


def test_it_is_told_in_words(yingcai: Yingcai) -> None:
    said = yingcai("hear", SENTENCE, *NOW, "--people", "王建国")
    assert said == (
        "会记一次培养：日期：11月22日 周日下午；时长：2小时；方式：到校面对面；"
        "类型：课题研究；人员：王建国；内容：做双缝实验\n"
    )
    other = yingcai("hear", "你好", *NOW, "--lang", "en")
    assert other.startswith("Would not log a session: ")
    assert "Not understood: Day, Length, Where, Kind, With" in other


def test_the_present_is_now_and_a_time_without_an_offset_is_beijings(yingcai: Yingcai) -> None:
    assert rows(yingcai, "hear", "今天做实验")["days"] == ["2026-11-23"]
    late = ("--now", "2026-11-23T23:30")
    assert rows(yingcai, "hear", "今天做实验", *late)["days"] == ["2026-11-23"]
    there = ("--now", "2026-11-23T23:30:00+00:00")
    assert rows(yingcai, "hear", "今天做实验", *there)["days"] == ["2026-11-24"]


def test_a_programme_knows_its_own_kinds(yingcai: Yingcai) -> None:
    sentence = "昨天自己读书目两小时"
    assert rows(yingcai, "hear", sentence, *NOW)["kind"] == "reading_list"
    kinds = ("--programme", "sichuan-jingke-2023")
    assert rows(yingcai, "hear", sentence, *NOW, *kinds)["kind"] != "reading_list"


def test_sentences_from_standard_input_give_a_line_each(yingcai: Yingcai) -> None:
    given = f"\ufeff{SENTENCE}\n\n你好\n"
    told = yingcai("hear", "-", *NOW, "--json", input=given.encode()).splitlines()
    assert [json.loads(line)["session"] for line in told] == [True, False, False]
    assert json.loads(told[0])["what"] == "和王老师做双缝实验"
    assert len(yingcai("hear", "-", *NOW, input=given.encode()).splitlines()) == 3


def test_what_was_typed_wrongly_is_said(fails: Yingcai) -> None:
    assert "「昨天」不是时间" in fails("hear", "做实验", "--now", "昨天")
    assert "shanxi-2026" in fails("hear", "做实验", "--programme", "shanxi")
    assert "第 2 行不是 UTF-8" in fails("hear", "-", input=b"a\n\xff\n")


async def test_the_chat_understands_what_the_command_says(
    open_house: OpenHouse, yingcai: Yingcai
) -> None:
    """The same sentence, told in the chat, opens a card of the same fields."""
    house: House = await open_house()
    student = house.members["林小雨"]
    seen = await student.says(SENTENCE)
    people = ("--people", "王建国,李青", "--programme", "shanxi-2026")
    told = rows(yingcai, "hear", SENTENCE, *NOW, *people)
    assert told["session"]
    card = yingcai("hear", SENTENCE, *NOW, *people).strip().partition("：")[2]
    for field in card.split("；"):
        label, _, value = field.partition("：")
        assert f"{label}：{value}" in seen, seen
    # And one that the command says is none opens none.
    other = await house.members["赵一鸣"].says("你好")
    assert not rows(yingcai, "hear", "你好", *NOW)["session"]
    assert other
    assert "日期" not in other


# ---------------------------------------------------------------- a document


@pytest.fixture
def read(yingcai: Yingcai, tmp_path: Path) -> Any:
    """Reads bytes as a file of that name; gives what programs are told."""

    def told(name: str, data: bytes) -> Any:
        file = tmp_path / name
        file.write_bytes(data)
        return rows(yingcai, "document", "read", file)

    return told


def test_a_document_is_read_into_its_sections(read: Any, stored: Database, tmp_path: Path) -> None:
    told = read("通知.pdf", printed())
    assert told["title"] == "关于开展云州市少年科学营工作的通知"
    assert tuple(one["section"] for one in told["sections"]) == SECTIONS
    assert told["sections"][-1]["text"].replace("\n", "") == "四、总结每年11月交一页总结。"
    assert told["doubts"] == []
    with stored.transaction() as db:
        assert not db.exec(select(PolicyDocument)).all()
    assert not (tmp_path / "data").exists()


def test_a_long_section_is_whole(read: Any) -> None:
    long = "".join(f"第{number}点，请各校认真落实有关要求。" for number in range(1, 81))
    told = read("长.txt", f"一、目的\n{long}\n二、对象\n在校学生。".encode())
    (found,) = [one for one in told["sections"] if one["section"] == "一"]
    assert found["text"].replace("\n", "").endswith(long)


def with_picture() -> bytes:
    """The letter, and after it a page that somebody scanned."""
    scan, whole = io.BytesIO(), io.BytesIO()
    Image.new("L", (60, 80), 200).save(scan, "PDF")
    writer = PdfWriter()
    writer.append(io.BytesIO(printed()))
    writer.append(scan)
    writer.write(whole)
    return whole.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "doubts"),
    [
        ("无号.txt", "各位同学请按时参加活动。".encode(), ["no_sections", "no_title"]),
        ("缺.txt", LETTER.replace("三、培养", "五、培养").encode(), ["gap"]),
        ("重.txt", LETTER.replace("四、评价", "三、评价").encode(), ["gap", "repeated"]),
        ("扫描.pdf", with_picture(), ["pictures"]),
    ],
)
def test_what_reading_is_unsure_of_is_told(
    read: Any, name: str, data: bytes, doubts: list[str]
) -> None:
    assert read(name, data)["doubts"] == doubts


def test_people_read_the_sections_and_the_doubts(yingcai: Yingcai, tmp_path: Path) -> None:
    file = tmp_path / "扫描.pdf"
    file.write_bytes(with_picture())
    said = yingcai("document", "read", file)
    assert said.startswith("《关于开展云州市少年科学营工作的通知》\n")
    assert "【三(二)2】\n2.学校培养。" in said
    assert "有的页是图片" in said.splitlines()[-1]


def test_what_cannot_be_read_is_one_sentence(fails: Yingcai, tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\n\x00")
    assert "这种文件读不了" in fails("document", "read", file)
    assert "找不到文件" in fails("document", "read", tmp_path / "none.pdf")
