"""Every question of every flow, in every programme: played through without a database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time, timedelta
from types import SimpleNamespace
from typing import Any, Final, cast

from pydantic import BaseModel

from bot.router import Router
from bot.scene import Scene
from bot.talk.conversation import Finished, Waiting, Working
from bot.talk.inputs import (
    Answer,
    Asked,
    Day,
    Free,
    Minutes,
    Parts,
    People,
    Pick,
    Summary,
    settle,
)
from bot.talk.message import Outgoing, as_message, as_text, put
from handlers import handlers
from handlers.alarms import HeldWords
from handlers.bulletin_replies import ReplySeen
from handlers.bulletins import BulletinSeen, ComingMoment, LaterSeen, OneUnit, ReportSeen
from handlers.certificates import IssuingSeen, ReissuingSeen, RevokingSeen
from handlers.correcting import CorrectingSeen
from handlers.delegates import StandInSeen
from handlers.departures import DepartureSeen
from handlers.diary import OfSeen, WritingSeen
from handlers.documents import DocumentSeen, OneFile, WayOrFile
from handlers.dossiers import DossierSeen
from handlers.evaluations import EvaluationSeen, ReopeningSeen
from handlers.exits import CaseSeen
from handlers.handovers import HandoverSeen, OfStaff, PlacesSeen
from handlers.heard import HeardSeen
from handlers.help_calls import SaySeen
from handlers.inquiries import CurateSeen, GroupSeen
from handlers.inviting import Inviting
from handlers.join import JoinSeen
from handlers.leave import ComingDay, LeaveSeen
from handlers.marking import MarkReopeningSeen
from handlers.materials import MaterialSeen
from handlers.mydata import CopySeen
from handlers.office_days import DaysSeen
from handlers.official import CheckingSeen
from handlers.plans import PlanSeen
from handlers.presentation import PresentationSeen
from handlers.rehearsals import RehearsalSeen
from handlers.results import ResultList, ResultsSeen, Score, Scored
from handlers.review import ReturnSeen
from handlers.rosters import ImportSeen, OneImport, OneSheet
from handlers.seen import Past, SessionSeen
from handlers.service_hours import ProvingSeen
from handlers.stages import StageSeen
from handlers.summaries import SummarySeen
from programmes import evaluating
from programmes.catalogue import all_programmes
from programmes.evaluating import Side
from programmes.materials import brought, forms
from programmes.model import Programme
from programmes.presenting import presented
from programmes.serving import Proof
from programmes.values import Frequency, kept_as
from prompts import LANGUAGES, Language, render
from services import addressing
from services.addressing import UnitOffered
from services.audit import note_refusal
from services.documents import Preview
from services.records import OTHER, Kept
from storage.chats import Talk as TalkRow
from storage.tables import RecordKind, Role
from tests.engine.talking import Talk, offered, photo
from tests.tables import each_row

HANDLERS: Final = handlers()
PRESS_LIMIT: Final = 64
"""Bytes that Telegram's buttons carry."""
HAD: Final = Kept(sha256="ab" * 32, size=3, media_type="image/jpeg", name="旧图.jpg")
UNDERSTOOD: Final = Preview(
    title="工作方案",
    sections=2,
    characters=90,
    outline=("五",),
    first=(("五(三)1", "培养"),),
    doubts=("gap",),
)
PLANNED: Final = {
    **{"new": 2, "changed": 0, "unchanged": 1, "rejected": 1, "unusable": ""},
    **{"why": [[7, "没有填姓名。"]], "remarks": [[None, "隐藏的没有收。"]], "remarked": 1},
    "unknown": ["备考"],
}
"""What a sheet would do."""
DONE: Final[dict[str, Any]] = {
    "keep_files": {
        "kept": [HAD.model_dump(mode="json")],
        "refused": [["b.exe", "file.empty", {}]],
    },
    "read_document": {
        "kept": [{"sha256": "cd" * 32, "size": 5}, {"sha256": "ef" * 32, "size": 9}],
        "preview": UNDERSTOOD.model_dump(mode="json"),
    },
    "check_platform": {
        "rows": 3,
        "same": 1,
        "counts": {"not_here": 1, "other_hours": 1},
        "first": [["林小雨", "官网有 4月1日 2小时，这里没有", "not_here"]],
        "file": 9,
    },
    "order_certificates": {"refused": False},
    "bulletin_report": {"file": 7},
    "read_roster": {"kept": [{"sha256": "ab" * 32, "size": 9}], "book": "ab" * 32},
    "plan_roster": PLANNED,
    "import_roster": {**PLANNED, "number": 3, "file": 8},
    "undo_roster": {"people": 2, "restored": 0, "kept": 1},
    "roster_template": {"file": 9},
    "make_dossier": {"files": [7, 8]},
    "make_summary": {"file": 7},
    "make_rehearsal": {"order": 7},
    "get_summary_template": {"file": 7},
    "read_summary_template": {
        "kept": [{"sha256": "ab" * 32, "size": 9}],
        "name": "模板.docx",
        "preview": 8,
    },
    "print_invitations": {"file": 9, "count": 2, "until": "2026-12-30"},
    "make_copy": {"sha256": "ab" * 32, "size": 7},
}
"""What outside work gives."""


