"""The lists from which an office works: schools, what waits, who is on the roster, reminders,
questions, and what staff did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final, cast

from app.console.caller import Address, Caller, ListDrawn, View
from app.console.learners import Students, counting, in_unit, matters, units
from app.console.listing import ListCell, ListColumn, ListFilter, Listing
from app.console.overview import age_words, schools, way
from bot.talk.message import Tone
from handlers.cohort import invitation_words
from handlers.handovers import TONES
from language.pinyin import sound
from programmes.values import Material
from prompts import Words, t
from services import console, handovers, inquiries, looking, records
from services.access import LEARNERS, grants_of
from services.console import ActLine, MemberLine, ReminderLine, WaitingLine
from services.entities import Cohort, RecordKind, ReminderState, Role
from services.handovers import Handed
from services.inquiries import Group
from services.packs import load, material_label, matter_label
from services.records import Reviewer
from services.roster import Presence
from services.undelivered import undelivered
from services.urging import PATIENCE

# ---------------------------------------------------------------- schools


def school_list(caller: Caller, asked: Address) -> ListDrawn:
    """By school: how many learners there are, and how many lack what."""
    cohorts = caller.cohorts(int(asked["cohort"]))
    here = Students(caller, cohorts[0])
    lacking = matters(here.programme)

    def cells(rows: Sequence[Mapping[str, Any]]) -> list[list[ListCell]]:
        return [
            [
                ListCell(row["name"]),
                number(*row["all"]),
                number(*row["behind"]),
                *(number(*one) for one in row["lacks"]),
                number(*row["waiting"]),
            ]
            for row in rows
        ]

    def by_lack(place: int) -> Any:
        return lambda row: (row["lacks"][place][0], row["name"])

    listing: Listing[Mapping[str, Any]] = Listing(
        rows=schools(here),
        columns=(
            ListColumn("name", t("console.school"), lambda row: sound(row["name"])),
            ListColumn("all", t("role.student"), lambda row: (row["all"], row["name"])),
            ListColumn("behind", t("watch.list.behind"), lambda row: (row["behind"], row["name"])),
            *(
                ListColumn(f"lacks.{key}", t("console.lacks", what=what), by_lack(place))
                for place, (key, what) in enumerate(lacking)
            ),
            ListColumn("waits", t("state.submitted"), lambda row: (row["waiting"], row["name"])),
        ),
        cells=cells,
        seen=lambda _rows: None,
        named=lambda row: row["name"],
    )
    return ListDrawn(listing, tuple(cohorts), "schools", counting(here))


def number(count: int, link: str) -> ListCell:
    """A number with the list behind it; nothing is behind none."""
    return ListCell(str(count), link if count else "", plain=count)


# ---------------------------------------------------------------- what waits


def waiting(caller: Caller, asked: Address) -> ListDrawn:
    """The entries that wait for review, the longest first."""
    cohorts = caller.cohorts(int(asked["cohort"]))
    at = cohorts[0]
    rows = console.waiting(caller.db, at, caller.person)

    def cells(lines: Sequence[WaitingLine]) -> list[list[ListCell]]:
        with_whom = records.reviewers_of(caller.db, [line.student_id for line in lines])
        return [_waiting_cells(caller, at, line, with_whom) for line in lines]

    def seen(lines: Sequence[WaitingLine]) -> None:
        looking.list_of(caller.db, caller.actor, [line.student_id for line in lines])

    kinds = sorted({line.kind for line in rows})
    listing: Listing[WaitingLine] = Listing(
        rows=rows,
        columns=(
            ListColumn("name", t("console.name"), lambda line: (sound(line.name), line.id)),
            ListColumn("school", t("console.school"), lambda line: (line.unit, line.id)),
            ListColumn(
                "age", t("console.waited"), lambda line: (-line.since.timestamp(), line.id)
            ),
            ListColumn("kind", t("console.kind"), lambda line: (line.kind, line.id)),
            ListColumn("day", t("console.day"), lambda line: (line.day, line.id)),
            ListColumn("since", t("console.handed_in")),
            ListColumn("whom", t("console.whom")),
        ),
        cells=cells,
        seen=seen,
        filters=(
            ListFilter("school", t("console.school"), units(rows), in_unit),
            ListFilter(
                "kind",
                t("console.kind"),
                [(kind.value, t(f"watch.matter.{kind}")) for kind in kinds],
                lambda line, key: line.kind == key,
            ),
            ListFilter(
                "age",
                t("console.waited"),
                [(str(first), age_words(first, last)) for first, last in console.AGES],
                lambda line, key: (
                    console.age_group(console.age(line.since, caller.now)) == int(key)
                ),
            ),
        ),
        named=lambda line: line.name,
    )
    return ListDrawn(listing, tuple(cohorts), "waiting")


def _waiting_cells(
    caller: Caller, at: Cohort, line: WaitingLine, with_whom: Mapping[int, Sequence[Reviewer]]
) -> list[ListCell]:
    days = console.age(line.since, caller.now)
    tone: Tone = "bad" if days >= PATIENCE.days else "neutral"
    names: list[Words] = [one.name for one in with_whom.get(line.student_id, ())]
    if line.kind in records.OF_OTHERS:
        names = [t("progress.with_office")]
    return [
        ListCell(line.name, f"{way(at, 'students')}/{line.student_id}"),
        ListCell(line.unit),
        ListCell(t("console.days", days=days), tone=tone, plain=days),
        ListCell(t(f"watch.matter.{line.kind}"), f"{way(at, 'entries')}/{line.id}"),
        ListCell(t("console.on_day", day=line.day), plain=line.day),
        ListCell(t("console.at", at=line.since)),
        ListCell(t("field.list", items=names) if names else t("progress.with_nobody")),
    ]


# ---------------------------------------------------------------- the roster


def roster_list(caller: Caller, asked: Address) -> ListDrawn:
    """Everybody in a cohort, in any role, with whether they can be reached."""
    cohorts = caller.cohorts(int(asked["cohort"]))
    at = cohorts[0]
    rows = console.members(caller.db, at, caller.person)
    lost = {
        one.member.id
        for one in undelivered(
            caller.db, cast(int, at.id), caller.person, caller.now, 0, len(rows) or 1
        )[1]
    }

    def is_in(line: MemberLine, state: str) -> bool:
        return line.id in lost if state == "undelivered" else line.presence == state

    coming = {
        one.member.id: t("console.taken_over", day=one.handover.first_day, name=one.successor)
        for one in handovers.overseen(caller.db, caller.actor, cohort_id=at.id)
        if one.state == "to_come"
    }

    def cells(lines: Sequence[MemberLine]) -> list[list[ListCell]]:
        return [_member_cells(at, caller, line, lost, coming) for line in lines]

    def seen(lines: Sequence[MemberLine]) -> None:
        looking.list_of(caller.db, caller.actor, [line.id for line in lines])

    roles = [role for role in Role if any(line.role is role for line in rows)]
    listing: Listing[MemberLine] = Listing(
        rows=rows,
        columns=(
            ListColumn("name", t("console.name"), lambda line: (sound(line.name), line.id)),
            ListColumn("role", t("console.role"), lambda line: (line.role, line.id)),
            ListColumn("unit", t("console.unit"), lambda line: (line.unit, line.id)),
            ListColumn("state", t("field.state"), lambda line: (line.presence, line.id)),
            ListColumn("invitation", t("console.invitation")),
            ListColumn("handover", t("console.handover")),
        ),
        cells=cells,
        seen=seen,
        filters=(
            ListFilter(
                "role",
                t("console.role"),
                [(role.value, t(f"role.{role}")) for role in roles],
                lambda line, key: line.role == key,
            ),
            ListFilter("unit", t("console.unit"), units(rows), in_unit),
            ListFilter(
                "state",
                t("field.state"),
                [
                    *((one.value, t(f"console.presence.{one}")) for one in Presence),
                    ("undelivered", t("watch.list.undelivered")),
                ],
                is_in,
            ),
        ),
        named=lambda line: line.name,
    )
    return ListDrawn(
        listing, tuple(cohorts), "roster", _told(caller, "invite", "console.invite_how")
    )


def _told(caller: Caller, act: str, key: str) -> Words:
    """How something is done, for whoever may do it somewhere."""
    return t(key) if grants_of(caller.db, caller.person, act) else ""


def _member_cells(
    at: Cohort,
    caller: Caller,
    line: MemberLine,
    lost: set[int],
    coming: Mapping[int, Words],
) -> list[ListCell]:
    tones: Mapping[Presence, Tone] = {Presence.NOT_JOINED: "waiting", Presence.UNREACHABLE: "bad"}
    state: Words = t(f"console.presence.{line.presence}")
    if line.id in lost:
        state = t("field.list", items=[state, t("watch.list.undelivered")])
    own = f"{way(at, 'students' if line.role in LEARNERS else 'roster')}/{line.id}"
    absent = line.presence is Presence.NOT_JOINED
    return [
        ListCell(line.name, own),
        ListCell(t(f"role.{line.role}")),
        ListCell(line.unit),
        ListCell(state, tone=tones.get(line.presence, "neutral")),
        ListCell(invitation_words(line.invited_until, caller.now) if absent else ""),
        ListCell(coming.get(line.id, "")),
    ]


# ---------------------------------------------------------------- handovers


def handover_list(caller: Caller, asked: Address) -> ListDrawn:
    """The handovers of places that are to come, and those of late, with both names."""
    cohorts = caller.cohorts(int(asked["cohort"]))
    at = cohorts[0]
    rows = handovers.overseen(caller.db, caller.actor, cohort_id=at.id)

    def cells(some: Sequence[Handed]) -> list[list[ListCell]]:
        return [
            [
                ListCell(one.member.person.name, f"{way(at, 'roster')}/{one.member.id}"),
                ListCell(one.successor),
                ListCell(t(f"role.{one.member.membership.role}")),
                ListCell(one.member.unit_name),
                ListCell(
                    t("console.on_day", day=one.handover.first_day), plain=one.handover.first_day
                ),
                ListCell(t(f"console.handover_state.{one.state}"), tone=TONES[one.state]),
            ]
            for one in some
        ]

    listing: Listing[Handed] = Listing(
        rows=rows,
        columns=(
            ListColumn("old", t("console.hands_over"), lambda one: sound(one.member.person.name)),
            ListColumn("new", t("console.takes_over"), lambda one: sound(one.successor)),
            ListColumn("role", t("console.role"), lambda one: one.member.membership.role),
            ListColumn("unit", t("console.unit"), lambda one: one.member.unit_name),
            ListColumn("day", t("console.first_day"), lambda one: one.handover.first_day),
            ListColumn("state", t("field.state"), lambda one: one.state),
        ),
        cells=cells,
        seen=lambda _rows: None,
        filters=(
            ListFilter(
                "state",
                t("field.state"),
                [(one, t(f"console.handover_state.{one}")) for one in TONES],
                lambda one, key: one.state == key,
            ),
        ),
        named=lambda one: one.member.person.name,
    )
    return ListDrawn(
        listing, tuple(cohorts), "handovers", _told(caller, "hand_over", "console.handover_how")
    )


# ---------------------------------------------------------------- reminders


def reminder_list(caller: Caller, asked: Address) -> ListDrawn:
    """The reminders that are to come, and those of the last weeks."""
    cohorts = caller.cohorts(int(asked["cohort"]))
    at, programme = cohorts[0], load(cohorts[0].programme)
    rows = console.reminders(caller.db, at, caller.person, caller.now)

    def which(line: ReminderLine, days: Mapping[str, date]) -> Words:
        """What a reminder is about, and which of several it is."""
        what = matter_label(programme, line.rule, line.about)
        if line.about == RecordKind.MATERIAL and line.which in set(Material):
            return t("console.of_several", what=what, which=material_label(line.which))
        if line.about in console.OF_SESSIONS and line.which in days:
            day = t("console.on_day", day=days[line.which])
            return t("console.of_several", what=what, which=day)
        return what

    def cells(lines: Sequence[ReminderLine]) -> list[list[ListCell]]:
        days = console.days_of(caller.db, lines)
        return [
            [
                ListCell(t("console.at", at=line.due)),
                ListCell(line.whom),
                ListCell(which(line, days)),
                ListCell(line.name, f"{way(at, 'students')}/{line.student_id}"),
                ListCell(line.unit),
                ListCell(
                    t("console.told_on", day=line.told)
                    if line.state is ReminderState.TOLD
                    else t("console.to_come"),
                    tone="good" if line.state is ReminderState.TOLD else "waiting",
                ),
            ]
            for line in lines
        ]

    def seen(lines: Sequence[ReminderLine]) -> None:
        looking.list_of(caller.db, caller.actor, [line.student_id for line in lines])

    listing: Listing[ReminderLine] = Listing(
        rows=rows,
        columns=(
            ListColumn("due", t("console.due"), lambda line: (line.due, line.id)),
            ListColumn("whom", t("console.told_whom"), lambda line: (sound(line.whom), line.id)),
            ListColumn("about", t("console.about"), lambda line: (line.about, line.id)),
            ListColumn("name", t("role.student"), lambda line: (sound(line.name), line.id)),
            ListColumn("school", t("console.school"), lambda line: (line.unit, line.id)),
            ListColumn("state", t("field.state"), lambda line: (line.state, line.id)),
        ),
        cells=cells,
        seen=seen,
        filters=(
            ListFilter(
                "state",
                t("field.state"),
                [
                    (ReminderState.WAITING.value, t("console.to_come")),
                    (ReminderState.TOLD.value, t("console.told")),
                ],
                lambda line, key: line.state == key,
            ),
        ),
        named=lambda line: line.name,
    )
    return ListDrawn(listing, tuple(cohorts), "reminders", t("console.lately"))


# ---------------------------------------------------------------- questions


def inquiry_list(caller: Caller, asked: Address) -> ListDrawn:
    """The questions that wait for the office of this programme; alike ones are one."""
    cohorts = caller.cohorts(int(asked["cohort"]))
    every = inquiries.groups(caller.db, caller.actor)
    rows = [one for one in every if one.programme == cohorts[0].programme]

    def cells(groups: Sequence[Group]) -> list[list[ListCell]]:
        return [
            [
                ListCell("\n".join(one.words)),
                ListCell(inquiries.topic_label(caller.db, one.topic)),
                ListCell(str(len(one.questions)), plain=len(one.questions)),
                ListCell(t("console.days", days=console.age(_first(one), caller.now))),
                ListCell(t("console.at", at=_first(one))),
            ]
            for one in groups
        ]

    listing: Listing[Group] = Listing(
        rows=rows,
        columns=(
            ListColumn("words", t("console.question")),
            ListColumn("topic", t("console.understood_as"), lambda one: (one.topic, one.number)),
            ListColumn("count", t("console.times"), lambda one: (len(one.questions), one.number)),
            ListColumn("age", t("console.waited"), lambda one: -_first(one).timestamp()),
            ListColumn("since", t("console.asked_first")),
        ),
        cells=cells,
        seen=lambda _groups: None,
    )
    return ListDrawn(listing, tuple(cohorts), "inquiries", t("console.answer_in_chat"))


def _first(group: Group) -> datetime:
    return group.questions[0].asked_at


# ---------------------------------------------------------------- what staff did


def act_list(caller: Caller, asked: Address) -> ListDrawn:
    """What staff did lately to members, to what is theirs, and to the cohort."""
    cohorts = caller.cohorts(int(asked["cohort"]))
    at = cohorts[0]
    rows = console.acts(caller.db, at, caller.person, caller.now)

    def cells(lines: Sequence[ActLine]) -> list[list[ListCell]]:
        return [
            [
                ListCell(t("console.at", at=line.at)),
                ListCell(line.who),
                ListCell(t(f"role.{line.role}")),
                ListCell(_done(line)),
                ListCell(
                    line.whom or t("console.whole_cohort"),
                    f"{way(at, 'students')}/{line.learner_id}"
                    if line.whose_role in LEARNERS
                    else "",
                ),
            ]
            for line in lines
        ]

    def seen(lines: Sequence[ActLine]) -> None:
        of = [line.learner_id for line in lines if line.learner_id is not None]
        looking.list_of(caller.db, caller.actor, of)

    verbs = sorted({line.verb for line in rows})
    listing: Listing[ActLine] = Listing(
        rows=rows,
        columns=(
            ListColumn("at", t("console.when"), lambda line: line.id),
            ListColumn("who", t("console.who"), lambda line: (sound(line.who), line.id)),
            ListColumn("role", t("console.role"), lambda line: (line.role, line.id)),
            ListColumn("verb", t("console.act"), lambda line: (line.verb, line.id)),
            ListColumn("whom", t("console.to_whom"), lambda line: (sound(line.whom), line.id)),
        ),
        cells=cells,
        seen=seen,
        filters=(
            ListFilter(
                "verb",
                t("console.act"),
                [(verb, act_words(verb)) for verb in verbs],
                lambda line, key: line.verb == key,
            ),
        ),
        named=lambda line: line.who,
    )
    return ListDrawn(listing, tuple(cohorts), "acts", t("console.lately"))


def act_words(verb: str) -> Words:
    """What an act is called."""
    own = verb in (*console.OTHER_VERBS, *console.NARROWER)
    return t(f"console.verb.{verb}") if own else t(f"rights.act.{verb}")


def _done(line: ActLine) -> Words:
    """What an act is called; of an export, also what of, and how many lines."""
    if line.verb != console.EXPORT:
        return act_words(line.verb)
    tab, count = t(f"console.tab.{line.detail['list']}"), line.detail["count"]
    return t("console.exported", tab=tab, count=count)


TABS: Final = (
    "students",
    "schools",
    "waiting",
    "roster",
    "handovers",
    "reminders",
    "inquiries",
    "acts",
)
"""The lists, in the order in which they are offered."""
VIEWS: Final[Mapping[str, View]] = {
    "{cohort:row}/schools": school_list,
    "{cohort:row}/waiting": waiting,
    "{cohort:row}/roster": roster_list,
    "{cohort:row}/handovers": handover_list,
    "{cohort:row}/reminders": reminder_list,
    "{cohort:row}/inquiries": inquiry_list,
    "{cohort:row}/acts": act_list,
}
