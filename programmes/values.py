"""The words and machine values in which packs are written.

Software acts on each member of an enumeration. If a document has something that is none of them,
the pack uses a word of its own (`Own`), listed in its `words` with its names: the software then
does only what it has been told, and nobody has to write an untruth. Every word may be given by its
Chinese name (`words.yaml`).
"""

import calendar
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Final, Literal, LiteralString, Self

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    NonNegativeInt,
    PlainSerializer,
    PlainValidator,
    PositiveInt,
    field_validator,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema


class Status(StrEnum):
    """How firmly the document says a thing."""

    STATED = "stated"  # the document says so
    SILENT = "silent"  # it does not say; the program does nothing
    AMBIGUOUS = "ambiguous"  # it says so unclearly, or in two ways
    DERIVED = "derived"  # arithmetic on stated facts; never quoted as the document's words


class Party(StrEnum):
    NATIONAL = "national"
    PROVINCE = "province"
    PROVINCE_OFFICE = "province_office"
    CITY = "city"
    CITY_OFFICE = "city_office"
    OFFICE = "office"  # 管理办公室 where the document does not say which level
    EXPERT_COMMITTEE = "expert_committee"
    UNIVERSITY = "university"
    HOST = "host"  # any institution that gives the training
    SCHOOL = "school"
    TEAM = "team"  # a volunteer service team as a body
    TEAM_CONTACT = "team_contact"
    LEAD_MENTOR = "lead_mentor"
    MENTOR = "mentor"
    TEAM_MEMBER = "team_member"
    SCHOOL_TEACHER = "school_teacher"
    TRAINEE_TEACHER = "trainee_teacher"
    STUDENT = "student"
    GUARDIAN = "guardian"
    PLATFORM = "platform"  # an outside website that acts by itself


class Learner(StrEnum):
    """Whom the programme trains."""

    STUDENT = "student"
    TRAINEE_TEACHER = "trainee_teacher"


class Grade(StrEnum):
    PRESCHOOL = "preschool"  # 幼儿园大班及学前
    PRIMARY_1 = "primary_1"
    PRIMARY_2 = "primary_2"
    PRIMARY_3 = "primary_3"
    PRIMARY_4 = "primary_4"
    PRIMARY_5 = "primary_5"
    PRIMARY_6 = "primary_6"
    JUNIOR_1 = "junior_1"  # 初一, 7年级
    JUNIOR_2 = "junior_2"
    JUNIOR_3 = "junior_3"
    JUNIOR_4 = "junior_4"  # 初四, where primary school has five years
    SENIOR_1 = "senior_1"  # 高一
    SENIOR_2 = "senior_2"
    SENIOR_3 = "senior_3"
    VOCATIONAL = "vocational"  # 职高, any year


class Consent(StrEnum):
    """Whether a guardian must agree before more than the binding is stored."""

    REQUIRED = "required"  # children of this grade are below 14
    IF_UNDER_14 = "if_under_14"  # some are: ask for the age first
    NOT_ASKED = "not_asked"


class Counter(StrEnum):
    """What a requirement counts. One visit may feed several counters."""

    SESSIONS = "sessions"  # every cultivation session, wherever it takes place
    ON_CAMPUS = "on_campus"
    FACE_TO_FACE = "face_to_face"
    HOURS = "hours"  # of all cultivation sessions together


class WritingKind(StrEnum):
    DIARY = "diary"
    MEETING_RECORD = "meeting_record"


class Per(StrEnum):
    CYCLE = "cycle"
    MONTH = "month"


class Frequency(StrEnum):
    PER_SESSION = "per_session"
    PER_STAGE = "per_stage"


class ActivityKind(StrEnum):
    READING_LIST = "reading_list"
    SEMINAR = "seminar"
    LECTURE = "lecture"
    RESEARCH = "research"
    INQUIRY = "inquiry"
    COURSE = "course"
    PRACTICE = "practice"
    EXCHANGE = "exchange"
    PROJECT = "project"
    PAPER = "paper"


