"""An invented cohort: a year's entries, made through the services day by day.

Everything depends only on the moment at which it is made; the same moment gives the same people,
entries, reviews and reminders. Only the secrets of invitations differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Final, cast

from sqlalchemy import update
from sqlmodel import Session, col, select

from app.invented import region_of
from bot.talk.acting import Actor, Operator, Refused
from bot.talk.clock import at_hour, beijing_day
from programmes import evaluating, planning
from programmes.catalogue import load
from programmes.evaluating import Side, StagePart
from programmes.model import Programme
from programmes.presenting import presented
from programmes.values import Outcome, Presentation
from prompts import Language, render, t
from services import (
    access,
    audit,
    evaluations,
    joining,
    marking,
    plans,
    records,
    roster,
    stages,
    urging,
)
from services.access import learner_at
from services.evaluations import Dimension, EvaluationBody
from services.records import (
    HandedIn,
    PlanBody,
    PresentationBody,
    PresentedPart,
    SessionBody,
    WritingBody,
)
from services.roster import Member
from storage import chats
from storage.tables import (
    Account,
    Audit,
    Outbox,
    RecordKind,
    RecordState,
    Role,
    SendState,
    UnitKind,
)

PROGRAMME: Final = "shanxi-2026"
MADE: Final = "make_demo"
"""The verb of the audit row that marks a demo cohort."""
SHOWN: Final = (
    *(Role.STUDENT, Role.MENTOR, Role.TEAM_MEMBER),
    *(Role.SCHOOL_TEACHER, Role.COORDINATOR, Role.GUARDIAN, Role.EXPERT_COMMITTEE),
)
"""The roles for which the demo prints sign-in links."""
CHILDREN: Final = (1, 7)
"""The students, of two schools, who have the demo's guardian."""
BEFORE: Final = timedelta(days=14)
"""The roster is made this long before the cycle."""


@dataclass(frozen=True)
class Trait:
    """One student of the demo and their habits."""

    school: int
    mentor: int
    member: int | None
    subject: str
    grade: str
    pace: int
    """Sessions in a year."""
    at: float
    """When in each interval a session falls, from 0 to 1."""
    forgets: int = 0
    """Every n-th diary is not written; 0 for none."""


STUDENTS: Final = (
    Trait(1, 1, 1, "physics", "senior_1", pace=15, at=0.95),
    Trait(1, 1, 1, "physics", "senior_2", pace=12, at=0.35, forgets=4),
    Trait(1, 2, None, "computer", "senior_1", pace=13, at=0.85, forgets=6),
    Trait(1, 2, None, "computer", "senior_1", pace=9, at=0.60, forgets=2),
    Trait(2, 2, 2, "computer", "senior_2", pace=11, at=0.97),
    Trait(2, 3, 2, "chemistry", "senior_1", pace=10, at=0.15, forgets=3),
    Trait(2, 3, 2, "chemistry", "senior_1", pace=14, at=0.75),
    Trait(2, 4, None, "biology", "senior_2", pace=8, at=0.90, forgets=3),
    Trait(3, 4, None, "biology", "senior_1", pace=12, at=0.50, forgets=5),
    Trait(3, 1, 1, "physics", "senior_1", pace=6, at=0.70, forgets=2),
    Trait(3, 3, None, "chemistry", "senior_2", pace=4, at=0.30),
    Trait(3, 4, None, "biology", "senior_1", pace=0, at=0.0),
)
EXPERTS: Final = ("expert_1", "expert_2", "expert_3")
"""The experts, where the document has experts mark: it does not say how many."""
NOT_JOINED: Final = ("student_12", "teacher_3")
LEFT: Final = "student_11"
"""Has joined, and has blocked the assistant since."""
SLOW: Final = "mentor_4"
"""Takes weeks to review."""

ANEW: Final = 5
"""The student whose plan has just been written anew, and waits for the office."""
SELDOM: Final = 6
"""Sessions in a year; who has no more of them has prepared nothing to present."""
RETURNED: Final = 2
"""The student whose last entry has been sent back."""

