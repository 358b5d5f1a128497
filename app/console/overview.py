"""A cohort at a glance: the chat's figures, by school, and the list behind each number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, cast
from urllib.parse import urlencode

from app.console.caller import Address, Caller, Elsewhere, PageDrawn
from app.console.learners import Students, counting, matters
from bot.talk.message import Meter
from handlers import cohort as chat
from handlers.evaluations import window_words
from handlers.stages import TONES, UNBEGUN
from programmes.values import Per
from prompts import Words, t
from services import console, marking, official, roster, summaries
from services.entities import Cohort
from services.progress import PaceKind, asked_for
from services.roster import Presence
from services.stages import StageNow, parts_of, stages_of
from services.undelivered import undelivered
from services.urging import PATIENCE

MOST_SCHOOLS: Final = 12
"""Schools that stand on the page itself; all of them have a list of their own."""


def home(caller: Caller, _asked: Address) -> Elsewhere | PageDrawn:
    """The cohorts that somebody looks after; the only one at once."""
    cohorts = caller.cohorts()
    if len(cohorts) == 1:
        return Elsewhere(str(cohorts[0].id))
    return PageDrawn("home", {"mine": cohorts})


def cohort(caller: Caller, asked: Address) -> PageDrawn:
    """One cohort at a glance."""
    cohorts = caller.cohorts(int(asked["cohort"]))
    here = Students(caller, cohorts[0])
    oldest, ages_of = console.waiting_ages(caller.db, here.cohort, caller.person, caller.now)
    every = schools(here)
    behind = sum(school["behind"][0] for school in every)
    return PageDrawn(
        "overview",
        {
            "programme": here.programme.name,
            "notes": [caller.say(note) for note in notes(here)],
            "on": caller.say(t("watch.on_day", day=caller.today)),
            "counting": caller.say(counting(here)),
            "figures": list(figures(here, behind, oldest, sum(ages_of.values()))),
            "meters": list(meters(here)),
            "matters": [caller.say(name) for _, name in matters(here.programme)],
            "schools": every[:MOST_SCHOOLS],
            "more_schools": len(every) if len(every) > MOST_SCHOOLS else 0,
            "paces": list(paces(here)),
            "ages": ages(caller, here.cohort, ages_of),
            "stages": list(stages(here)),
            "summary": f"{here.cohort.id}/summary.docx"
            if summaries.may_make(caller.db, caller.actor, cast(int, here.cohort.id))
            else "",
        },
        tuple(cohorts),
    )


def notes(here: Students) -> Iterable[Words]:
    """What is said beneath all figures, here and in the chat."""
    yield from official.totals(here.caller.db, here.cohort, here.caller.person)
    yield t("watch.drafts_uncounted")
    if here.programme.provisional:
        yield t("progress.provisional")


def way(cohort: Cohort, tab: str, **chosen: str) -> str:
    """The address of a list below the console, with what is chosen in it."""
    query = urlencode({key: value for key, value in chosen.items() if value})
    return f"{cohort.id}/{tab}" + (f"?{query}" if query else "")


def figures(
    here: Students, behind: int, oldest: datetime | None, waiting: int
) -> Iterable[Mapping[str, Any]]:
    """The numbers at the top, as the chat's overview has them."""
    caller, at = here.caller, here.cohort
    number = cast(int, at.id)
    ended = roster.count_ended(caller.db, number, caller.person)
    more = t("console.ended", count=ended) if ended else ""
    yield figure(caller, t("role.student"), len(here.lines), way(at, "students"), more)
    at_work = way(at, "students", state="behind")
    yield figure(caller, t("watch.list.behind"), behind, at_work)
    since = t("console.since", since=oldest) if oldest else ""
    yield figure(caller, t("state.submitted"), waiting, way(at, "waiting"), since)
    there = roster.count_presences(caller.db, roster.seen_in(number, caller.person))
    for presence, name in ((Presence.NOT_JOINED, "absent"), (Presence.UNREACHABLE, "unreached")):
        to = way(at, "roster", state=presence.value)
        yield figure(caller, t(f"watch.list.{name}"), there[presence], to)
    lost, _ = undelivered(caller.db, number, caller.person, caller.now, 0, 0)
    to = way(at, "roster", state="undelivered")
    yield figure(caller, t("watch.list.undelivered"), lost, to)


def figure(
    caller: Caller, label: Words, count: int, link: str, more: Words = ""
) -> Mapping[str, Any]:
    return {
        "label": caller.say(label),
        "count": count,
        "link": link,
        "more": caller.say(more),
    }


def meters(here: Students) -> Iterable[Mapping[str, Any]]:
    """How many learners have met each minimum, written each kind, brought everything."""
    found = [here.known[line.id] for line in here.lines if line.id in here.known]
    asked: list[Meter] = [
        *chat.requirement_meters(here.programme, found),
        *chat.writing_meters(here.programme, found),
        *chat.material_meters(here.programme, found),
    ]
    keys = [key for key, _ in matters(here.programme)]
    unlinked = [""] * (len(asked) - len(keys))
    for meter, key in zip(asked, [*unlinked, *keys], strict=True):
        say = here.caller.say
        yield {
            "what": say(meter.what),
            "words": say(meter.words),
            "done": share(meter.approved, meter.needed),
            "clause": say(meter.clause),
            "link": way(here.cohort, "students", state=f"lacks.{key}") if key else "",
        }


