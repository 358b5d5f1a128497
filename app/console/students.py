"""One student on a page: the chat's own card, what has happened in its order, and each entry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from app.console.caller import Address, Caller, PageDrawn
from bot.talk.acting import Refused
from bot.talk.clock import beijing_day
from bot.talk.message import Item, Message, Tone, put
from handlers import progress, watch
from handlers.evaluations import signed_item
from handlers.pages import certificate_item
from prompts import Words, t
from services import (
    certificates,
    departures,
    dossiers,
    evaluations,
    exits,
    records,
    roster,
    urging,
)
from services.entities import Cohort, Record
from services.records import Body
from services.roster import Member

HAPPENED: Final = ("entry", "material", "evaluation", "reminder", "certificate", "exit")
"""The kinds of what happens."""


class Happened(NamedTuple):
    """Something that happened to, or was done by, a student."""

    on: date
    kind: str
    words: Words
    state: Words = ""
    tone: Tone = "neutral"
    link: str = ""


def dossier(caller: Caller, asked: Address) -> PageDrawn:
    """A student's page. It asks for what the chat's page asks for, and leaves the same trace."""
    cohorts = caller.cohorts(int(asked["cohort"]))
    at = cohorts[0]
    member = roster.student_for(caller.db, caller.actor, int(asked["student"]))
    if member.membership.cohort_id != at.id:
        raise Refused(t("watch.not_yours"), verb="read_student", object="membership")
    roster.looked_at(caller.db, caller.actor, member.id)
    entries = records.entries(caller.db, member.id)
    card = put(watch.profile(caller.scene, member, entries), caller.language)
    line = sorted(
        happened(caller, at, member, entries), key=lambda one: (one.on, one.link), reverse=True
    )
    return PageDrawn(
        "dossier",
        {
            "card": card,
            "make": f"{at.id}/students/{member.id}/dossier"
            if dossiers.may_make(caller.db, caller.actor, member.id)
            else "",
            **ways_to_end(caller, at, member),
            "told": "",
            "typed": {},
            "line": [
                {
                    "on": caller.say(t("console.on_day", day=one.on)),
                    "iso": one.on.isoformat(),
                    "kind": caller.say(t(f"console.happened.{one.kind}")),
                    "words": caller.say(one.words),
                    "state": caller.say(one.state),
                    "tone": one.tone,
                    "link": one.link,
                }
                for one in line
            ],
        },
        tuple(cohorts),
        "students",
    )


def ways_to_end(caller: Caller, cohort: Cohort, member: Member) -> Mapping[str, str]:
    """Where a page's forms lead that end a place, or give it back, for who may."""
    here = f"{cohort.id}/roster/{member.id}"
    db, actor = caller.db, caller.actor
    return {
        "end": f"{here}/end" if departures.may_end(db, actor, member) else "",
        "restore": f"{here}/restore" if departures.may_restore(db, actor, member) else "",
    }


def happened(
    caller: Caller, at: Cohort, member: Member, entries: Sequence[tuple[Record, Body]]
) -> Iterable[Happened]:
    """Entries, evaluations, reminders, certificates and the steps of an exit."""
    db, actor, scene = caller.db, caller.actor, caller.scene

    def of(item: Item, on: date, kind: str, link: str = "") -> Happened:
        return Happened(on, kind, item.words, item.state, item.tone, link)

    for record, body in entries:
        item = progress.entry_item(scene, record, body)
        kind = "material" if record.kind == "material" else "entry"
        yield of(item, record.day, kind, f"{at.id}/entries/{record.id}")
    for one in evaluations.of_student(db, actor, member.id):
        day = beijing_day(one.evaluation.signed_at)
        yield of(signed_item(scene, one), day, "evaluation")
    for urged in urging.told(db, actor, member.membership):
        said = t(
            "console.reminded",
            name=urged.name,
            role=t(f"role.{urged.role}"),
            matter=t(f"watch.matter.{urged.matter}"),
        )
        yield Happened(beijing_day(urged.at), "reminder", said)
    for issued in certificates.of_learner(db, actor, member.id):
        day = beijing_day(issued.certificate.issued_at)
        file = issued.certificate.file_id
        yield of(certificate_item(issued), day, "certificate", f"/files/{file}" if file else "")
    for step, name in exits.steps_of(db, actor, member.id):
        yield Happened(beijing_day(step.at), "exit", exits.words_of(step, name))


def entry(caller: Caller, asked: Address) -> PageDrawn:
    """One entry in full, as the chat shows it; opening it leaves a trace."""
    cohorts = caller.cohorts(int(asked["cohort"]))
    at = cohorts[0]
    record, _ = records.read(caller.db, caller.actor, int(asked["entry"]))
    member = roster.find_member(caller.db, record.student_id)
    if member.membership.cohort_id != at.id:
        raise Refused(t("access.not_yours_to_read"), verb="read", object="record")
    card: Message
    if records.is_shut(caller.db, caller.actor, record):
        card = progress.shut(caller.scene, record, ())
    else:
        body = records.body_at(caller.db, record)
        card = progress.whole(caller.scene, record, body, record.version)
    shown = put(card, caller.language)
    files: list[dict[str, Any]] = [
        {"name": records.file_of(caller.db, caller.actor, number).name, "link": f"/files/{number}"}
        for number in shown.files
    ]
    back = f"{at.id}/students/{member.id}"
    shown_with = {"card": shown, "files": files, "back": back, "student": member.person.name}
    return PageDrawn("entry", shown_with, tuple(cohorts), "students")