class StageKind(StrEnum):
    INITIAL = "initial"
    MID = "mid"
    ANNUAL = "annual"
    FINAL = "final"


class Outcome(StrEnum):
    OPINION = "opinion"  # words only, no grade
    EXCELLENT = "excellent"
    QUALIFIED = "qualified"
    UNQUALIFIED = "unqualified"
    RECOMMENDED = "recommended"  # comes to a later stage, whose experts see nobody else
    NOT_RECOMMENDED = "not_recommended"


class Effect(StrEnum):
    """What an outcome brings about."""

    EXIT = "exit"
    CERTIFICATE = "certificate"
    NO_CERTIFICATE = "no_certificate"
    COMPETITION = "competition"


class Material(StrEnum):
    TOPIC_REPORT = "topic_report"
    TRAINING_REPORT = "training_report"
    GROWTH_DIARY = "growth_diary"
    MENTOR_EVALUATION = "mentor_evaluation"
    READING_REPORT = "reading_report"
    LITERATURE_REVIEW = "literature_review"
    LAB_RECORD = "lab_record"
    SHORT_PAPER = "short_paper"


class StepKind(StrEnum):
    """One step on the way into a programme."""

    SCHOOL_ADMISSION = "school_admission"
    PRE_CULTIVATION = "pre_cultivation"
    MENTOR_RECOMMENDATION = "mentor_recommendation"
    BRIEFING = "briefing"
    MATCHMAKING = "matchmaking"
    TOPICS = "topics"  # topics are collected and made known before students are sought
    REGISTRATION = "registration"
    QUALIFICATION_REVIEW = "qualification_review"
    ASSESSMENT = "assessment"
    APTITUDE_TEST = "aptitude_test"
    SHORTLIST = "shortlist"
    INTERVIEW = "interview"
    PUBLICITY = "publicity"
    RECOMMENDATION = "recommendation"
    KICKOFF = "kickoff"


class ApprovalAct(StrEnum):
    """A step in an office's approval of a mentor."""

    RECOMMEND = "recommend"
    FIRST_REVIEW = "first_review"
    REGISTER = "register"
    REVIEW = "review"
    APPROVE = "approve"
    PUBLICISE = "publicise"


class Credential(StrEnum):
    MASTER = "master"
    DOCTORATE = "doctorate"
    ASSOCIATE_SENIOR_TITLE = "associate_senior_title"  # 副高及以上职称


class FieldKind(StrEnum):
    """How a form's field is asked."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    PHONE = "phone"
    EMAIL = "email"
    DATE = "date"
    ROWS = "rows"  # one line per person or phase, with columns
    PRINTED = "printed"  # preprinted; nobody fills it
    SIGNATURE = "signature"
    SEAL = "seal"
    REPEAT = "repeat"  # stands for the fields whose keys begin with `repeats`


# Words of a pack's own ------------------------------------------------------------------------


class Own(str):
    """A pack's own word, with its Chinese and English names; compared like any other text.

    For a counter, `unit` says what is added up (if empty, the software does not count it) and
    `places` where; for a period, `starts` are the days of the year on which one begins.
    """

    zh: str
    en: str
    unit: Literal["sessions", "hours", ""]
    places: tuple[str, ...]
    starts: tuple[tuple[int, int], ...]

    def __new__(
        cls,
        key: str,
        zh: str,
        en: str,
        *,
        unit: Literal["sessions", "hours", ""] = "",
        places: tuple[str, ...] = (),
        starts: tuple[tuple[int, int], ...] = (),
    ) -> Self:
        made = super().__new__(cls, key)
        made.zh, made.en, made.unit, made.places, made.starts = zh, en, unit, places, starts
        return made


def kept_as(word: str) -> str:
    """How a word is stored in records: a pack's own word by its Chinese name, so that the record
    can be read without the pack."""
    return word.zh if isinstance(word, Own) else str(word)


_own_words: ContextVar[Mapping[str, Mapping[str, Own]]] = ContextVar("own_words")
"""The own words of the pack that is being read, by their kind."""
_subject_codes: ContextVar[Mapping[str, str]] = ContextVar("subject_codes")
"""The subjects' codes in the pack that is being read, by their names."""