# ---------------------------------------------------------------- what the flows are told


def students(programme: Programme) -> dict[str, Any]:
    return {
        "member_id": 2_000_000_001,
        "programme": programme.key,
        "first": programme.cycle.first_day,
        "last": programme.cycle.last_day,
        "mentors": {"2000000003": "王建国", "2000000002": "李和平", "2000000004": "Ann Lee"},
        "kinds": tuple(map(str, programme.cultivation.methods.value or ())),
    }


def sessions(programme: Programme) -> Iterator[SessionSeen]:
    told = students(programme)
    twin = Past(
        record_id=8, day=programme.cycle.first_day, place="on_campus", start=time(14), minutes=120
    )
    yield SessionSeen(**told, past=())
    yield SessionSeen(**told, past=(twin,), record_id=9, version=2, files=(HAD,))


def writings(programme: Programme) -> Iterator[WritingSeen]:
    told = students(programme)
    kinds = {RecordKind(record.kind.value): record.frequency for record in programme.records}
    for kind in (RecordKind.DIARY, RecordKind.MEETING_RECORD):
        for frequency in {kinds.get(kind), Frequency.PER_SESSION, Frequency.PER_STAGE, None}:
            stages = tuple(dict.fromkeys(str(s.stage) for s in programme.stages))
            yield WritingSeen(
                **told,
                kind=kind,
                frequency=frequency,
                about_id=8 if frequency is Frequency.PER_SESSION else None,
                about_line="2026年11月8日 到校" if frequency is Frequency.PER_SESSION else "",
                stages=stages or ("initial", "mid", "annual", "final"),
                files=() if frequency else (HAD,),
            )