KINDS: Final = ("research", "seminar", "reading_list", "lecture")
MEANS: Final = ("on_campus", "on_campus", "online", "on_campus_alone")
DIARIES: Final = ("one", "two", "three", "four", "five", "six")
LENGTHS: Final = (120, 90, 150, 60, 180)
WITHDRAWN: Final = 5
"""Of every nine sessions, this one is withdrawn at once."""


@dataclass(frozen=True)
class Demo:
    """The demo cohort in a database."""

    cohort_id: int
    made: bool
    """Whether it was made just now."""


def make_demo(
    db: Session, now: datetime, language: Language = "zh", programme: str = PROGRAMME
) -> Demo | None:
    """Make the demo cohort of a programme in a database that has no cohort.

    A database with cohorts is left alone: an existing demo is returned, else `None`. Raises
    `NoPack` for an unknown programme.
    """
    here = _cohort_of_demo(db)
    if here is not None:
        return Demo(here, made=False)
    if roster.cohorts(db):
        return None
    return Demo(_Year(db, now, language, load(programme)).live(), made=True)


@dataclass(frozen=True)
class DemoLink:
    """A one-time link by which somebody of the demo signs in."""

    role: Role
    name: str
    unit: str
    url: str


def sign_in_links(db: Session, now: datetime, public_url: str) -> list[DemoLink]:
    """A link for the demo's first person in each role, and in each kind of office.

    Empty without a demo, so that no link is ever made for a real person.
    """
    cohort_id = _cohort_of_demo(db)
    if cohort_id is None:
        return []
    firsts: dict[tuple[Role, UnitKind | None], Member] = {}
    for role in SHOWN:
        for member in roster.members(db, cohort_id, [role]):
            office = member.unit if role is Role.COORDINATOR else None
            firsts.setdefault((role, office.kind if office else None), member)
    found = []
    for (role, _), member in firsts.items():
        token = roster.sign_in_link(db, Operator(now), _person_id(member))
        url = f"{public_url.rstrip('/')}/in/{token}"
        found.append(DemoLink(role, member.person.name, member.unit_name, url))
    return found


def _cohort_of_demo(db: Session) -> int | None:
    return db.exec(select(Audit.object_id).where(Audit.verb == MADE)).first()


def _person_id(member: Member) -> int:
    return cast(int, member.person.id)


# ---------------------------------------------------------------- a year goes by

TimedAction = Callable[[datetime], None]