@contextmanager
def reading(own: Mapping[str, Mapping[str, Own]], subjects: Mapping[str, str]) -> Iterator[None]:
    """Make a pack's own words known while it is read."""
    before = _own_words.set(own), _subject_codes.set(subjects)
    try:
        yield
    finally:
        _own_words.reset(before[0])
        _subject_codes.reset(before[1])


@cache
def chinese() -> Mapping[str, Mapping[str, str]]:
    """By kind, the Chinese names under which words are taken, and the words."""
    said = yaml.safe_load(Path(__file__).with_name("words.yaml").read_text("utf-8"))
    return {
        kind: {name: word for word, names in words.items() for name in names}
        for kind, words in said.items()
    }


@dataclass(frozen=True)
class _OneOf:
    """How a word is read: by itself, by its Chinese name, or as one of the pack's own."""

    kind: str
    known: type[StrEnum]
    code: LiteralString = "unknown_choice"

    def read(self, said: object) -> str:
        if isinstance(said, (self.known, Own)):
            return said
        text = "" if isinstance(said, dict | list) else str(said).strip()
        own = _own_words.get({}).get(self.kind, {})
        word = chinese()[self.kind].get(text, text)
        if word in own:
            return own[word]
        if found := next((one for one in own.values() if one.zh == text), None):
            return found
        try:
            return self.known(word)
        except ValueError:
            context = {"got": text, "expected": "、".join([*self.known, *own])}
            raise PydanticCustomError(self.code, "unknown: {got}", context) from None

    def __get_pydantic_core_schema__(
        self, source: object, handler: Callable[[Any], CoreSchema]
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.read, serialization=core_schema.to_string_ser_schema()
        )


StatusWord = Annotated[Status, _OneOf("status", Status)]
LearnerWord = Annotated[Learner, _OneOf("learners", Learner)]
ConsentWord = Annotated[Consent, _OneOf("consent", Consent)]
EffectWord = Annotated[Effect, _OneOf("effects", Effect)]
GradeWord = Annotated[Grade, _OneOf("grades", Grade)]
RoleWord = Annotated[Party | Own, _OneOf("roles", Party, "unknown_role")]
StepWord = Annotated[StepKind | Own, _OneOf("steps", StepKind)]
MaterialWord = Annotated[Material | Own, _OneOf("materials", Material)]
StageWord = Annotated[StageKind | Own, _OneOf("stages", StageKind)]
OutcomeWord = Annotated[Outcome | Own, _OneOf("outcomes", Outcome)]
RecordWord = Annotated[WritingKind | Own, _OneOf("records", WritingKind)]
CounterWord = Annotated[Counter | Own, _OneOf("counters", Counter)]
PerWord = Annotated[Per | Own, _OneOf("periods", Per)]
FrequencyWord = Annotated[Frequency | Own, _OneOf("frequencies", Frequency)]
ActivityWord = Annotated[ActivityKind | Own, _OneOf("activities", ActivityKind)]

OWN_KINDS: Final = (
    "roles",
    "steps",
    "materials",
    "stages",
    "outcomes",
    "records",
    "counters",
    "periods",
    "frequencies",
    "activities",
)
"""The kinds of word of which a pack may have its own."""


def _subject(said: object) -> str:
    """A subject's code, given by its code or its name."""
    if not isinstance(said, str):
        raise PydanticCustomError("not_text", "words are expected")
    return _subject_codes.get({}).get(said, said)


SubjectCode = Annotated[str, BeforeValidator(_subject)]