def told(flow: str) -> Iterator[BaseModel]:
    match flow:
        case "session":
            for programme in all_programmes():
                yield from sessions(programme)
        case "writing":
            for programme in all_programmes():
                yield from writings(programme)
        case "diary_of":
            yield OfSeen(
                kind=RecordKind.DIARY, sessions=((8, "11月8日 到校"), (9, "11月9日 线上"))
            )
        case "material":
            for programme in all_programmes():
                yield from materials(programme)
        case "presentation":
            for programme in all_programmes():
                yield from presentations(programme)
        case "enter_results":
            scored, version = {"initial": "85"}, {"initial": 2}
            scored_one = Scored(
                id=1, name="林小雨", unit="汾河中学", scores=scored, versions=version
            )
            other = Scored(id=2, name="赵一鸣", unit="云冈中学", scores={}, versions={})
            for stages in (("initial", "mid"), ("initial",)):
                yield ResultsSeen(stages=stages, students=(scored_one, other))
                yield ResultsSeen(stages=stages, students=(scored_one,), one=True)
        case "plan":
            yield PlanSeen(student_id=1, student="林小雨", approved=True)
            yield PlanSeen(
                student_id=1,
                student="林小雨",
                approved=False,
                record_id=9,
                version=2,
                files=(HAD,),
                returned="太笼统",
                returned_by="管小青",
            )
        case "join":
            for role in Role:
                yield JoinSeen(
                    invite_id=1, name="林小雨", role=role, cohort="2026 级", programme="x"
                )
        case "worry":
            yield HeldWords(words="他让我一个人去他那里")
        case "heard":
            yield HeardSeen(words="昨天种菜")
        case "say_more":
            yield SaySeen(call=1, adult="郭老师")
            yield SaySeen(call=1, adult="郭老师", more=True)
        case "return":
            yield ReturnSeen(record_id=1, version=1, student="林小雨", line="一次培养")
            yield ReturnSeen(record_id=1, version=1, student="林小雨", line="培养计划", plan=True)
        case "document":
            names = {one.key: one.name for one in all_programmes()}
            for some in (names, {"shanxi-2026": names["shanxi-2026"]}):
                yield DocumentSeen(programmes=some, titles=dict.fromkeys(some, ("工作方案",)))
        case "reply" | "sort":
            shanxi = next(one for one in all_programmes() if one.key == "shanxi-2026")
            for near in ((), ("mid", "exit")):
                yield GroupSeen(
                    numbers=(2_000_000_001, 2_000_000_002),
                    words=("导师聘期几年", "聘期多久"),
                    programme=shanxi.key,
                    name=shanxi.name,
                    near=near,
                )
        case "curate" | "asks":
            names = {one.key: one.name for one in all_programmes()}
            yield CurateSeen(programmes=names)
            only = {"shanxi-2026": names["shanxi-2026"]}
            yield CurateSeen(programmes=only, question_id=1, title="聘期", clarify=True)
        case "copydata" | "correct":
            yield CopySeen(person_id=1)
        case "evaluate":
            for programme in all_programmes():
                yield from evaluated(programme)
        case "reopen":
            yield ReopeningSeen(
                evaluation_id=1, version=2, student="林小雨", stage_name="中期评价"
            )
        case "mark":
            for programme in all_programmes():
                for one in evaluated(programme):
                    if one.side == Side.OFFICE and one.dimensions:
                        yield one.model_copy(update={"side": "", "ending": ()})
        case "reopen_mark":
            yield MarkReopeningSeen(
                mark_id=1, expert="卢致远", student="林小雨", stage_name="年度评价"
            )
        case "change_stage":
            days = {"first": date(2026, 1, 1), "last": date(2027, 12, 31)}
            for known in ({"opens_on": date(2026, 4, 1), "closes_on": date(2026, 4, 10)}, {}):
                yield StageSeen(
                    cohort_id=1,
                    stage="initial",
                    name="初期评价",
                    when="4月初",
                    open_now=bool(known),
                    **{"opens_on": None, "closes_on": None, **days, **known},
                )
        case "confirm_exit" | "keep_on" | "end_cultivation" | "object":
            for first in (True, False):
                yield CaseSeen(case_id=1, student="林小雨", first=first, clause="六(二)")
        case "issue_certificates":
            yield IssuingSeen(cohort_id=1, name="2026 级", account=7, count=12)
            yield IssuingSeen(cohort_id=1, name="林小雨", account=7, member=3, count=1)
        case "write_bulletin":
            shanxi = next(one for one in all_programmes() if one.key == "shanxi-2026")
            yield BulletinSeen(cohort_id=1, cohort="2026 级", roles=(Role.STUDENT,))
            for narrowed in ((Role.STUDENT, Role.MENTOR), (Role.COORDINATOR, Role.GUARDIAN)):
                yield BulletinSeen(
                    cohort_id=1,
                    cohort="2026 级",
                    roles=narrowed,
                    units=tuple(
                        UnitOffered(id=number, name=name, roles=narrowed)
                        for number, name in ((2, "汾河中学"), (13, "云冈中学"))
                    ),
                    subjects=(("physics", "物理"), ("chemistry", "化学")),
                    owed=tuple(addressing.owed_in(shanxi)),
                    bulletin_id=5,
                    files=(HAD,),
                )
        case "later_bulletin":
            yield LaterSeen(bulletin_id=1, version=2, words="下周四前交材料")
        case "bulletin_report":
            yield ReportSeen(bulletin_id=1)
        case "reply_bulletin":
            yield ReplySeen(number=1, what="下周四前交材料", name="示例管理办公室")
            yield ReplySeen(
                number=1, what="下周四前交材料", name="示例管理办公室", perhaps="走不开"
            )
        case "answer_reply":
            yield ReplySeen(number=3, what="下周四前交材料", name="林小雨", last="我走不开")
        case (
            "annual_summary" | "summary_template" | "get_summary_template" | "own_summary_template"
        ):
            yield SummarySeen(cohort=1, name="2026 级")
        case "rehearse":
            yield RehearsalSeen(cohort=1, name="2026 级", account=7)
        case "dossier":
            yield DossierSeen(member_id=1, name="林小雨")
        case "reissue_certificate":
            told: dict[str, Any] = {"certificate_id": 1, "number": "SHANXI-2026-01-0001"}
            yield ReissuingSeen(**told, name="林小羽", wrong={"name": "林小雨"}, account=7)
            yield ReissuingSeen(**told, name="林小雨", account=7)
        case "prove_hours":
            for proof in Proof:
                yield ProvingSeen(
                    member_id=2_000_000_001,
                    name="王建国",
                    proof=proof,
                    sessions=12,
                    length="24小时",
                    since=date(2026, 3, 1),
                    until=date(2026, 11, 20),
                    clause="六(一)",
                    account=7,
                )
        case "revoke_certificate":
            yield RevokingSeen(certificate_id=1, number="SHANXI-2026-01-0001", name="林小雨")
        case "roster":
            yield ImportSeen(cohorts={"1": "2026 级", "2": "2027 级"})
            yield ImportSeen(cohorts={"1": "2026 级"})
        case "undo_roster" | "roster_template":
            yield OneImport(cohort=1, number=3)
        case "invite":
            yield Inviting(cohort=1, member=7, name="孟书言")
            yield Inviting(cohort=1, absent=5, invited=2)
            yield Inviting(cohort=1, absent=2, invited=2)
        case "stand_in":
            yield StandInSeen(members={"3": "李青", "4": "周岚"}, earliest=date(2026, 1, 1))
        case "check_platform":
            yield CheckingSeen(cohorts={"1": "2026 级", "2": "2027 级"})
            yield CheckingSeen(cohorts={"1": "2026 级"})
        case "hand_over":
            yield HandoverSeen(
                place_id=5,
                place="示例管理办公室管理办公室人员，2026 级",
                holder="管小青",
                people={"3": "李青", "4": "周岚"},
                where={"3": "李青，团队成员", "4": "周岚，导师"},
                earliest=date(2026, 1, 1),
                students=3,
            )
        case "end_place":
            told = {"name": "李沐辰", "place": "学生，2026 级", "ends": "记录都保留。"}
            reasons = {"moved": "转学", "slip": "名册写错了"}
            yield DepartureSeen(place_id=5, learner=True, reasons=reasons, **told)
            yield DepartureSeen(place_id=6, reasons=reasons, **told)
        case "correct_person":
            yield CorrectingSeen(place_id=5, name="李沐辰", born=date(2010, 1, 1))
            yield CorrectingSeen(place_id=5, name="李沐辰", inquiry=3, asked="名字不对")
        case "which_place":
            yield PlacesSeen(
                people={"5": "管小青", "6": "李青"},
                where={"5": "管小青：管理办公室人员，2026 级", "6": "李青：团队成员，2026 级"},
            )
        case "leave":
            yield LeaveSeen(earliest=date(2026, 1, 1))
        case "add_days":
            yield DaysSeen(cohort=1)
        case _:
            raise NotImplementedError(f"tell the flow {flow!r} something, and play it here")


