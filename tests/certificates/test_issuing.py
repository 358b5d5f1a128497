"""Certificates are issued to whom the document gives them, once each and in order."""

from __future__ import annotations

import asyncio
import io
import json
import stat
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pypdf import PdfReader
from sqlmodel import Session, col, select

from bot.talk.acting import Operator, Refused
from jobs import printing
from jobs.certificates import code, page
from jobs.printing import NotPrinted, Printer
from programmes import catalogue, certifying
from programmes.catalogue import all_programmes, load
from programmes.values import Effect, Outcome, kept_as
from services import certificates, certified, persons
from services.certificates import CertificateStanding
from services.certified import Certified
from storage.tables import (
    Audit,
    Certificate,
    Evaluation,
    EvaluationState,
    File,
    Membership,
    Record,
    RecordKind,
    RecordState,
    RecordVersion,
    Revocation,
    SigningKey,
)
from tests.certificates.conftest import NOW, OFFICE, NewYear, Year
from tests.programmes.test_eighth import PACKS

# ---------------------------------------------------------------- what the documents say


PROMISED = {
    "spark-2026": ("培养证书", "", ["qualified"], True, "六(一)"),
    "shanxi-2026": ("培养证书", "", ["excellent", "qualified"], False, "六(三)"),
    "jiangsu-2022": ("培养证书", "", ["excellent", "qualified"], False, "五(二)"),
    "neimenggu-pilot-2025": (
        *("自治区级培养证书", "自治区级", ["excellent", "qualified"]),
        *(False, "附件2 七(三)"),
    ),
    "sichuan-jingke-2023": None,
    "sichuan-jindaoshi-2023": None,
    "neimenggu-yingcai-2025": None,
}


def test_each_document_promises_what_it_says_and_no_more() -> None:
    assert {programme.key for programme in all_programmes()} == {*PROMISED}
    for key, wanted in PROMISED.items():
        found = certifying.certificate(load(key))
        told = found and (found.name, found.level, [*found.upon], found.elsewhere, found.clause)
        assert told == wanted, key


def test_only_the_outcome_of_the_last_word_is_certified() -> None:
    """Not that of a mid-term, and in two steps not the recommendation."""
    stages = {
        key: [stage for stage, _ in certifying.parts(load(key))]
        for key, promised in PROMISED.items()
        if promised and not promised[3]
    }
    assert stages == {
        "shanxi-2026": ["annual"],
        "jiangsu-2022": ["annual"],
        "neimenggu-pilot-2025": ["annual_2"],
    }


def test_an_outcome_that_brings_the_certificate_is_certified_at_its_own_stage() -> None:
    """A document that names no recipients, and says of an outcome that it brings one."""
    pilot = load("neimenggu-pilot-2025")
    initial, mid, recommended, decided = pilot.stages
    effects = {Outcome.QUALIFIED: (Effect.CERTIFICATE,)}
    stages = (initial, recommended, decided.model_copy(update={"effects": effects}), mid)
    unnamed = pilot.awards.certificate_recipients.model_copy(update={"value": None})
    awards = pilot.awards.model_copy(update={"certificate_recipients": unnamed})
    listed = pilot.evaluation.stages.model_copy(update={"value": stages})
    evaluation = pilot.evaluation.model_copy(update={"stages": listed})
    other = pilot.model_copy(update={"awards": awards, "evaluation": evaluation})
    promised = certifying.certificate(other)
    assert promised is not None
    assert promised.upon == (Outcome.QUALIFIED,)
    assert [stage for stage, _ in certifying.parts(other)] == ["annual_2"]
    silent = tuple(stage.model_copy(update={"effects": {}}) for stage in stages)
    listed = pilot.evaluation.stages.model_copy(update={"value": silent})
    evaluation = pilot.evaluation.model_copy(update={"stages": listed})
    assert certifying.certificate(other.model_copy(update={"evaluation": evaluation})) is None