@dataclass(frozen=True)
class When:
    """A year, a month or a day: exactly as precise as the document is. Beijing calendar."""

    year: int
    month: int | None = None
    day: int | None = None

    @classmethod
    def parse(cls, text: object) -> Self:
        """Read `2026`, `2026-08` or `2026-08-31`; anything else is a `bad_date`."""
        if isinstance(text, cls):
            return text
        found = re.fullmatch(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?", str(text))
        try:
            if found is None:
                raise ValueError(text)
            year, month, day = (int(part) if part else None for part in found.groups())
            date(year or 0, month or 1, day or 1)
        except ValueError:
            got = {"got": str(text)}
            raise PydanticCustomError("bad_date", "not a date: {got}", got) from None
        return cls(year or 0, month, day)

    @cached_property
    def first_day(self) -> date:
        return date(self.year, self.month or 1, self.day or 1)

    @cached_property
    def last_day(self) -> date:
        month = self.month or 12
        return date(self.year, month, self.day or calendar.monthrange(self.year, month)[1])

    def __str__(self) -> str:
        parts = [f"{self.year:04}"]
        parts += [f"{part:02}" for part in (self.month, self.day) if part is not None]
        return "-".join(parts)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: Callable[[Any], CoreSchema]
    ) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.parse, serialization=core_schema.to_string_ser_schema()
        )


_NUMERALS = "[一二三四五六七八九十]+"
_SECTION = rf"{_NUMERALS}(?:·{_NUMERALS})?(?:\({_NUMERALS}\))?\d*(?:\(\d+\))?"
_PART_OF_LETTER = "标题|文号|主送|导语|发文机关|通知正文|联系方式|落款|印发|附件目录"
_PART_OF_ANNEX = r"封面|标题|签章|表\d*"
_ANNEX = rf"附件\d*(?: (?:{_SECTION}|{_PART_OF_ANNEX})|·[\u4e00-\u9fff\d]+)?"
_ARTICLE = rf"第(?:{_NUMERALS}|\d+)条(?:\({_NUMERALS}\))?"
_PLACE = rf"{_SECTION}|{_PART_OF_LETTER}|{_ARTICLE}|{_ANNEX}|附件\d* {_ARTICLE}"
_PARAGRAPH = rf"第(?:{_NUMERALS}|\d+)[段款]"
CITATION = re.compile(rf"(?:{_PLACE})(?: ?{_PARAGRAPH})?|{_PARAGRAPH}")
"""One place in a document: `五(三)1`, `附件2 六(八)`, `附件1 三·二(一)`, `附件·队伍1`, `落款`; an
article (`第五条`); where nothing is numbered, a paragraph (`第三段`, `第五条第二款`)."""


def _citation(text: str) -> str:
    if text and not all(CITATION.fullmatch(part) for part in text.split("；")):
        raise PydanticCustomError("bad_clause", "not a citation: {got}", {"got": text})
    return text


Clause = Annotated[str, AfterValidator(_citation)]
"""Citations joined by `；`; empty if the document does not say it."""


def _words(said: object) -> str | tuple[str, ...]:
    if isinstance(said, str):
        return said
    if isinstance(said, list | tuple) and all(isinstance(word, str) for word in said):
        return tuple(said)
    raise PydanticCustomError("not_text", "words are expected")


PackText = Annotated[str | tuple[str, ...], BeforeValidator(_words)]
"""A sentence, or a list of words, in our own Chinese."""


