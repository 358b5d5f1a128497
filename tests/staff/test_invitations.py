"""Invitations on paper: a card for everybody who has not joined, by school."""

from __future__ import annotations

from pathlib import Path

import pytest
from pypdf import PdfReader
from sqlmodel import col, select

from bot.talk.clock import SetClock
from services import joining
from storage.database import Database
from storage.tables import Invite, Membership
from tests.rosters.sheets import xlsx
from tests.staff.conftest import Yingcai, bind

HEAD = ["姓名", "学校", "年级", "学科"]
SHEET = xlsx(
    [
        HEAD,
        ["萧婧", "甲中学", "高一", "数学"],
        ["阿依古丽·买买提", "乙中学", "高一", "物理"],
        ["㛃𬱟", "甲中学", "高二", "化学"],
    ]
)


@pytest.mark.slow
def test_everybody_who_has_not_joined_gets_a_card_with_a_new_code(
    yingcai: Yingcai, fails: Yingcai, stored: Database, clock: SetClock, tmp_path: Path
) -> None:
    yingcai("cohort", "create", "shanxi-2026")
    (tmp_path / "名单.xlsx").write_bytes(SHEET)
    yingcai("roster", "import", tmp_path / "名单.xlsx")
    yingcai("invite", "萧婧", "--json")
    with stored.transaction() as db:
        earlier = db.exec(select(Invite)).one().id
        joined = db.exec(select(Membership).order_by(col(Membership.id))).all()[1]
        bind(db, joined.person_id, "1", clock)

    cards = tmp_path / "邀请卡.pdf"
    assert "2 张邀请卡" in yingcai("roster", "invitations", "-o", cards)
    assert cards.stat().st_mode & 0o077 == 0
    (page,) = PdfReader(cards).pages
    words = "".join(page.extract_text().split())
    assert all(name in words for name in ("萧婧", "㛃", "甲中学"))
    assert "阿依古丽" not in words
    with stored.transaction() as db:
        assert db.get_one(Invite, earlier).revoked_at is not None
        open_ones = db.exec(select(Invite).where(col(Invite.revoked_at).is_(None))).all()
        assert len(open_ones) == 2
        code = words.partition("邀请码：")[2][:32]
        read = joining.read_code(code)
        assert read is not None
        assert joining.open_invite(db, read, "test", clock.now()).person.name in ("萧婧", "㛃𬱟")
    assert "已经存在" in fails("roster", "invitations", "-o", cards)


def test_nobody_to_invite_is_said(yingcai: Yingcai, fails: Yingcai, tmp_path: Path) -> None:
    yingcai("cohort", "create", "shanxi-2026")
    assert "没有还没加入的人" in fails("roster", "invitations", "-o", tmp_path / "卡.pdf")
    assert not (tmp_path / "卡.pdf").exists()