@pytest.mark.parametrize("key", [key for key, told in PROMISED.items() if not told or told[3]])
async def test_where_nothing_is_issued_here_it_is_said_why(key: str, new_year: NewYear) -> None:
    year = new_year(key)
    year.enrol("林小雨")
    with pytest.raises(Refused) as refused:
        await year.issue()
    elsewhere = PROMISED[key] is not None
    wanted = "certificate.elsewhere" if elsewhere else "certificate.not_promised"
    assert refused.value.words.key == wanted
    if elsewhere:
        assert refused.value.words.args["clause"] == "六(一)"


# ---------------------------------------------------------------- issuing


def rows(year: Year) -> list[Certificate]:
    with year.database.transaction() as db:
        return list(db.exec(select(Certificate).order_by(col(Certificate.nth))))


def held_session(
    db: Session,
    member: int,
    day: int,
    minutes: int,
    state: RecordState,
    year: int = 2026,
    people: tuple[str, ...] = ("王建国",),
) -> None:
    at = NOW.replace(year=year, month=5, day=day)
    record = Record(
        kind=RecordKind.SESSION,
        student_id=member,
        day=at.date(),
        state=state,
        created_at=at,
        submitted_at=at,
    )
    db.add(record)
    db.flush()
    member_row = db.get(Membership, member)
    assert member_row is not None
    body = {
        **{"day": at.date().isoformat(), "minutes": minutes, "place": "on_campus"},
        **{"kind": "research", "people": [*people], "what": "实验"},
    }
    db.add(
        RecordVersion(
            record_id=record.id or 0,
            version=1,
            body=body,
            written_by=member_row.person_id,
            at=at,
        )
    )


async def test_those_who_are_ready_get_one_and_others_a_reason(new_year: NewYear) -> None:
    year = new_year()
    first = year.enrol("林小雨", "qualified")
    year.enrol("赵一鸣")
    third = year.enrol("阿依古丽·买买提明", "excellent")
    with year.database.transaction() as db:
        held_session(db, first, 3, 90, RecordState.APPROVED)
        held_session(db, first, 4, 95, RecordState.APPROVED)
        held_session(db, first, 5, 90, RecordState.SUBMITTED)

    made = await year.issue()
    assert [(one.name, one.number) for one in made] == [
        ("林小雨", "SHANXI-2026-01-0001"),
        ("阿依古丽·买买提明", "SHANXI-2026-01-0002"),
    ]
    [one, other] = rows(year)
    assert (one.member_id, other.member_id) == (first, third)
    with year.database.transaction() as db:
        facts = certificates.facts_of(db, one)
        cohort = certificates.promised(load("shanxi-2026"))
        assert facts == Certified(
            number="SHANXI-2026-01-0001",
            certificate=cohort.name,
            name="林小雨",
            programme="2026年山西省青少年科技创新后备人才培养计划",
            cohort="示例一期",
            subject="",
            outcome="合格",
            sessions=2,
            hours=facts.hours,
            issued_on=NOW.date(),
            office=OFFICE,
            clause="六(三)",
        )
        file = db.get(File, one.file_id)
        assert file is not None
        pdf = year.press.store.read(file.sha256)
        assert file.name == "培养证书-林小雨-SHANXI-2026-01-0001.pdf"
        noted = db.exec(select(Audit).where(Audit.verb == "issue_certificate")).all()
        assert [row.object_id for row in noted] == [one.id, other.id]
    words = "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    for said in ("林小雨", "培养活动", "合格", OFFICE, "SHANXI-2026-01-0001", "六(三)"):
        assert said in words.replace("\n", ""), said
    assert await year.issue() == []


