"""Proofs of hours: what somebody who teaches has given up to a day, signed by the office, for
whatever the document gives them. Where it gives nothing there is none.

A proof states hours and no more: what a platform or an employer gives for them is theirs to give.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, cast

from sqlmodel import Session

from bot.talk.acting import Actor, Operator, Refused
from bot.talk.clock import beijing_day
from bot.talk.inputs import length
from programmes.serving import Earned, Proof
from prompts import Text, render, t
from services import audit, certificates, roster, service_hours
from services.access import allow, cohort_of, held
from services.certificates import ORDER, Issued
from services.certified import Certified
from services.packs import load
from services.roster import Member
from services.service_hours import Served
from storage.signing import SigningKeys
from storage.tables import Certificate, Cohort

ACT: Final = "prove_hours"
COUNTED: Final = {"sessions", "length", "since", "until", "name", "unit", "role"}
"""The facts by which two proofs say the same."""


def to_prove(db: Session, by: Actor | Operator, member_id: int) -> Member:
    """A member of whose hours a proof may be made: one's own, or of the office's cohort. Raises
    `Refused`."""
    if isinstance(by, Actor):
        allow(db, by, ACT, member_id)
    return roster.find_member(db, member_id)


def may_prove(db: Session, actor: Actor, member_id: int) -> bool:
    """Whether the actor may have a proof of a member's hours made."""
    return held(db, actor.person_id, ACT, member_id) is not None


def offered(one: Served) -> Iterable[Earned]:
    """What can be proved of somebody's hours; nothing as long as there are none."""
    return one.earned if one.meetings else ()


def stated(
    db: Session, by: Actor | Operator, member_id: int, proof: Proof, number: str = ""
) -> Certified:
    """What a proof of a member's hours states today. Raises `Refused` for whoever may not have it,
    where the document gives nothing for hours, and where there are none."""
    member = to_prove(db, by, member_id)
    cohort = cohort_of(db, member.membership)
    programme = load(cohort.programme)
    one = next(iter(service_hours.served(db, cohort, [member])), None)
    given = next((each for each in one.earned if each.proof is proof), None) if one else None
    if one is None or given is None:
        raise _refused(t("proof.not_given", programme=programme.name), member_id)
    if not one.meetings:
        raise _refused(t("proof.no_hours", name=member.person.name), member_id)
    return Certified(
        number=number,
        certificate=_zh(name_of(proof)),
        name=member.person.name,
        programme=certificates.official_name(programme),
        cohort=cohort.name,
        subject="",
        outcome="",
        sessions=len(one.meetings),
        hours=None,
        issued_on=beijing_day(by.now),
        office=certificates.office_name(db, cohort),
        clause=given.clause,
        role=_zh(t(f"role.{member.membership.role}")),
        unit=member.unit_name,
        length=_zh(length(one.minutes)),
        since=one.meetings[0].day,
        until=one.meetings[-1].day,
    )


def name_of(proof: str) -> Text:
    """What a proof is called."""
    return t(f"proof.name_{proof}")


def rule(db: Session, row: Certificate) -> Earned | None:
    """By which rule of the document hours count for what a proof is for; `None` if the row is a
    certificate, or the pack gives nothing any more."""
    if not row.proof:
        return None
    member = roster.find_member(db, row.member_id)
    [*found] = service_hours.served(db, cohort_of(db, member.membership), [member])
    earned = (each for one in found for each in one.earned)
    return next((each for each in earned if each.proof == row.proof), None)


def given_to(db: Session, member_id: int, proof: str = "") -> list[Issued]:
    """A member's proofs, or those of one kind, the latest first."""
    every = certificates.given_to(db, member_id)
    return [
        one
        for one in every
        if one.certificate.proof and (not proof or one.certificate.proof == proof)
    ]


def same(db: Session, facts: Certified, member_id: int, proof: Proof) -> Issued | None:
    """The proof that holds and already says the same, if there is one."""
    for one in given_to(db, member_id, proof):
        told = certificates.facts_of(db, one.certificate).model_dump(include=COUNTED)
        if one.state == "valid" and told == facts.model_dump(include=COUNTED):
            return one
    return None


def order(db: Session, actor: Actor, member_id: int, proof: Proof) -> None:
    """Order a proof of a member's hours. Raises `Refused` as `stated` does."""
    stated(db, actor, member_id, proof)
    cohort_id = roster.find_member(db, member_id).membership.cohort_id
    audit.note(db, actor, ACT, ORDER, cohort_id, only=[member_id], proof=proof.value)


def issue(
    db: Session, by: Actor | Operator, member_id: int, proof: Proof, keys: SigningKeys
) -> Certificate:
    """Issue a proof of a member's hours. Its PDF is made afterwards.

    Raises `Refused` as `stated` does, and where one that holds says the same.
    """
    cohort_id = to_prove(db, by, member_id).membership.cohort_id
    # Whoever numbers in the same cohort waits here.
    cohort = cast(Cohort, db.get(Cohort, cohort_id, with_for_update=True))
    nth = certificates.next_of(db, cohort, proof)
    number = certificates.number_of(cohort, nth, proof)
    facts = stated(db, by, member_id, proof, number)
    if before := same(db, facts, member_id, proof):
        raise _refused(t("proof.same", number=before.certificate.number), member_id)
    row = certificates.keep(
        db,
        by,
        keys,
        facts,
        cohort_id=cohort_id,
        nth=nth,
        member_id=member_id,
        proof=proof.value,
    )
    audit.note(db, by, ACT, "certificate", row.id, number=number)
    return row


def _zh(words: Text) -> str:
    return render(words, "zh")


def _refused(words: Text, member_id: int) -> Refused:
    return Refused(words, verb=ACT, object="membership", object_id=member_id)
