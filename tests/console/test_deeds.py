"""What an office does on the pages: handing over a place; and the list of acts."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session, select

from bot.talk.acting import Actor, Operator
from bot.talk.clock import beijing_day
from services import audit, handovers
from services import roster as roster_service
from storage.tables import (
    Certificate,
    Evaluation,
    EvaluationState,
    Handover,
    Membership,
    SigningKey,
)
from tests.console.conftest import NORTH, SITE, Browser, Desk, Province
from tests.console.test_lists import lines

SAME_SITE = {"origin": SITE}


async def post(browser: Browser, path: str, **said: str) -> tuple[int, str]:
    """Send a form of a page of this site."""
    answer = await browser.client.post(f"/console{path}", data=said, headers=SAME_SITE)
    return answer.status_code, answer.text


def tomorrow(province: Province) -> str:
    return (beijing_day(province.clock.now()) + timedelta(1)).isoformat()


async def test_a_place_is_handed_over_and_taken_back(desk: Desk, province: Province) -> None:
    office = await desk.of("省办小王")
    teacher, mentor = province.places["北师老周"], province.people["王建国"]
    at = f"/{province.cohort}/roster/{teacher}"
    roster = await office.opens(f"/{province.cohort}/roster")
    assert f'href="/console{at}"' in roster
    assert "安排交接" in await office.opens(at)
    day = tomorrow(province)
    status, page = await post(office, f"{at}/handover", successor=str(mentor), first=day)
    assert status == 200
    assert "北师老周 → 王建国" in page
    assert "由谁接任" not in page, "it is arranged"
    listed = lines(await office.opens(f"/{province.cohort}/handovers"))
    assert any("北师老周" in line and "王建国" in line and "还没到" in line for line in listed)
    assert "起 王建国" in await office.opens(f"/{province.cohort}/roster")
    with province.database.transaction() as db:
        number = db.exec(select(Handover.id)).one()
    status, page = await post(office, f"{at}/handovers/{number}/withdraw")
    assert status == 200
    assert "已撤销" in page
    told = lines(await office.opens(f"/{province.cohort}/acts"))
    for words in ("安排交接", "撤销交接"):
        assert any("省办小王" in line and words in line for line in told), words


async def test_what_a_form_lacks_is_said_and_nothing_is_done(
    desk: Desk, province: Province
) -> None:
    office = await desk.of("省办小王")
    at = f"/{province.cohort}/roster/{province.places['北师老周']}/handover"
    day, mentor = tomorrow(province), str(province.people["王建国"])
    for said, words in (
        ({"first": day}, "两样只要一样"),
        ({"first": day, "successor": mentor, "name": "孟新"}, "两样只要一样"),
        ({"first": day, "successor": "x"}, "只能交给"),
        ({"first": day, "successor": str(province.people["林小雨"])}, "只能交给"),
        ({"first": "2020-01-01", "successor": mentor}, "或以后开始"),
        ({"first": "", "successor": mentor}, "哪天"),
    ):
        status, page = await post(office, at, **said)
        assert status == 200
        assert words in page, said
        for kept in (said["first"], said.get("name", "")):
            assert f'value="{kept}"' in page, said
        assert (f'value="{mentor}" selected' in page) is (said.get("successor") == mentor)
        assert f'href="/console/{province.cohort}/roster"' in page, "there is a way back"
    with province.database.transaction() as db:
        assert not db.exec(select(Handover)).all()


async def test_a_handover_of_today_is_confirmed_and_can_be_taken_back(
    desk: Desk, province: Province
) -> None:
    office = await desk.of("省办小王")
    teacher = province.places["北师老周"]
    at = f"/{province.cohort}/roster/{teacher}"
    today = beijing_day(province.clock.now()).isoformat()
    said = {"successor": str(province.people["王建国"]), "first": today}
    _, page = await post(office, f"{at}/handover", **said)
    assert "马上失去" in page
    for name in NORTH[:2]:
        assert name in page
    with province.database.transaction() as db:
        assert not db.exec(select(Handover)).all()
    _, page = await post(office, f"{at}/handover", **said, sure="later")
    assert "马上失去" in page, "what was confirmed was another day"
    _, page = await post(office, f"{at}/handover", **said, sure="now")
    assert "换回来" in page
    with province.database.transaction() as db:
        row = db.exec(select(Handover)).one()
        assert db.get_one(Membership, teacher).ended_at is not None
    _, page = await post(office, f"{at}/handovers/{row.id}/withdraw")
    assert "已换回" in page
    with province.database.transaction() as db:
        assert db.get_one(Membership, teacher).ended_at is None
        assert db.get_one(Membership, row.to_id).ended_at is not None


async def test_who_has_left_is_found_again_by_name(desk: Desk, province: Province) -> None:
    office = await desk.of("省办小王")
    with province.database.transaction() as db:
        by = Operator(province.clock.now())
        roster_service.end_member(db, by, province.places["北师老周"], "调走")
    at = f"/{province.cohort}/roster/{province.places['王建国']}"
    assert "以前在这里的 北师老周" in await office.opens(at)
    said = {"name": "北师老周", "first": tomorrow(province)}
    _, page = await post(office, f"{at}/handover", **said)
    old = province.people["北师老周"]
    assert f'name="successor" value="{old}"' in page
    await post(office, f"{at}/handover", successor=str(old), first=said["first"])
    with province.database.transaction() as db:
        assert db.exec(select(Handover.successor_id)).one() == old


async def test_it_is_as_not_there_for_who_may_not(desk: Desk, province: Province) -> None:
    teacher, above = province.places["北师老周"], province.places["省办小王"]
    auditor, south = await desk.of("北查小孙"), await desk.of("南办小赵")
    at = f"/{province.cohort}/roster/{teacher}"
    assert "由谁接任" not in await auditor.opens(at), "an auditor reads"
    day, mentor = tomorrow(province), str(province.people["王建国"])
    for browser, place in ((auditor, teacher), (south, teacher), (south, above)):
        path = f"/{province.cohort}/roster/{place}/handover"
        status, _ = await post(browser, path, successor=mentor, first=day)
        assert status == 404
    await south.opens(at, status=404)
    answer = await south.client.post(f"/console{at}/handover", data={"first": day})
    assert answer.status_code == 403, "no page of this site asked for it"
    with province.database.transaction() as db:
        assert not db.exec(select(Handover)).all()


async def test_papers_and_bulletins_are_among_the_acts(desk: Desk, province: Province) -> None:
    with province.database.transaction() as db:
        _acts(province, db)
    office, auditor = await desk.of("省办小王"), await desk.of("北查小孙")
    told = lines(await office.opens(f"/{province.cohort}/acts"))
    for words, whom in (
        ("给学员发证书", "林小雨"),
        ("撤销证书", "林小雨"),
        ("做一份培养档案", "林小雨"),
        ("做一期的年度总结", "整期"),
        ("给一期发证书", "整期"),
    ):
        assert any(words in line and whom in line and "省办小王" in line for line in told), words
    chosen = lines(await office.opens(f"/{province.cohort}/acts?verb=make_summary"))
    assert sum("做一期的年度总结" in line for line in chosen) == 1
    above = await auditor.opens(f"/{province.cohort}/acts")
    assert "现在没有" in above, "all was done by somebody above"


def _acts(province: Province, db: Session) -> None:
    by = Actor(province.people["省办小王"], None, province.clock.now())
    student = db.get_one(Membership, province.places["林小雨"])
    said = Evaluation(
        student_id=student.id or 0,
        stage="annual",
        side="office",
        state=EvaluationState.SIGNED,
        version=1,
        signed_at=by.now,
    )
    key = SigningKey(public=b"k" * 32, made_at=by.now)
    db.add_all([said, key])
    db.flush()
    row = Certificate(
        cohort_id=province.cohort,
        nth=1,
        member_id=student.id or 0,
        evaluation_id=said.id or 0,
        version=1,
        number="1",
        token="",
        token_hash=b"t" * 32,
        key_id=key.id or 0,
        issued_at=by.now,
    )
    db.add(row)
    db.flush()
    audit.note(db, by, "issue_certificate", "certificate", row.id)
    audit.note(db, by, "revoke_certificate", "certificate", row.id)
    audit.note(db, by, "make_dossier", "membership", student.id)
    audit.note(db, by, "make_summary", "cohort", province.cohort)
    audit.note(db, by, "make_summary", "cohort", province.cohort + 1)
    audit.note(db, by, "issue_certificates", "issuing", province.cohort)


async def test_a_handover_of_ones_own_place_ends_ones_pages_on_the_day(
    desk: Desk, province: Province
) -> None:
    office = await desk.of("北办小李")
    at = f"/{province.cohort}/roster/{province.places['北办小李']}"
    day = tomorrow(province)
    _, asked = await post(office, f"{at}/handover", name="孟新", first=day)
    assert "名册上还没有 孟新" in asked
    assert "登记 孟新" in asked
    await post(office, f"{at}/handover", name="孟新", first=day, sure="later")
    assert "北办小李 → 孟新" in await office.opens(at)
    with province.database.transaction() as db:
        handovers.turn(db, province.clock.now())
    await office.opens(f"/{province.cohort}")
    with province.database.transaction() as db:
        later = province.clock.now() + timedelta(1)
        handovers.turn(db, Operator(later).now)
    await office.opens(f"/{province.cohort}", status=401)


async def test_a_place_is_ended_and_given_back(desk: Desk, province: Province) -> None:
    office, auditor = await desk.of("省办小王"), await desk.of("北查小孙")
    for name, page, tells in (
        (NORTH[0], "students", "还能看"),
        ("北师老周", "roster", "聊天里显示过的"),
    ):
        number = province.places[name]
        shown, form = (f"/{province.cohort}/{at}/{number}" for at in (page, "roster"))
        assert "结束身份" in await office.opens(shown)
        assert "结束身份" not in await auditor.opens(shown)
        status, again = await post(auditor, f"{form}/end", reason="转走了", sure="yes")
        assert (status, "没有这个页面" in again) == (404, True)
        _, again = await post(office, f"{form}/end", reason="x", sure="yes")
        assert "请写一句理由" in again
        assert 'value="x"' in again
        _, asked = await post(office, f"{form}/end", reason="转走了")
        for words in (tells, "理由：转走了", "确定结束"):
            assert words in asked, words
        with province.database.transaction() as db:
            assert db.get_one(Membership, number).ended_at is None
        _, done = await post(office, f"{form}/end", reason="转走了", sure="yes")
        assert "转走了" in done
        assert "恢复身份" in done
        _, back = await post(office, f"{form}/restore")
        assert "恢复身份" not in back
        with province.database.transaction() as db:
            assert db.get_one(Membership, number).ended_at is None
    # A learner's place is not handed over: that is said on their page.
    learner = f"/{province.cohort}/roster/{province.places[NORTH[0]]}/handover"
    said = {"successor": str(province.people["王建国"]), "first": tomorrow(province)}
    status, page = await post(office, learner, **said)
    assert (status, "不能交接" in page) == (200, True)
    told = lines(await office.opens(f"/{province.cohort}/acts"))
    for words in ("结束身份", "恢复身份"):
        assert any("省办小王" in line and words in line for line in told), words
