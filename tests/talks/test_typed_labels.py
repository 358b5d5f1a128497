"""Whatever a button says may be typed: the labels of commands and of the buttons of forms."""

from __future__ import annotations

import re

import pytest

from handlers import COMMANDS
from jobs import rehearsals, summaries
from prompts import LANGUAGES, catalogue
from services.menus import commands_for
from tests.house import House

ROLES = ("林小雨", "林大海", "王建国", "李青", "郭老师", "管小青")


@pytest.fixture
def house(populated: House) -> House:
    return populated


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ROLES)
async def test_every_command_of_the_menu_is_typed_by_its_label(
    house: House, name: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: object) -> tuple[bytes, bytes]:
        return b"", b""

    # A year that is rehearsed, or a summary that is filled, is not what this is about.
    monkeypatch.setattr(summaries, "told_by", nothing)
    monkeypatch.setattr(rehearsals, "told_in_steps", nothing)
    [member] = await house.join(name)
    await member.says(f"/language {language}")
    words, menu = catalogue(language), catalogue(language)["command.menu.label"]
    with house.app.database.transaction() as db:
        commands = commands_for(db, member.person_id)
    assert len(commands) > 4
    for command in commands:
        label = words[f"command.{command}.label"]
        await member.says(menu)
        if command == "language":
            assert "English" in await member.says(label)
            continue
        pressed = await member.presses(label)
        await member.says(menu)
        await member.says("谢谢")
        typed = await member.says(label)
        # How much was said grows meanwhile.
        assert re.sub(r"\d+", "", typed) == re.sub(r"\d+", "", pressed), command


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_label_of_a_command_means_it(language: str) -> None:
    for name in (*COMMANDS, "back", "cancel", "whole"):
        label = catalogue(language)[f"command.{name}.label"].casefold()
        listed = catalogue(language)[f"command.{name}.words"].split("|")
        others = [
            other
            for other in COMMANDS
            if other != name and label in catalogue(language)[f"command.{other}.words"].split("|")
        ]
        assert listed
        assert others == [], name


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("key", "command"),
    [
        ("talk.back", "back"),
        ("talk.put_down", "cancel"),
        ("talk.whole", "whole"),
        ("talk.choices", "whole"),
        ("talk.drop", "give_up"),
    ],
)
def test_every_button_below_a_question_is_a_word(language: str, key: str, command: str) -> None:
    words = catalogue(language)
    assert words[key].casefold() in words[f"command.{command}.words"].split("|")


async def test_the_buttons_below_a_question_are_typed_as_they_are_pressed(house: House) -> None:
    [student] = await house.join("林小雨")
    first = await student.says("记一次培养")
    assert "1/6" in first
    assert "多长时间" in await student.says("昨天下午")
    assert "1/6" in await student.says("← 返回上一步")
    await student.says("昨天下午")
    await student.says("谁能看到")
    assert "多长时间" in await student.says("看已填的")
    assert "11月22日" in student.sees
    assert "先放在这儿" in await student.says("先放下")
    await student.says("继续写")
    told = await student.says("放弃")
    assert "不能找回" in told
    await student.says("继续写")
    assert "多长时间" in student.sees
    await student.says("放弃")
    assert "已放弃" in await student.says("确定放弃")
    assert "没有写到一半" in await student.says("放弃")
    # Where nothing is filled in yet, nothing is asked.
    await student.says("记一次培养")
    assert "不能找回" not in await student.says("放弃")


async def test_what_a_button_says_is_about_what_it_stands_below(house: House) -> None:
    """放弃 below one draft of several means that one."""
    [student] = await house.join("林小雨")
    for day in ("昨天下午", "前天上午"):
        await student.says("记一次培养")
        if "另记一次" in student.sees:
            await student.presses("另记一次")
        await student.says(day)
        await student.says("先放下")
    told = await student.says("放弃")
    assert "不能找回" in told
    assert "11月21日" in told


async def test_one_button_is_not_counted(house: House) -> None:
    [student] = await house.join("林小雨")
    for _ in range(2):
        await student.says("昨天下午在校和王老师做了两小时双缝实验")
        if "提交" in student.buttons:
            await student.presses("提交")
    said = await student.says("那边")
    assert "是另外一次" in said
    assert "请点按钮，或打按钮上的字。" in said
    assert "1 到 1" not in said


@pytest.mark.parametrize("words", ["谁看过", "谁看过我的记录", "看谁看过", "有谁看过我的日志"])
async def test_who_has_looked_may_be_asked(house: House, words: str) -> None:
    student, guardian, teacher = await house.join("林小雨", "林大海", "郭老师")
    await teacher.says("我的学生")
    await teacher.presses("林小雨")
    for member in (student, guardian):
        told = await member.says(words)
        assert "郭老师" in told, member.name
        await member.says("我的数据")
    await teacher.says(words)
    assert "没帮到我" not in teacher.sees


async def test_a_label_does_the_same_with_manners_around_it(house: House) -> None:
    [office] = await house.join("管小青")
    for label in ("通知", "答疑", "本期概况", "交接", "名册导入"):
        plain = await office.says(label)
        for words in (f"请打开{label}", f"帮我打开{label}", f"麻烦{label}吧", f"刚才{label}"):
            await office.says("谢谢")
            assert await office.says(words) == plain, words
    listed = await office.says("交接")
    assert "移交" not in listed
    assert await office.says("移交") == listed
    # A button of the last card, too.
    await office.says("答疑")
    assert "标准答案" in await office.says("请帮我打开标准答案")


async def test_the_office_asks_whether_an_import_can_be_undone(house: House) -> None:
    [office] = await house.join("管小青")
    roster = await office.says("名册导入")
    for words in (
        "刚才导错了，撤销",
        "导入以后还能撤销吗",
        "刚才导入错了，请撤销",
        "导错名单了怎么办",
        "can I undo an import",
    ):
        await office.says("谢谢")
        assert await office.says(words) == roster, words
    for words in ("有学生请您联系", "有学生请您联系（1）", "哪个学生请我联系"):
        assert "12356" in await office.says(words), words