def materials(programme: Programme) -> Iterator[MaterialSeen]:
    """All that a programme lists, one of it, and one that is changed."""
    asked = tuple(kept_as(one) for one in brought(programme))
    kinds = tuple(kept_as(one) for one in forms(programme, "training_report"))
    told, until = students(programme), programme.cycle.last_day
    if asked:
        yield MaterialSeen(**told, asked=asked, forms=kinds, until=until)
        yield MaterialSeen(**told, asked=asked[-1:], forms=(*kinds, OTHER))
        yield MaterialSeen(
            **told, asked=asked[:1], until=until, record_id=9, version=2, files=(HAD,)
        )


def presentations(programme: Programme) -> Iterator[PresentationSeen]:
    """Every stage at which something is presented, several at once, and one that is changed."""
    told, until = students(programme), programme.cycle.last_day
    for key, one in presented(programme).items():
        assert until is not None
        yield PresentationSeen(**told, about={key: one.about}, until={key: until})
        yield PresentationSeen(**told, about={key: one.about, "annual": ()}, until={})
        changed = {"record_id": 9, "version": 2, "files": (HAD,)}
        yield PresentationSeen(**told, about={key: one.about}, until={}, **changed)


def evaluated(programme: Programme) -> Iterator[EvaluationSeen]:
    """Every part of every stage of a programme that somebody signs; one opened again."""
    keys = evaluating.keys(programme)
    for key, stage in zip(keys, programme.stages, strict=True):
        for part in evaluating.parts(programme, stage):
            outcomes = {kept_as(one): kept_as(one) for one in part.outcomes}
            yield EvaluationSeen(
                student_id=1,
                student="林小雨",
                stage=key,
                stage_name=stage.name,
                side=part.side,
                dimensions=stage.dimensions,
                outcomes=outcomes,
                ending=tuple(one for one in outcomes if part.ends(one)),
                clause=stage.clause,
                reopened="评语写错了" if part.outcomes else "",
            )