class Value(BaseModel):
    """A machine value; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Listed(Value):
    """One entry of a list, with the place in the document that it comes from."""

    clause: Clause = ""
    note: str = ""


# Time ---------------------------------------------------------------------------------------


class Window(Value):
    """When something happens or is due. Without `start` it is a deadline.

    `text` is the document's own way of putting it, for people; where that can be read two ways
    (「5月前」) `end` is the strict reading, which reminders keep to, and `end_latest` the lenient
    one, before which nothing is closed. `end_assumed` marks an end that the document leaves open.
    """

    text: str = ""
    start: When | None = None
    end: When | None = None
    end_latest: When | None = None
    end_assumed: bool = False
    submit_by: When | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        moments = [
            (key, moment)
            for key in ("start", "submit_by", "end", "end_latest")
            if (moment := getattr(self, key)) is not None
        ]
        for (_, earlier), (key, later) in pairwise(moments):
            if later.last_day < earlier.first_day:
                raise PydanticCustomError(
                    "end_before_start",
                    "{got} is before {expected}",
                    {"got": str(later), "expected": str(earlier), "key": key},
                )
        return self

    @property
    def first_day(self) -> date | None:
        return self.start.first_day if self.start else None

    @property
    def last_day(self) -> date | None:
        """The day to remind people of: the strict end."""
        return self.end.last_day if self.end else None

    @property
    def closes(self) -> date | None:
        """The last day on which the lenient reader is still in time."""
        latest = self.end_latest or self.end
        return latest.last_day if latest else None


class Duration(Value):
    months: PositiveInt


class Term(Value):
    years: PositiveInt
    renewable: bool


class Milestone(Listed, Window):
    order: PositiveInt
    name: str


class Meeting(Window):
    organisers: tuple[RoleWord, ...] = ()
    attendees: tuple[RoleWord, ...] = ()


# Who may join, and how many -----------------------------------------------------------------


class Admits(Value):
    """One grade that may join; with `only_subjects`, in those subjects alone."""

    grade: GradeWord
    only_subjects: tuple[SubjectCode, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _grade_alone(cls, said: Any) -> Any:
        return {"grade": said} if isinstance(said, str) else said


class RankLimit(Value):
    by: Literal["subject", "overall"]
    top_percent: PositiveInt


class RankThreshold(Value):
    any_of: tuple[RankLimit, ...]


class RankException(Value):
    condition: Literal["pre_cultivation_excellent"]
    relaxes: Literal["subject", "overall"]


class Applicant(Value):
    applies: RoleWord
    recommended_by: tuple[RoleWord, ...] = ()


class Reenrolment(Value):
    allowed: bool
    priority_by: RoleWord


class Subject(Value):
    code: str
    name: str
    group: str = ""

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, said: Any) -> Any:
        """A subject of which only the name is written has the code that others give it, or none
        but its name."""
        if isinstance(said, str):
            said = {"name": said}
        if isinstance(said, dict) and "code" not in said and isinstance(said.get("name"), str):
            return said | {"code": subject_code(said["name"])}
        return said


def subject_code(name: str) -> str:
    return chinese()["subjects"].get(name, name)


class Project(Listed):
    """A topic that students may choose, with the places that it has."""

    title: str
    code: str = ""
    subject: SubjectCode = ""
    university: str = ""
    laboratory: str = ""
    places: PositiveInt | None = None


class Preferences(Value):
    """How many choices an applicant has, and of what; `adjustable` is 服从调剂."""

    most: PositiveInt
    of: Literal["mentor", "topic", "subject", "university", "laboratory"] | None = None
    adjustable: bool | None = None


class Regions(Value):
    names: tuple[str, ...] = ()
    cities: PositiveInt | None = None


class HostSubjects(Value):
    city: str = ""
    university: str
    laboratory: str = ""
    subjects: tuple[SubjectCode, ...]


Rule = Literal["at_least", "at_most", "exactly", "about", "funded"]


class Quota(Value):
    """`soft` is 原则上: warn, never refuse. `funded` counts paid places; others may join."""

    rule: Rule
    n: NonNegativeInt
    soft: bool = False


class CityQuota(Value):
    each: Quota | None = None
    cities: dict[str, PositiveInt] = {}


class InterviewRatio(Value):
    """How many are interviewed for one place."""

    rule: Rule
    per_place: PositiveInt
    soft: bool = False


# People -------------------------------------------------------------------------------------


class Duties(Listed):
    """What a role does here. No duties: the document names the role and says no more."""

    role: RoleWord
    name: str
    duties: tuple[str, ...] = ()


class Qualification(Value):
    any_of: tuple[Credential, ...]
    soft: bool = False
    core_only: bool = False


class ApprovalStep(Value):
    by: RoleWord
    act: ApprovalAct


class AppointmentLetter(Value):
    issued_by: RoleWord | None = None


class Credit(Value):
    """Hours or a proof given to those who teach."""

    given_by: RoleWord
    to: tuple[RoleWord, ...]


class Workload(Value):
    """That guiding learners counts as part of one's work."""

    of: tuple[RoleWord, ...]
    """Whose guidance counts."""


