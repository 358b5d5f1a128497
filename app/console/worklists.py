"""The lists from which an office works: schools, what waits, who is on the roster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from app.console.caller import Address, Caller, ListDrawn, View
from app.console.learners import Students, counting, matters
from app.console.listing import ListCell, ListColumn, ListFilter, Listing
from app.console.overview import age_words, schools, way
from bot.talk.message import Tone
from handlers.cohort import invitation_words
from language.pinyin import sound
from prompts import Words, t
from services import console, looking, records
from services.console import MemberLine, WaitingLine
from services.entities import Role
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
                ListCell(str(row["all"]), row["link"], plain=row["all"]),
                *(number(*row[key]) for key in ("behind",)),
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
        return [_waiting_cells(caller, line, with_whom, way(at, "students")) for line in lines]

    def seen(lines: Sequence[WaitingLine]) -> None:
        looking.list_of(caller.db, caller.actor, [line.student_id for line in lines])

    units = {(line.unit, str(line.unit_id)) for line in rows if line.unit_id is not None}
    kinds = sorted({line.kind for line in rows})
    listing: Listing[WaitingLine] = Listing(
        rows=rows,
        columns=(
            ListColumn(
                "age", t("console.waited"), lambda line: (-line.since.timestamp(), line.id)
            ),
            ListColumn("name", t("console.name"), lambda line: (sound(line.name), line.id)),
            ListColumn("school", t("console.school"), lambda line: (line.unit, line.id)),
            ListColumn("kind", t("console.kind"), lambda line: (line.kind, line.id)),
            ListColumn("day", t("console.day"), lambda line: (line.day, line.id)),
            ListColumn("since", t("console.handed_in")),
            ListColumn("whom", t("console.whom")),
        ),
        cells=cells,
        seen=seen,
        filters=(
            ListFilter(
                "school",
                t("console.school"),
                [(key, name) for name, key in sorted(units)],
                lambda line, key: str(line.unit_id) == key,
            ),
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
    caller: Caller, line: WaitingLine, with_whom: Mapping[int, Sequence[Reviewer]], students: str
) -> list[ListCell]:
    days = console.age(line.since, caller.now)
    tone: Tone = "bad" if days >= PATIENCE.days else "neutral"
    names = [one.name for one in with_whom.get(line.student_id, ())]
    return [
        ListCell(t("console.days", days=days), tone=tone, plain=days),
        ListCell(line.name, f"{students}/{line.student_id}"),
        ListCell(line.unit),
        ListCell(t(f"watch.matter.{line.kind}")),
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

    def cells(lines: Sequence[MemberLine]) -> list[list[ListCell]]:
        return [_member_cells(caller, line, lost, way(at, "students")) for line in lines]

    def seen(lines: Sequence[MemberLine]) -> None:
        looking.list_of(caller.db, caller.actor, [line.id for line in lines])

    units = {(line.unit, str(line.unit_id)) for line in rows if line.unit_id is not None}
    roles = [role for role in Role if any(line.role is role for line in rows)]
    listing: Listing[MemberLine] = Listing(
        rows=rows,
        columns=(
            ListColumn("name", t("console.name"), lambda line: (sound(line.name), line.id)),
            ListColumn("role", t("console.role"), lambda line: (line.role, line.id)),
            ListColumn("unit", t("console.unit"), lambda line: (line.unit, line.id)),
            ListColumn("state", t("field.state"), lambda line: (line.presence, line.id)),
            ListColumn("invitation", t("console.invitation")),
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
            ListFilter(
                "unit",
                t("console.unit"),
                [(key, name) for name, key in sorted(units)],
                lambda line, key: str(line.unit_id) == key,
            ),
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
    return ListDrawn(listing, tuple(cohorts), "roster", t("console.invite_how"))


def _member_cells(
    caller: Caller, line: MemberLine, lost: set[int], students: str
) -> list[ListCell]:
    tones: Mapping[Presence, Tone] = {Presence.NOT_JOINED: "waiting", Presence.UNREACHABLE: "bad"}
    state: Words = t(f"console.presence.{line.presence}")
    if line.id in lost:
        state = t("field.list", items=[state, t("watch.list.undelivered")])
    learns = line.role in (Role.STUDENT, Role.TRAINEE_TEACHER)
    absent = line.presence is Presence.NOT_JOINED
    return [
        ListCell(line.name, f"{students}/{line.id}" if learns else ""),
        ListCell(t(f"role.{line.role}")),
        ListCell(line.unit),
        ListCell(state, tone=tones.get(line.presence, "neutral")),
        ListCell(invitation_words(line.invited_until, caller.now) if absent else ""),
    ]


TABS: Final = ("students", "schools", "waiting", "roster")
"""The lists, in the order in which they are offered."""
VIEWS: Final[Mapping[str, View]] = {
    "{cohort:int}/schools": school_list,
    "{cohort:int}/waiting": waiting,
    "{cohort:int}/roster": roster_list,
}