# ---------------------------------------------------------------- playing a flow through


def usual(waiting: Waiting) -> Answer:
    """What somebody in no hurry answers."""
    match waiting.question.kind:
        case Day(first=first):
            return Answer(text=f"{first.isoformat()} 14:30")
        case Minutes():
            return Answer(text="90分钟")
        case People():
            return Answer(text="李和平、张三")
        case Score() | ResultList():
            return Answer(text="90" if isinstance(waiting.question.kind, Score) else "林小雨 90")
        case Free(options=options) if waiting.question.step.startswith("topic/"):
            return Answer(press=options[0].value) if options else Answer(text="中期评价")
        case Free():
            return Answer(text="测了三组条纹间距，都写下来了。")
        case OneUnit(units=units):
            return Answer(text=str(next(iter(units.values()))))
        case OfStaff(people=people):
            return Answer(press=next(iter(people)))
        case ComingMoment():
            return Answer(text="明天上午9点")
        case ComingDay(offered=offered):
            return Answer(press=offered[0][0].isoformat())
        case Parts(words=True) as parts:
            return Answer(text="看到了条纹。") if parts.needed else Answer(text="完成")
        case OneSheet():
            return Answer(files=(replace(photo(), name="名单.xlsx"),))
        case WayOrFile(ways=ways):
            return Answer(press=ways[0].value)
        case Parts(optional=True) | OneFile():
            return Answer(files=(photo(),))
        case Parts(needed=True):
            return Answer(files=(photo(),))
        case Parts():
            return Answer(press="done")
        case Pick(options=options):
            return Answer(press=options[0].value)
        case Summary(ends=ends):
            return Answer(press=ends[0].value)
        case other:
            raise NotImplementedError(f"nobody knows how to answer {other!r}")


