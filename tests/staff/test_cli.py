"""The command line, as an office's assistant types it."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select
from typer.testing import Result

from app.commands.inquiries import harmless
from app.main import CannotServe
from app.terminal import wide
from bot.talk.clock import SetClock, beijing_day
from programmes.catalogue import PACKS
from storage import migrate
from storage.database import Database, connect
from storage.files import FileStore
from storage.tables import (
    Audit,
    Cohort,
    File,
    Inquiry,
    InquiryState,
    Membership,
    Person,
    Unit,
)
from tests.conftest import NewDatabase
from tests.documents.samples import LETTER
from tests.staff.conftest import Yingcai, bind, rows

pytestmark = pytest.mark.slow


@pytest.fixture
def office(yingcai: Yingcai) -> None:
    """A cohort with a student, a teacher, a mentor and a guardian, numbered 1 to 4."""
    yingcai("cohort", "create", "shanxi-2026", "--office", "省科技馆")
    student = ("--role", "student", "--unit", "汾河中学", "--grade", "高一", "--subject", "物理学")
    yingcai("person", "add", "林小雨", *student, "--birth-date", "2010-05-04")
    yingcai("person", "add", "郭老师", "--role", "中学指导教师", "--unit", "汾河中学")
    yingcai("person", "add", "王建国", "--role", "mentor", "--unit", "晋阳大学")
    yingcai("person", "add", "林大海", "--role", "guardian")


# ---------------------------------------------------------------- handovers


@pytest.mark.usefixtures("office")
def test_a_place_is_handed_over_today_and_taken_back_by_the_same_person(
    yingcai: Yingcai, fails: Yingcai, clock: SetClock
) -> None:
    today = beijing_day(clock.now()).isoformat()
    said = yingcai("handover", "add", "郭老师", "--to", "孟新", "--new", "--from", today)
    assert "已交接（编号 1）" in said
    add = ("handover", "add", "孟新", "--from", today)
    assert "名册里已有叫「郭老师」的人" in fails(*add, "--to", "郭老师", "--new")
    assert "换回来了" in yingcai("handover", "withdraw", 1)
    yingcai("handover", "add", "郭老师", "--to", "孟新", "--from", today)
    assert "孟新" in yingcai(*add, "--to", "郭老师")
    assert yingcai("person", "list").count("郭老师") == 1


# ---------------------------------------------------------------- programmes


def test_the_programmes_are_listed_in_columns_that_line_up(yingcai: Yingcai) -> None:
    lines = yingcai("programme", "list").splitlines()
    assert len(lines) == 1 + len(list(PACKS.glob("*.yaml")))
    cycles = [re.split(r" (?=20\d\d-)| (?=周期)", line)[0] for line in lines]
    assert len({wide(before) for before in cycles}) == 1
    listed = rows(yingcai, "programme", "list")
    assert [row["key"] for row in listed] == sorted(path.stem for path in PACKS.glob("*.yaml"))
    assert listed[3] == {
        "key": "shanxi-2026",
        "name": "山西英才计划",
        "first_day": "2026-01-01",
        "last_day": "2026-12-31",
        "carried_from": "",
        "file": None,
    }


def test_a_programme_is_shown_with_its_clauses(yingcai: Yingcai) -> None:
    said = yingcai("programme", "show", "shanxi-2026", "--section", "cultivation")
    assert "培养（cultivation）" in said
    assert re.search(r"min_sessions +周期内参加培养不少于10次　.五\(三\)1", said)
    assert re.search(r"monthly_face_to_face +（文件没写）", said)
    assert re.search(r"sessions_on_campus .*文件写得不清", said)
    assert "名额" not in said
    whole = yingcai("programme", "show", "shanxi-2026", "--lang", "en")
    assert whole.count("(the document does not say)") > 20
    found = rows(yingcai, "programme", "show", "shanxi-2026", "--section", "cultivation")
    assert found["min_sessions"]["value"]["at_least"] == 10


@pytest.mark.parametrize("key", [path.stem for path in PACKS.glob("*.yaml")])
def test_every_programme_can_be_shown(yingcai: Yingcai, key: str) -> None:
    assert "None" not in yingcai("programme", "show", key)


def test_a_slip_is_answered_with_what_was_perhaps_meant(fails: Yingcai) -> None:
    assert "是不是：shanxi-2026" in fails("programme", "show", "shanxi-2025")
    assert "spark-2026" in fails("programme", "show", "zzz")
    said = fails("programme", "show", "shanxi-2026", "--section", "cultivate", "--lang", "en")
    assert said == "A programme has no section “cultivate”. Perhaps: cultivation?\n"


def test_a_pack_is_checked_line_by_line(
    yingcai: Yingcai, run: Callable[..., Result], fails: Yingcai, tmp_path: Path
) -> None:
    good = PACKS / "shanxi-2026.yaml"
    assert "没有错误" in yingcai("programme", "check", good)
    bad = tmp_path / "shanxi-2026.yaml"
    bad.write_text(good.read_text("utf-8").replace("value: per_session", "value: per_sesion"))
    result = run("programme", "check", good, bad)
    assert result.exit_code == 2
    (line,) = [line for line in result.stdout.splitlines() if "没有错误" not in line]
    before, _, _ = bad.read_text("utf-8").partition("per_sesion")
    number = before.count("\n") + 1
    assert f"第{number}行" in line
    assert "「per_sesion」不在可选的值里。是不是想写「per_session」？" in line
    assert "有 1 个方案文件要改" in result.stderr
    assert "找不到文件" in fails("programme", "check", tmp_path / "none.yaml")


def test_a_programme_is_rolled_on_and_nothing_is_overwritten(
    yingcai: Yingcai, fails: Yingcai, tmp_path: Path
) -> None:
    draft = tmp_path / "shanxi-2027.yaml"
    assert "沿用 2026 年" in yingcai("programme", "roll", "shanxi-2026", 2027, "-o", draft)
    assert "没有错误" in yingcai("programme", "check", draft)
    assert draft.read_text("utf-8") == yingcai("programme", "roll", "shanxi-2026", 2027)
    assert "已经存在" in fails("programme", "roll", "shanxi-2026", 2028, "-o", draft)
    assert "key: shanxi-2027" in draft.read_text("utf-8")
    assert "不能顺延" in fails("programme", "roll", "shanxi-2026", 2026)


# ---------------------------------------------------------------- cohorts and people


@pytest.mark.usefixtures("office")
def test_a_cohort_is_made_listed_and_shown(yingcai: Yingcai, fails: Yingcai) -> None:
    assert rows(yingcai, "cohort", "list") == [
        {"number": 1, "name": "山西英才计划（2026年）", "programme": "shanxi-2026", "people": 4}
    ]
    said = yingcai("cohort", "show")
    assert "1　山西英才计划（2026年）（shanxi-2026），2026年1月1日" in said
    assert "管理办公室：省科技馆" in said
    shown = rows(yingcai, "cohort", "show", 1)
    assert shown["office"] == "省科技馆"
    assert {"role": "mentor", "people": 1, "joined": 0, "unreachable": 0} in shown["roles"]
    assert "没有编号为 7 的一期" in fails("cohort", "show", 7)
    assert "没有「nowhere」这个方案" in fails("cohort", "create", "nowhere")


@pytest.mark.usefixtures("office")
def test_with_several_cohorts_one_is_asked_for(yingcai: Yingcai, fails: Yingcai) -> None:
    yingcai("cohort", "create", "spark-2026", "--name", "星火一期")
    said = fails("person", "list")
    assert "1（山西英才计划（2026年））、2（星火一期）" in said
    assert len(rows(yingcai, "person", "list", "--cohort", 1)) == 4


def test_without_a_cohort_the_way_on_is_told(yingcai: Yingcai, fails: Yingcai) -> None:
    assert "yingcai cohort create" in fails("person", "list")
    assert yingcai("cohort", "list") == "没有。\n"


@pytest.mark.usefixtures("office")
def test_people_are_listed_as_they_were_added(yingcai: Yingcai) -> None:
    listed = rows(yingcai, "person", "list")
    assert listed[0] == {
        "number": 1,
        "person": "林小雨",
        "role": "student",
        "unit": "汾河中学",
        "subject": "物理学",
        "grade": "senior_1",
        "state": "not_joined",
    }
    said = yingcai("person", "list", "--role", "学生")
    assert said.splitlines()[1].split() == [
        "1",
        "林小雨",
        "学生",
        "汾河中学",
        "物理学",
        "高一",
        "未加入",
    ]
    assert len(said.splitlines()) == 2
    shown = yingcai("person", "show", "林小雨")
    assert "出生日期：2010-05-04" in shown
    assert "年级：高一" in shown


@pytest.mark.usefixtures("office")
def test_a_programme_that_is_not_installed_is_named(fails: Yingcai, stored: Database) -> None:
    with stored.transaction() as db:
        db.exec(select(Cohort)).one().programme = "elsewhere-2026"
    for command in (["person", "list"], ["cohort", "show"], ["person", "show", "1"]):
        assert "没有「elsewhere-2026」这个方案" in fails(*command)


@pytest.mark.usefixtures("office")
def test_people_are_linked_by_what_they_are(
    yingcai: Yingcai, fails: Yingcai, stored: Database
) -> None:
    assert "林小雨 — 王建国（导师）" in yingcai("person", "link", "林小雨", "王建国")
    with stored.transaction() as db:
        child = db.exec(select(Person).where(Person.name == "林小雨")).one()
        child.birth_date = date(2015, 1, 1)
    assert "点「同意」" in yingcai("person", "link", 1, 4)
    assert "只能把学生" in fails("person", "link", "林小雨", "郭老师")
    assert "没有重复添加" in fails("person", "link", "林小雨", "王建国")
    linked = rows(yingcai, "person", "show", "林小雨")["linked"]
    assert [other["person"] for other in linked] == ["王建国", "林大海"]
    assert "连着：1　林小雨（学生）" in yingcai("person", "show", 3)


@pytest.mark.usefixtures("office")
def test_an_ended_place_stays_on_the_roster_with_its_reason(
    yingcai: Yingcai, fails: Yingcai
) -> None:
    assert "少写了 --reason" in fails("person", "end", "林小雨")
    assert "记录都保留" in yingcai("person", "end", "林小雨", "--reason", "转学")
    assert "没有叫「林小雨」的人" in fails("person", "end", "林小雨", "--reason", "又转")
    assert "已于 2026年11月23日" in fails("person", "end", 1, "--reason", "又转")
    assert len(rows(yingcai, "person", "list")) == 3
    listed = rows(yingcai, "person", "list", "--ended")
    assert listed[0]["state"] == "ended"
    assert "结束原因：转学" in yingcai("person", "show", 1)


@pytest.mark.usefixtures("office")
def test_the_same_name_is_pointed_out_and_never_merged_by_itself(
    yingcai: Yingcai, fails: Yingcai, stored: Database
) -> None:
    said = yingcai("person", "add", "郭老师", "--role", "coordinator")
    assert "已有叫「郭老师」的人（编号 2）" in said
    assert "请写编号" in fails("person", "show", "郭老师")
    yingcai("person", "add", "王建国", "--role", "coordinator", "--same-as", 3)
    assert "叫「王建国」" in fails("person", "add", "别人", "--role", "mentor", "--same-as", 3)
    with stored.transaction() as db:
        names = [person.name for person in db.exec(select(Person).order_by(col(Person.id)))]
        assert names == ["林小雨", "郭老师", "王建国", "林大海", "郭老师"]
        assert len(db.exec(select(Membership)).all()) == 6


@pytest.mark.usefixtures("office")
def test_a_unit_is_made_once_and_a_slip_in_its_name_is_pointed_out(
    yingcai: Yingcai, stored: Database
) -> None:
    said = yingcai("person", "add", "赵一鸣", "--role", "student", "--unit", "汾河中学")
    assert "新建" not in said
    assert "注意：没有填年级" in said
    said = yingcai("person", "add", "钱二", "--role", "student", "--unit", "汾河中学校")
    assert "已新建中学「汾河中学校」" in said
    assert "和已有的「汾河中学」很像" in said
    with stored.transaction() as db:
        assert len(db.exec(select(Unit)).all()) == 4


@pytest.mark.usefixtures("office")
def test_what_is_odd_is_told_and_what_is_wrong_is_not_done(
    yingcai: Yingcai, fails: Yingcai, stored: Database
) -> None:
    said = yingcai(
        "person", "add", "孙三", "--role", "学生", "--unit", "汾河中学", "--grade", "高三"
    )
    assert "方案只写了高一、高二" in said
    assert "没有「老板」这种身份" in fails("person", "add", "李四", "--role", "老板")
    student = ("--role", "student")
    assert "不是年级" in fails("person", "add", "李四", *student, "--grade", "高四")
    assert "不是日期" in fails("person", "add", "李四", *student, "--birth-date", "5月4日")
    assert "家长（监护人）不用填单位" in fails(
        "person", "add", "李四", "--role", "guardian", "--unit", "某校"
    )
    with stored.transaction() as db:
        assert not db.exec(select(Person).where(Person.name == "李四")).all()
        assert not db.exec(select(Unit).where(Unit.name == "某校")).all()


@pytest.mark.usefixtures("office")
def test_acts_and_refusals_are_on_record(
    fails: Yingcai, stored: Database, clock: SetClock
) -> None:
    fails("person", "link", "林小雨", "郭老师")
    with stored.transaction() as db:
        rows = db.exec(select(Audit).order_by(col(Audit.id))).all()
        assert {(row.person_id, row.at) for row in rows} == {(None, clock.now())}
        assert [row.verb for row in rows][:3] == ["add_unit", "create_cohort", "add_person"]
        last = rows[-1]
        assert (last.verb, last.refused, last.object_id) == ("link_mentor", "roster.link_roles", 1)


# ---------------------------------------------------------------- ways in


@pytest.mark.usefixtures("office")
def test_an_invitation_has_a_code_links_and_a_qr_code(
    yingcai: Yingcai, fails: Yingcai, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = yingcai("invite", "林小雨")
    code = re.search(r"邀请码：([0-9a-z-]+)", said)
    assert code is not None
    assert f"http://127.0.0.1:8080/join/{code[1].replace('-', '')}" in said
    assert "▄" in said or "█" in said
    assert "t.me" not in said

    monkeypatch.setenv("YINGCAI_TELEGRAM__BOT_NAME", "@yingcai_bot")
    monkeypatch.setenv("YINGCAI_WEB__PUBLIC_URL", "https://yingcai.example.org/")
    one, two = rows(yingcai, "invite", 1, "郭老师", "--qr", tmp_path / "code.svg")
    bare = one["code"].replace("-", "")
    assert one["links"] == {
        "web": f"https://yingcai.example.org/join/{bare}",
        "telegram": f"https://t.me/yingcai_bot?start={bare}",
    }
    assert two["person"] == "郭老师"
    assert {path.name for path in tmp_path.glob("code*")} == {"code-1.svg", "code-2.svg"}
    yingcai("invite", 1, "--qr", tmp_path / "one.png")
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")
    assert ".svg 或 .png" in fails("invite", 1, "--qr", tmp_path / "code.gif")
    assert "没有编号 99" in fails("invite", 1, 99)


@pytest.mark.usefixtures("office")
def test_a_refused_invitation_makes_none_of_several(fails: Yingcai, stored: Database) -> None:
    fails("invite", 1, 99)
    with stored.transaction() as db:
        assert not db.exec(select(Audit).where(Audit.verb == "invite")).all()


@pytest.mark.usefixtures("office")
def test_a_sign_in_link_is_for_who_has_joined(
    yingcai: Yingcai, fails: Yingcai, stored: Database, clock: SetClock
) -> None:
    assert "还没有加入" in fails("sign-in", "林小雨")
    with stored.transaction() as db:
        bind(db, 1, "chat", clock)
    said = yingcai("sign-in", "林小雨")
    assert re.search(r"http://127\.0\.0\.1:8080/in/[\w-]{43}\n", said)
    assert "30 分钟" in said


# ---------------------------------------------------------------- keeping it safe


@pytest.mark.usefixtures("office")
def test_a_backup_is_restored_elsewhere_and_replaces_only_when_told(
    yingcai: Yingcai,
    fails: Yingcai,
    tmp_path: Path,
    new_database: NewDatabase,
    monkeypatch: pytest.MonkeyPatch,
    stored: Database,
    clock: SetClock,
) -> None:
    kept = FileStore(tmp_path / "data" / "files").keep(b"photo")
    with stored.transaction() as db:
        for sha256 in (kept, "0" * 64):
            db.add(
                File(
                    sha256=sha256,
                    size=5,
                    media_type="image/png",
                    name="a.png",
                    owner_id=1,
                    created_at=clock.now(),
                )
            )
    archive = tmp_path / "备份.zip"
    said = yingcai("backup", archive)
    assert "1 个文件" in said
    assert f"有 1 个附件丢失或损坏，没能备份：{'0' * 64}" in said
    assert "已经存在" in fails("backup", archive)

    monkeypatch.setenv("YINGCAI_DATABASE_URL", new_database("sqlite", migrated=False))
    monkeypatch.setenv("YINGCAI_DATA_DIR", str(tmp_path / "elsewhere"))
    assert "已恢复 2026年11月23日" in yingcai("restore", archive)
    assert len(rows(yingcai, "person", "list")) == 4
    assert FileStore(tmp_path / "elsewhere" / "files").read(kept) == b"photo"
    yingcai("person", "end", "郭老师", "--reason", "调动")
    assert "--replace" in fails("restore", archive)
    assert len(rows(yingcai, "person", "list")) == 3
    yingcai("restore", archive, "--replace")
    assert len(rows(yingcai, "person", "list")) == 4


def test_what_is_no_backup_changes_nothing(
    yingcai: Yingcai, fails: Yingcai, tmp_path: Path
) -> None:
    yingcai("cohort", "create", "shanxi-2026")
    archive = tmp_path / "no.zip"
    archive.write_text("这不是备份")
    assert "不是本程序的备份" in fails("restore", archive, "--replace")
    assert "找不到文件" in fails("restore", tmp_path / "none.zip")
    assert len(rows(yingcai, "cohort", "list")) == 1


def test_a_new_database_is_made_ready_and_an_old_one_is_not_touched(
    yingcai: Yingcai,
    fails: Yingcai,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("YINGCAI_DATABASE_URL", f"sqlite:///{tmp_path}/fresh/new.db")
    assert "还没有建" in yingcai("database", "current")
    yingcai("cohort", "list")
    head = migrate.head()
    assert f"{head}；本程序需要：{head}" in yingcai("database", "current")
    assert "已经是最新" in yingcai("database", "upgrade")

    monkeypatch.setattr(migrate, "pending", lambda _: ["9999"])
    assert "yingcai database upgrade" in fails("cohort", "list")
    monkeypatch.undo()


def test_a_database_of_a_newer_version_is_left_alone(fails: Yingcai, url: str) -> None:
    engine = connect(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    for command in (["cohort", "list"], ["database", "upgrade"]):
        assert "请安装更新的程序" in fails(*command)


def test_a_database_that_cannot_be_had_is_one_sentence(
    fails: Yingcai, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "text.db").write_text("这不是数据库" * 100)
    for wrong, told in (
        (f"sqlite:///{tmp_path}/text.db", "数据库文件坏了"),
        ("这不是网址", "数据库打不开"),
        ("postgresql://127.0.0.1:1/none", "数据库打不开"),
    ):
        monkeypatch.setenv("YINGCAI_DATABASE_URL", wrong)
        assert told in fails("cohort", "list")


def test_a_wrong_setting_is_named(fails: Yingcai, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YINGCAI_WEB__PORT", "八千")
    assert "YINGCAI_WEB__PORT" in fails("cohort", "list")


# ---------------------------------------------------------------- what is typed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["programme", "show"], "少写了 KEY。写法见：yingcai programme show --help"),
        (["person", "add", "林"], "少写了 --role。"),
        (["programme", "list", "--xx"], "没有 --xx 这个选项。"),
        (["serve", "--port", "八千"], "--port 的值不对。"),
        (["serve", "--port", "70000"], "--port 的值不对。"),
        (["nonsense"], "No such command 'nonsense'"),
        (["programme", "list", "多余"], "命令写得不对"),
        (["programme", "list", "--lang", "fr"], "没有「fr」这种语言，可以写：zh、en。"),
        (["--lang"], "没有「」这种语言"),
    ],
)
def test_what_is_typed_wrongly_is_told_in_one_sentence(
    fails: Yingcai, words: list[str], said: str
) -> None:
    assert said in fails(*words)


@pytest.mark.parametrize("words", [["--lang", "en"], ["--lang=en"]])
def test_the_language_may_stand_anywhere(fails: Yingcai, words: list[str]) -> None:
    before, after = [*words, "person", "list"], ["person", "list", *words]
    said = "There is no cohort yet. First run yingcai cohort create PROGRAMME.\n"
    assert fails(*before) == fails(*after) == said


def test_help_is_in_both_languages_for_every_command(yingcai: Yingcai) -> None:
    commands = [[], ["programme"], ["cohort"], ["person"], ["database"]]
    for command in [*commands, ["serve"], ["person", "add"], ["invite"], ["restore"]]:
        said = yingcai(*command, "--help")
        assert re.search("[\u4e00-\u9fff]", said)
        assert re.search(r"[A-Z][a-z]+ .*\.", said)
    assert yingcai().strip() == yingcai("--help").strip()


def test_the_small_commands_load_neither_the_database_nor_the_house() -> None:
    """They start at once: what they do not need is not imported."""
    program = (
        "import sys; from app.cli import app; from typer.testing import CliRunner; "
        "CliRunner().invoke(app, ['programme', 'list']); print(*sys.modules)"
    )
    loaded = subprocess.run(  # noqa: S603 - our own interpreter and our own words
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    modules = set(loaded.stdout.split())
    assert "programmes.catalogue" in modules
    assert not modules & {"sqlalchemy", "sqlmodel", "alembic", "app.main"}


# ---------------------------------------------------------------- serving


def test_serving_prints_where_and_the_demos_links(
    yingcai: Yingcai, stored: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`app.main.serve` is tested elsewhere; here it only says that it is ready."""
    clock.moment = datetime(2026, 1, 5, 2, tzinfo=UTC)
    served: list[Any] = []

    async def serve(settings: Any, ready: Callable[[Any], None]) -> None:
        served.append(settings)

        class House:
            database = stored

        ready(House())

    monkeypatch.setattr("app.main.serve", serve)
    said = yingcai("serve", "--host", "0.0.0.0", "--port", 9000, "--demo")  # noqa: S104 - read back
    assert (served[0].web.host, served[0].web.port) == ("0.0.0.0", 9000)  # noqa: S104 - read back
    assert "http://0.0.0.0:9000" in said
    shown = r"演示登录（([^，]+)，([^，]+)，.*）：http://0.0.0.0:9000/in/[\w-]{43}"
    links = re.findall(shown, said)
    every = ["学生", "导师", "培养团队成员", "中学指导教师", "管理办公室人员", "家长（监护人）"]
    assert [role for role, _ in links] == every

    again = yingcai("serve")
    assert len(re.findall("演示登录", again)) == len(every)
    with stored.transaction() as db:
        assert len(db.exec(select(Cohort)).all()) == 1