# Selection ----------------------------------------------------------------------------------


class SelectionStep(Listed):
    order: PositiveInt
    kind: StepWord
    name: str
    window: Window | None = None
    actor: str
    actors: tuple[RoleWord, ...]
    detail: str


InterviewForm = Literal["individual", "group"]


class AptitudeTest(Value):
    form: Literal["online", "written"] | None = None
    questions_from: RoleWord | None = None
    organisers: tuple[RoleWord, ...] = ()
    window: Window | None = None


class Shortlist(Value):
    by_score: bool
    by_materials: bool = False
    by_candidates: bool = False
    decided_by: tuple[RoleWord, ...] = ()


class Publicity(Value):
    by: RoleWord
    days: PositiveInt | None = None


class Admission(Value):
    upon: Literal["recommendation", "interview", "test_and_interview"]
    decided_by: tuple[RoleWord, ...] = ()


class Filing(Value):
    by: tuple[RoleWord, ...]
    to: RoleWord


# Cultivation --------------------------------------------------------------------------------


class Minimum(Value):
    """At least so many of what `counts` names, in the whole cycle or in each period of it."""

    at_least: PositiveInt
    counts: CounterWord
    per: PerWord = Per.CYCLE

    @property
    def counted(self) -> bool:
        """Whether the software knows what to add up, and over which days."""
        own_counter, own_period = isinstance(self.counts, Own), isinstance(self.per, Own)
        return (not own_counter or bool(getattr(self.counts, "unit", ""))) and (
            not own_period or bool(getattr(self.per, "starts", ()))
        )


class DiaryScope(Value):
    """Who must keep the diary: everyone, or the grades listed."""

    everyone: bool = False
    required_for: tuple[GradeWord, ...] = ()
    not_stated_for: tuple[GradeWord, ...] = ()

    def required_of(self, grade: Grade | None) -> bool | None:
        """None where the document does not say."""
        if self.everyone or grade in self.required_for:
            return True
        return None if grade is None or grade in self.not_stated_for else False


class MeetingRecord(Value):
    name: str
    frequency: FrequencyWord
    urged_by: RoleWord | None = None
    reviewed_by: RoleWord | None = None


class OtherRecord(Listed):
    """Something else that is to be written. It is told, and kept elsewhere."""

    kind: RecordWord
    name: str
    frequency: FrequencyWord | None = None
    urged_by: RoleWord | None = None
    reviewed_by: RoleWord | None = None


class PlanApproval(Value):
    required: bool
    approver: RoleWord


# Evaluation, materials, awards --------------------------------------------------------------


class Report(Value):
    """Who reports the results, and to whom."""

    by: tuple[RoleWord, ...]
    to: RoleWord


class Presented(StrEnum):
    """What a document wants spoken about when learners present their work."""

    QUESTIONS = "questions"
    AIMS = "aims"
    PROBLEMS = "problems"


class Presentation(Value):
    """What learners present at a stage (中期汇报), and what the document wants spoken about."""

    name: str
    about: tuple[Presented, ...] = ()


class Stage(Listed):
    """One evaluation. Words for people stand beside what the software acts on."""

    stage: StageWord
    name: str
    window: Window | None = None
    evaluator: str
    organisers: tuple[RoleWord, ...] = ()
    evaluators: tuple[RoleWord, ...] = ()
    inputs: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    outcome: PackText = ""
    outcomes: tuple[OutcomeWord, ...] = ()
    consequence: str = ""
    effects: dict[OutcomeWord, tuple[EffectWord, ...]] = {}
    report: Report | None = None
    presentation: Presentation | None = None
    test: str = ""
    """The test that learners take at it, as the document calls it."""
    independent: bool = False
    """Each expert of the committee marks alone those who were recommended at a stage before; the
    office decides on their marks."""