async def test_each_standing_has_its_sentence(new_year: NewYear) -> None:
    year = new_year("jiangsu-2022")
    numbers = [
        year.enrol("合格者", "qualified"),
        year.enrol("不合格者", "unqualified"),
        year.enrol("未评者"),
        year.enrol("离开者", "qualified"),
        year.enrol("年幼者", "qualified", date(2014, 1, 1)),
    ]
    with year.database.transaction() as db:
        gone = db.get(Membership, numbers[3])
        assert gone is not None
        gone.ended_at = NOW
    made = await year.issue(numbers)
    assert [one.number for one in made] == ["JIANGSU-2022-01-0001", "", "", "", ""]
    assert [one.why.key.rpartition("_")[2] if one.why else "" for one in made] == [
        "",
        "upon",
        "undecided",
        "ended",
        "consent",
    ]
    again = await year.issue(numbers[:1])
    assert [one.why and one.why.key for one in again] == ["certificate.standing_issued"]
    assert len(rows(year)) == 1


async def test_an_outcome_that_is_open_again_or_another_is_noticed(new_year: NewYear) -> None:
    year = new_year()
    member = year.enrol("林小雨", "qualified")
    await year.issue()

    def standing() -> CertificateStanding:
        with year.database.transaction() as db:
            cohort = db.get_one(Membership, member).cohort_id
            from storage.tables import Cohort

            [found] = certificates.candidates(db, db.get_one(Cohort, cohort), NOW.date())
            return found.standing

    assert standing() is CertificateStanding.ISSUED
    with year.database.transaction() as db:
        row = db.exec(select(Evaluation)).one()
        row.state = EvaluationState.REOPENED
    assert standing() is CertificateStanding.CHANGED
    with year.database.transaction() as db:
        db.exec(select(Evaluation)).one().state = EvaluationState.SIGNED
    year.signs(member, "excellent")
    assert standing() is CertificateStanding.CHANGED
    [one] = rows(year)
    with year.database.transaction() as db:
        certificates.revoke(db, year.by, one.id or 0, "等次改为优秀")
    assert standing() is CertificateStanding.READY
    await year.issue()
    assert [(row.nth, row.issue) for row in rows(year)] == [(1, 1), (2, 2)]
    assert standing() is CertificateStanding.ISSUED


async def test_a_revocation_has_a_reason_and_is_said_once(new_year: NewYear) -> None:
    year = new_year()
    year.enrol("林小雨", "qualified")
    await year.issue()
    [one] = rows(year)
    with year.database.transaction() as db:
        certificates.revoke(db, year.by, one.id or 0, "姓名有误")
    for number, key in ((one.id or 0, "revoked_already"), (999, "none_such")):
        with pytest.raises(Refused) as refused, year.database.transaction() as db:
            certificates.revoke(db, year.by, number, "再来一次")
        assert refused.value.words.key == f"certificate.{key}"
    with year.database.transaction() as db:
        assert db.exec(select(Revocation)).one().reason == "姓名有误"
        found = certificates.looked_up(db, one.token_hash)
        assert found is not None
        assert found.revocation is not None


async def test_a_programme_of_ones_own_is_certified_by_its_own_words(new_year: NewYear) -> None:
    """It has four marks, of which two are certified, and counts hours alone."""
    with catalogue.using(PACKS):
        found = certifying.certificate(load("yunzhou-2026"))
        assert found is not None
        told = (found.name, [kept_as(one) for one in found.upon], found.elsewhere, found.clause)
        assert told == ("结业证书", ["excellent", "良好"], False, "第十一条")
        year = new_year("yunzhou-2026", now=NOW.replace(year=2028, month=6))
        good = year.enrol("良好者", "良好")
        year.enrol("合格者", "qualified")
        with year.database.transaction() as db:
            held_session(db, good, 3, 150, RecordState.APPROVED, 2027)
        made = await year.issue()
        assert [(one.name, one.number) for one in made] == [("良好者", "YUNZHOU-2026-01-0001")]
        [row] = rows(year)
        with year.database.transaction() as db:
            facts = certificates.facts_of(db, row)
        assert (facts.outcome, facts.sessions, facts.hours) == ("良好", None, 2)


# ---------------------------------------------------------------- whatever breaks


