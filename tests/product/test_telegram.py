"""The main job on Telegram, against a loopback Bot API that checks every call it gets."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from pydantic import SecretStr

from app.settings import Settings
from tests.product.conftest import Product, opened
from tests.telegram.bot_api import TOKEN, BotApi, Person, until
from tests.telegram.conftest import DRIVERS

pytestmark = pytest.mark.slow


@pytest.fixture(params=DRIVERS)
def telegram_settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    settings.web.enabled = False
    settings.telegram.token = SecretStr(TOKEN)
    settings.telegram.driver = request.param
    return settings


async def joined(product: Product, telegram: BotApi, name: str) -> Person:
    """Somebody who has opened their deep link and agreed."""
    person = telegram.person(name)
    person.opens(await product.house.code(name))
    await person.sees("谁能看到")
    press(person, "我是本人，同意并加入")
    await person.sees("想做什么")
    return person


def press(person: Person, words: str) -> None:
    """Press the newest button whose label holds these words."""
    labels = [label for shown in reversed(person.chat) for label in shown.labels]
    person.presses(next(label for label in labels if words in label))


def picture(shade: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), (shade, 120, 90)).save(out, "JPEG")
    return out.getvalue()


async def test_student_mentor_student(telegram_settings: Settings) -> None:
    async with BotApi() as telegram:
        telegram_settings.telegram.api_base = telegram.base
        async with opened(telegram_settings) as product:
            student = await joined(product, telegram, "林小雨")
            mentor = await joined(product, telegram, "王建国")
            # A menu holds up no message, so it may come after them.
            await until(lambda: ("session", "记一次培养") in student.menu)
            await until(lambda: ("queue", "待审") in mentor.menu)
            assert "queue" not in dict(student.menu)

            student.says("/session")
            await student.sees("1/6")
            press(student, "昨天 2小时")
            await student.sees("2/6")
            press(student, "到校面对面")
            await student.sees("3/6")
            student.says("课题")
            await student.sees("4/6")
            press(student, "王建国")
            await student.sees("5/6")
            student.says("搭双缝干涉光路")
            await student.sees("6/6")
            student.album([picture(10), picture(20)])
            shown = await student.sees("已收好")
            assert "附件：2 个" in shown.text
            press(student, "提交")
            await student.sees("等 王建国、李青 审核")

            await mentor.sees("林小雨 提交了一条记录")
            press(mentor, "看全文")
            await mentor.sees("搭双缝干涉光路")
            press(mentor, "通过")
            await mentor.sees("已通过\n审核：")
            await student.sees("王建国 通过了你的记录")
            student.says("我的进度")
            await student.sees("已通过 1 · 已提交待审 0")


async def test_form_is_one_message_while_buttons_are_pressed(telegram_settings: Settings) -> None:
    async with BotApi() as telegram:
        telegram_settings.telegram.api_base = telegram.base
        async with opened(telegram_settings) as product:
            student = await joined(product, telegram, "林小雨")
            student.says("记一次培养")
            await student.sees("1/6")
            before = len(student.chat)
            for label, place in [("昨天 2小时", "2/6"), ("线上", "3/6"), ("课题研究", "4/6")]:
                press(student, label)
                await student.sees(place)
            assert len(student.chat) == before


async def test_a_talk_goes_on_after_a_kill(telegram_settings: Settings) -> None:
    async with BotApi() as telegram:
        telegram_settings.telegram.api_base = telegram.base
        async with opened(telegram_settings) as product:
            student = await joined(product, telegram, "林小雨")
            student.says("记一次培养")
            await student.sees("1/6")
            await product.stop()
            press(student, "昨天")
            product.reopen()
            await product.start()
            await student.sees("2/6")
            telegram.deliver_again()
            press(student, "线上")
            await student.sees("3/6")


async def test_somebody_who_leaves_and_returns(telegram_settings: Settings) -> None:
    async with BotApi() as telegram:
        telegram_settings.telegram.api_base = telegram.base
        async with opened(telegram_settings) as product:
            student = await joined(product, telegram, "林小雨")
            mentor = await joined(product, telegram, "王建国")
            student.says("昨天下午在校和王老师做了两小时双缝实验")
            await student.sees("6/6")
            press(student, "提交")
            await mentor.sees("林小雨 提交了一条记录")
            student.blocks()
            press(mentor, "通过")
            await mentor.sees("已通过\n审核：")
            student.returns()
            student.says("我的进度")
            await student.sees("已通过 1 · 已提交待审 0")


async def test_only_what_was_pressed_and_stands_last_is_changed(
    telegram_settings: Settings,
) -> None:
    async with BotApi() as telegram:
        telegram_settings.telegram.api_base = telegram.base
        async with opened(telegram_settings) as product:
            student = await joined(product, telegram, "林小雨")
            mentor = await joined(product, telegram, "王建国")
            student.says("昨天下午在校和王老师做了两小时双缝实验")
            await student.sees("6/6")
            press(student, "提交")
            await mentor.sees("林小雨 提交了一条记录")
            mentor.says("待审")
            await mentor.sees("待审 1 条")
            count = len(mentor.chat)
            press(mentor, "林小雨")
            await mentor.sees("到校面对面")
            whole = mentor.chat[-1]
            assert len(mentor.chat) == count + 1, "the notice above the list is left alone"
            press(mentor, "通过")
            await mentor.sees("已通过\n审核：")
            assert len(mentor.chat) == count + 1
            assert mentor.chat[-1] is whole, "what was pressed was the last thing there"
