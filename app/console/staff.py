"""The roster on pages: one place with its handover and its end, and the experts of a stage with
who has signed.

What an office does here it does by a form of this site, in the transaction that shows what came of
it; who may, the services decide, as in the chat.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, Final, cast

from app.console import students
from app.console.caller import Address, Caller, Deed, Elsewhere, PageDrawn, View
from bot.talk.acting import Refused
from bot.talk.clock import beijing_day
from handlers.departures import MOST_REASON, ended_words, what_ends
from handlers.evaluations import with_commas
from handlers.handovers import TONES, described, seen_of, state, sure_words
from handlers.marking import left_words, reminded_words
from prompts import Words, t
from services import departures, handovers, marking, roster
from services.access import LEARNERS, REVIEWERS, allow, held
from services.entities import Cohort
from services.evaluations import outcome_label
from services.marking import MarkedLearner
from services.roster import Member
from services.stages import StageNow, stage_numbered

# ---------------------------------------------------------------- a place, and who takes it over


def place(caller: Caller, asked: Address) -> PageDrawn | Elsewhere:
    """Somebody of the staff in their place, and the forms that hand it over and end it. A learner
    has a page of their own."""
    cohorts, member = _place(caller, asked)
    if member.membership.role in LEARNERS:
        return Elsewhere(_page_of(cohorts[0], member))
    known = handovers.of_place(caller.db, member.id)
    here = f"{cohorts[0].id}/roster/{member.id}"
    form = None
    if handovers.may_hand_over(caller.db, caller.actor, member) and not any(
        one.state == "to_come" for one in known
    ):
        earliest = handovers.first_possible(caller.actor, member)
        taken = handovers.taken(caller.db, member)
        form = {
            "to": f"{here}/handover",
            "people": [
                (str(one.person.id), caller.say(described(one)))
                for one in handovers.candidates(caller.db, caller.actor, member)
                if one.person.id not in taken
            ],
            "earliest": earliest.isoformat(),
            "latest": (caller.today + timedelta(handovers.LONGEST)).isoformat(),
            "goes": caller.say(_goes_along(caller, member)),
        }
    return PageDrawn(
        "place",
        {
            "name": member.person.name,
            "place": caller.say(handovers.place_words(caller.db, member)),
            "known": [
                {
                    "words": caller.say(
                        t(
                            "handover.row",
                            old=one.member.person.name,
                            new=one.successor,
                            place=one.place,
                        )
                    ),
                    "state": caller.say(state(one)),
                    "tone": TONES[one.state],
                    "done": one.state == "done",
                    "withdraw": f"{here}/handovers/{one.handover.id}/withdraw"
                    if handovers.may_be_withdrawn(one.handover, caller.now)
                    and held(caller.db, caller.person, "hand_over", one.member.id)
                    else "",
                }
                for one in known
            ],
            "form": form,
            "ended": caller.say(ended_words(member)),
            **students.ways_to_end(caller, cohorts[0], member),
            "told": "",
            "typed": {},
        },
        tuple(cohorts),
        "roster",
    )


def _place(caller: Caller, asked: Address) -> tuple[list[Cohort], Member]:
    """The place that an address names, of somebody whom the caller oversees."""
    cohorts = caller.cohorts(int(asked["cohort"]))
    allow(caller.db, caller.actor, "read_member", int(asked["member"]))
    member = roster.find_member(caller.db, int(asked["member"]))
    here = member.membership.cohort_id == cohorts[0].id
    if not here:
        raise Refused(t("watch.not_coordinator"), verb="read_member", object="membership")
    return cohorts, member


def _goes_along(caller: Caller, member: Member) -> Words:
    if member.membership.role not in REVIEWERS:
        return ""
    count = len(roster.students_of_mentor(caller.db, member.membership))
    return t("handover.goes_along", count=count) if count else ""


def hand_over(caller: Caller, asked: Address) -> Elsewhere | PageDrawn:
    """Arrange what the form says. What happens at once, and whoever was named by their name alone,
    is confirmed first, on a page of its own. Raises `Refused`."""
    cohorts, member = _place(caller, asked)
    handovers.place_for(caller.db, caller.actor, member.id)
    here = f"{cohorts[0].id}/roster/{member.id}"
    chosen, typed = asked.get("successor", ""), " ".join(asked.get("name", "").split())
    if bool(chosen) == bool(typed):
        raise _unclear("handover.one_of_both")
    people = {
        str(one.person.id): one
        for one in handovers.candidates(caller.db, caller.actor, member)
        if not typed or one.person.name == typed
    }
    if chosen and chosen not in people:
        raise _unclear("handover.not_this_one")
    if typed and len(people) > 1:
        raise _unclear("handover.is_listed", name=typed)
    found = people[chosen] if chosen else next(iter(people.values()), None)
    successor = typed if found is None else cast(int, found.person.id)
    try:
        first = date.fromisoformat(asked.get("first", ""))
    except ValueError:
        raise _unclear("answer.not_a_day_to_come") from None
    passing = handovers.looked_into(caller.db, caller.actor, member.id, successor, first)
    sure = "now" if passing.at_once else "later"
    if (passing.at_once or typed) and asked.get("sure") != sure:
        name = typed if found is None else found.person.name
        seen = seen_of(caller.scene, member)
        told, button = sure_words(seen, name, first, new=found is None, at_once=passing.at_once)
        who = "name" if found is None else "successor"
        learners = [one.person.name for one in passing.learners]
        return PageDrawn(
            "handing",
            {
                "title": caller.say(t("console.hand_over")),
                "name": member.person.name,
                "new": name if found is None else caller.say(described(found)),
                "sure": caller.say(told),
                "learners": caller.say(t("field.list", items=learners)) if learners else "",
                "again": {who: str(successor), "first": first.isoformat(), "sure": sure},
                "button": caller.say(button),
                "back": here,
                "to": f"{here}/handover",
            },
            tuple(cohorts),
            "roster",
        )
    handovers.arrange(caller.db, caller.actor, member.id, successor, first)
    return Elsewhere(here)


def _unclear(key: str, **told: str) -> Refused:
    return Refused(t(key, **told))


def withdraw(caller: Caller, asked: Address) -> Elsewhere:
    """Withdraw a handover, or take it back. Raises `Refused`."""
    cohorts = caller.cohorts(int(asked["cohort"]))
    one = handovers.withdraw(caller.db, caller.actor, int(asked["handover"]))
    return Elsewhere(f"{cohorts[0].id}/roster/{one.place_id}")


# ---------------------------------------------------------------- ending a place


def _page_of(cohort: Cohort, member: Member) -> str:
    page = "students" if member.membership.role in LEARNERS else "roster"
    return f"{cohort.id}/{page}/{member.id}"


def end(caller: Caller, asked: Address) -> Elsewhere | PageDrawn:
    """End a place for the reason that the form gives; what ends with it is shown first, on a page
    of its own. Raises `Refused`."""
    cohorts, member = _place(caller, asked)
    found = departures.to_end(caller.db, caller.actor, member.id)
    reason = " ".join(asked.get("reason", "").split())
    if not 2 <= len(reason) <= MOST_REASON:
        raise _unclear("departure.reason_length", most=str(MOST_REASON))
    back = _page_of(cohorts[0], member)
    if asked.get("sure") != "yes":
        told = {"name": member.person.name, "place": found.place, "reason": reason}
        ends = "\n".join(map(caller.say, what_ends(found)))
        return PageDrawn(
            "handing",
            {
                "title": caller.say(t("departure.title")),
                "name": member.person.name,
                "sure": caller.say(t("departure.sure", ends=ends, **told)),
                "learners": "",
                "again": {"reason": reason, "sure": "yes"},
                "button": caller.say(t("departure.yes")),
                "back": back,
                "to": f"{cohorts[0].id}/roster/{member.id}/end",
            },
            tuple(cohorts),
            "roster",
        )
    departures.end(caller.db, caller.actor, member.id, reason)
    return Elsewhere(back)


def restore(caller: Caller, asked: Address) -> Elsewhere:
    """Give a place back. Raises `Refused`."""
    cohorts, member = _place(caller, asked)
    departures.restore(caller.db, caller.actor, member.id)
    return Elsewhere(_page_of(cohorts[0], member))


def member_page(caller: Caller, asked: Address) -> PageDrawn | Elsewhere:
    """The page of a learner or of one of the staff, by their place."""
    _, member = _place(caller, asked)
    if member.membership.role in LEARNERS:
        return students.dossier(caller, {**asked, "student": str(member.id)})
    return place(caller, asked)


# ---------------------------------------------------------------- the experts of a stage


def marks(caller: Caller, asked: Address) -> PageDrawn:
    """Who of the experts has signed, of everybody who was recommended, and who has not."""
    cohorts, now = _stage(caller, asked)
    found = marking.of_stage(caller.db, caller.actor, cohorts[0], now)
    left = marking.unsigned(caller.db, caller.actor, cohorts[0], now)
    here = f"{cohorts[0].id}/stages/{now.number}/remind"
    return PageDrawn(
        "marks",
        {
            "stage": now.stage.name,
            "clause": now.stage.clause,
            "told": "",
            "learners": [_marked(caller, cohorts[0], now, one) for one in found],
            "experts": [
                {
                    "name": one.name,
                    "left": caller.say(left_words(one)),
                    "place": one.place if one.reachable else 0,
                }
                for one in left
            ],
            "remind": here,
        },
        tuple(cohorts),
    )


def _marked(
    caller: Caller, cohort: Cohort, now: StageNow, one: MarkedLearner
) -> Mapping[str, Any]:
    """A learner with who has signed; the median and the spread, once all have."""
    part, tally = marking.deciding_part(cohort, now), one.tally

    def outcome(key: str) -> Words:
        return outcome_label(part, key)

    spread: Iterable[Words] = ()
    middle: Words = ""
    if tally.complete and tally.median:
        first, *rest = map(outcome, tally.median)
        middle = t("marking.between", one=first, other=rest[0]) if rest else first
        spread = [
            t("marking.times", outcome=outcome(key), count=count)
            for key, count in tally.spread.items()
        ]
    return {
        "name": one.member.person.name,
        "link": f"{cohort.id}/students/{one.member.id}",
        "count": f"{len(tally.marks)}/{tally.experts}",
        "signed": caller.say(t("field.list", items=one.signed)) if one.signed else "",
        "waiting": caller.say(t("field.list", items=one.waiting)) if one.waiting else "",
        "median": caller.say(middle),
        "spread": caller.say(with_commas([*spread])),
        "decided": one.decided,
    }


def _stage(caller: Caller, asked: Address) -> tuple[list[Cohort], StageNow]:
    cohorts = caller.cohorts(int(asked["cohort"]))
    today = beijing_day(caller.now)
    return cohorts, stage_numbered(caller.db, cohorts[0], int(asked["stage"]), today)


def remind(caller: Caller, asked: Address) -> PageDrawn:
    """Remind the experts who have not signed, or one of them, and say whom."""
    cohorts, now = _stage(caller, asked)
    chosen = asked.get("expert", "")
    only = int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 19 else None
    reached = marking.remind(caller.db, caller.actor, cohorts[0], now, only)
    page = marks(caller, asked)
    told = caller.say(reminded_words(reached))
    return PageDrawn(page.template, {**page.shown, "told": told}, page.cohorts, page.tab)


VIEWS: Final[Mapping[str, View]] = {
    "{cohort:row}/roster/{member:row}": place,
    "{cohort:row}/stages/{stage:row}": marks,
}
DEEDS: Final[Mapping[str, Deed]] = {
    "{cohort:row}/roster/{member:row}/handover": hand_over,
    "{cohort:row}/roster/{member:row}/handovers/{handover:row}/withdraw": withdraw,
    "{cohort:row}/roster/{member:row}/end": end,
    "{cohort:row}/roster/{member:row}/restore": restore,
    "{cohort:row}/stages/{stage:row}/remind": remind,
}
AGAIN: Final[Mapping[Deed, View]] = {
    hand_over: member_page,
    withdraw: member_page,
    end: member_page,
    restore: member_page,
    remind: marks,
}
"""The pages on which the forms stand that may be refused: each is shown again, with the reason."""
