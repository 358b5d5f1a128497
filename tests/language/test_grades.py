"""School grades, ranks and numbers on papers, as people write them."""

from __future__ import annotations

from datetime import date

from language.grades import school_grade
from language.papers import born_by_identity_card, is_telephone
from language.pinyin import sound
from language.ranks import Rank, rank
from tests.tables import each_row

TODAY = date(2025, 11, 10)


@each_row(
    ("said", "grade"),
    [
        *((said, "senior_1") for said in ("高一", "高1", "高 一", "高一(3)班", "高1（3）班")),
        *((said, "senior_1") for said in ("高一1班", "高一十二班", "高中一年级", "高中1年级3班")),
        *((said, "senior_1") for said in ("十年级", "10年级", "１０年级", "10", "Grade 10")),
        *((said, "senior_1") for said in ("2025级", "25级", "高2025级", "2028届", "高2028级")),
        *((said, "senior_1") for said in ("Senior 1", "Senior One", "高中高一", "高一2025级")),
        *((said, "senior_2") for said in ("高二", "高二十班", "2024级(3)班", "2027届高中", "G11")),
        *((said, "senior_3") for said in ("高三", "2023级", "十二年级", "12th grade")),
        ("初三升高一", None),
        *((said, "junior_2") for said in ("初二", "八年级", "初2024级", "初中二年级")),
        *((said, "primary_6") for said in ("六年级", "小学六年级")),
        ("初三（12）班", "junior_3"),
        *((said, "senior_1") for said in ("S1", "s1", "S1(3)班", "高Ⅰ", "高中Ⅰ", "高Ⅰ（3）班")),
        *((said, "junior_2") for said in ("J2", "初Ⅱ", "初中Ⅱ年级")),
        *((said, None) for said in ("S4", "S10", "Ⅱ", "高Ⅳ")),
        ("职高二年级", "vocational"),
        ("幼儿园大班", "preschool"),
        *((said, None) for said in ("", "一", "3", "高四", "高12班", "三班", "1999级")),
    ],
)
def test_grades(said: str, grade: str | None) -> None:
    assert school_grade(said, TODAY, ("senior", "junior")) == grade


def test_a_bare_numeral_is_of_the_only_school_there_is() -> None:
    assert school_grade("Ⅱ", TODAY, ("senior",)) == "senior_2"
    assert school_grade("Ⅱ", TODAY, ("senior", "junior")) is None


def test_a_school_year_begins_in_september() -> None:
    assert school_grade("2025级", date(2026, 8, 31), ("senior",)) == "senior_1"
    assert school_grade("2025级", date(2026, 9, 1), ("senior",)) == "senior_2"
    assert school_grade("2028届", date(2026, 9, 1), ("senior",)) == "senior_2"


@each_row(
    ("said", "read"),
    [
        *((said, Rank(percent=8)) for said in ("8%", "前8%", "0.08", 0.08, "Top 8%")),
        *((said, Rank(percent=8)) for said in ("百分之8", "年级前8%", "约8%")),
        *((said, Rank(percent=8, place=24)) for said in ("24/300", "24 of 300", "24／300人")),
        *((said, Rank(percent=8, place=24)) for said in ("第24名（共300人）", "24（300）")),
        *((said, Rank(place=12)) for said in ("12", 12.0, "第12名", "年级第12", "12名")),
        *((said, None) for said in ("优", "0", "120%", "300/24", "", "前10", "前0名")),
        *((said, Rank(place=10, within=True)) for said in ("前10名", "年级前十名", "前 10 位")),
        ("前30名/600", Rank(percent=5, place=30, within=True)),
        *((said, Rank(percent=0.5, place=3)) for said in ("3/600（0.5%）", "0.5%(3/600)")),
        *(
            (said, Rank(percent=0.5, place=3))
            for said in ("第3名（0.5%）", "第3名，共600人（0.5%）")
        ),
        # What is said twice and differs is not taken.
        *((said, None) for said in ("3/600（5%）", "3/600（0.6%）", "3/600（优）", "3（第4名）")),
    ],
)
def test_ranks(said: str | float, read: Rank | None) -> None:
    assert rank(said) == read


@each_row(
    ("said", "read"),
    [
        ("百分之五", Rank(percent=5)),
        *((said, Rank(place=8)) for said in ("排第八", "8th", "年级排名第8")),
        ("年级排名15/300", Rank(percent=5, place=15)),
        ("三百人里第24", Rank(percent=8, place=24)),
        ("前百分之八", Rank(percent=8)),
        ("第3名/共200人", Rank(percent=1.5, place=3)),
        ("第三名（共三百人）", Rank(percent=1, place=3)),
        ("年级第12名，共600人", Rank(percent=2, place=12)),
        ("12名，年级总人数300", Rank(percent=4, place=12)),
        ("12,300", None),
        ("12 300", None),
        ("第五名", Rank(place=5)),
    ],
)
def test_ranks_in_words(said: str, read: Rank | None) -> None:
    assert rank(said) == read


def test_a_heading_in_percent_makes_numbers_percent() -> None:
    assert rank(2.0, in_percent=True) == Rank(percent=2)
    assert rank("2/300", in_percent=True) == Rank(percent=2 / 3, place=2)


def test_a_rank_is_told_among_so_many() -> None:
    assert Rank(place=12).among(600) == 2
    assert Rank(place=12).among(None) is None
    assert Rank(place=12).among(10) is None
    assert Rank(percent=8).among(600) == 8


def test_identity_cards_are_checked() -> None:
    assert born_by_identity_card("140199201003141028") == date(2010, 3, 14)
    assert born_by_identity_card("14019920091130107x") == date(2009, 11, 30)
    assert born_by_identity_card("140199201003141029") is None
    assert born_by_identity_card("1.40199E+17") is None


@each_row(
    ("said", "is_one"),
    [
        *((said, True) for said in ("13900000101", "139 0000 0101", "+86 139-0000-0101")),
        *((said, True) for said in ("0351-7000001", "１３９０００００１０１")),
        *((said, False) for said in ("1390000010", "12345", "无", "139000001011")),
    ],
)
def test_telephones(said: str, is_one: bool) -> None:
    assert is_telephone(said) is is_one


def test_names_that_sound_alike() -> None:
    assert sound("李娜") == sound("李那") == "li na"
    assert sound("尉迟明") == "yu chi ming"
    assert sound("单立") == sound("单丽") != sound("丹丽")