def begun(flow: str, about: BaseModel, language: Language = "zh") -> Talk:
    """The talk at its beginning."""
    first = getattr(about, "first", None)
    talk = Talk(HANDLERS.flows[flow].talk, about, language=language)
    if isinstance(first, date):
        talk.now = talk.now.replace(year=first.year + 1, month=first.month, day=1)
        talk.resume()
    return talk


def ended(flow: str, about: BaseModel) -> Talk:
    """The talk at its very end."""
    talk = begun(flow, about)
    for _ in each_question(talk):
        pass
    return talk


def questions(flow: str, about: BaseModel, language: Language = "zh") -> Iterator[Talk]:
    """The talk at each of its questions, one after the other, to its very end."""
    return each_question(begun(flow, about, language))


def each_question(talk: Talk) -> Iterator[Talk]:
    """The same talk at each of its questions."""
    while not isinstance(talk.outcome, Finished):
        if isinstance(talk.outcome, Working):
            talk.done(DONE[talk.outcome.work.job])
            continue
        yield talk
        talk.answers(usual(talk.waiting))
        assert not isinstance(talk.outcome, Waiting) or talk.note is None, talk.waiting


def every_question() -> Iterator[tuple[Talk, Waiting]]:
    for flow in HANDLERS.flows:
        for about in told(flow):
            for talk in questions(flow, about):
                yield talk, talk.waiting


# ---------------------------------------------------------------- what holds for all of them


@each_row("flow", HANDLERS.flows)
def test_every_flow_can_be_played_to_its_end(flow: str) -> None:
    for about in told(flow):
        talk = ended(flow, about)
        assert isinstance(talk.outcome, Finished)


@each_row("flow", HANDLERS.flows)
def test_what_a_flow_is_told_survives_the_database(flow: str) -> None:
    for about in told(flow):
        stored = as_postgres_keeps(about.model_dump(mode="json"))
        again = HANDLERS.flows[flow].about.model_validate(stored)
        assert again == about
        assert again.model_dump_json() == about.model_dump_json(), "in the order in which it was"


def as_postgres_keeps(said: Any) -> Any:
    """JSON as JSONB gives it back: its names sorted, the short ones first."""
    if isinstance(said, dict):
        names = sorted(said, key=lambda name: (len(name.encode()), name.encode()))
        return {name: as_postgres_keeps(said[name]) for name in names}
    return [as_postgres_keeps(one) for one in said] if isinstance(said, list) else said


def test_every_button_fits_every_platform() -> None:
    """With a talk's id of ten digits, and more turns than anybody takes."""
    longest = 0
    for talk, waiting in every_question():
        for language in LANGUAGES:
            for row in shown(waiting, language).rows:
                for button in row:
                    assert button.label.strip()
                    longest = max(longest, len(button.press.encode()))
        for choice in offered(waiting.question.kind, asked(talk)):
            assert len(choice.value.encode()) <= 40, choice
    assert 30 < longest <= PRESS_LIMIT


def shown(waiting: Waiting, language: Language) -> Outgoing:
    """A question as the router puts it."""
    about = {"seen": next(told("session")).model_dump(mode="json")}
    row = SimpleNamespace(id=9_999_999_999, flow="session", about=about)
    journal = waiting.journal
    journal = type(journal)(journal.began, journal.entries, 9999)
    posted: list[Outgoing] = []
    scene = SimpleNamespace(language=language, now=journal.began, pressed="", post=posted.append)
    put = Waiting(journal, waiting.question)
    Router(HANDLERS, note_refusal)._ask(cast(Scene, scene), cast(TalkRow, row), put, None)
    return posted[0]


def asked(talk: Talk, language: Language = "zh") -> Asked:
    return Asked(talk.now, language)


def test_every_question_can_be_read_in_every_language() -> None:
    for talk, waiting in every_question():
        for language in LANGUAGES:
            sentence = as_text(put(as_message(waiting.question.words), language))
            assert sentence.strip()
            assert "{" not in sentence
            labels = [
                render(choice.label, language)
                for choice in offered(waiting.question.kind, asked(talk, language))
            ]
            assert len(set(labels)) == len(labels), labels


