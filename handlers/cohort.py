"""本期概况: how coordinators follow a cohort, with the list behind each number.

Lists keep the order of the roster, or of waiting time: nobody is ranked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import cast

from bot.scene import Act, Scene, number
from bot.talk.clock import beijing_day
from bot.talk.message import Choice, Field, Item, Message, Meter, press
from handlers import inviting, progress, watch
from handlers.pages import PAGE, on_record, page_asked, page_of, tell, turns
from handlers.urging import reviewers_choice
from programmes.materials import brought
from programmes.model import Programme
from prompts import Brief, Text, Words, t
from services import joining, official, records, roster
from services.access import cohorts_for
from services.bulletins import may_write_in
from services.entities import Cohort, Record, RecordKind
from services.packs import load, writing_name
from services.progress import InShort, asked_for, in_short, period_of
from services.records import Body
from services.roster import Member, Presence
from services.undelivered import Undelivered, undelivered


def coordinated(scene: Scene, verb: str, args: Sequence[str]) -> tuple[Cohort, list[Cohort]]:
    """The cohort that a button names, else the latest, and all cohorts of the coordinator.

    Raises `Refused` for anyone who does not coordinate it now.
    """
    wanted = number(args) if args else None
    mine = cohorts_for(scene.session, scene.actor, verb, wanted)
    return mine[0], mine


def cohort(scene: Scene, args: Sequence[str]) -> None:
    """Show a cohort at a glance, with a button for the list behind each number."""
    shown, mine = coordinated(scene, "cohort", args)
    found, left = where_they_stand(scene, shown)
    if left:
        watch.counting(scene, len(found), left)
        return
    waiting = longest_page(scene, shown, 0, 1)
    numbers = {
        "behind": sum(standing.behind for standing in found),
        "longest": waiting[0],
        "absent": those_who_are(scene, shown, Presence.NOT_JOINED, 0, 0)[0],
        "unreached": those_who_are(scene, shown, Presence.UNREACHABLE, 0, 0)[0],
        "undelivered": those_not_reached(scene, shown, 0, 0)[0],
    }
    programme = load(shown.programme)
    notes = official.totals(scene.session, shown, scene.actor.person_id)
    notes.append(t("watch.drafts_uncounted"))
    if programme.provisional:
        notes.append(t("progress.provisional"))
    card = Message(
        t("watch.on_day", day=beijing_day(scene.now)),
        title=shown.name,
        fields=tuple(cohort_fields(scene, shown, found, waiting)),
        meters=(
            *requirement_meters(programme, found),
            *writing_meters(programme, found),
            *material_meters(programme, found),
        ),
        items=tuple(
            Item(
                t(f"watch.list.{verb}"),
                press(verb, shown.id or 0),
                t("watch.count", count=count),
                "waiting" if verb == "longest" else "neutral",
            )
            for verb, count in numbers.items()
            if count
        ),
        note=progress.stack(scene, notes),
    )
    others = [other for other in mine if other.id != shown.id][: PAGE - len(card.items) - 2]
    rows = [(Choice(press("cohort", other.id or 0), other.name),) for other in others]
    lists = [Choice(press("students"), t("command.students.label"))]
    if may_write_in(scene.session, scene.actor, shown):
        lists.append(Choice(press("new_bulletin", shown.id or 0), t("command.bulletin.label")))
    tell(scene, card, [tuple(lists), *rows])


def where_they_stand(scene: Scene, shown: Cohort) -> tuple[list[InShort], int]:
    """The progress of every learner of a cohort that the speaker may read; and for how many of
    them it is not known yet."""
    return in_short(scene.session, shown, beijing_day(scene.now), scene.actor.person_id)


def cohort_fields(
    scene: Scene,
    shown: Cohort,
    found: Sequence[InShort],
    waiting: tuple[int, Sequence[tuple[Record, Body, str]]],
) -> Iterable[Field]:
    """The number of learners, and since when the oldest entry waits."""
    reader = scene.actor.person_id
    ended = roster.count_ended(scene.session, cast(int, shown.id), reader)
    words = t("watch.learners_ended" if ended else "watch.learners", count=len(found), ended=ended)
    yield Field(t("role.student"), words)
    count, oldest = waiting
    if not oldest:
        yield Field(t("state.submitted"), t("watch.nothing_waits"))
        return
    since = oldest[0][0].submitted_at
    yield Field(t("state.submitted"), t("watch.waiting", count=count, since=since))


def requirement_meters(programme: Programme, found: Sequence[InShort]) -> Iterable[Meter]:
    """One meter for each stated minimum: how many learners have met it."""
    if not programme.requirements:
        yield Meter(t("progress.no_minimum"), "", 0, 0)
    for place, asked in enumerate(programme.requirements):
        # Few learners differ in this.
        parts = Counter(one.parts[place] for one in found)
        enough = sum(count for part, count in parts.items() if part.enough)
        before = sum(count for part, count in parts.items() if part.kept)
        period, shown = period_of(asked), enough
        key = period if period == "cycle" else f"{period}s"
        begun = [part for part in parts if part.periods]
        if period != "cycle" and not begun:
            yield Meter(asked_for(asked), t("progress.not_begun"), 0, 0, clause=asked.clause)
            continue
        if period != "cycle" and all(part.all_over for part in begun):
            key, shown = f"{period}s_past", before
        yield Meter(
            asked_for(asked),
            t(f"watch.met_{key}", met=enough, before=before, of=len(found)),
            shown,
            0,
            len(found),
            clause=asked.clause,
        )


def writing_meters(programme: Programme, found: Sequence[InShort]) -> Iterable[Meter]:
    """One meter for each kind of writing: how many learners have nothing left to write."""
    for asked in programme.records:
        if asked.frequency is None:
            continue
        kind = RecordKind(asked.kind.value)
        missing = [standing.unwritten.get(kind, 0) for standing in found]
        behind = sum(map(bool, missing))
        words = t(
            "watch.unwritten" if behind else "watch.all_written",
            students=behind,
            missing=sum(missing),
        )
        name = writing_name(asked)
        yield Meter(name, words, len(found) - behind, 0, len(found), clause=asked.clause)


def material_meters(programme: Programme, found: Sequence[InShort]) -> Iterable[Meter]:
    """How many learners have brought everything that the document lists, if it lists anything."""
    if not brought(programme):
        return
    whole = sum(not standing.lacking for standing in found)
    clause = programme.final_materials.student_materials.clause
    words = t("watch.all_brought", met=whole, of=len(found))
    yield Meter(t("material.meter"), words, whole, 0, len(found), clause=clause)


# ---------------------------------------------------------------- the lists behind it


def behind(scene: Scene, args: Sequence[str]) -> None:
    """List the learners who have not met a minimum or have something to write, in roster order."""
    shown, _ = coordinated(scene, "behind", args)
    every, left = where_they_stand(scene, shown)
    if left:
        watch.counting(scene, len(every), left)
        return
    found = [one for one in every if one.behind]
    on_page, turn = page_of(found, args[1:2], "behind", shown)
    items = watch.behind_items(scene, on_page, ("behind", shown.id or 0))
    words = t("watch.behind" if found else "watch.nobody_behind", count=len(found))
    rows = [*turn, *watch.remind_them(scene, found)]
    on_record(scene, [one.member_id for one in on_page])
    tell(scene, Message(words, title=t("watch.list.behind"), items=items), rows, shown)


def longest_page(
    scene: Scene, shown: Cohort, skip: int, most: int
) -> tuple[int, list[tuple[Record, Body, str]]]:
    """How many entries wait in a cohort, and some of them, the longest first."""
    reader = scene.actor.person_id
    return records.waiting_in(scene.session, cast(int, shown.id), reader, skip, most)


def longest(scene: Scene, args: Sequence[str]) -> None:
    """List the entries that wait, with reviewers and days waited, the longest first."""
    shown, _ = coordinated(scene, "longest", args)
    asked = number(args, 1) if len(args) > 1 else 0
    count, found = longest_page(scene, shown, asked * PAGE, PAGE)
    page = page_asked(count, args[1:2])
    if page != asked:  # fewer wait than when the button was made
        _, found = longest_page(scene, shown, page * PAGE, PAGE)
    items = []
    for record, body, name in found:
        line = t("queue.line", student=name, line=records.title(record, body, brief=True))
        state = progress.waits(scene, record)
        items.append(Item(line, press("record", record.id or 0), state, "waiting"))
    on_record(scene, [record.student_id for record, _, _ in found])
    words = t("watch.longest" if count else "watch.nothing_waits", count=count)
    card = Message(words, title=t("watch.list.longest"), items=tuple(items))
    remind = reviewers_choice(scene, shown, [record for record, _, _ in found])
    rows = [*turns(count, page, "longest", shown), *remind]
    tell(scene, card, rows, shown)


def those_who_are(
    scene: Scene, shown: Cohort, presence: Presence, skip: int, most: int
) -> tuple[int, list[Member]]:
    """How many members of a cohort, in any role, have this presence; and some of them."""
    seen = roster.seen_in(cast(int, shown.id), scene.actor.person_id)
    return roster.present(scene.session, seen, presence, skip, most)


def page_of_those(
    scene: Scene, shown: Cohort, presence: Presence, asked: Sequence[str], verb: str
) -> tuple[int, list[Member], list[tuple[Choice, ...]]]:
    """How many they are, one page of them, and the buttons to the pages beside it."""
    count, _ = those_who_are(scene, shown, presence, 0, 0)
    page = page_asked(count, asked)
    _, found = those_who_are(scene, shown, presence, page * PAGE, PAGE)
    return count, found, turns(count, page, verb, shown)


def absent(scene: Scene, args: Sequence[str]) -> None:
    """List the members who have not joined, with the state of their invitation."""
    shown, _ = coordinated(scene, "absent", args)
    here = Presence.NOT_JOINED
    count, found, turn = page_of_those(scene, shown, here, args[1:2], "absent")
    cohort_id, invites = shown.id or 0, inviting.may(scene, shown.id or 0)
    items = tuple(
        Item(who(m), press("invite", cohort_id, m.id) if invites else "", invitation(scene, m))
        for m in found
    )
    rows = [*inviting.whom_to_invite(scene, cohort_id, count), *turn]
    words = t("watch.not_joined" if count else "watch.all_joined", count=count)
    on_record(scene, [member.id for member in found])
    note = t("invitations.press_one") if invites and count else ""
    card = Message(words, title=t("watch.list.absent"), items=items, note=note)
    tell(scene, card, rows, shown)


def invitation(scene: Scene, member: Member) -> Text:
    return invitation_words(joining.latest_invitation(scene.session, member.id), scene.now)


def invitation_words(until: datetime | None, now: datetime) -> Text:
    """Whether somebody has been invited, and until when."""
    if until is None:
        return t("watch.invite_none")
    open_still = until > now
    return t("watch.invite_open" if open_still else "watch.invite_over", until=until)


def unreached(scene: Scene, args: Sequence[str]) -> None:
    """List the members who joined and have left every chat since."""
    shown, _ = coordinated(scene, "unreached", args)
    here = Presence.UNREACHABLE
    count, found, turn = page_of_those(scene, shown, here, args[1:2], "unreached")
    items = tuple(Item(who(member)) for member in found)
    words = t("watch.unreachable" if count else "watch.all_reached", count=count)
    on_record(scene, [member.id for member in found])
    tell(scene, Message(words, title=t("watch.list.unreached"), items=items), turn, shown)


def those_not_reached(
    scene: Scene, shown: Cohort, skip: int, most: int
) -> tuple[int, Sequence[Undelivered]]:
    reader = scene.actor.person_id
    return undelivered(scene.session, cast(int, shown.id), reader, scene.now, skip, most)


def not_delivered(scene: Scene, args: Sequence[str]) -> None:
    """List the members whom messages have not reached, how many and when; never what they say."""
    shown, _ = coordinated(scene, "undelivered", args)
    count, _ = those_not_reached(scene, shown, 0, 0)
    page = page_asked(count, args[1:2])
    _, found = those_not_reached(scene, shown, page * PAGE, PAGE)
    items = tuple(
        Item(
            who(one.member),
            state=t("watch.undelivered_of", count=one.messages, last=Brief(beijing_day(one.last))),
            tone="bad",
        )
        for one in found
    )
    words = t("watch.undelivered" if count else "watch.all_delivered", count=count)
    on_record(scene, [one.member.id for one in found])
    card = Message(words, title=t("watch.list.undelivered"), items=items)
    tell(scene, card, turns(count, page, "undelivered", shown), shown)


def who(member: Member) -> Text:
    role = t(f"role.{member.membership.role}")
    unit: Words = t("watch.of_unit", unit=member.unit.name) if member.unit else ""
    return t("watch.somebody", name=member.person.name, role=role, unit=unit)


COMMANDS: dict[str, Act] = {"cohort": cohort}

ACTS: dict[str, Act] = {
    "behind": behind,
    "longest": longest,
    "absent": absent,
    "unreached": unreached,
    "undelivered": not_delivered,
}

__all__ = ["ACTS", "COMMANDS"]
