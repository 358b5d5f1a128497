"""What was once heard wrongly, said in the real talk: what the card shows is what was meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlmodel import col, select

from bot.talk.inputs import length
from prompts import Brief, render, t
from services.packs import kind_label
from storage.tables import Membership, Mentoring, Person
from tests.house import House, Member
from tests.language.heard import table

RENAMED = {"王建国": "郝建平", "李青": "张晓燕"}
ROWS = [row for name in ("heard_wrong.txt", "heard_siblings.txt") for row in table(name)]
MORE = ("阿依古丽·买买提", "王建国", "李青")
"""Who cultivates the student as well."""
ANSWERS = {"names", "length", "day"}
"""Cells of rows that answer one short question."""


async def at_that_moment(house: House) -> Member:
    """The student and those whom the sentences name, on Wednesday 18 March 2026, at eight in the
    evening in Beijing."""
    house.clock.moment = datetime(2026, 3, 18, 12, tzinfo=UTC)
    [student] = await house.join("林小雨")
    with house.app.database.transaction() as db:
        for person in db.exec(select(Person).where(col(Person.name).in_(RENAMED))):
            person.name = RENAMED[person.name]
            db.add(person)
        link = db.exec(
            select(Mentoring).where(Mentoring.student_id == student.membership_id)
        ).first()
        assert link is not None
        of = db.get(Membership, link.mentor_id)
        assert of is not None
        for name in MORE:
            person = Person(name=name, created_at=house.clock.now())
            db.add(person)
            db.flush()
            kept = {"id", "person_id"}
            place = Membership(**of.model_dump(exclude=kept), person_id=person.id or 0)
            db.add(place)
            db.flush()
            again = link.model_dump(exclude={"id", "mentor_id"})
            db.add(Mentoring(**again, mentor_id=place.id or 0))
    return student


def shown(said: str) -> Mapping[str, str]:
    """The fields of the card that was said last."""
    return dict(re.findall(r"^(日期|方式|类型|时长|人员)：(.+)$", said, re.MULTILINE))


def meant(right: Mapping[str, Any]) -> dict[str, str | None]:
    """What the card should show for each cell; `None` for a field that is left open."""
    found: dict[str, str | None] = {}
    for key, value in right.items():
        match key:
            case "date":
                found["日期"] = None
                if value:
                    found["日期"] = render(
                        t("field.day_only", day=Brief(date.fromisoformat(value))), "zh"
                    )
            case "minutes":
                found["时长"] = render(length(value), "zh") if value else None
            case "place":
                found["方式"] = render(t(f"place.{value}"), "zh") if value else None
            case "kind":
                found["类型"] = render(kind_label(value), "zh") if value else None
            case "people":
                found["人员"] = "、".join(value) or None
    return found


def fits(want: str | None, seen: str | None) -> bool:
    """A day may be followed by its time."""
    return seen is None if want is None else seen is not None and seen.startswith(want)


@pytest.mark.slow
async def test_what_was_heard_wrongly_is_shown_as_it_was_meant(populated: House) -> None:
    student = await at_that_moment(populated)
    wrong, looked = [], 0
    for row in ROWS:
        if row.right.keys() & ANSWERS:
            continue
        said = await student.says(row.text)
        card = shown(said)
        if row.right.get("session") is False:
            looked += 1
            wrong += [(row.text, "is no session")] * ("改方式" in said or "/6）" in said)
        elif "一天记一条" in said:  # the first of several, and the others are named
            looked += 1
            wrong += [(row.text, "is one day")] * bool(row.right.get("date"))
        elif "这是记一次培养，还是想问政策？" not in said:
            for field, want in meant(row.right).items():
                looked += 1
                if not fits(want, card.get(field)):
                    wrong.append((row.text, f"{field}: {card.get(field)} for {want}"))
        await student.says("菜单")
    assert looked > 60
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.slow
async def test_short_answers_are_taken_as_they_were_meant(populated: House) -> None:
    """Names, lengths and days, each typed where the talk asks for it."""
    student = await at_that_moment(populated)
    wrong, looked = [], 0
    for row in ROWS:
        for cell, want in row.right.items():
            if cell not in ANSWERS:
                continue
            looked += 1
            await student.says("记一次培养")
            if "另记一次" in student.buttons:
                await student.presses("另记一次")
            if cell == "day":
                card = shown(await student.says(row.text))
                right = meant({"date": want})["日期"]
                seen = card.get("日期")
            else:
                await student.says("昨天")
                if cell == "names":
                    for said in ("2小时", "到校面对面", "课题研究"):
                        await student.says(said)
                card = shown(await student.says(row.text))
                field = {"length": "minutes", "names": "people"}[cell]
                [(label, right)] = meant({field: want}).items()
                seen = card.get(label)
            if not fits(right, seen):
                wrong.append((row.text, f"{seen} for {right}"))
            await student.says("菜单")
    assert looked >= 8
    assert not wrong, "\n".join(map(str, wrong))