@pytest.mark.usefixtures("office")
def test_a_real_cohort_gets_no_demo_and_no_links(
    yingcai: Yingcai, stored: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def serve(_settings: Any, ready: Callable[[Any], None]) -> None:
        class House:
            database = stored

        ready(House())

    monkeypatch.setattr("app.main.serve", serve)
    said = yingcai("serve", "--demo")
    assert "没有添加演示数据" in said
    assert "演示登录" not in said
    with stored.transaction() as db:
        assert len(db.exec(select(Person)).all()) == 4


def test_an_address_that_is_taken_is_one_sentence(
    fails: Yingcai, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def serve(_settings: Any, _ready: Callable[[Any], None]) -> None:
        raise CannotServe("in use")

    monkeypatch.setattr("app.main.serve", serve)
    assert "不能在 http://127.0.0.1:8080 启动" in fails("serve")


def test_a_library_that_is_not_installed_is_one_sentence(
    fails: Yingcai, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "bot.platforms.telegram.aiogram", raising=False)
    monkeypatch.setitem(sys.modules, "aiogram", None)  # as Python marks what cannot be imported
    monkeypatch.setenv("YINGCAI_TELEGRAM__TOKEN", "1:x")
    monkeypatch.setenv("YINGCAI_TELEGRAM__DRIVER", "aiogram")
    assert "请运行 make aiogram" in fails("serve")


def test_wide_characters_are_two_columns() -> None:
    assert [wide(words) for words in ("abc", "林小雨", "Liu 刘", "e\u0301")] == [3, 6, 6, 1]


# ---------------------------------------------------------------- documents


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    file = tmp_path / "通知.txt"
    file.write_text(LETTER, "utf-8")
    return file


def test_a_document_is_shown_loaded_listed_and_removed(yingcai: Yingcai, letter: Path) -> None:
    shown = yingcai("document", "preview", letter)
    assert "《关于开展云州市少年科学营工作的通知》" in shown
    assert "一、二、三、四、附件1 一、附件2 一、附件2 二" in shown
    assert yingcai("document", "list") == "没有。\n"

    assert "编号 1" in yingcai("document", "load", "shanxi-2026", letter)
    (row,) = rows(yingcai, "document", "list", "shanxi-2026")
    assert (row["number"], row["programme"], row["file"]) == (1, "shanxi-2026", "通知.txt")
    assert "2026-11-23" in yingcai("document", "list")
    assert yingcai("document", "list", "jiangsu-2022") == "没有。\n"

    assert "已移除" in yingcai("document", "remove", 1)
    assert yingcai("document", "list") == "没有。\n"


def test_a_preview_may_be_read_by_programs(yingcai: Yingcai, letter: Path) -> None:
    whole = rows(yingcai, "document", "preview", letter)
    assert whole["passages"][-1] == {
        "section": "附件2 四",
        "text": "四、总结\n每年11月交一页总结。",
    }


def test_what_is_wrong_with_a_document_is_told(
    yingcai: Yingcai, fails: Yingcai, letter: Path, tmp_path: Path
) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n\x00")
    assert "这种文件读不了" in fails("document", "load", "shanxi-2026", picture)
    assert "shanxi-2026" in fails("document", "load", "shanxi", letter)
    assert "找不到文件" in fails("document", "preview", tmp_path / "none.pdf")
    assert "没有改动" in fails("document", "remove", 7)
    assert yingcai("document", "list") == "没有。\n"


# ---------------------------------------------------------------- questions


AWKWARD = '=HYPERLINK(1),"导师"\n聘期几年'


@pytest.fixture
def asked(stored: Database, clock: SetClock) -> None:
    """Four questions: one that is only asked, and one in every other state."""
    with stored.transaction() as db:
        for number, state in enumerate(InquiryState):
            db.add(
                Inquiry(
                    programme="" if state is InquiryState.CLOSED else "shanxi-2026",
                    role="student",
                    words=AWKWARD if state is InquiryState.ANSWERED else f"问题{number}",
                    topic="mentor_term",
                    kind="silent",
                    score=0.5,
                    state=state,
                    asked_at=clock.now(),
                    answer="＋一年" if state is InquiryState.ANSWERED else "",
                    answered_at=clock.now() if state is InquiryState.ANSWERED else None,
                )
            )


@pytest.mark.usefixtures("asked")
def test_questions_that_wait_are_listed(yingcai: Yingcai, fails: Yingcai) -> None:
    assert "问题1" in yingcai("questions", "list")
    assert "问题0" not in yingcai("questions", "list")
    (waiting,) = rows(yingcai, "questions", "list", "shanxi-2026")
    assert (waiting["words"], waiting["state"], waiting["answered"]) == ("问题1", "open", None)
    assert rows(yingcai, "questions", "list", "spark-2026") == []
    assert "closed" in fails("questions", "list", "--state", "close")
    assert "shanxi-2026" in fails("questions", "list", "shanxi")


@pytest.mark.usefixtures("asked")
def test_questions_are_exported_for_spreadsheets(
    yingcai: Yingcai, fails: Yingcai, tmp_path: Path
) -> None:
    file = tmp_path / "问题.csv"
    assert "3 个问题" in yingcai("questions", "export", file)
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    with file.open(encoding="utf-8-sig", newline="") as lines:
        header, *found = csv.reader(lines)
    assert header[:3] == ["编号", "方案", "身份"]
    assert [line[5] for line in found] == ["问题1", f"'{AWKWARD}", "问题3"]
    assert [line[7] for line in found] == ["", "'＋一年", ""]
    assert found[1][4] == "2026-11-23 10:00"
    assert "已经存在" in fails("questions", "export", file)
    assert ".jsonl" in fails("questions", "export", tmp_path / "问题.xlsx")


@pytest.mark.usefixtures("asked")
def test_questions_are_exported_for_programs(yingcai: Yingcai, tmp_path: Path) -> None:
    file = tmp_path / "answered.jsonl"
    yingcai("questions", "export", file, "--programme", "shanxi-2026", "--state", "answered")
    (told,) = map(json.loads, file.read_text("utf-8").splitlines())
    assert told["words"] == AWKWARD
    assert "account_id" not in told


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ("=1+1", "'=1+1"),
        (" @SUM", "' @SUM"),
        ("\t=1", "'\t=1"),
        ("-1", "'-1"),
        ("聘期=几年", "聘期=几年"),
        ("", ""),
    ],
)
def test_nothing_is_a_formula(words: str, written: str) -> None:
    assert harmless(words) == written


