"""Reminders: what is due is found, sent and remembered, so that nobody is reminded of one thing
twice.

`find` looks at the learners whose day has come or about whom something has changed, and writes
down what they and those around them are to be reminded of. `tell` makes, for each person, one
message a day of what is still owed. Each reminder stays as a row, whose key is the person, the
learner, the rule and the period. When a message leaves it is checked once more (`still_owed`):
what has been done by then is not sent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Operator, Refused
from bot.talk.clock import beijing_day
from programmes.reminding import Strength
from prompts import BEIJING, t
from services import audit, notices
from services.access import LEARNERS, any_of
from services.notices import Condition, Why
from services.reminder_card import card
from services.reminder_times import MORNING, NIGHT, USUAL_MINUTE, Times, awake
from services.standing import Due, ReminderKey, standings_on
from storage.statements import Prepared
from storage.tables import (
    Agenda,
    Audit,
    Bundle,
    BundleState,
    CalendarLink,
    Evaluation,
    ExitCase,
    ExpertMark,
    Leave,
    Level,
    Mark,
    Membership,
    Mentoring,
    OfficeDays,
    Outbox,
    Person,
    Record,
    Reminder,
    ReminderSettings,
    ReminderState,
    Role,
    SendState,
    table,
)

DAY: Final = timedelta(days=1)
AT_ONCE: Final = 250
"""How many learners, or people, one transaction handles, so that nobody's message waits long for
it."""
ACTS_AT_ONCE: Final = 1000
BACK: Final = timedelta(hours=1)
"""A clock that has gone back by more than this was wrong before."""
MARKED: Final = timedelta(minutes=15)
"""How often the time is noted if nothing else is to be written."""
MARK: Final = "reminders"
LONGEST_PAUSE: Final = 28
"""How many days a pause may last."""

_agenda, _reminder, _audit = table(Agenda), table(Reminder), table(Audit)
_membership, _record = table(Membership), table(Record)


# ---------------------------------------------------------------- finding


def find(db: Session, now: datetime) -> bool:
    """Find what has become due, for some learners. Returns whether there are more."""
    today = beijing_day(now)
    mark = db.get(Mark, MARK, with_for_update=True)
    if mark is None:
        # The row first: of two schedulers that begin at once, the second waits here.
        _begin.run(db, name=MARK, number=_last_act(db), at=now)
        _look_at_everybody(db, today)
        return True
    if now < mark.at - BACK:
        _clock_went_back(db, now)
    more = _look_where_something_happened(db, mark, today)
    if more or now > mark.at + MARKED or now < mark.at:
        mark.at = now
        db.add(mark)
    ids = [number for (number,) in _to_look_at.all(db, today=today, most=AT_ONCE)]
    if ids:
        _note_due(db, ids, now)
    return more or len(ids) == AT_ONCE


_to_look_at = Prepared(
    sa.select(_agenda.c.member_id)
    .where(_agenda.c.look_on <= bindparam("today"))
    .order_by(_agenda.c.look_on)
    .limit(bindparam("most", type_=sa.Integer()))
)


_begin = Prepared(
    lambda insert: insert(table(Mark)).on_conflict_do_nothing(index_elements=["name"]).inline(),
    *("name", "number", "at"),
)


def _last_act(db: Session) -> int:
    return db.connection().execute(sa.select(sa.func.max(_audit.c.id))).scalar() or 0


def _look_at_everybody(db: Session, today: date) -> None:
    known = sa.exists().where(_agenda.c.member_id == _membership.c.id)
    learners = sa.select(
        _membership.c.id, sa.literal(today, sa.Date()), sa.literal(today, sa.Date())
    ).where(_membership.c.role.in_(LEARNERS), _membership.c.ended_at.is_(None), ~known)
    db.connection().execute(
        _agenda.insert().from_select(["member_id", "look_on", "looked_on"], learners)
    )


def _clock_went_back(db: Session, now: datetime) -> None:
    """Bring forward what was put off under a clock that was ahead, so that it is looked at and
    sent at its own time."""
    today, later = beijing_day(now), now + DAY
    connection = db.connection()
    connection.execute(
        _agenda.update().where(_agenda.c.looked_on > today).values(look_on=today, looked_on=today)
    )
    connection.execute(
        _reminder.update()
        .where(_reminder.c.state == ReminderState.WAITING, _reminder.c.due_at > later)
        .values(due_at=now)
    )


def _look_where_something_happened(db: Session, mark: Mark, today: date) -> bool:
    """Look again at the learners whom acts since the last tick concern. Returns whether there are
    more acts.

    Every act leaves a row in the audit, and rows are only ever added: nothing has to tell this
    module that something has changed, and no clock is compared.
    """
    acts = _acts.all(db, after=mark.number, most=ACTS_AT_ONCE)
    if not acts:
        return False
    mark.number = acts[-1][0]
    named: dict[str, set[int]] = defaultdict(set)
    for _, what, number in acts:
        if number is not None:
            named[what].add(number)
    ids = {number for (number,) in db.connection().execute(_learners_of(named))}
    _look_again.each(db, [{"member_id": number, "look_on": today} for number in sorted(ids)])
    return len(acts) == ACTS_AT_ONCE


_acts = Prepared(
    sa.select(_audit.c.id, _audit.c.object, _audit.c.object_id)
    .where(_audit.c.id > bindparam("after", type_=sa.Integer()), _audit.c.refused == "")
    .order_by(_audit.c.id)
    .limit(bindparam("most", type_=sa.Integer()))
)
_look_again = Prepared(
    lambda insert: (
        insert(_agenda)
        .values(looked_on=sa.literal(date.min, sa.Date()))
        .on_conflict_do_update(
            index_elements=["member_id"], set_={"look_on": sa.literal_column("excluded.look_on")}
        )
        .inline()
    ),
    *("member_id", "look_on"),
)


def _learners_of(named: Mapping[str, set[int]]) -> sa.Select[Any]:
    """The learners concerned by acts on these objects."""
    mentoring, evaluation, exit_case = table(Mentoring), table(Evaluation), table(ExitCase)
    mark, expert = table(ExpertMark), _membership.alias("expert")
    places = named["membership"]
    theirs = (
        _membership.c.id.in_(
            sa.select(_record.c.student_id).where(_record.c.id.in_(named["record"]))
        ),
        _membership.c.id.in_(
            sa.select(evaluation.c.student_id).where(evaluation.c.id.in_(named["evaluation"]))
        ),
        _membership.c.id.in_(
            sa.select(exit_case.c.student_id).where(exit_case.c.id.in_(named["exit"]))
        ),
        _membership.c.id.in_(sa.select(mark.c.student_id).where(mark.c.id.in_(named["mark"]))),
        _membership.c.cohort_id.in_(
            sa.select(expert.c.cohort_id).where(
                expert.c.id.in_(places), expert.c.role == Role.EXPERT_COMMITTEE
            )
        ),
        _membership.c.id.in_(places),
        _membership.c.id.in_(
            sa.select(mentoring.c.student_id).where(mentoring.c.mentor_id.in_(places))
        ),
        _membership.c.person_id.in_(named["person"]),
        _membership.c.cohort_id.in_(named["cohort"]),
    )
    return sa.select(_membership.c.id).where(_membership.c.role.in_(LEARNERS), sa.or_(*theirs))


def _note_due(db: Session, ids: Sequence[int], now: datetime) -> None:
    """Write down what is due of these learners, and when to look at them again."""
    today = beijing_day(now)
    found = standings_on(db, ids, today)
    known = {ReminderKey(*row[:4]): row[4:] for row in _known.all(db, ids=ids)}
    new = [one for key, one in found.due.items() if key not in known]
    _owed_again(db, [known[key] for key in found.due if key in known], now)
    if new:
        times = Times(db, {one.key.person_id for one in new}, now)
        rows = [
            _row(one, times, now)
            for one in new
            if one.saying.strength is not Strength.GENTLE
            or times.level(one.key.person_id) is not Level.LIGHTER
        ]
        _insert.each(db, rows)
    ahead = [{"row": n, "new_look": day, "today": today} for n, day in found.next.items()]
    _put_off.each(db, ahead)


def _owed_again(db: Session, known: Iterable[tuple[Any, ...]], now: datetime) -> None:
    """Let those reminders wait again that were settled because the thing was done, and of which it
    has been undone since."""
    undone = [
        number
        for number, state, told_on in known
        if state == ReminderState.SETTLED and told_on is None
    ]
    for row in db.exec(select(Reminder).where(col(Reminder.id).in_(undone))) if undone else ():
        times = Times(db, [row.person_id], now)
        row.state, row.due_at = ReminderState.WAITING, times.next(row.person_id)
        db.add(row)


def _row(one: Due, times: Times, now: datetime) -> dict[str, Any]:
    due_at = times.next(one.key.person_id)
    return {**one.key._asdict(), "about": one.matter.about, "found_at": now, "due_at": due_at}


_known = Prepared(
    sa.select(
        _reminder.c.person_id,
        _reminder.c.learner_id,
        _reminder.c.rule,
        _reminder.c.period,
        _reminder.c.id,
        _reminder.c.state,
        _reminder.c.told_on,
    ).where(_reminder.c.learner_id.in_(bindparam("ids", expanding=True)))
)
_insert = Prepared(
    lambda insert: (
        insert(_reminder)
        .values(state=ReminderState.WAITING)
        .on_conflict_do_nothing(index_elements=["person_id", "learner_id", "rule", "period"])
        .inline()
    ),
    *("person_id", "learner_id", "rule", "period", "about", "found_at", "due_at"),
)
_put_off = Prepared(
    _agenda.update()
    .where(_agenda.c.member_id == bindparam("row"))
    .values(look_on=bindparam("new_look"), looked_on=bindparam("today"))
)


# ---------------------------------------------------------------- telling


class WaitingRow(NamedTuple):
    """A reminder that waits to be told."""

    id: int
    key: ReminderKey


Say = Callable[[Session, datetime, int, int, Sequence[Due]], bool]
"""Says to a person, as the bundle of this number, what they owe; returns whether it reaches
them."""


def say(db: Session, now: datetime, person_id: int, bundle_id: int, due: Sequence[Due]) -> bool:
    """Queue one message with everything that a person owes."""
    first = min(due, key=lambda one: one.key)
    reached = notices.tell(
        db,
        Operator(now),
        person_id,
        card(db, bundle_id, due, beijing_day(now)),
        f"remind:{bundle_id}",
        why=Why(first.learner.programme.key, first.matter.rule, first.matter.clause),
        condition=Condition("still_owed", {"bundle": bundle_id}),
    )
    return bool(reached)


def tell(db: Session, now: datetime, say: Say = say) -> bool:
    """Tell some people what is due for them. Returns whether there are more."""
    _settle_bundles(db, now)
    people = [number for (number,) in _to_tell.all(db, now=now, most=AT_ONCE)]
    if not people:
        return False
    times = Times(db, people, now)
    waiting = _waiting_of(db, people, now)
    free = {person_id for person_id in people if times.may(person_id)}
    learners = {row.key.learner_id for person_id in free for row in waiting[person_id]}
    standings = standings_on(db, learners, beijing_day(now))
    told: list[dict[str, Any]] = []
    settled: list[dict[str, Any]] = []
    for person_id in people:
        if person_id not in free:
            _defer(db, [row.id for row in waiting[person_id]], times.next(person_id))
            continue
        owed = [(row.id, standings.due.get(row.key)) for row in waiting[person_id]]
        settled += ({"row": row} for row, one in owed if one is None)
        due = {row: one for row, one in owed if one is not None}
        bundle_id = _open_bundle(db, person_id, now) if due else None
        if bundle_id is None:
            continue  # nothing is owed, or another scheduler is telling them at this moment
        if say(db, now, person_id, bundle_id, [*due.values()]):
            told += ({"row": row, "today": beijing_day(now), "bundle": bundle_id} for row in due)
        else:
            _drop_bundle.run(db, bundle=bundle_id)
            _defer(db, [*due], times.next(person_id, not_before=_tomorrow(now)))
    _are_settled.each(db, settled)
    _are_told.each(db, told)
    return len(people) == AT_ONCE


_to_tell = Prepared(
    sa.select(_reminder.c.person_id)
    .distinct()
    .where(_reminder.c.state == ReminderState.WAITING, _reminder.c.due_at <= bindparam("now"))
    .limit(bindparam("most", type_=sa.Integer()))
)
_are_settled = Prepared(
    _reminder.update()
    .where(_reminder.c.id == bindparam("row"))
    .values(state=ReminderState.SETTLED)
)
_are_told = Prepared(
    _reminder.update()
    .where(_reminder.c.id == bindparam("row"))
    .values(state=ReminderState.TOLD, told_on=bindparam("today"), bundle_id=bindparam("bundle"))
)


def _waiting_of(
    db: Session, people: Sequence[int], now: datetime
) -> Mapping[int, list[WaitingRow]]:
    """Everything of which these people are to be reminded today, at whatever hour."""
    found: dict[int, list[WaitingRow]] = defaultdict(list)
    for number, *key in _waiting.all(db, people=people, end=_end_of_day(now)):
        row = WaitingRow(number, ReminderKey._make(key))
        found[row.key.person_id].append(row)
    return found


_waiting = Prepared(
    sa.select(
        _reminder.c.id,
        _reminder.c.person_id,
        _reminder.c.learner_id,
        _reminder.c.rule,
        _reminder.c.period,
    )
    .where(
        _reminder.c.person_id.in_(bindparam("people", expanding=True)),
        _reminder.c.state == ReminderState.WAITING,
        _reminder.c.due_at < bindparam("end"),
    )
    .order_by(_reminder.c.id)
    .with_for_update()
)


def _end_of_day(now: datetime) -> datetime:
    local = now.astimezone(BEIJING)
    return local.replace(hour=0, minute=0, second=0, microsecond=0) + DAY


def _tomorrow(now: datetime) -> date:
    return beijing_day(now) + DAY


def key_of(row: Reminder) -> ReminderKey:
    return ReminderKey(row.person_id, row.learner_id, row.rule, row.period)


def _open_bundle(db: Session, person_id: int, now: datetime) -> int | None:
    """A new bundle of today for somebody; `None` if one is being made by another scheduler."""
    day = beijing_day(now)
    [(nth,)] = _told_today.all(db, person_id=person_id, day=day)
    made = _insert_bundle.first(db, person_id=person_id, day=day, nth=nth, made_at=now)
    return None if made is None else int(made[0])


_bundle = table(Bundle)
_told_today = Prepared(
    sa.select(sa.func.count()).where(
        _bundle.c.person_id == bindparam("person_id"), _bundle.c.day == bindparam("day")
    )
)
_insert_bundle = Prepared(
    lambda insert: (
        insert(_bundle)
        .values(state=BundleState.QUEUED)
        .on_conflict_do_nothing(index_elements=["person_id", "day", "nth"])
        .returning(_bundle.c.id)
    ),
    *("person_id", "day", "nth", "made_at"),
)
_drop_bundle = Prepared(_bundle.delete().where(_bundle.c.id == bindparam("bundle")))


def _defer(db: Session, rows: Iterable[int], until: datetime) -> None:
    _put_back.each(db, [{"row": row, "until": until} for row in rows])


_put_back = Prepared(
    _reminder.update().where(_reminder.c.id == bindparam("row")).values(due_at=bindparam("until"))
)


# ---------------------------------------------------------------- at the door


def still_owed(db: Session, args: Mapping[str, Any], now: datetime) -> bool:
    """Whether everything in a bundle is still owed, outside the quiet hours: asked as its message
    leaves."""
    if not awake(now):
        return False
    keys = [ReminderKey._make(row) for row in _of_bundle.all(db, bundle=args["bundle"])]
    standings = standings_on(db, {key.learner_id for key in keys}, beijing_day(now))
    return bool(keys) and all(key in standings.due for key in keys)


_of_bundle = Prepared(
    sa.select(
        _reminder.c.person_id, _reminder.c.learner_id, _reminder.c.rule, _reminder.c.period
    ).where(_reminder.c.bundle_id == bindparam("bundle"))
)


UNSENT: Final = frozenset({SendState.DROPPED, SendState.UNREACHABLE})
UNDER_WAY: Final = frozenset({SendState.WAITING, SendState.SENDING})


def _settle_bundles(db: Session, now: datetime) -> None:
    """Note what became of the messages. The reminders in one that was not sent wait again."""
    became: list[dict[str, Any]] = []
    for (number,) in _queued.all(db):
        found = _sends.all(db, begins=f"remind:{number}:", ends=f"remind:{number};")
        states = {SendState(state) for (state,) in found}
        if states & UNDER_WAY:
            continue
        dropped = bool(states) and states <= UNSENT
        if dropped:
            _wait_again.run(db, bundle=number, at=now)
        state = BundleState.DROPPED if dropped else BundleState.SENT
        became.append({"row": number, "became": state})
    _settled.each(db, became)


_outbox = table(Outbox)
_queued = Prepared(sa.select(_bundle.c.id).where(_bundle.c.state == BundleState.QUEUED))
_sends = Prepared(
    sa.select(_outbox.c.state).where(
        _outbox.c.key >= bindparam("begins"), _outbox.c.key < bindparam("ends")
    )
)
_wait_again = Prepared(
    _reminder.update()
    .where(_reminder.c.bundle_id == bindparam("bundle"))
    .values(state=ReminderState.WAITING, told_on=None, bundle_id=None, due_at=bindparam("at"))
)
_settled = Prepared(
    _bundle.update().where(_bundle.c.id == bindparam("row")).values(state=bindparam("became"))
)


# ---------------------------------------------------------------- what people press


def bundle_of(db: Session, actor: Actor, bundle_id: int) -> list[Reminder]:
    """The reminders in a bundle that was sent to the actor. Raises `Refused` for any other
    bundle."""
    rows = db.exec(
        select(Reminder)
        .where(Reminder.bundle_id == bundle_id, Reminder.person_id == actor.person_id)
        .order_by(col(Reminder.id))
        .with_for_update()
    ).all()
    any_of(db, actor, "set_reminders")
    if not rows:
        raise Refused(
            t("reminder.not_this_one"),
            verb="set_reminders",
            object="bundle",
            object_id=bundle_id,
        )
    return list(rows)


def again_tomorrow(db: Session, actor: Actor, bundle_id: int) -> datetime:
    """Send what is still owed of a bundle once more, from tomorrow on. Raises `Refused`."""
    rows = bundle_of(db, actor, bundle_id)
    at = Times(db, [actor.person_id], actor.now).next(
        actor.person_id, not_before=_tomorrow(actor.now)
    )
    for row in rows:
        row.state, row.due_at = ReminderState.WAITING, at
        db.add(row)
    audit.note(db, actor, "again_tomorrow", "bundle", bundle_id)
    return at


def due_of(db: Session, actor: Actor, bundle_id: int) -> list[Due]:
    """What is still owed of a bundle of the actor's own. Raises `Refused`."""
    rows = bundle_of(db, actor, bundle_id)
    standings = standings_on(db, {row.learner_id for row in rows}, beijing_day(actor.now))
    return [due for row in rows if (due := standings.due.get(key_of(row))) is not None]


