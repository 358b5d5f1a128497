"""One programme's edition as data: what its document says, fact by fact, with the clause.

Sections and keys are the questions asked of every programme. A fact that the document is silent on
stays in the pack, silent, so that nobody fills it from a neighbouring province.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Generic, Self, TypeVar

from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    PositiveInt,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from programmes import values
from programmes.values import (
    PLACES,
    ActivityKind,
    Clause,
    Consent,
    Counter,
    Frequency,
    Grade,
    Own,
    PackText,
    Party,
    Per,
    Place,
    Stage,
    StageKind,
    Status,
    Value,
    When,
    Window,
    WritingKind,
)

T = TypeVar("T")


class Fact(Value, Generic[T]):
    """One thing asked of a document.

    `says` answers a person, in our own words; `value` answers the software, and is None where the
    words are all there is. `clause` is empty exactly where the document is silent. `carried_from`
    names the edition whose document this still rests on, until this year's is read. `open` marks a
    list that the document itself leaves open (等).
    """

    value: T | None = None
    says: PackText = ""
    status: values.StatusWord
    clause: Clause = ""
    note: str = ""
    open: bool = False
    carried_from: str = ""

    @model_validator(mode="before")
    @classmethod
    def _clause_from_items(cls, leaf: Any) -> Any:
        """A list whose entries carry their clauses need not repeat them."""
        if isinstance(leaf, dict) and "clause" not in leaf and isinstance(leaf.get("value"), list):
            cited = [item.get("clause", "") for item in leaf["value"] if isinstance(item, dict)]
            parts = dict.fromkeys(part for clause in cited for part in str(clause).split("；"))
            return leaf | {"clause": "；".join(filter(None, parts))}
        return leaf

    @model_validator(mode="after")
    def _agrees_with_status(self) -> Self:
        if self.status is Status.SILENT:
            for key in ("value", "says", "clause"):
                if getattr(self, key):
                    where = {"key": key}
                    raise PydanticCustomError("silent_with_value", "silent, with a {key}", where)
        elif self.value is None and not self.says:
            raise PydanticCustomError("nothing_said", "neither a value nor words")
        elif not self.clause:
            raise PydanticCustomError("no_clause", "no clause for what is said")
        return self

    @property
    def words(self) -> tuple[str, ...]:
        """What is said, as a list: the dimensions of an interview, the types of acceptance."""
        return (self.says,) if isinstance(self.says, str) and self.says else tuple(self.says)


ProseFact = Fact[None]
"""A fact for people only: nothing in it is acted on."""


def added() -> Any:
    """The default of a fact added after the first packs were written: silent."""
    return Field(default_factory=lambda: {"status": Status.SILENT}, validate_default=True)


class Section(Value):
    def facts(self, *, unwritten: bool = False) -> Iterator[tuple[str, Fact[Any]]]:
        """The facts in the pack; with `unwritten`, also those that it may leave out."""
        for key in type(self).model_fields:
            if unwritten or key in self.model_fields_set:
                yield key, getattr(self, key)


class Identity(Section):
    official_name: Fact[str]
    short_name: Fact[str]
    document_title: ProseFact
    issuer: Fact[tuple[str, ...]]
    organisers: ProseFact
    document_number: ProseFact
    document_date: Fact[When]
    addressees: ProseFact
    upstream_basis: ProseFact
    purpose: ProseFact
    relation_to_other_schemes: ProseFact


class Cycle(Section):
    start: Fact[When]
    end: Fact[When]
    duration: Fact[values.Duration]
    actual_cultivation_window: Fact[Window]
    pre_cultivation: Fact[Window]
    extendable: Fact[bool]
    reenrol_priority: Fact[values.Reenrolment]

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.start.value is None:
            raise PydanticCustomError("cycle_unknown", "a cycle needs its {key}", {"key": "start"})
        if self.last_day is not None and self.last_day < self.first_day:
            raise PydanticCustomError(
                "end_before_start",
                "{got} is before {expected}",
                {"got": str(self.end.value), "expected": str(self.start.value), "key": "end"},
            )
        return self

    @property
    def first_day(self) -> date:
        assert self.start.value is not None  # noqa: S101 - _runs_forward has seen to it
        return self.start.value.first_day

    @property
    def last_day(self) -> date | None:
        """None where the document leaves the end open."""
        return None if self.end.value is None else self.end.value.last_day

    @property
    def last_day_played(self) -> date:
        """The last day; a year on where the document leaves the end open. For playing a cycle
        only: no rule may rest on it."""
        return self.last_day or self.first_day + timedelta(days=364)

    def __contains__(self, day: date) -> bool:
        return self.first_day <= day <= (self.last_day or date.max)


class Participants(Section):
    who: Fact[values.LearnerWord]
    grades: Fact[tuple[values.Admits, ...]]
    rank_threshold: Fact[values.RankThreshold]
    rank_exceptions: Fact[values.RankException]
    other_conditions: ProseFact
    subject_interest: ProseFact
    exclusions: ProseFact
    applicant_entity: Fact[values.Applicant]
    application_materials: ProseFact


class Subjects(Section):
    list: Fact[tuple[values.Subject, ...]]
    count: Fact[PositiveInt]
    cross_discipline: Fact[bool]
    exceptions: ProseFact
    topics: Fact[tuple[values.Project, ...]] = added()


class Territory(Section):
    regions: Fact[values.Regions]
    universities: Fact[tuple[str, ...]]
    university_subject_map: Fact[tuple[values.HostSubjects, ...]]
    other_host_institutions: ProseFact
    schools: Fact[tuple[str, ...]]
    school_eligibility: ProseFact


class Quotas(Section):
    total_students: Fact[values.Quota]
    per_subject: Fact[dict[values.SubjectCode, PositiveInt]]
    per_topic: Fact[values.Quota] = added()
    per_city: Fact[values.CityQuota]
    per_mentor_max: Fact[PositiveInt]
    per_team_min: Fact[values.Quota]
    teams_per_university_min: Fact[values.Quota]
    universities_supported: Fact[values.Quota]
    funding_per_student: Fact[PositiveInt]
    funding_per_team: Fact[PositiveInt]
    funding_per_university: Fact[PositiveInt]
    funding_per_city_office: Fact[PositiveInt]
    self_funded_students: Fact[bool]
    derived_totals: Fact[dict[str, PositiveInt]]


class Roles(Section):
    list: Fact[tuple[values.Duties, ...]]
    reporting_chain: Fact[tuple[values.RoleWord, ...]]


class Mentor(Section):
    eligibility: ProseFact
    source_pool: ProseFact
    degree_requirement: Fact[values.Qualification]
    recommended_by: Fact[tuple[values.RoleWord, ...]]
    approval_chain: Fact[tuple[values.ApprovalStep, ...]]
    appointment_letter: Fact[values.AppointmentLetter]
    term: Fact[values.Term]
    past_mentors: Fact[bool]
    student_cap: Fact[PositiveInt]
    team_composition: ProseFact
    team_member_eligibility: Fact[values.Qualification]
    workload_recognition: Fact[values.Workload]
    duties: ProseFact


class Selection(Section):
    steps: Fact[tuple[values.SelectionStep, ...]]
    recommendation: Fact[tuple[values.RoleWord, ...]]
    online_registration: Fact[Window]
    qualification_review: Fact[tuple[values.RoleWord, ...]]
    aptitude_test: Fact[values.AptitudeTest]
    interview_shortlist: Fact[values.Shortlist]
    interview_ratio: Fact[values.InterviewRatio]
    interview_dimensions: ProseFact
    interview_organiser: Fact[tuple[values.RoleWord, ...]]
    interview_form: Fact[tuple[values.InterviewForm, ...]] = added()
    preferences: Fact[values.Preferences] = added()
    extra_assessment: ProseFact
    publicity: Fact[values.Publicity]
    admission: Fact[values.Admission]
    filing: Fact[values.Filing]
    supervision: ProseFact
    kickoff_meeting: Fact[values.Meeting]


class Cultivation(Section):
    min_sessions: Fact[values.Minimum]
    sessions_on_campus: Fact[bool]
    monthly_face_to_face: Fact[values.Minimum]
    face_to_face_general: ProseFact
    diary_name: Fact[str]
    diary_frequency: Fact[values.FrequencyWord]
    diary_channel: ProseFact
    diary_supervisor: Fact[values.RoleWord]
    diary_reviewer: Fact[values.RoleWord]
    diary_scope: Fact[values.DiaryScope]
    interview_records: Fact[values.MeetingRecord]
    plan_author: Fact[values.RoleWord]
    plan_approval: Fact[values.PlanApproval]
    principles: ProseFact
    methods: Fact[tuple[values.ActivityWord, ...]]
    school_support: ProseFact
    exchange_activities: ProseFact
    safety_education: Fact[tuple[values.RoleWord, ...]]
    psychological_support: ProseFact
    process_platform: ProseFact
    more_minima: Fact[tuple[values.Minimum, ...]] = added()
    other_records: Fact[tuple[values.OtherRecord, ...]] = added()


class Evaluations(Section):
    stages: Fact[tuple[Stage, ...]]
    exit_rule: Fact[values.ExitRule]
    annual_dimensions: ProseFact
    overall_note: ProseFact


class FinalMaterials(Section):
    student_materials: Fact[tuple[values.MaterialWord, ...]]
    report_forms: Fact[tuple[values.MaterialWord, ...]] = added()
    """The forms that a training report may take."""
    deadline: Fact[When]
    unit_materials: Fact[values.UnitMaterials]


class Awards(Section):
    grades: Fact[tuple[values.OutcomeWord, ...]]
    certificate: Fact[values.CertificateFact]
    certificate_level: Fact[values.RoleWord]
    certificate_recipients: Fact[tuple[values.OutcomeWord, ...]]
    unqualified: Fact[values.EffectWord]
    competition_nomination: Fact[values.Nomination]
    other_opportunities: ProseFact
    unit_commendation: ProseFact


class VolunteerHours(Section):
    hours_record: Fact[values.Credit]
    volunteer_proof: Fact[values.Credit]
    doctoral_credit: Fact[values.Credit]


class TeacherTraining(Section):
    content: ProseFact


class Tracking(Section):
    responsible: Fact[tuple[values.RoleWord, ...]]
    fields: ProseFact
    talent_pool: Fact[str]
    alumni_activities: ProseFact
    support: ProseFact


class Budget(Section):
    source: ProseFact
    amounts: Fact[values.Amounts]
    permitted_expenses: ProseFact
    forbidden_expenses: ProseFact
    spending_rules: ProseFact
    reporting: ProseFact


class Acceptance(Section):
    types: ProseFact
    materials: ProseFact
    organiser: Fact[values.RoleWord]
    deadline: Fact[Window]


class Forms(Section):
    list: Fact[tuple[values.Form, ...]]


class Platforms(Section):
    list: Fact[tuple[values.Website, ...]]
    forms: Fact[tuple[values.PlatformForm, ...]] = added()


class Contacts(Section):
    list: Fact[tuple[values.Contact, ...]]


class Schedule(Section):
    milestones: Fact[tuple[values.Milestone, ...]]


@dataclass(frozen=True)
class Requirement:
    """A minimum that every learner must reach, with its clause."""

    key: str
    path: str
    """The fact that states it."""
    counts: Counter | Own
    at_least: int
    per: Per | Own
    clause: str
    status: Status

    @property
    def unit(self) -> str:
        """What is added up: `sessions` or `hours`."""
        if isinstance(self.counts, Own):
            return self.counts.unit
        return "hours" if self.counts is Counter.HOURS else "sessions"


@dataclass(frozen=True)
class Writing:
    """Something the learner must keep writing.

    None means that the document does not say: with no `reviewed_by` nobody reviews, with no
    `frequency` nobody is reminded.
    """

    kind: WritingKind
    name: str
    frequency: Frequency | Own | None
    scope: values.DiaryScope
    urged_by: Party | Own | None
    reviewed_by: Party | Own | None
    clause: str
    status: Status


class Programme(Value):
    """One edition of one programme, as its pack file has it."""

    key: str
    family: str
    edition: PositiveInt
    edition_name: str = ""
    """Where the office calls an edition otherwise than by its year: 第十三期."""
    called: values.Called = values.Called()
    words: values.Vocabulary = values.Vocabulary()
    """The words of this pack's own."""
    carried_from: str = ""
    guardian_consent: dict[values.GradeWord, values.ConsentWord] = Field(default_factory=dict)
    """For learners who may be under 14. A product rule that follows national law on the personal
    data of children; no programme document says it, so it has no clause."""

    identity: Identity
    cycle: Cycle
    participants: Participants
    subjects: Subjects
    territory: Territory = Field(alias="places")
    quotas: Quotas
    roles: Roles
    mentor: Mentor
    selection: Selection
    cultivation: Cultivation
    evaluation: Evaluations
    final_materials: FinalMaterials
    awards: Awards
    volunteer_hours: VolunteerHours
    teacher_training: TeacherTraining
    tracking: Tracking
    budget: Budget
    acceptance: Acceptance
    forms: Forms
    platforms: Platforms
    contacts: Contacts
    schedule: Schedule
    particulars: tuple[values.Particular, ...] = ()
    """What this document says beyond what is asked of every programme."""
    ambiguities: tuple[values.Ambiguity, ...] = ()
    developer_notes: tuple[values.Remark, ...] = ()

    @model_validator(mode="wrap")
    @classmethod
    def _in_its_own_words(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(data, dict):
            return handler(data)
        with values.reading(_own_words(data.get("words")), _subject_codes(data.get("subjects"))):
            return handler(data)

    @property
    def name(self) -> str:
        """The programme's name."""
        return self.identity.short_name.value or self.key

    @property
    def edition_label(self) -> str:
        """What the edition is called: 2026, 第十三期."""
        return self.edition_name or str(self.edition)

    @property
    def provisional(self) -> bool:
        """Rolled forward from last year's document and not yet read against this year's."""
        return bool(self.carried_from)

    def facts(self, *, unwritten: bool = False) -> Iterator[tuple[str, Fact[Any]]]:
        """Every fact with its dotted path in the pack, in the pack's order; particulars last."""
        for attribute, field in type(self).model_fields.items():
            section = getattr(self, attribute)
            if isinstance(section, Section):
                for key, fact in section.facts(unwritten=unwritten):
                    yield f"{field.alias or attribute}.{key}", fact
        yield from self._particular_facts

    @cached_property
    def _particular_facts(self) -> tuple[tuple[str, ProseFact], ...]:
        return tuple(
            (
                f"particulars.{one.key}",
                ProseFact(
                    says=one.says,
                    status=Status.STATED,
                    clause=one.clause,
                    carried_from=one.carried_from,
                ),
            )
            for one in self.particulars
        )

    def fact(self, path: str) -> Fact[Any]:
        """The fact at `cultivation.min_sessions` or, if the pack has it, `particulars.campaign`.

        Raises KeyError for an unknown path.
        """
        return self._by_path[path]

    def subject_name(self, code: str) -> str:
        """A subject's name; what is no code of a subject is its name already."""
        named = {known.code: known.name for known in self.subjects.list.value or ()}
        return named.get(code, code)

    @cached_property
    def _by_path(self) -> dict[str, Fact[Any]]:
        return dict(self.facts(unwritten=True))

    @cached_property
    def requirements(self) -> tuple[Requirement, ...]:
        """Every countable minimum that the document states, in its order; silence requires
        nothing."""
        return tuple(self._requirements())

    def _requirements(self) -> Iterator[Requirement]:
        for path, fact in self.facts():
            value: Any = fact.value
            several = isinstance(value, tuple)
            for number, minimum in enumerate(value if several else (value,), 1):
                if isinstance(minimum, values.Minimum) and minimum.counted:
                    key = path.rpartition(".")[2]
                    yield Requirement(
                        key=f"{key}_{number}" if several else key,
                        path=path,
                        counts=minimum.counts,
                        at_least=minimum.at_least,
                        per=minimum.per,
                        clause=fact.clause,
                        status=fact.status,
                    )

    @cached_property
    def records(self) -> tuple[Writing, ...]:
        """What learners must keep writing: the growth diary, the meeting records."""
        return tuple(self._records())

    def _records(self) -> Iterator[Writing]:
        said = self.cultivation
        if said.diary_name.value is not None:
            yield Writing(
                kind=WritingKind.DIARY,
                name=said.diary_name.value,
                frequency=said.diary_frequency.value,
                scope=said.diary_scope.value or values.DiaryScope(),
                urged_by=said.diary_supervisor.value,
                reviewed_by=said.diary_reviewer.value,
                clause=said.diary_name.clause,
                status=said.diary_name.status,
            )
        if (meeting := said.interview_records.value) is not None:
            yield Writing(
                kind=WritingKind.MEETING_RECORD,
                name=meeting.name,
                frequency=meeting.frequency,
                scope=values.DiaryScope(everyone=True),
                urged_by=meeting.urged_by,
                reviewed_by=meeting.reviewed_by,
                clause=said.interview_records.clause,
                status=said.interview_records.status,
            )

    @property
    def places(self) -> tuple[Place, ...]:
        """How a session can take place. (Towns and universities are `territory`.)"""
        return PLACES

    @property
    def activity_kinds(self) -> tuple[ActivityKind | Own, ...]:
        return self.cultivation.methods.value or ()

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Evaluation stages in order; none where the document has none."""
        return self.evaluation.stages.value or ()

    def stage(self, kind: StageKind | Own) -> Stage | None:
        return next((stage for stage in self.stages if stage.stage == kind), None)

    @property
    def milestones(self) -> tuple[values.Milestone, ...]:
        return self.schedule.milestones.value or ()

    def consent_needed(self, grade: Grade | None) -> Consent:
        """Whether a guardian must agree before more than the binding is stored."""
        if grade is None:
            return Consent.NOT_ASKED
        return self.guardian_consent.get(grade, Consent.NOT_ASKED)


def _own_words(said: Any) -> Mapping[str, Mapping[str, Own]]:
    """The own words of a pack that is about to be read; what is wrong with them is told then."""
    if isinstance(said, values.Vocabulary):
        return said.words()
    try:
        return values.Vocabulary.model_validate(said or {}).words()
    except ValidationError:
        return {}


def _subject_codes(said: Any) -> Mapping[str, str]:
    """The codes of a pack's subjects by their names."""
    try:
        listed = said["list"]["value"]
    except (KeyError, TypeError):
        return {}
    codes: dict[str, str] = {}
    for one in listed if isinstance(listed, list | tuple) else ():
        name = one if isinstance(one, str) else one.get("name") if isinstance(one, dict) else None
        if isinstance(name, str):
            code = one.get("code") if isinstance(one, dict) else None
            codes[name] = code if isinstance(code, str) else values.subject_code(name)
    return codes