async def test_a_page_that_failed_is_made_the_next_time(
    new_year: NewYear, monkeypatch: pytest.MonkeyPatch
) -> None:
    year = new_year()
    for name in ("甲", "乙", "丙", "丁"):
        year.enrol(name, "qualified")
    prints = Printer.print
    done = 0

    async def breaks(self: Printer, told: dict[str, object]) -> bytes:
        nonlocal done
        done += 1
        if done == 3:
            assert self._process is not None
            self._process.kill()
        return await prints(self, told)

    monkeypatch.setattr(Printer, "print", breaks)
    made = await year.issue()
    assert [one.why and one.why.key for one in made] == [
        *(None, None, "certificate.not_printed", None)
    ]
    before = rows(year)
    assert [(row.nth, row.file_id is not None) for row in before] == [
        *((1, True), (2, True), (3, False), (4, True))
    ]
    assert await year.issue() == []
    after = rows(year)
    assert all(row.file_id for row in after)
    assert [row.token for row in after] == [row.token for row in before]


async def test_two_at_once_number_without_gaps_and_double_nobody(new_year: NewYear) -> None:
    year = new_year()
    for number in range(12):
        year.enrol(f"学生{number}", "qualified")
    made = await asyncio.gather(year.issue(), year.issue(), year.issue())
    issued = [one.number for run in made for one in run if one.number]
    assert len(issued) == 12
    found = rows(year)
    assert [row.nth for row in found] == [*range(1, 13)]
    assert len({row.member_id for row in found}) == 12
    with year.database.transaction() as db:
        files = db.exec(select(File)).all()
        assert len(files) == 12


# ---------------------------------------------------------------- keys and signatures


async def test_a_new_key_signs_and_the_old_ones_verify(new_year: NewYear) -> None:
    year = new_year()
    year.enrol("林小雨", "qualified")
    await year.issue()
    with year.database.transaction() as db:
        certificates.make_key(db, year.by, year.press.keys)
    year.enrol("赵一鸣", "qualified")
    await year.issue()
    [one, other] = rows(year)
    with year.database.transaction() as db:
        keys = [row.public for row in certificates.public_keys(db)]
    assert len(keys) == 2
    assert certified.read(one.token, keys)[1] == keys[1]
    assert certified.read(other.token, keys)[1] == keys[0]
    with pytest.raises(certified.Forged):
        certified.read(one.token, keys[:1])


async def test_private_keys_are_their_owners_and_lost_ones_are_replaced(
    new_year: NewYear, tmp_path: Path
) -> None:
    year = new_year()
    year.enrol("林小雨", "qualified")
    await year.issue()
    [key] = (tmp_path / "keys").iterdir()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    key.unlink()
    year.enrol("赵一鸣", "qualified")
    await year.issue()
    with year.database.transaction() as db:
        assert len(db.exec(select(SigningKey)).all()) == 2
        keys = [row.public for row in certificates.public_keys(db)]
    for row in rows(year):
        certified.read(row.token, keys)


async def test_what_was_changed_is_no_longer_signed(new_year: NewYear) -> None:
    year = new_year()
    year.enrol("林小雨", "qualified")
    await year.issue()
    [one] = rows(year)
    with year.database.transaction() as db:
        keys = [row.public for row in certificates.public_keys(db)]
    certified.read(one.token, keys)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    changed = [
        one.token[:place]
        + next(sign for sign in letters if sign != one.token[place])
        + one.token[place + 1 :]
        for place in range(len(one.token))
    ]
    for token in (*changed, "", "A", one.token[:-1], one.token + "A", one.token + "=", "💥"):
        with pytest.raises(certified.Forged):
            certified.read(token, keys)


@given(some.binary(max_size=400) | some.text(max_size=400))
def test_whatever_is_read_is_either_signed_or_forged(words: bytes | str) -> None:
    token = words if isinstance(words, str) else certified.encoded(words)
    with pytest.raises(certified.Forged):
        certified.read(token, [b"\7" * 32])