def test_every_choice_can_be_typed_by_its_number_and_by_its_words() -> None:
    for talk, waiting in every_question():
        kind = waiting.question.kind
        for language in LANGUAGES:
            moment = asked(talk, language)
            for number, choice in enumerate(offered(kind, moment), 1):
                typed = [render(choice.label, tongue) for tongue in LANGUAGES]
                typed += [str(number)] if kind.numbered else []
                for words in typed:
                    settled = settle(kind, Answer(text=words), moment)
                    assert settled.press == choice.value, (waiting.question.step, words)


def test_a_session_is_six_numbered_questions_and_a_correction_has_no_numbers() -> None:
    for about in told("session"):
        assert isinstance(about, SessionSeen)
        numbers = [
            (talk.waiting.question.number, talk.waiting.question.total)
            for talk in questions("session", about)
            if talk.waiting.question.number is not None
        ]
        expected = [(number, 6) for number in range(1, 7)]
        assert numbers == ([] if about.record_id else expected)


@each_row("flow", HANDLERS.flows)
def test_every_line_of_a_review_can_be_changed(flow: str) -> None:
    """Each leads to its own question, and back to the card as it was."""
    for about in told(flow):
        for talk in questions(flow, about):
            review = talk.waiting.question.kind
            if not isinstance(review, Summary):
                continue
            answered = talk.answered
            for line in filter(lambda line: line.step, review.fields):
                talk.changes(line.step)
                assert talk.note is None
                assert talk.waits == line.step or talk.waits.startswith(f"{line.step}/")
                talk.back()
                assert (talk.waits, talk.answered) == ("review", answered)


@each_row("flow", HANDLERS.flows)
def test_every_question_has_its_line_in_the_review(flow: str) -> None:
    """Whatever was asked can be changed without going back over all that came after it."""
    for about in told(flow):
        asked: set[str] = set()
        for talk in questions(flow, about):
            review = talk.waiting.question.kind
            if isinstance(review, Summary):
                shown = {line.step.split("/")[0] for line in review.fields if line.step}
                # Files come with any answer.
                assert shown - {"files"} == asked - {"another", "files"}
            asked.add(talk.waits.split("/")[0])


def test_a_likeness_is_looked_at_for_each_session_it_is_with() -> None:
    """To say that this is not Monday's session says nothing about Tuesday's."""
    programme = all_programmes()[0]
    days = [programme.cycle.first_day + timedelta(days=n) for n in (0, 1)]
    past = tuple(
        Past(record_id=8 + n, day=day, place="on_campus", start=time(14), minutes=120)
        for n, day in enumerate(days)
    )
    about = SessionSeen(**students(programme), past=past)
    met = []
    for talk in questions("session", about):
        met.append(talk.waits)
    assert sum(step.startswith("another") for step in met) == 1
    talk.back()
    assert talk.waits == "review"
    talk.changes("day")
    talk.says(f"{days[1].isoformat()} 14:30")
    assert talk.waits.startswith("another")


@each_row("flow", HANDLERS.flows)
def test_every_answer_can_be_taken_back(flow: str) -> None:
    for about in told(flow):
        steps: list[str] = []
        for talk in questions(flow, about):
            undone = Talk(talk.flow, about, stored=talk.stored, now=talk.now)
            assert undone.back() == bool(steps)
            if steps:
                # Files are not taken back: their list is opened, further on.
                assert undone.waits.split("/")[0] == steps[-1].split("/")[0]
            steps.append(talk.waits)


@each_row("flow", HANDLERS.flows)
def test_its_journal_tells_the_same_again_years_later(flow: str) -> None:
    for about in told(flow):
        talk = ended(flow, about)
        again = Talk(talk.flow, about, stored=talk.stored, now=talk.now.replace(year=2039))
        assert again.result == talk.result
        assert again.journal == talk.journal