class ExitRule(Value):
    stage: StageWord
    upon: OutcomeWord


class UnitMaterials(Value):
    by: tuple[RoleWord, ...]
    to: RoleWord | None = None


class CertificateFact(Value):
    name: str
    issued_by: RoleWord | None = None


class Nomination(Value):
    """Who is put forward for a competition: those of one outcome, or some whatever theirs is."""

    outcome: OutcomeWord | None = None
    event: str


# Money, forms, addresses --------------------------------------------------------------------


class Amounts(Value):
    """Yuan."""

    per_student: PositiveInt | None = None
    per_team: PositiveInt | None = None
    per_university: PositiveInt | None = None
    per_city_office: PositiveInt | None = None


class FormField(Value):
    section: str
    key: str
    label: str
    kind: FieldKind = FieldKind.TEXT
    columns: tuple[str, ...] = ()
    repeats: str = ""
    note: str = ""


class Form(Listed):
    key: str
    title: str
    submitted_by: str
    submitters: tuple[RoleWord, ...]
    fields: tuple[FormField, ...] = ()


class Website(Listed):
    name: str
    url: str = ""
    use: str


class FilledFrom(StrEnum):
    """From what of an entry, or of its learner, a field of a platform is filled in."""

    STUDENT = "student"
    SCHOOL = "school"
    MENTOR = "mentor"
    SUBJECT = "subject"
    DAY = "day"
    TIME = "time"
    HOURS = "hours"
    MINUTES = "minutes"
    PLACE = "place"
    ACTIVITY = "activity"
    PEOPLE = "people"
    TEXT = "text"
    """All that was written."""
    DIMENSION = "dimension"
    """What was said of the dimension that has the field's name."""
    OUTCOME = "outcome"
    COMMENT = "comment"


class FilledKind(StrEnum):
    """What is entered on a platform."""

    SESSION = "session"
    DIARY = "diary"
    MEETING_RECORD = "meeting_record"
    EVALUATION = "evaluation"


class PlatformField(Value):
    name: str
    """As the platform calls it."""
    filled_from: FilledFrom


class PlatformForm(Listed):
    """What a platform asks for, of one kind of entry, in its order."""

    kind: FilledKind
    platform: str
    stage: StageWord | None = None
    """Of evaluations: the stage."""
    fields: tuple[PlatformField, ...]


class Contact(Listed):
    """An office, never a person."""

    office: str
    phones: tuple[str, ...] = ()
    email: str = ""
    website: str = ""
    address: str = ""


class Ambiguity(Value):
    """What the document leaves open, and the reading proposed until the office decides."""

    id: str
    topic: str
    clauses: tuple[Clause, ...]
    problem: str
    proposal: str


PLAIN_KEY: Final = re.compile("[a-z][a-z0-9]*(_[a-z0-9]+)*")


class Particular(Value):
    """Something that this document says and that is not asked of every programme.

    The key is the same in every pack that speaks of the same thing. `asks` are ways in which
    people ask for it, without the programme's name.
    """

    key: str
    title: str
    title_en: str
    says: PackText
    clause: Clause
    asks: tuple[str, ...]
    carried_from: str = ""

    @field_validator("key")
    @classmethod
    def _is_plain(cls, key: str) -> str:
        if not PLAIN_KEY.fullmatch(key):
            got = {"got": key, "expected": "_".join(re.findall("[a-z0-9]+", key.lower()))}
            raise PydanticCustomError("bad_key", "not a key: {got}", got)
        return key

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        for key, code in _NEEDED.items():
            if not getattr(self, key):
                raise PydanticCustomError(code, "an empty {key}", {"key": key})
        return self


