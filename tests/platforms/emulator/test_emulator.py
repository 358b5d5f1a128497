"""A whole talk through somebody else's idea of the Bot API: both libraries, both ways in.

It knows nine methods and answers 500 to all others, such as the one that sets a menu.
"""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import SecretStr

from app.settings import Settings
from tests.platforms.emulator.phones import TOKEN, Emulator, Phone, emulator, free_port
from tests.product.conftest import Product, opened, settings

__all__ = ["settings"]

pytestmark = pytest.mark.slow


async def joined(product: Product, telegram: Emulator, name: str) -> Phone:
    phone = telegram.phone(name)
    await phone.says(f"/start {await product.house.code(name)}")
    await phone.sees("谁能看到")
    await phone.presses("我是本人，同意并加入")
    await phone.sees("想做什么")
    return phone


@pytest.mark.parametrize("way_in", ["polling", "webhook"])
@pytest.mark.parametrize("library", ["ptb", "aiogram"])
async def test_student_mentor_student(
    settings: Settings, library: Literal["ptb", "aiogram"], way_in: str
) -> None:
    async with emulator() as telegram:
        settings.web.enabled = False
        settings.telegram.token = SecretStr(TOKEN)
        settings.telegram.api_base = telegram.base
        settings.telegram.driver = library
        if way_in == "webhook":
            settings.web.port = free_port()
            settings.telegram.webhook_url = f"http://127.0.0.1:{settings.web.port}"
        async with opened(settings) as product:
            student = await joined(product, telegram, "林小雨")
            mentor = await joined(product, telegram, "王建国")
            await student.says("昨天下午在校和王老师做了两小时双缝实验")
            await student.sees("6/6")
            await student.presses("提交")
            await student.sees("通过以后才计入次数")
            await mentor.sees("林小雨 提交了一条记录")
            await mentor.presses("通过")
            await mentor.sees("已通过")
            await student.sees("王建国 通过了你的记录")