# ---------------------------------------------------------------- names


@pytest.mark.parametrize(
    "name",
    [
        "阿依古丽·买买提明",
        "迪丽热巴·迪力木拉提·阿卜杜热合曼·努尔麦麦提",
        "𠮷野",
        "㛃䶮𬱟",
        '#set text(red); *粗* $x$ "\\" <标签> @引用 // 注释',
        "${sys.inputs} `raw` [x] #include",
    ],
)
async def test_any_name_is_set_as_it_is(name: str, new_year: NewYear) -> None:
    year = new_year()
    year.enrol(name, "qualified")
    [one] = await year.issue()
    assert one.why is None
    [row] = rows(year)
    with year.database.transaction() as db:
        assert certificates.facts_of(db, row).name == name
        file = db.get_one(File, row.file_id)
    words = PdfReader(io.BytesIO(year.press.store.read(file.sha256))).pages[0].extract_text()
    assert name.replace(" ", "") in words.replace(" ", "").replace("\n", "")


async def test_a_character_that_no_font_has_is_named_before_anything_is_issued(
    new_year: NewYear,
) -> None:
    year = new_year()
    year.enrol("王\u1234", "qualified")
    year.enrol("林小雨", "qualified")
    [one, other] = await year.issue()
    assert one.why is not None
    assert one.why.args["signs"] == "\u1234"
    assert other.number == "SHANXI-2026-01-0001"


def test_however_long_the_words_it_is_one_page_that_holds_them_all() -> None:
    long = {
        "name": "·".join(["买买提"] * 15),
        "programme": "青少年科技创新后备人才培养计划" * 5,
        "cohort": "期" * 120,
        "subject": "计算机科学与人工智能" * 4,
        "office": "自治区青少年科技创新后备人才培养管理办公室" * 4,
        "certificate": "自治区级科技创新后备人才培养证书",
    }
    facts = Certified(
        **long,
        number="P" * 60 + "-01-0001",
        outcome="合格",
        sessions=12,
        hours=26,
        issued_on=NOW.date(),
        clause="附件2 七(三)",
    )
    told = page(facts, "x" * 1200, "https://yingcai.example.org")
    pdf = printing.set_page(printing.make_compiler(), json.dumps(told))
    pages = PdfReader(io.BytesIO(pdf)).pages
    assert len(pages) == 1
    words = pages[0].extract_text().replace("\n", "").replace(" ", "")
    for name, said in long.items():
        assert said in words, name


def test_a_page_that_typst_warns_of_is_not_printed() -> None:
    compiler = printing.make_compiler()
    told = {
        **dict.fromkeys(("title", "office", "programme", "heading", "name", "day"), "字"),
        **{"fonts": ["No Such Font"], "name_fonts": ["No Such Font"], "body": [], "small": []},
        "qr": code("字"),
    }
    with pytest.raises(NotPrinted, match="unknown font"):
        printing.set_page(compiler, json.dumps(told))


# ---------------------------------------------------------------- a person's data


async def test_it_is_in_the_copy_and_erasing_leaves_only_the_number(new_year: NewYear) -> None:
    year = new_year()
    member = year.enrol("林小雨", "qualified")
    await year.issue()
    [one] = rows(year)
    with year.database.transaction() as db:
        person = db.get_one(Membership, member).person_id
        told, files = persons.everything(db, person)
        assert told["certificates"][0]["facts"]["name"] == "林小雨"
        assert [name.endswith(".pdf") for name in files] == [True]
        done = persons.erase(db, Operator(NOW + timedelta(days=1)), person)
        assert len(done.files) == 1
    [row] = rows(year)
    assert (row.token, row.file_id, row.number) == ("", None, one.number)
    with year.database.transaction() as db:
        keys = [key.public for key in certificates.public_keys(db)]
        # What is in their hands still verifies.
        certified.read(one.token, keys)
        assert certificates.looked_up(db, certified.token_hash(one.token)) is not None
    assert await year.issue() == []