_NEEDED: dict[str, LiteralString] = {
    "title": "not_text",
    "title_en": "not_text",
    "says": "nothing_said",
    "clause": "no_clause",
    "asks": "no_asks",
}
"""The required keys of a particular, and the code of the mistake for each."""


class Remark(Value):
    text: str
    clause: Clause


@dataclass(frozen=True)
class Place:
    """A way in which a session can take place, and which counters a session there feeds."""

    key: str
    on_campus: bool
    face_to_face: bool


PLACES = (
    Place("on_campus", on_campus=True, face_to_face=True),
    Place("off_campus", on_campus=False, face_to_face=True),
    Place("on_campus_alone", on_campus=True, face_to_face=False),
    Place("online", on_campus=False, face_to_face=False),
)


# What a pack calls things ------------------------------------------------------------------------


class Called(Value):
    """How people call a programme, in Chinese and in English.

    `sure` means it in everybody's mouth; `among_its_own` only in the mouths of its own people
    (英才计划 may be any programme's). A name may mean several programmes.
    """

    sure: tuple[str, ...] = ()
    among_its_own: tuple[str, ...] = ()


class OwnWord(Value):
    """The names of a pack's own word."""

    zh: str
    en: str

    @model_validator(mode="after")
    def _has_names(self) -> Self:
        for key in ("zh", "en"):
            if not getattr(self, key).strip():
                raise PydanticCustomError("not_text", "an empty {key}", {"key": key})
        return self

    def word(self, key: str) -> Own:
        return Own(key, self.zh, self.en)


class OwnCounter(OwnWord):
    """`unit` says what is added up, `places` where; without a unit nothing is counted."""

    unit: Literal["sessions", "hours"] | None = None
    places: tuple[Literal["on_campus", "off_campus", "on_campus_alone", "online"], ...] = ()

    def word(self, key: str) -> Own:
        return Own(key, self.zh, self.en, unit=self.unit or "", places=self.places)


def _month_and_day(said: object) -> tuple[int, int]:
    found = re.fullmatch(r"(\d\d)-(\d\d)", str(said))
    try:
        if found is None:
            raise ValueError(said)
        month, day = int(found[1]), int(found[2])
        date(2023, month, day)
    except ValueError:
        raise PydanticCustomError(
            "bad_month_and_day", "not a day of the year: {got}", {"got": str(said)}
        ) from None
    return month, day


MonthAndDay = Annotated[
    tuple[int, int],
    PlainValidator(lambda said: said if isinstance(said, tuple) else _month_and_day(said)),
    PlainSerializer(lambda day: f"{day[0]:02}-{day[1]:02}"),
]
"""A day of every year: `09-01`."""


class OwnPeriod(OwnWord):
    """`starts` are the days of the year on which one begins; without them nothing is counted."""

    starts: tuple[MonthAndDay, ...] = ()

    def word(self, key: str) -> Own:
        return Own(key, self.zh, self.en, starts=tuple(sorted(self.starts)))


class Vocabulary(Value):
    """The words of a pack's own, by kind."""

    roles: dict[str, OwnWord] = {}
    steps: dict[str, OwnWord] = {}
    materials: dict[str, OwnWord] = {}
    stages: dict[str, OwnWord] = {}
    outcomes: dict[str, OwnWord] = {}
    records: dict[str, OwnWord] = {}
    counters: dict[str, OwnCounter] = {}
    periods: dict[str, OwnPeriod] = {}
    frequencies: dict[str, OwnWord] = {}
    activities: dict[str, OwnWord] = {}

    @model_validator(mode="after")
    def _keys_are_plain(self) -> Self:
        for kind in OWN_KINDS:
            for key in getattr(self, kind):
                if not PLAIN_KEY.fullmatch(key):
                    context = {"got": key, "key": kind, "expected": ""}
                    raise PydanticCustomError("bad_key", "not a key: {got}", context)
        return self

    def words(self) -> dict[str, dict[str, Own]]:
        return {
            kind: {key: one.word(key) for key, one in getattr(self, kind).items()}
            for kind in OWN_KINDS
        }