# ---------------------------------------------------------------- a person's end


def forget(db: Session, person_id: int, places: Collection[int]) -> None:
    """Delete all reminders of and to a person, their settings, their leaves and their calendar's
    addresses."""
    here = db.connection()
    mine = (col(Reminder.person_id) == person_id) | col(Reminder.learner_id).in_(places)
    here.execute(sa.delete(Reminder).where(mine))
    here.execute(sa.delete(Bundle).where(col(Bundle.person_id) == person_id))
    here.execute(sa.delete(Agenda).where(col(Agenda.member_id).in_(places)))
    here.execute(sa.delete(Leave).where(col(Leave.member_id).in_(places)))
    here.execute(sa.delete(ReminderSettings).where(col(ReminderSettings.person_id) == person_id))
    here.execute(sa.delete(CalendarLink).where(col(CalendarLink.person_id) == person_id))
    made = col(OfficeDays.made_by) == person_id
    here.execute(sa.update(OfficeDays).where(made).values(made_by=None))


def forget_places(db: Session, places: Collection[int]) -> None:
    """Delete what was worked out of places that are no more: reminders, days to look at them."""
    here = db.connection()
    here.execute(sa.delete(Reminder).where(col(Reminder.learner_id).in_(places)))
    here.execute(sa.delete(Agenda).where(col(Agenda.member_id).in_(places)))


