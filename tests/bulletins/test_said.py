"""Bulletins begun in a sentence: for whom they are is kept, asked or said not to be understood."""

from __future__ import annotations

import pytest

from storage.tables import BulletinState, Membership, Role
from tests.bulletins.conftest import add, only, states, write
from tests.house import House
from tests.staff.conftest import bind


def with_guardian(house: House) -> None:
    guardian = house.members["林大海"]
    with house.app.database.transaction() as db:
        bind(db, guardian.person_id, guardian.address, house.clock)


def with_grades(house: House) -> None:
    add(house, "孙未来", Role.STUDENT, "汾河中学")
    with house.app.database.transaction() as db:
        place = db.get(Membership, house.members["孙未来"].membership_id)
        assert place is not None
        place.grade = "senior_2"


@pytest.mark.parametrize(
    ("said", "roles"),
    [
        ("给学生和家长发通知：明天停一次", ["student", "guardian"]),
        ("通知家长：明天停一次", ["guardian"]),
        ("告诉全体学生明天停一次", ["student"]),
        ("跟所有导师说一声明天停一次", ["mentor"]),
        ("通知导师、学生和家长：明天停一次", ["mentor", "student", "guardian"]),
        ("给大家发通知：明天停一次", []),
    ],
)
async def test_every_audience_that_is_named_is_kept(
    house: House, said: str, roles: list[str]
) -> None:
    with_guardian(house)
    office = house.members["管小青"]
    await office.says(said)
    if any("不再缩小" in label for label in office.buttons):
        await office.presses("不再缩小")
    await office.presses("不用回执")
    assert "明天停一次" in office.sees
    await office.presses("看预览")
    assert only(house).audience["roles"] == roles
    await office.presses("现在发送")
    sent = {house.members[name].role.value for name in states(house)}
    assert sent == {*roles} if roles else len(sent) > 3


async def test_a_grade_is_kept_for_students_and_for_their_guardians(house: House) -> None:
    with_guardian(house)
    with_grades(house)
    office = house.members["管小青"]
    await office.says("给高一学生发通知：明天停一次")
    await office.presses("不用回执")
    assert "年级：高一" in office.sees
    await office.presses("看预览")
    await office.presses("现在发送")
    assert {*states(house)} == {"林小雨", "赵一鸣"}
    await office.says("给高一学生的家长发通知：明天停一次")
    await office.presses("不用回执")
    await office.presses("看预览")
    await office.presses("现在发送")
    assert {*states(house)} == {"林大海"}


async def test_what_is_not_understood_of_an_audience_is_said(house: House) -> None:
    with_grades(house)
    office = house.members["管小青"]
    for said, missed in (
        ("给高三学生发通知：明天停一次", "高三"),
        ("给全体师生发通知：明天停一次", "师生"),
        ("给去年来的学生发通知：明天停一次", "去年来"),
    ):
        assert f"「{missed}」没有听懂" in await office.says(said)
        assert "看一看" not in office.sees
        await office.says("先放下")


async def test_for_whom_may_be_several_typed(house: House) -> None:
    with_guardian(house)
    office = house.members["管小青"]
    await office.says("群发：明天停一次")
    assert "发给谁" in office.sees
    await office.says("学生和家长")
    await office.presses("不再缩小")
    await office.presses("不用回执")
    await office.presses("看预览")
    assert only(house).audience["roles"] == ["student", "guardian"]
    assert "学生、家长（监护人）" in office.sees
    assert only(house).state is BulletinState.DRAFT


async def test_an_audience_that_was_stored_with_one_role_is_read(house: House) -> None:
    office = house.members["管小青"]
    await write(office, "明天停一次")
    with house.app.database.transaction() as db:
        row = only(house)
        row.audience = {"role": "student", "unit": None, "subject": "", "owes": None}
        db.add(row)
    await office.presses("现在发送")
    assert {*states(house)} == {"林小雨", "赵一鸣"}


@pytest.mark.parametrize(
    "said",
    [
        "给所有没加入的人发通知：请尽快加入",
        "给没加入的学生发通知",
        "给还没加入的老师发通知：请加入",
    ],
)
async def test_who_has_not_joined_cannot_be_told_and_may_be_invited(
    house: House, said: str
) -> None:
    office = house.members["管小青"]
    assert "还没加入的人在这里收不到" in await office.says(said)
    assert "还没加入" in await office.presses("重新邀请")


async def test_a_receipt_is_heard_in_the_sentence_and_by_a_word(house: House) -> None:
    office = house.members["管小青"]
    for said, told in (
        ("给所有导师发通知：明天停一次，收到请回执", "要按“收到”"),
        ("给所有导师发通知：明天停一次，不用回执", "不用回执"),
    ):
        await office.says("菜单")
        await office.says(said)
        if any("不再缩小" in label for label in office.buttons):
            await office.presses("不再缩小")
        assert f"回执：{told}" in office.sees
    for word, told in (("要", "要按“收到”"), ("不要", "不用回执")):
        await office.says("菜单")
        await office.says("给所有导师发通知：明天停一次")
        if any("不再缩小" in label for label in office.buttons):
            await office.presses("不再缩小")
        assert f"回执：{told}" in await office.says(word)
    # Going back leads to what was said, which stays.
    await office.says("菜单")
    await office.says("给所有导师发通知：明天停一次")
    back = await office.presses("返回上一步")
    assert "发给：导师" in back
    for _ in range(4):
        if "明天停一次" in office.sees or not any("上一步" in one for one in office.buttons):
            break
        await office.presses("返回上一步")
    assert "明天停一次" in office.sees