# ---------------------------------------------------------------- units


@pytest.mark.usefixtures("office")
def test_units_are_put_into_a_tree(yingcai: Yingcai, fails: Yingcai, stored: Database) -> None:
    yingcai("unit", "add", "某省", "--kind", "省（区）")
    assert "归「某省」管" in yingcai("unit", "add", "某市", "--kind", "city", "--under", "某省")
    assert "归「某市」管" in yingcai("unit", "put", "汾河中学", "--under", "某市")
    assert "归「汾河中学」管" in yingcai(
        "unit", "add", "一队", "--kind", "team", "--under", "汾河中学"
    )
    assert "不能放到自己下面" in fails("unit", "put", "某省", "--under", "一队")
    assert "不能放到自己下面" in fails("unit", "put", "某省", "--under", "某省")
    assert "没有「无名市」" in fails("unit", "put", "汾河中学", "--under", "无名市")
    assert "没有「村」这种单位" in fails("unit", "add", "某村", "--kind", "村")
    above = {one["name"]: one["under"] for one in rows(yingcai, "unit", "list")}
    numbers = {one["name"]: one["number"] for one in rows(yingcai, "unit", "list")}
    assert above["一队"] == numbers["汾河中学"]
    assert above["汾河中学"] == numbers["某市"]
    assert above["某省"] is None
    listed = yingcai("unit", "list")
    places = [listed.index(name) for name in ("某省", "某市", "汾河中学", "一队")]
    assert places == sorted(places)
    assert "不再归任何单位管" in yingcai("unit", "put", "汾河中学")
    with stored.transaction() as db:
        moved = db.exec(select(Audit).where(Audit.verb == "put_unit")).all()
        done = [one.detail["under"] for one in moved if not one.refused]
        assert done == [numbers["某市"], None]


@pytest.mark.usefixtures("office")
def test_a_coordinator_belongs_to_a_branch_that_is_there(yingcai: Yingcai) -> None:
    yingcai("person", "add", "校办老师", "--role", "coordinator", "--unit", "汾河中学")
    kinds = [one["kind"] for one in rows(yingcai, "unit", "list")]
    assert kinds.count("office") == 1


def test_the_table_of_rights_is_printed(yingcai: Yingcai) -> None:
    assert "`approve`" in yingcai("rights")