# ---------------------------------------------------------------- settings


def settings(db: Session, person_id: int) -> ReminderSettings:
    """How a person wants to be reminded; the defaults, if they have not said."""
    found = db.get(ReminderSettings, person_id)
    return found or ReminderSettings(
        person_id=person_id, minute=USUAL_MINUTE, level=Level.USUAL, paused_until=None
    )


def choose_time(db: Session, actor: Actor, minute: int) -> None:
    """Be reminded at this minute of the day. Raises `Refused` for one in the quiet hours."""
    earliest = MORNING.hour * 60 + MORNING.minute
    if not earliest <= minute < NIGHT.hour * 60 + NIGHT.minute:
        raise Refused(t("reminder.quiet_hours"), verb="set_reminders")
    _change(db, actor, minute=minute)


def choose_level(db: Session, actor: Actor, level: Level) -> None:
    """Be reminded more, or less. Raises `Refused`."""
    _change(db, actor, level=level)


def pause(db: Session, actor: Actor, days: int) -> None:
    """Be reminded of nothing for some days, today included; with 0, again from now on. Raises
    `Refused`."""
    if not 0 <= days <= LONGEST_PAUSE:
        raise Refused(t("reminder.pause_too_long", most=LONGEST_PAUSE), verb="set_reminders")
    until = beijing_day(actor.now) + DAY * (days - 1) if days else None
    _change(db, actor, paused_until=until)


def _change(db: Session, actor: Actor, **changed: Any) -> None:
    """Change settings. Reminders that wait follow the new ones."""
    any_of(db, actor, "set_reminders")
    db.get(Person, actor.person_id, with_for_update=True)
    row = settings(db, actor.person_id)
    for name, value in changed.items():
        setattr(row, name, value)
    db.add(row)
    db.flush()
    audit.note(db, actor, "set_reminders", "reminders", None, **_as_json(changed))
    times = Times(db, [actor.person_id], actor.now)
    waiting = select(Reminder).where(
        Reminder.person_id == actor.person_id, Reminder.state == ReminderState.WAITING
    )
    rows = [cast(int, row.id) for row in db.exec(waiting)]
    _defer(db, rows, times.next(actor.person_id))


def _as_json(changed: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in changed.items()
    }