def share(part: int, whole: int) -> int:
    """A part in percent; only all of it is 100, and only nothing of it is 0."""
    if not whole or part >= whole:
        return 100 if whole else 0
    return min(99, max(1, round(100 * part / whole))) if part else 0


def schools(here: Students) -> list[Mapping[str, Any]]:
    """By school, by name: how many learners there are, and how many lack what."""
    keys = [key for key, _ in matters(here.programme)]
    names = {line.unit_id: line.unit for line in here.lines}
    of = Counter(line.unit_id for line in here.lines)
    waiting: Counter[int | None] = Counter()
    for line in here.lines:
        if line.waiting:
            waiting[line.unit_id] += line.waiting
    behind: Counter[int | None] = Counter()
    lacks: Counter[tuple[int | None, str]] = Counter()
    # Few learners of a school differ in what they owe.
    alike = Counter((x.unit_id, here.known[x.id].owing) for x in here.lines if x.id in here.known)
    for (unit, owing), count in alike.items():
        behind[unit] += count if owing else 0
        lacks.update({(unit, key): count for key in owing})
    at, say = here.cohort, here.caller.say

    def listed(unit: int | None, count: int, tab: str = "students", state: str = "") -> Counted:
        return count, way(at, tab, school=str(unit or ""), state=state)

    return [
        {
            "name": names[unit] or say(t("console.no_school")),
            "unit": unit,
            "all": listed(unit, of[unit]),
            "behind": listed(unit, behind[unit], state="behind"),
            "share": share(behind[unit], of[unit]),
            "lacks": [listed(unit, lacks[unit, key], state=f"lacks.{key}") for key in keys],
            "waiting": listed(unit, waiting[unit], "waiting"),
        }
        for unit in sorted(names, key=lambda unit: (names[unit] == "", names[unit]))
    ]


Counted = tuple[int, str]
"""A number, and the address of the list behind it."""


def paces(here: Students) -> Iterable[Mapping[str, Any]]:
    """For each minimum of the whole cycle, what the learners' pace leads to."""
    say = here.caller.say
    for place, asked in enumerate(here.programme.requirements):
        if asked.per is not Per.CYCLE:
            continue
        count = Counter(here.paces[place].values())
        parts, at = [], 0
        for one in PaceKind:
            size = share(count[one], sum(count.values()))
            parts.append(
                {
                    "pace": one.value,
                    "label": say(t(f"console.pace.{one}")),
                    "count": count[one],
                    "at": at,
                    "size": size,
                    "link": way(
                        here.cohort, "students", state=".".join(("pace", str(place), one))
                    ),
                }
            )
            at += size
        yield {"what": say(asked_for(asked)), "parts": parts}


def ages(caller: Caller, at: Cohort, count: Mapping[int, int]) -> list[Mapping[str, Any]]:
    """How many entries have waited for how long."""
    most = max(count.values(), default=0)
    return [
        {
            "label": caller.say(age_words(first, last)),
            "count": count[first],
            "size": share(count[first], most),
            "late": first >= PATIENCE.days,
            "link": way(at, "waiting", age=str(first)),
        }
        for first, last in console.AGES
    ]


def age_words(first: int, last: int | None) -> Words:
    """How a group of ages is called."""
    if last is None:
        return t("console.age_from", first=first)
    return (
        t("console.age_below", last=last + 1)
        if not first
        else t("console.age", first=first, last=last)
    )


def stages(here: Students) -> Iterable[Mapping[str, Any]]:
    """The stages, and how many evaluations of each are signed."""
    caller, whole = here.caller, len(here.lines)
    say = caller.say
    for now in stages_of(caller.db, here.cohort, caller.today):
        parts = []
        for part in parts_of(here.cohort, now.stage) if now.state not in UNBEGUN else ():
            signed = len(here.signed.get((now.key, part.side.value), ()))
            of = f"{now.key}.{part.side}"
            parts.append(
                {
                    "side": say(t(f"evaluation.side_{part.side}")),
                    "words": say(t("stages.signed", signed=signed, of=whole)),
                    "done": share(signed, whole),
                    "link": way(here.cohort, "students", state=f"unsigned.{of}"),
                    "missing": whole - signed,
                }
            )
        yield {
            "name": now.stage.name,
            "when": say(window_words(now)),
            "state": say(t(f"stages.state_{now.state}")),
            "tone": TONES[now.state],
            "clause": now.stage.clause,
            "marks": f"{here.cohort.id}/stages/{now.number}" if reads_marks(here, now) else "",
            "parts": parts,
        }


def reads_marks(here: Students, now: StageNow) -> bool:
    """Whether experts mark at a stage that has begun, and the reader may see who has."""
    if now.state in UNBEGUN or marking.deciding_part(here.cohort, now) is None:
        return False
    return marking.may_read_some(here.caller.db, here.caller.actor, here.cohort)
