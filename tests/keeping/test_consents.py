"""A consent knows its words, its way and its child; one guardian answers for several children."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select
from typer.testing import CliRunner, Result

from app import desk
from app.cli import app
from bot.talk.acting import Operator
from bot.talk.clock import SetClock
from prompts import LANGUAGES, Language
from services import consent, guardians, roster
from storage.tables import Audit, ConsentText, Guardianship, Membership, Role, UnitKind
from tests.conftest import NewDatabase
from tests.house import House, Member
from tests.staff.conftest import bind

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
ELDER, YOUNGER, YOUNGEST = "林小雨", "林小雪", "林小霜"


@pytest.fixture(params=["sqlite", "postgres"])
async def house(
    request: pytest.FixtureRequest, new_database: NewDatabase, tmp_path: Path, clock: SetClock
) -> AsyncIterator[House]:
    """A guardian of three children: of two schools, in two cohorts, two of them under 14."""
    house = await House.open(new_database(request.param), tmp_path, clock)

    def enrol(db: Session) -> None:
        by = Operator(clock.now() - timedelta(days=30))
        office = roster.add_unit(db, by, UnitKind.OFFICE, "示例管理办公室").id
        school = roster.add_unit(db, by, UnitKind.SCHOOL, "汾河中学").id
        other = roster.add_unit(db, by, UnitKind.SCHOOL, "锦江小学").id
        here = roster.create_cohort(db, by, "shanxi-2026", "山西一期", office).id or 0
        there = roster.create_cohort(db, by, "sichuan-jingke-2023", "菁科一期", office).id or 0

        def add(
            name: str, role: Role, cohort: int, unit: int | None, grade: str, born: date | None
        ) -> int:
            person = house.members[name].person_id if name in house.members else 0
            person = person or roster.add_person(db, by, name, born).id or 0
            place, _ = roster.add_member(db, by, cohort, person, role, unit_id=unit, grade=grade)
            house.members.setdefault(
                name, Member(house, name, role, person, place.id or 0, f"chat-{name}")
            )
            return place.id or 0

        parent = add("林大海", Role.GUARDIAN, here, None, "", None)
        parent_there = add("林大海", Role.GUARDIAN, there, None, "", None)
        elder = add(ELDER, Role.STUDENT, here, school, "senior_1", date(2010, 3, 1))
        roster.link_guardian(db, by, elder, parent)
        for name in (YOUNGER, YOUNGEST):
            child = add(name, Role.STUDENT, there, other, "primary_5", date(2015, 5, 1))
            roster.link_guardian(db, by, child, parent_there)

    await house.app.database.run(enrol)
    yield house
    house.close()


def link_of(house: House, child: str) -> Guardianship:
    with house.app.database.transaction() as db:
        link = db.exec(
            select(Guardianship).where(Guardianship.child_id == house.members[child].person_id)
        ).one()
        db.expunge(link)
        return link


async def test_every_act_names_its_child(house: House) -> None:
    (parent,) = await house.join("林大海")
    assert f"同意（{YOUNGER}）" in parent.sees
    await parent.presses(f"同意（{YOUNGER}）")
    assert f"您已同意保存 {YOUNGER}" in parent.sees
    assert f"您已同意保存 {YOUNGEST}" not in parent.sees
    await parent.presses(f"同意（{YOUNGEST}）")
    await parent.says("孩子")
    assert [one for one in parent.buttons if "撤回" in one] == [
        f"撤回同意（{YOUNGER}）",
        f"撤回同意（{YOUNGEST}）",
    ]
    assert [one for one in parent.buttons if "进度" in one] == [
        f"看 {name} 的进度" for name in (ELDER, YOUNGER, YOUNGEST)
    ]
    await parent.presses(f"撤回同意（{YOUNGEST}）")
    assert YOUNGEST in parent.sees
    await parent.presses("确定撤回")
    assert link_of(house, YOUNGEST).withdrawn_at is not None
    assert link_of(house, YOUNGER).withdrawn_at is None


@pytest.mark.parametrize("words", ["进度", "我的记录", "还差几次"])
async def test_a_guardian_who_asks_for_progress_sees_each_childs(house: House, words: str) -> None:
    (parent,) = await house.join("林大海")
    await parent.says(words)
    for name, school in ((ELDER, "汾河中学"), (YOUNGER, "锦江小学"), (YOUNGEST, "锦江小学")):
        assert f"{name}\n\n{school}" in parent.sees


async def test_a_guardian_may_type_that_they_agree_or_not(house: House) -> None:
    """With several children it is asked of which; what is said back is how it stands."""
    (parent,) = await house.join("林大海")
    await parent.says("不同意")
    assert "哪个孩子" in parent.sees
    assert (YOUNGER in parent.buttons, ELDER in parent.buttons) == (True, False)
    await parent.presses(YOUNGER)
    assert f"现在不保存 {YOUNGER} 写的新内容" in parent.sees
    assert link_of(house, YOUNGER).withdrawn_at is None, "nothing was ever agreed to"
    await parent.says(f"我同意{YOUNGER}")
    assert link_of(house, YOUNGER).consented_at is not None
    assert link_of(house, YOUNGEST).consented_at is None
    await parent.says(f"我不同意{YOUNGER[1:]}")
    assert "确定撤回吗" in parent.sees
    await parent.presses("确定撤回")
    assert link_of(house, YOUNGER).withdrawn_at is not None
    await parent.says(f"我不同意{YOUNGER}")
    assert "知道了，您不同意" in parent.sees
    await parent.says(f"同意 {YOUNGEST}")
    assert link_of(house, YOUNGEST).consented_at is not None
    await parent.says("I agree")
    assert link_of(house, YOUNGER).withdrawn_at is None, "one alone waited"


async def test_what_is_done_with_a_childs_data_names_the_child(house: House) -> None:
    (parent,) = await house.join("林大海")
    await parent.says("我的数据")
    await parent.presses(f"{YOUNGER}的数据")
    await parent.presses("拿一份副本")
    assert YOUNGER in parent.sees
    await parent.says("取消")
    await parent.presses("更正")
    assert YOUNGER in parent.sees


# ---------------------------------------------------------------- which words


WORDS = {
    "zh": "6eb320e2211dafb1",
    "en": "cba2a03584fa5996",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_changed_words_are_decided_about(language: Language) -> None:
    """Whoever changes them says whether earlier consents still count (decision 0048), in
    `services/consent.py` `NO_LONGER_ENOUGH`, and then writes the new version here."""
    assert consent.version_of(consent.words_of(language)) == WORDS[language]


async def test_a_guardian_reads_what_they_agreed_to(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    (parent,) = await house.join("林大海")
    await parent.says("我同意了什么")
    assert "您还没有同意过什么" in parent.sees
    await parent.presses(f"同意（{YOUNGER}）")
    # The words have changed since, in nothing important.
    monkeypatch.setattr(consent, "words_of", lambda _: "新的文字")
    await parent.says("我同意了什么")
    assert f"您对 {YOUNGER} 同意的内容" in parent.sees
    assert "导师、本校教师和管理办公室会看到" in parent.sees
    assert "11月23日 周一" in parent.sees
    assert "在聊天里点了同意" in parent.sees
    assert YOUNGEST not in parent.sees
    link = link_of(house, YOUNGER)
    assert (link.consent_version, link.consent_way) == (WORDS["zh"], "fake")
    with house.app.database.transaction() as db:
        assert [row.version for row in db.exec(select(ConsentText))] == [WORDS["zh"]]
        noted = db.exec(select(Audit).where(Audit.verb == "consent")).one()
    assert noted.detail == {"text": WORDS["zh"], "way": "fake"}


async def test_nobody_else_reads_what_was_agreed_to(house: House) -> None:
    (parent,) = await house.join("林大海")
    await parent.presses(f"同意（{YOUNGER}）")
    (child,) = await house.join(YOUNGER)
    await child.says("我同意了什么")
    assert "同意的内容" not in child.sees
    await parent.presses("我同意了什么")
    assert "同意的内容" in parent.sees


async def test_a_consent_from_before_the_words_were_kept_says_so(house: House) -> None:
    (parent,) = await house.join("林大海")
    await parent.presses(f"同意（{YOUNGER}）")
    with house.app.database.transaction() as db:
        link = db.get(Guardianship, link_of(house, YOUNGER).id)
        assert link is not None
        link.consent_version = link.consent_way = ""
        assert consent.given(db, link.child_id), "it still counts"
    await parent.says("我同意了什么")
    assert "那时还没有留下同意书的文字" in parent.sees


async def test_an_important_change_is_asked_for_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    (parent,) = await house.join("林大海")
    await parent.presses(f"同意（{YOUNGER}）")
    (child,) = await house.join(YOUNGER)
    await child.says("记一次培养")
    assert "哪天" in child.sees
    await child.says("取消")
    monkeypatch.setattr(consent, "NO_LONGER_ENOUGH", frozenset({WORDS["zh"]}))
    monkeypatch.setattr(consent, "words_of", lambda _: "更多的人会看到")
    await child.says("记一次培养")
    assert "在那之前，我不会保存" in child.sees
    await parent.says("孩子")
    assert "同意书的内容有重要改动" in parent.sees
    await parent.presses(f"同意（{YOUNGER}）")
    await child.says("记一次培养")
    assert "哪天" in child.sees


# ---------------------------------------------------------------- on paper

Run = Callable[..., Result]


@pytest.fixture
def run(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(desk, "CLOCK", house.clock)
    url = house.app.database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("YINGCAI_DATABASE_URL", url)
    monkeypatch.setenv("YINGCAI_DATA_DIR", str(tmp_path))
    return lambda *words: CliRunner().invoke(app, ["person", *words])


async def test_a_consent_on_paper_is_recorded_and_told(house: House, run: Run) -> None:
    (parent,) = await house.join("林大海")
    with house.app.database.transaction() as db:
        places = [m.id for m in roster.members(db, 2, [Role.GUARDIAN])]
    assert len(places) == 1
    made = run("consent", YOUNGER, str(places[0]), "--on", "2026-11-20")
    assert made.exit_code == 0, made.output
    assert "已登记 林大海 对 林小雪 的纸质同意书" in made.stdout
    link = link_of(house, YOUNGER)
    assert (link.consent_way, link.consent_version) == ("paper", WORDS["zh"])
    assert link.consented_at == datetime(2026, 11, 20, 4, tzinfo=UTC)
    await house.settle()
    assert "登记了您" in parent.reads()
    await parent.says("我同意了什么")
    assert "签在纸上，由管理办公室登记" in parent.sees
    await parent.says("孩子")
    await parent.presses(f"撤回同意（{YOUNGER}）")
    await parent.presses("确定撤回")
    again = run("consent", YOUNGER, str(places[0]), "--on", "2026-11-20")
    assert again.exit_code == 2
    assert "签得更早" in again.stderr
    assert "不能在今天以后" in run("consent", YOUNGER, str(places[0]), "--on", "2027-01-01").stderr
    assert link_of(house, YOUNGER).withdrawn_at is not None


def test_the_words_are_printed_for_paper(run: Run) -> None:
    told = run("consent-text")
    assert "您可以随时撤回" in told.stdout
    assert WORDS["zh"] in told.stdout


# ---------------------------------------------------------------- two guardians


@pytest.fixture
async def both(house: House) -> House:
    """The youngest child has another guardian; all three have joined."""

    def enrol(db: Session) -> None:
        by = Operator(NOW)
        child = house.members[YOUNGEST]
        place = db.get(Membership, child.membership_id)
        assert place is not None
        person = roster.add_person(db, by, "林小海").id or 0
        other, _ = roster.add_member(db, by, place.cohort_id, person, Role.GUARDIAN)
        house.members["林小海"] = Member(
            house, "林小海", Role.GUARDIAN, person, other.id or 0, "chat-林小海"
        )
        roster.link_guardian(db, by, child.membership_id, other.id or 0)
        for member in (child, house.members["林大海"], house.members["林小海"]):
            bind(db, member.person_id, member.address, house.clock)

    await house.app.database.run(enrol)
    return house


async def test_each_guardian_is_told_what_is_so(both: House) -> None:
    child, one, two = both.members[YOUNGEST], both.members["林小海"], both.members["林大海"]
    assert "现在不保存" in await one.says("孩子与同意书")
    await one.presses("同意")
    assert "从现在起可以记录" in child.reads()
    # What the other consented to is kept: the card of this one does not deny it.
    await two.says("孩子与同意书")
    assert f"另一位监护人已经同意，{YOUNGEST} 写的内容在保存" in two.sees
    await one.presses("撤回同意")
    await one.presses("确定撤回")
    assert "您撤回了" in await one.says("同意书")
    await two.says("孩子与同意书")
    await two.presses(f"同意（{YOUNGEST}）")
    assert "另一位监护人撤回了同意" in two.sees
    assert "另一位监护人已撤回" in await two.says(f"{YOUNGEST}最近怎么样")
    # Nobody is told that it may go on while one has withdrawn.
    assert "从现在起可以记录" not in child.reads()


async def test_one_guardian_may_withdraw_what_the_other_consented_to(both: House) -> None:
    child, one, two = both.members[YOUNGEST], both.members["林小海"], both.members["林大海"]
    await one.says("孩子与同意书")
    await one.presses("同意")
    await two.says("孩子与同意书")
    await two.presses(f"撤回同意（{YOUNGEST}）")
    await two.presses("确定撤回")
    assert "撤回了同意" in child.reads()


async def test_a_guardian_who_has_joined_is_asked_when_a_child_joins_or_is_linked(
    both: House,
) -> None:
    guardian = both.members["林大海"]

    def ask(db: Session) -> None:
        for _ in range(2):
            guardians.ask(db, Operator(NOW), both.members[YOUNGER].person_id)

    guardian.reads()
    await both.app.database.run(ask)
    await both.settle()
    assert guardian.reads().count(f"{YOUNGER} 的培养记录要先由监护人同意") == 1