class _Year:
    """The people of the demo, and what they do until now."""

    def __init__(
        self, db: Session, now: datetime, language: Language, programme: Programme
    ) -> None:
        self._db = db
        self._now = now
        self._language = language
        self._programme = programme
        self._region = region_of(programme.key)
        self._members: dict[str, Member] = {}
        self._accounts: dict[str, int] = {}

    def live(self) -> int:
        """Make the cohort and play its time; returns its id."""
        cycle = self._programme.cycle
        begins = min(at_hour(cycle.first_day, 8) - BEFORE, self._now)
        cohort_id = self._enrol(Operator(begins))
        for name in self._members:
            self._invite(name, begins)
        today = min(beijing_day(self._now), cycle.last_day or date.max)
        acts = [*self._sessions(cycle.first_day, today), *self._reminders(cycle.first_day, today)]
        acts += [*self._plans(cycle.first_day), *self._presentations(), *self._evaluations()]
        acts += self._experts()
        for moment, act in sorted(acts, key=lambda planned: planned[0]):
            if moment <= self._now:
                act(moment)
        self._account(LEFT).reachable = False
        # Messages of the past count as read; only new ones are sent.
        self._db.connection().execute(
            update(Outbox)
            .where(col(Outbox.state) == SendState.WAITING)
            .values(state=SendState.SENT, sent_at=Outbox.created_at)
        )
        return cohort_id

    def _words(self, key: str) -> str:
        around = {"city": self._region.city, "river": self._region.river}
        return render(t(key, **around), self._language)

    # ------------------------------------------------------------ who there is

    def _enrol(self, by: Operator) -> int:
        db = self._db
        units: dict[str, int] = {}
        city = ("city", UnitKind.CITY, "office")
        above = city[0] if self._marked is not None else ""
        for name, kind, under in (
            ("office", UnitKind.OFFICE, ""),
            *([city] if above else []),
            *((f"school_{n}", UnitKind.SCHOOL, above) for n in (1, 2, 3)),
            *((f"host_{n}", UnitKind.HOST, above) for n in (1, 2)),
        ):
            words = self._unit_name(name)
            units[name] = cast(int, roster.add_unit(db, by, kind, words, units.get(under)).id)
        called = render(t("demo.cohort", programme=self._programme.name), self._language)
        cohort = roster.create_cohort(db, by, self._programme.key, called, units["office"])
        cohort_id = cast(int, cohort.id)
        audit.note(db, by, MADE, "cohort", cohort_id)

        def add(name: str, role: Role, unit: str = "", subject: str = "", grade: str = "") -> None:
            person = roster.add_person(
                db, by, self._words(f"demo.person.{name}"), language=self._language
            )
            member, _ = roster.add_member(
                db,
                by,
                cohort_id,
                cast(int, person.id),
                role,
                unit_id=units.get(unit),
                subject=subject,
                grade=grade,
            )
            self._members[name] = roster.find_member(db, cast(int, member.id))

        add("coordinator", Role.COORDINATOR, "office")
        if self._marked is not None:
            add("city", Role.COORDINATOR, "city")
            for name in EXPERTS:
                add(name, Role.EXPERT_COMMITTEE)
        for n in (1, 2, 3):
            add(f"teacher_{n}", Role.SCHOOL_TEACHER, f"school_{n}")
        for n in (1, 2, 3, 4):
            add(f"mentor_{n}", Role.MENTOR, f"host_{1 + n % 2}")
        for n in (1, 2):
            add(f"member_{n}", Role.TEAM_MEMBER, f"host_{1 + n % 2}")
        for n, trait in enumerate(STUDENTS, 1):
            student = f"student_{n}"
            add(student, Role.STUDENT, f"school_{trait.school}", trait.subject, trait.grade)
            self._link(by, student, f"mentor_{trait.mentor}")
            if trait.member is not None:
                self._link(by, student, f"member_{trait.member}")
        add("guardian", Role.GUARDIAN)
        for n in CHILDREN:
            child, guardian = self._members[f"student_{n}"], self._members["guardian"]
            roster.link_guardian(db, by, child.id, guardian.id)
        return cohort_id

    def _unit_name(self, name: str) -> str:
        """What an office, a school or a host is called; the invented ones are of the region."""
        kind, _, number = name.partition("_")
        of_region = {"school": self._region.schools, "host": self._region.hosts}
        if kind not in of_region:
            return self._words(f"demo.{name}")
        words = t("demo.unit", name=of_region[kind][int(number) - 1])
        return render(words, self._language)

    def _link(self, by: Operator, student: str, other: str) -> None:
        roster.link_mentor(self._db, by, self._members[student].id, self._members[other].id)

    def _invite(self, name: str, moment: datetime) -> None:
        """Invite a member; nearly everyone joins."""
        db, member = self._db, self._members[name]
        code = roster.invite(db, Operator(moment), member.id)
        if name in NOT_JOINED:
            return
        speaker = chats.open_account(db, joining.WEB, f"demo-{name}", self._language, moment)
        invited = joining.open_invite(db, code, f"demo-{name}", moment)
        joining.join(db, cast(int, invited.invite.id), speaker.account_id, moment)
        self._accounts[name] = speaker.account_id

    def _account(self, name: str) -> Account:
        return cast(Account, self._db.get(Account, self._accounts[name]))

    def _actor(self, name: str, moment: datetime) -> Actor:
        return Actor(_person_id(self._members[name]), self._accounts.get(name), moment)

    # ------------------------------------------------------------ what they do

    def _sessions(self, first: date, today: date) -> Iterator[tuple[datetime, TimedAction]]:
        """Every session until today, spread evenly, with what follows from each."""
        span = (today - first).days + 1
        for n, trait in enumerate(STUDENTS, 1):
            count = max(1, round(trait.pace * span / 365)) if span > 0 and trait.pace else 0
            for k in range(count):
                day = first + timedelta(days=int((k + trait.at) * span / count))
                yield from self._session(n, trait, k, day, last=k == count - 1)

    def _session(
        self, n: int, trait: Trait, k: int, day: date, *, last: bool
    ) -> Iterator[tuple[datetime, TimedAction]]:
        """A student's k-th session: handed in that evening, then its diary, then its review.

        The last sessions wait longer, and one is returned and waits for its student, so that there
        is something to do on any day.
        """
        student, handed_in = f"student_{n}", list[HandedIn]()
        helped = trait.member is not None and k % 3 == 1
        reviewer = f"member_{trait.member}" if helped else f"mentor_{trait.mentor}"
        body = self._body(trait, k, day, reviewer)

        def hand_in(moment: datetime) -> None:
            record = self._hand_in(student, moment, RecordKind.SESSION, body, day)
            handed_in.append(record)

        def write_diary(moment: datetime) -> None:
            diary = WritingBody(parts=(self._words(f"demo.diary.{DIARIES[k % len(DIARIES)]}"),))
            about_id = handed_in[0].id
            entry = self._hand_in(student, moment, RecordKind.DIARY, diary, day, about_id)
            handed_in.append(entry)

        def withdraw(moment: datetime) -> None:
            record = handed_in[0]
            actor = self._actor(student, moment)
            records.withdraw(self._db, actor, record.id, record.version)

        def approve(moment: datetime) -> None:
            for entry in handed_in:
                if entry.state is RecordState.SUBMITTED:
                    self._review(reviewer, moment, entry)

        def send_back(moment: datetime) -> None:
            self._review(reviewer, moment, handed_in[0], self._words("reason.wrong_length"))

        def mend(moment: datetime) -> None:
            entry, actor = handed_in[0], self._actor(student, moment)
            mended = body.model_copy(update={"minutes": body.minutes + 30})
            handed_in[0] = records.amend(self._db, actor, entry.id, entry.version, mended, day=day)

        yield at_hour(day, 20), hand_in
        if k % 9 == WITHDRAWN and not last:
            yield at_hour(day, 21), withdraw
            return
        if not trait.forgets or (k + 1) % trait.forgets:
            yield at_hour(day + timedelta(days=1), 19), write_diary
        wait = 24 if reviewer == SLOW else 9 if last and n % 2 else 1 + (n + 2 * k) % 5
        decided = day + timedelta(days=wait)
        if last and n == RETURNED:
            yield at_hour(decided, 12), send_back
        elif (n + k) % 5 == 4:
            yield at_hour(decided, 12), send_back
            yield at_hour(decided + timedelta(days=2), 18), mend
            yield at_hour(decided + timedelta(days=4), 12), approve
        else:
            yield at_hour(decided, 12), approve

    def _body(self, trait: Trait, k: int, day: date, with_whom: str) -> SessionBody:
        kind = KINDS[k % len(KINDS)]
        return SessionBody(
            day=day,
            start=time(14, 30),
            minutes=LENGTHS[(k + trait.mentor) % len(LENGTHS)],
            place=MEANS[k % len(MEANS)],
            kind=kind,
            people=(self._members[with_whom].person.name,),
            what=self._words(f"demo.{trait.subject}.{kind}"),
        )

    def _hand_in(
        self,
        student: str,
        moment: datetime,
        kind: RecordKind,
        body: SessionBody | WritingBody | PresentationBody,
        day: date,
        about_id: int | None = None,
        period: str = "",
    ) -> HandedIn:
        actor = self._actor(student, moment)
        learner = learner_at(self._db, self._members[student].id)
        return records.hand_in(
            self._db, actor, learner, kind, body, day=day, about_id=about_id, period=period
        )

    def _review(self, reviewer: str, moment: datetime, record: HandedIn, why: str = "") -> None:
        """Read an entry in full, then approve it, or send it back with a reason."""
        actor, record_id = self._actor(reviewer, moment), record.id
        records.open_whole(self._db, actor, record_id)
        records.review(self._db, actor, record_id, record.version, approve=not why, reason=why)

    def _reminders(self, first: date, today: date) -> Iterator[tuple[datetime, TimedAction]]:
        """On the 20th of a month each teacher who has joined looks at half of their students."""
        day = first.replace(day=20)
        while day <= today:
            for n, trait in enumerate(STUDENTS, 1):
                teacher = f"teacher_{trait.school}"
                if (n + day.month) % 2 and teacher not in NOT_JOINED:
                    yield at_hour(day, 16), partial(self._remind, teacher, f"student_{n}")
            day = (day.replace(day=1) + timedelta(days=32)).replace(day=20)

    def _plans(self, first: date) -> Iterator[tuple[datetime, TimedAction]]:
        """Mentors write their students' training plans in the first weeks, and the office approves
        them in the week after; one is written anew these days and waits, and of one student who
        never came there is none."""
        if not planning.is_asked(self._programme):
            return
        for n, trait in enumerate(STUDENTS, 1):
            if not trait.pace:
                continue
            written = first + timedelta(days=10 + n)
            yield at_hour(written, 20), partial(self._plan, n, trait)
            yield at_hour(written + timedelta(days=6), 10), partial(self._approve_plan, n)
        again = beijing_day(self._now) - timedelta(days=2)
        if first + timedelta(days=30) < again <= (self._programme.cycle.last_day or date.max):
            yield at_hour(again, 20), partial(self._plan, ANEW, STUDENTS[ANEW - 1])

    def _plan(self, n: int, trait: Trait, moment: datetime) -> None:
        actor, student_id = (
            self._actor(f"mentor_{trait.mentor}", moment),
            self._members[f"student_{n}"].id,
        )
        body = PlanBody(
            grounds=self._words("demo.plan.grounds"),
            aims=self._words("demo.plan.aims"),
            steps=self._words(f"demo.plan.{trait.subject}"),
            readings=self._words("demo.plan.readings"),
        )
        before = plans.of_learner(self._db, student_id)
        plans.write(self._db, actor, student_id, before.version if before else 0, body)

    def _approve_plan(self, n: int, moment: datetime) -> None:
        plan = plans.of_learner(self._db, self._members[f"student_{n}"].id)
        if plan is not None and planning.needs_approval(self._programme):
            office = self._actor("coordinator", moment)
            records.review(self._db, office, plan.id or 0, plan.version, approve=True)

    def _presentations(self) -> Iterator[tuple[datetime, TimedAction]]:
        """Most students prepare what they present at a stage, in the weeks before its last day."""
        stages = dict(zip(evaluating.keys(self._programme), self._programme.stages, strict=True))
        for key, one in presented(self._programme).items():
            due = evaluating.term(self._programme, stages[key]).due
            for n, trait in enumerate(STUDENTS, 1):
                if due is not None and trait.pace > SELDOM:
                    day = due - timedelta(days=4 + n)
                    yield at_hour(day, 21), partial(self._present, f"student_{n}", key, one)

    def _present(self, student: str, stage: str, one: Presentation, moment: datetime) -> None:
        parts = tuple(
            PresentedPart(key=key, words=self._words(f"demo.presentation.{key}"))
            for key in ("progress", *one.about)
        )
        body, day = PresentationBody(parts=parts), beijing_day(moment)
        self._hand_in(student, moment, RecordKind.PRESENTATION, body, day, period=stage)

    def _evaluations(self) -> Iterator[tuple[datetime, TimedAction]]:
        """Mentors sign what is due before the last evaluation, near its last day; of who never
        came nobody knows what to say, and the last one waits."""
        stages = self._programme.stages
        for key, stage in zip(evaluating.keys(self._programme), stages, strict=True):
            due = evaluating.term(self._programme, stage).due
            if due is None or stage is stages[-1]:
                continue
            for part in evaluating.parts(self._programme, stage):
                for n, trait in enumerate(STUDENTS, 1):
                    if part.side is Side.TEAM and trait.pace:
                        day = due - timedelta(days=n % 3)
                        yield at_hour(day, 21), partial(self._evaluate, n, trait.mentor, key, part)

    def _evaluate(self, n: int, mentor: int, key: str, part: StagePart, moment: datetime) -> None:
        words = self._words("demo.evaluation.dimension")
        body = EvaluationBody(
            dimensions=tuple(Dimension(name=one, words=words) for one in part.stage.dimensions),
            outcome=Outcome.QUALIFIED if Outcome.QUALIFIED in part.outcomes else "",
            comment=self._words("demo.evaluation.comment"),
        )
        actor = self._actor(f"mentor_{mentor}", moment)
        student_id = self._members[f"student_{n}"].id
        evaluations.sign(self._db, actor, student_id, key, part.side, 0, body)

    @property
    def _marked(self) -> int | None:
        """The place of the stage at which experts mark; `None` where there is none."""
        every = enumerate(self._programme.stages)
        return next((n for n, stage in every if stage.independent), None)

    def _experts(self) -> Iterator[tuple[datetime, TimedAction]]:
        """The city's office recommends those who came often, before its last day; then the office
        opens the experts' step. One expert has marked nearly everybody, one a few, one nobody."""
        if self._marked is None:
            return
        keys, every = evaluating.keys(self._programme), self._programme.stages
        before = evaluating.recommending(self._programme, every[self._marked])
        place = next(n for n, stage in enumerate(every) if stage is before)
        due = evaluating.term(self._programme, every[place]).due
        if due is None:
            return
        chosen = [n for n, trait in enumerate(STUDENTS, 1) if trait.pace > SELDOM]
        for n in range(1, len(STUDENTS) + 1):
            said = Outcome.RECOMMENDED if n in chosen else Outcome.NOT_RECOMMENDED
            yield at_hour(due, 9), partial(self._recommend, n, keys[place], said)
        yield at_hour(due + timedelta(days=1), 9), self._open_to_experts
        for expert, marked in zip(EXPERTS, (chosen[:-2], chosen[:3], []), strict=True):
            for n in marked:
                outcome = Outcome.EXCELLENT if (n + len(marked)) % 3 == 0 else Outcome.QUALIFIED
                at = at_hour(due + timedelta(days=3), 20)
                yield at, partial(self._mark, expert, n, outcome)

    def _recommend(self, n: int, stage: str, said: Outcome, moment: datetime) -> None:
        body = EvaluationBody(outcome=said, comment=self._words(f"demo.city_says.{said}"))
        student_id = self._members[f"student_{n}"].id
        actor = self._actor("city", moment)
        evaluations.sign(self._db, actor, student_id, stage, Side.OFFICE, 0, body)

    def _open_to_experts(self, moment: datetime) -> None:
        office = self._actor("coordinator", moment)
        cohort = access.cohort_of(self._db, self._members["coordinator"].membership)
        key = evaluating.keys(self._programme)[cast(int, self._marked)]
        days = (beijing_day(moment), None)
        stages.change(self._db, office, cohort, key, days, self._words("demo.opens_to_experts"))

    def _mark(self, expert: str, n: int, outcome: Outcome, moment: datetime) -> None:
        place = cast(int, self._marked)
        stage, key = self._programme.stages[place], evaluating.keys(self._programme)[place]
        words = self._words("demo.evaluation.dimension")
        body = EvaluationBody(
            dimensions=tuple(Dimension(name=one, words=words) for one in stage.dimensions),
            outcome=outcome,
            comment=self._words("demo.evaluation.comment"),
        )
        student_id = self._members[f"student_{n}"].id
        marking.sign(self._db, self._actor(expert, moment), student_id, key, 0, body)

    def _remind(self, teacher: str, student: str, moment: datetime) -> None:
        actor, student_id = self._actor(teacher, moment), self._members[student].id
        try:
            with self._db.begin_nested():
                urging.urge(self._db, actor, student_id, RecordKind.DIARY)
        except Refused:
            return  # nothing is missing
