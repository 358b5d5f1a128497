"""Plays a cohort's cycle day by day, and tells what happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

from sqlmodel import Session

from app.main import App
from app.settings import Settings, WebSettings
from app.simulation import doings
from app.simulation.chatting import Chats, Doing
from app.simulation.events import Event, events
from app.simulation.inventing import Habit, Invented, World, invent
from bot.platforms.fake import FakePlatform
from bot.talk.acting import Operator
from bot.talk.clock import SetClock, beijing_day
from programmes import catalogue, certifying, evaluating, planning
from programmes.evaluating import Side
from programmes.model import Programme
from prompts import BEIJING
from services import roster
from storage import migrate
from storage.database import do_not_wait
from storage.tables import Role

DAY: Final = timedelta(days=1)
BEFORE: Final = 3 * DAY
"""Everybody joins so long before the cycle begins."""
AFTER: Final = 21 * DAY
"""The office goes on for so long after it has ended."""
HOURS: Final = (8, 10, 19, 20, 21)
"""The hours at which the clock ticks and people act."""
EVALUATES: Final = 4 * DAY
"""Mentors evaluate so long after a stage opens."""


@dataclass(frozen=True, slots=True)
class Downtime:
    """The assistant is down from one moment to another."""

    begins: datetime
    ends: datetime


class Play:
    """One simulated cycle of one cohort."""

    def __init__(self, programme: Programme, students: int, seed: int, folder: Path) -> None:
        self.programme = programme
        self.world: World = invent(programme, students, seed)
        first = programme.cycle.first_day
        self.last = programme.cycle.last_day_played
        self.clock = SetClock(at(first - BEFORE, 9))
        self.platform = FakePlatform()
        self.app = App(
            Settings(
                database_url=f"sqlite:///{folder / 'simulation.db'}",
                data_dir=folder,
                web=WebSettings(enabled=False),
            ),
            self.clock,
            {"fake": self.platform},
            self.clock.seconds,
        )
        do_not_wait(self.app.database)
        migrate.upgrade(self.app.database)
        self.chats = Chats(self.app, self.platform)
        self.cohort_id = 0
        self.outages = outages(self.clock.now(), at(self.last, 22), seed)
        self._put_off: list[Doing] = []
        self._heeded: set[tuple[str, str]] = set()
        """Who has followed which reminder, by the place of its message."""

    async def run(self) -> list[Event]:
        """Play until after the end; returns all that happened, in order."""
        codes = await self.app.database.run(self._enrol)
        await self.app.inbox.take_up()
        await self.chats.go(
            [doings.join(self.chats, one, codes[one.key]) for one in self.world.people.values()]
        )
        day = beijing_day(self.clock.now()) + DAY
        while day <= self.last + AFTER:
            await self._day(day)
            day += DAY
        found = await self.app.database.run(events, self.programme)
        self.app.close()
        return found

    # ---------------------------------------------------------------- a day

    async def _day(self, day: date) -> None:
        doing = {10: [*self._office(day)], 20: [*self._learners(day)], 21: [*self._mentors(day)]}
        for hour in HOURS:
            moment = at(day, hour)
            self.clock.moment = moment
            if self._is_down(moment):
                # Messengers hold what people send; they go on once the assistant answers again.
                self._put_off += doing.get(hour, [])
                continue
            await self.app.remind()
            await self.chats.settle()
            now = [*self._put_off, *doing.get(hour, [])]
            self._put_off = []
            if now:
                await self.chats.go(now)

    def _is_down(self, moment: datetime) -> bool:
        return any(outage.begins <= moment < outage.ends for outage in self.outages)

    def _learners(self, day: date) -> Iterator[Doing]:
        for one in self.world.of(Role.STUDENT, Role.TRAINEE_TEACHER):
            if one.away is not None and day == one.away[0] - DAY:
                yield doings.take_leave(self.chats, one)
            if one.is_away(day) or one.habit is Habit.SILENT:
                continue
            if day in one.days:
                yield doings.log_session(self.chats, one, self.world.people[one.mentor].name)
            elif self._heeds(one, "presentation"):
                yield doings.present(self.chats, one)
            elif day.weekday() == 6 and self.chats.reminded_of(one, "materials"):
                yield doings.bring(self.chats, one)
            elif day.weekday() == 5 and self.chats.reminded_of(one, "writing", "meeting"):
                yield doings.heed(self.chats, one)

    def _heeds(self, one: Invented, verb: str) -> bool:
        """Whether somebody follows the latest reminder, if it is of this act: each once."""
        step = self.chats.reminded_of(one, verb)
        if step is None or (one.key, step.on) in self._heeded:
            return False
        self._heeded.add((one.key, step.on))
        return True

    def _mentors(self, day: date) -> Iterator[Doing]:
        habits = self._habits
        for number, one in enumerate(self.world.of(Role.MENTOR), 1):
            if one.is_away(day):
                continue
            # Some look every other day, some once in three weeks.
            if day.toordinal() % (21 if number % 4 == 0 else 2) == 0:
                yield doings.review(self.chats, one)
            if self.chats.reminded_of(one, "plans"):
                yield doings.plan(self.chats, one)
            if self._signs(day, late=number % 5 == 0):
                yield doings.evaluate(self.chats, one, habits)
        for one in self.world.of(Role.SCHOOL_TEACHER):
            if self._signs(day, late=False) and self._by_school:
                yield doings.evaluate(self.chats, one, habits)
        for number, one in enumerate(self.world.of(Role.EXPERT_COMMITTEE), 1):
            if any(day == opens + (EVALUATES + number * DAY) for opens in self._marked_from):
                yield doings.mark(self.chats, one)

    def _signs(self, day: date, *, late: bool) -> bool:
        """Whether this is a day on which evaluations are signed: some days after a stage opens,
        or, for who is late, after it is due."""
        for term in self._terms():
            opens, due = term
            signs = min(opens + EVALUATES, due)
            if day == (due + 2 * DAY if late else signs):
                return True
        return False

    def _terms(self) -> Iterator[tuple[date, date]]:
        """The days on which each stage opens and is due, by its document or by the office here."""
        for number, stage in enumerate(self.programme.stages):
            term = evaluating.term(self.programme, stage)
            if term.opens is not None and term.due is not None:
                # A stage with a deadline alone: people wait for its last days, when those who
                # present something have been told to prepare it.
                yield max(term.opens, term.due - 10 * DAY), term.due
            else:
                opens = self._opened_by_office(number)
                yield opens, opens + 30 * DAY

    @property
    def _marked_from(self) -> list[date]:
        """The days on which the stages open at which experts mark."""
        terms = zip(self.programme.stages, self._terms(), strict=True)
        return [opens for stage, (opens, _) in terms if stage.independent]

    def _opened_by_office(self, number: int) -> date:
        """When the office here opens a stage that no document dates: spread over the cycle; for
        experts, once learners have been recommended to them."""
        stage = self.programme.stages[number]
        before = evaluating.recommending(self.programme, stage) if stage.independent else None
        due = evaluating.term(self.programme, before).due if before is not None else None
        if due is not None:
            return due + DAY
        first, count = self.programme.cycle.first_day, len(self.programme.stages)
        return first + (self.last - first) * (number + 1) / (count + 1)

    @property
    def _habits(self) -> dict[str, Habit]:
        return {one.name: one.habit for one in self.world.people.values()}

    @property
    def _by_school(self) -> bool:
        return any(
            part.side is Side.SCHOOL
            for stage in self.programme.stages
            for part in evaluating.parts(self.programme, stage)
        )

    def _office(self, day: date) -> Iterator[Doing]:
        """What the office does, each of its people one thing after the other."""
        by_person: dict[str, list[Doing]] = {}
        for one, doing in self._office_tasks(day):
            by_person.setdefault(one.key, []).append(doing)
        yield from map(in_turn, by_person.values())

    def _office_tasks(self, day: date) -> Iterator[tuple[Invented, Doing]]:
        one, other = self.world.of(Role.COORDINATOR)
        for number, (stage, (opens, due)) in enumerate(
            zip(self.programme.stages, self._terms(), strict=True)
        ):
            if day == opens and evaluating.term(self.programme, stage).opens is None:
                yield one, doings.open_stage(self.chats, one, number, due)
            parts = evaluating.parts(self.programme, stage)
            if day == due - 2 * DAY and any(part.side is Side.OFFICE for part in parts):
                yield one, doings.decide(self.chats, one, number, self._habits)
        if planning.needs_approval(self.programme) and day.weekday() == 1:
            yield one, doings.approve_plans(self.chats, one)
        if day == self._certified_on:
            yield one, doings.issue_certificates(self.chats, one)
        if self.programme.stages and day.weekday() in (0, 3):
            who = one if day.weekday() == 0 else other
            yield who, doings.handle_exits(self.chats, who)

    @property
    def _certified_on(self) -> date | None:
        """The day after the stage whose outcome is certified; `None` where no office here issues
        certificates."""
        promised = certifying.certificate(self.programme)
        if promised is None or promised.elsewhere:
            return None
        upon = {key for key, _ in certifying.parts(self.programme)}
        keys = evaluating.keys(self.programme)
        return max(
            due + DAY for key, (_, due) in zip(keys, self._terms(), strict=True) if key in upon
        )

    # ---------------------------------------------------------------- who there is

    def _enrol(self, db: Session) -> dict[str, str]:
        """Make the cohort; returns everybody's invitation code by key."""
        by = Operator(self.clock.now())
        units = {}
        for key, (kind, name) in self.world.units.items():
            units[key] = roster.add_unit(db, by, kind, name).id
        cohort = roster.create_cohort(db, by, self.programme.key, "simulation", units["office"])
        self.cohort_id = cohort.id or 0
        codes = {}
        for one in self.world.people.values():
            person = roster.add_person(db, by, one.name)
            place, _ = roster.add_member(
                db,
                by,
                self.cohort_id,
                person.id or 0,
                one.role,
                unit_id=units.get(one.unit),
                subject=one.subject,
                grade=one.grade,
            )
            one.member_id, one.person_id = place.id or 0, person.id or 0
            codes[one.key] = roster.invite(db, by, one.member_id)
        for one in self.world.people.values():
            self._link(db, by, one)
        return codes

    def _link(self, db: Session, by: Operator, one: Invented) -> None:
        if not one.mentor:
            return
        other = self.world.people[one.mentor]
        if one.role is Role.GUARDIAN:
            roster.link_guardian(db, by, other.member_id, one.member_id)
        else:
            roster.link_mentor(db, by, one.member_id, other.member_id)


def in_turn(each: Iterable[Doing]) -> Doing:
    """Do one thing after the other: who did two at once would read the answers to both."""
    for doing in each:
        yield from doing


def at(day: date, hour: int) -> datetime:
    """An hour of a day in Beijing."""
    return datetime.combine(day, time(hour), BEIJING).astimezone(UTC)


def outages(first: datetime, last: datetime, seed: int) -> list[Downtime]:
    """When the assistant is down: for some hours, and once for three days."""
    random = Random(seed)  # noqa: S311 - invents, guards nothing
    span = int((last - first).total_seconds() // 3600)
    found = []
    for hours in (5, 11, 72):
        begins = first + timedelta(hours=random.randrange(24 * 7, max(24 * 7 + 1, span - 24 * 14)))
        found.append(Downtime(begins, begins + timedelta(hours=hours)))
    return found


async def simulate(key: str, students: int, seed: int) -> list[Event]:
    """Play a cycle of a programme with so many invented learners.

    Raises `NoPack` for an unknown programme.
    """
    programme = catalogue.load(key)
    with TemporaryDirectory(prefix="yingcai-simulation-") as folder:
        return await Play(programme, students, seed, Path(folder)).run()
