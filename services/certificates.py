"""Certificates: who may be given one and why others not, issuing, revoking, reading.

A certificate rests on a signed outcome, and states what held on the day it was issued. Nothing of
it changes afterwards; it may be revoked, with a reason, and another issued in its place. Proofs of
hours (`services/proofs.py`) are kept, signed, revoked and read in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from itertools import starmap
from typing import Any, Final, Literal, NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Operator, Refused
from bot.talk.clock import beijing_day
from bot.talk.message import Choice, Field, Message, press, put
from programmes import certifying
from programmes.certifying import PromisedCertificate
from programmes.model import Programme
from prompts import Text, language_named, render, t
from services import audit, certified, evaluations, exits, looking, notices, records, roster
from services.access import (
    LEARNERS,
    LearnerPlace,
    allow,
    cohort_of,
    grants_of,
    held,
    holders,
    may_keep,
)
from services.certified import Certified, token_hash
from services.evaluations import outcome_label
from services.packs import found, load
from services.records import SessionBody
from services.rights import ROLES, Relation
from services.roster import Member
from storage.signing import SigningKeys, key_name
from storage.tables import (
    Account,
    Audit,
    Certificate,
    Cohort,
    Evaluation,
    EvaluationState,
    File,
    Guardianship,
    Membership,
    RecordState,
    Revocation,
    Role,
    SigningKey,
    Unit,
)

PDF: Final = "application/pdf"


# ---------------------------------------------------------------- who may be given one


class CertificateStanding(StrEnum):
    """How a learner stands to the certificate."""

    ISSUED = "issued"
    READY = "ready"
    UNDECIDED = "undecided"
    """No outcome has been signed yet."""
    NOT_UPON = "not_upon"
    """The document gives none upon this outcome."""
    LEAVING = "leaving"
    """Told that the cultivation ends."""
    ENDED = "ended"
    """No longer a member."""
    CONSENT = "consent"
    """A guardian's consent is awaited."""
    CHANGED = "changed"
    """Issued upon an outcome that has changed since."""
    DIFFERS = "differs"
    """It states a name or a subject that has been put right since."""
    DOUBTFUL = "doubtful"
    """Signed by a key that others may have had by then."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A learner, how they stand to the certificate, and what it rests or would rest on."""

    member: Member
    standing: CertificateStanding
    outcome: str = ""
    """As records name it; empty if none is signed."""
    evaluation: Evaluation | None = None
    certificate: Certificate | None = None
    """The one that holds now."""


def promised(programme: Programme, verb: str = "issue_certificate") -> PromisedCertificate:
    """The certificate that offices here issue. Raises `Refused` where the document promises none,
    or somebody above issues it."""
    found = certifying.certificate(programme)
    if found is None:
        raise Refused(t("certificate.not_promised", programme=programme.name), verb=verb)
    if found.elsewhere:
        told = {"programme": programme.name, "clause": found.clause}
        raise Refused(t("certificate.elsewhere", **told), verb=verb)
    return found


def promised_in(cohort: Cohort) -> PromisedCertificate:
    """As `promised`, of the programme that a cohort runs. Raises `Refused` if the pack cannot be
    read."""
    return promised(load(cohort.programme))


def issued_in(cohort: Cohort) -> bool:
    """Whether the offices here issue the certificates of this cohort."""
    programme = found(cohort.programme)
    promise = programme and certifying.certificate(programme)
    return bool(promise and not promise.elsewhere)


def learners(db: Session, actor: Actor, cohort: Cohort) -> list[Member]:
    """The learners of a cohort whose certificates the actor may read, those who have left at
    their places."""
    reader = ("read_certificate", actor.person_id)
    return roster.members(db, cohort.id or 0, LEARNERS, ended=True, seen_by=reader)


def candidates(
    db: Session, cohort: Cohort, today: date, members: Sequence[Member] | None = None
) -> list[Candidate]:
    """How a cohort's learners, or these of them, stand to the certificate. The order is
    that of the roster, also for those who have left.

    Raises `Refused` where no certificate is issued here.
    """
    programme = load(cohort.programme)
    upon = promised(programme)
    if members is None:
        members = roster.members(db, cohort.id or 0, LEARNERS, ended=True)
    theirs = [member.id for member in members]
    decided = _decided(db, programme, theirs)
    holding = _holding(db, theirs)
    leaving = exits.leaving(db, theirs)
    found = []
    for member in members:
        outcome, own = decided.get(member.id), holding.get(member.id)
        standing = _standing(db, cohort, upon, member, outcome, own, today, member.id in leaving)
        if own is not None and standing is CertificateStanding.ISSUED:
            standing = _as_stated(db, programme, member, own)
        found.append(Candidate(member, standing, outcome.outcome if outcome else "", outcome, own))
    return found


def _place(cohort: Cohort, member: Member) -> LearnerPlace:
    """A learner's place, without asking the database for each of a cohort."""
    place, person = member.membership, member.person
    return LearnerPlace(
        *(member.id, place.person_id, place.grade, place.ended_at),
        *(cohort.programme, person.name, person.birth_date),
    )


def _standing(
    db: Session,
    cohort: Cohort,
    upon: PromisedCertificate,
    member: Member,
    outcome: Evaluation | None,
    own: Certificate | None,
    today: date,
    leaving: bool,
) -> CertificateStanding:
    follows = outcome is not None and upon.follows(outcome.outcome)
    if own is not None:
        same = outcome is not None and (outcome.id, outcome.version) == (
            own.evaluation_id,
            own.version,
        )
        return CertificateStanding.ISSUED if same else CertificateStanding.CHANGED
    if member.membership.ended_at is not None:
        return CertificateStanding.ENDED
    if leaving:
        return CertificateStanding.LEAVING
    if outcome is None:
        return CertificateStanding.UNDECIDED
    if not follows:
        return CertificateStanding.NOT_UPON
    if not may_keep(db, _place(cohort, member), today):
        return CertificateStanding.CONSENT
    return CertificateStanding.READY


def _as_stated(
    db: Session, programme: Programme, member: Member, own: Certificate
) -> CertificateStanding:
    """Whether a certificate that stands on its outcome can be relied on as it is."""
    if own.token and _put_right(facts_of(db, own), own, programme, member):
        return CertificateStanding.DIFFERS
    key = db.get_one(SigningKey, own.key_id)
    return CertificateStanding.DOUBTFUL if in_doubt(own, key) else CertificateStanding.ISSUED


def _decided(db: Session, programme: Programme, members: Sequence[int]) -> dict[int, Evaluation]:
    """The signed evaluation that gives each learner the outcome that is certified."""
    asked = {(key, part.side) for key, part in certifying.parts(programme)}
    rows = db.exec(
        select(Evaluation)
        .where(
            col(Evaluation.student_id).in_(members),
            sa.tuple_(col(Evaluation.stage), col(Evaluation.side)).in_(asked),
            Evaluation.state == EvaluationState.SIGNED,
            Evaluation.outcome != "",
        )
        .order_by(col(Evaluation.id))
    )
    return {row.student_id: row for row in rows}


def _holding(db: Session, members: Sequence[int]) -> dict[int, Certificate]:
    """The certificate of each learner that has not been revoked."""
    rows = db.exec(
        select(Certificate)
        .outerjoin(Revocation, col(Revocation.certificate_id) == col(Certificate.id))
        .where(
            col(Certificate.member_id).in_(members),
            Certificate.proof == "",
            col(Revocation.certificate_id).is_(None),
        )
    )
    return {row.member_id: row for row in rows}


# ---------------------------------------------------------------- keys


def make_key(db: Session, by: Operator, keys: SigningKeys) -> SigningKey:
    """Make a key, which signs from now on; what the earlier ones signed still verifies."""
    return _new_key(db, by, keys)


def public_keys(db: Session) -> list[SigningKey]:
    """Every key that ever signed here, the latest first."""
    return list(db.exec(select(SigningKey).order_by(col(SigningKey.id).desc())))


def mark_stolen(
    db: Session, by: Operator, name: str, since: date, keys: SigningKeys
) -> tuple[list[Certificate], SigningKey]:
    """Note that others may have had a key from a day on. It signs no more, and what it signed from
    that day on is in doubt.

    Returns the certificates in doubt that hold, and the key that signs from now on. Raises
    `Refused` if no key has this name.
    """
    stolen = next((row for row in public_keys(db) if key_name(row.public) == name), None)
    if stolen is None:
        raise Refused(t("certificate.no_such_key", name=name), verb="mark_stolen_key")
    if since > beijing_day(by.now):
        raise Refused(t("certificate.stolen_later", day=since), verb="mark_stolen_key")
    stolen.stolen_on = since
    db.add(stolen)
    db.flush()
    audit.note(db, by, "mark_stolen_key", "key", stolen.id, name=name, since=since.isoformat())
    signed = db.exec(_rows.where(col(Certificate.key_id) == stolen.id)).all()
    doubted = [one.certificate for one in starmap(Issued, signed) if one.state == "doubtful"]
    return doubted, signing_key(db, by, keys)


def in_doubt(certificate: Certificate, key: SigningKey) -> bool:
    """Whether others may have had the key by the day it signed this certificate."""
    return key.stolen_on is not None and beijing_day(certificate.issued_at) >= key.stolen_on


def _new_key(db: Session, by: Actor | Operator, keys: SigningKeys) -> SigningKey:
    row = SigningKey(public=keys.make(), made_at=by.now)
    db.add(row)
    db.flush()
    audit.note(db, by, "make_key", "key", row.id, name=key_name(row.public))
    return row


def signing_key(db: Session, by: Actor | Operator, keys: SigningKeys) -> SigningKey:
    """The latest key that can sign on this machine and was not stolen; a new one if there is
    none."""
    held = (row for row in public_keys(db) if not row.stolen_on and keys.holds(row.public))
    return next(held, None) or _new_key(db, by, keys)


# ---------------------------------------------------------------- issuing


def issue(db: Session, by: Actor | Operator, member_id: int, keys: SigningKeys) -> Certificate:
    """Issue a learner's certificate: number it and sign it. Its PDF is made afterwards.

    Raises `Refused` for anyone but the office that runs the cohort, and unless the learner is
    ready for one: so it is never issued twice.
    """
    if isinstance(by, Actor):
        allow(db, by, "issue_certificate", member_id)
    member = roster.find_member(db, member_id)
    # Whoever numbers in the same cohort waits here.
    cohort = cast(Cohort, db.get(Cohort, member.membership.cohort_id, with_for_update=True))
    [found] = candidates(db, cohort, beijing_day(by.now), [member])
    if found.standing is not CertificateStanding.READY or found.evaluation is None:
        raise _refused(why(found), member_id)
    outcome = found.evaluation
    nth = next_of(db, cohort)
    facts = _facts(db, cohort, member, outcome, number_of(cohort, nth), by)
    rests_on = {"evaluation_id": outcome.id, "version": outcome.version}
    row = keep(db, by, keys, facts, cohort_id=cohort.id, nth=nth, member_id=member_id, **rests_on)
    audit.note(db, by, "issue_certificate", "certificate", row.id, number=facts.number)
    return row


def next_of(db: Session, cohort: Cohort, proof: str = "") -> int:
    """The next number of a cohort's certificates, or of its proofs of one kind. The caller holds
    the cohort's row."""
    last = select(sa.func.max(Certificate.nth)).where(
        Certificate.cohort_id == cohort.id, Certificate.proof == proof
    )
    return 1 + (db.exec(last).one() or 0)


def number_of(cohort: Cohort, nth: int, proof: str = "") -> str:
    """A number as it is printed: SHANXI-2026-01-0001."""
    kind = f"-{proof.upper()}" if proof else ""
    return f"{cohort.programme.upper()}{kind}-{cohort.id:02}-{nth:04}"


def keep(
    db: Session, by: Actor | Operator, keys: SigningKeys, facts: Certified, **row: Any
) -> Certificate:
    """Sign these facts, and keep them as a row, whose other columns are given. The caller holds
    the cohort's row."""
    key = signing_key(db, by, keys)
    token = certified.signed(facts, key.public, lambda data: keys.sign(key.public, data))
    made = Certificate(
        **row,
        number=facts.number,
        token=token,
        token_hash=token_hash(token),
        key_id=cast(int, key.id),
        issued_by=by.person_id,
        issued_at=by.now,
    )
    earlier = (
        select(sa.func.count())
        .select_from(Certificate)
        .where(Certificate.member_id == made.member_id, Certificate.proof == made.proof)
    )
    made.issue = 1 + db.exec(earlier).one()
    db.add(made)
    db.flush()
    return made


def _facts(
    db: Session,
    cohort: Cohort,
    member: Member,
    outcome: Evaluation,
    number: str,
    by: Actor | Operator,
) -> Certified:
    programme, today = load(cohort.programme), beijing_day(by.now)
    upon, place = promised(programme), member.membership
    sessions, minutes = _counted(db, programme, member, today)
    units = {asked.unit for asked in programme.requirements}
    label = outcome_label(evaluations.part_of(db, outcome), outcome.outcome)
    return Certified(
        number=number,
        certificate=upon.name,
        name=member.person.name,
        programme=official_name(programme),
        cohort=cohort.name,
        subject=programme.subject_name(place.subject),
        outcome=render(label, "zh"),
        # Nothing of what was kept elsewhere is said to be nothing.
        sessions=(sessions or None) if "sessions" in units else None,
        hours=(minutes // 60 or None) if "hours" in units else None,
        issued_on=today,
        office=office_name(db, cohort),
        clause=upon.clause,
    )


def official_name(programme: Programme) -> str:
    """A programme's name as its document's title has it."""
    return str(programme.identity.official_name.value or programme.name)


def _counted(db: Session, programme: Programme, member: Member, today: date) -> tuple[int, int]:
    """A learner's approved sessions in the cycle, and their minutes."""
    first = max(programme.cycle.first_day, member.membership.joined_on or date.min)
    last = min(programme.cycle.last_day or date.max, today)
    found = [
        body.minutes
        for record, body in records.entries(db, member.id)
        if isinstance(body, SessionBody)
        and record.state is RecordState.APPROVED
        and first <= body.day <= last
    ]
    return len(found), sum(found)


def office_name(db: Session, cohort: Cohort) -> str:
    """The name of the office that issues a cohort's certificates: the one that runs it, else that
    of its first coordinator. Raises `Refused` if there is neither."""
    if cohort.office_id is not None:
        return cast(Unit, db.get(Unit, cohort.office_id)).name
    staff = roster.members(db, cohort.id or 0, (Role.COORDINATOR,))
    named = (one.unit_name for one in staff if one.unit_name)
    office = next(named, "")
    if not office:
        told = {"cohort": cohort.name}
        raise Refused(t("certificate.no_office", **told), verb="issue_certificate")
    return office


def why(found: Candidate) -> Text:
    """Returns, in words, why a learner is not given a certificate now, or that they have one."""
    return t(
        f"certificate.standing_{found.standing}",
        name=found.member.person.name,
        number=found.certificate.number if found.certificate else "",
    )


def _refused(words: Text, member_id: int) -> Refused:
    return Refused(words, verb="issue_certificate", object="membership", object_id=member_id)


# ---------------------------------------------------------------- the PDF


def unprinted(db: Session, cohort_id: int) -> list[int]:
    """A cohort's certificates whose PDF has not been made, in the order of their numbers."""
    rows = select(Certificate.id).where(
        Certificate.cohort_id == cohort_id,
        col(Certificate.file_id).is_(None),
        Certificate.token != "",
    )
    return [cast(int, number) for number in db.exec(rows.order_by(col(Certificate.nth)))]


def facts_of(db: Session, certificate: Certificate) -> Certified:
    """What a certificate certifies. Raises `Forged` if its row was tampered with or erased."""
    key = cast(SigningKey, db.get(SigningKey, certificate.key_id))
    return certified.read(certificate.token, [key.public])[0]


def printed(
    db: Session, by: Actor | Operator, certificate_id: int, sha256: str, size: int
) -> bool:
    """Note a certificate's PDF; returns whether it was the first. Raises `Forged` if the row was
    tampered with."""
    row = db.get(Certificate, certificate_id, with_for_update=True)
    if row is None or row.file_id is not None or not row.token:
        return False
    facts = facts_of(db, row)
    file = File(
        sha256=sha256,
        size=size,
        media_type=PDF,
        name=f"{facts.certificate}-{facts.name}-{row.number}.pdf",
        owner_id=cast(Membership, db.get(Membership, row.member_id)).person_id,
        created_at=by.now,
    )
    db.add(file)
    db.flush()
    row.file_id = file.id
    db.add(row)
    db.flush()
    titles = (
        t("certificate.told_yours", certificate=facts.certificate),
        t("certificate.told_childs", certificate=facts.certificate, name=facts.name),
    )
    _tell_family(db, by, row, Message(), titles, f"certificate:{certificate_id}")
    return True


READING: Final = {False: "read_certificate", True: "read_proof"}
REVOKING: Final = {False: "revoke_certificate", True: "revoke_proof"}
"""The right by which a certificate is read or revoked, and that for a proof of hours."""


def _tell_family(
    db: Session,
    by: Actor | Operator,
    row: Certificate,
    message: Message,
    titles: tuple[Text, Text],
    key: str,
) -> None:
    """Tell whose it is, and the guardians, each under a title of their own, with the way to the
    certificate; who has just asked for a proof of their own hours sees it anyway."""
    look = Choice(press("certificate", row.id or 0), look_at(row.proof))
    message = message._replace(rows=((look,),))
    for grant in holders(db, READING[bool(row.proof)], row.member_id):
        if row.proof and grant.person == by.person_id:
            continue
        if grant.relation in looking.NOT_STAFF:
            title = titles[grant.relation is not Relation.ONESELF]
            notices.tell(db, by, grant.person, message._replace(title=title), key)


def look_at(proof: str) -> Text:
    """The way to a certificate, or to a proof of hours."""
    return t("proof.look" if proof else "certificate.look")


# ---------------------------------------------------------------- revoking


def revoke(db: Session, by: Actor | Operator, certificate_id: int, reason: str) -> Revocation:
    """Revoke a certificate, with a reason; the learner and the guardians are told.

    Raises `Refused` for anyone but the office that runs the cohort, and if it is revoked already.
    """
    row = to_revoke(db, by, certificate_id)
    done = Revocation(
        certificate_id=certificate_id, reason=reason, revoked_by=by.person_id, at=by.now
    )
    db.add(done)
    db.flush()
    audit.note(db, by, "revoke_certificate", "certificate", certificate_id)
    name = roster.find_member(db, row.member_id).person.name
    titles = (
        t("certificate.told_revoked", number=row.number),
        t("certificate.told_childs_revoked", number=row.number, name=name),
    )
    told = Message(fields=(Field(t("field.reason"), reason),))
    _tell_family(db, by, row, told, titles, f"certificate:{certificate_id}:revoked")
    return done


def to_revoke(db: Session, by: Actor | Operator, certificate_id: int) -> Certificate:
    """A certificate that may be revoked now. Raises `Refused`."""
    row = db.get(Certificate, certificate_id, with_for_update=True)
    verb = REVOKING[bool(row and row.proof)]
    if isinstance(by, Actor):
        allow(db, by, verb, row.member_id if row else None, number=certificate_id)
    if row is None or db.get(Revocation, certificate_id) is not None:
        key = "certificate.none_such" if row is None else "certificate.revoked_already"
        raise Refused(t(key), verb=verb, object="certificate", object_id=certificate_id)
    return row


def may_revoke(db: Session, actor: Actor, certificate: Certificate) -> bool:
    """Whether the actor may revoke a certificate."""
    verb = REVOKING[bool(certificate.proof)]
    return held(db, actor.person_id, verb, certificate.member_id) is not None


# ---------------------------------------------------------------- putting right


def put_right(db: Session, certificate: Certificate) -> dict[str, str]:
    """What a certificate states that has been put right since, by the names of the facts, as it
    is now. Where it was decided and counted then, it is not looked at again."""
    if not certificate.token:
        return {}
    member = roster.find_member(db, certificate.member_id)
    programme = load(cohort_of(db, member.membership).programme)
    return _put_right(facts_of(db, certificate), certificate, programme, member)


def _put_right(
    stated: Certified, certificate: Certificate, programme: Programme, member: Member
) -> dict[str, str]:
    now = {"name": member.person.name}
    if not certificate.proof:
        now["subject"] = programme.subject_name(member.membership.subject)
    return {fact: words for fact, words in now.items() if getattr(stated, fact) != words}


def to_reissue(db: Session, by: Actor | Operator, certificate_id: int) -> Certificate:
    """A certificate that may be issued anew now: it states something wrongly, or is in doubt, and
    what it rests on still stands. Raises `Refused`."""
    row = to_revoke(db, by, certificate_id)
    if not put_right(db, row) and not in_doubt(row, db.get_one(SigningKey, row.key_id)):
        raise _not_reissued(row, t("certificate.nothing_wrong", number=row.number))
    if row.proof or not row.token:
        return row
    member = roster.find_member(db, row.member_id)
    cohort = cohort_of(db, member.membership)
    [found] = candidates(db, cohort, beijing_day(by.now), [member])
    if found.standing is CertificateStanding.CHANGED:
        raise _not_reissued(row, why(found))
    if not may_keep(db, _place(cohort, member), beijing_day(by.now)):
        name = member.person.name
        raise _not_reissued(row, t("certificate.standing_consent", name=name))
    return row


def _not_reissued(row: Certificate, words: Text) -> Refused:
    return Refused(words, verb="reissue_certificate", object="certificate", object_id=row.id)


def to_restate(db: Session, by: Actor | Operator, certificate_id: int) -> Certified:
    """What a certificate says, with what has been put right since. Raises `Refused` as
    `to_reissue` does."""
    row = to_reissue(db, by, certificate_id)
    return facts_of(db, row).model_copy(update=put_right(db, row))


def reissue(
    db: Session, by: Actor | Operator, certificate_id: int, keys: SigningKeys
) -> Certificate:
    """Revoke a certificate, and issue in its place one that says what is right and names it. Its
    PDF is made afterwards. Raises `Refused` as `to_reissue` does: then nothing is revoked."""
    facts, row = to_restate(db, by, certificate_id), db.get_one(Certificate, certificate_id)
    cohort = cast(Cohort, db.get(Cohort, row.cohort_id, with_for_update=True))
    nth = next_of(db, cohort, row.proof)
    number = number_of(cohort, nth, row.proof)
    told = {"number": number, "issued_on": beijing_day(by.now), "replaces": row.number}
    same = ("cohort_id", "member_id", "proof", "evaluation_id", "version")
    columns = {name: getattr(row, name) for name in same}
    made = keep(db, by, keys, facts.model_copy(update=told), nth=nth, **columns)
    audit.note(db, by, "reissue_certificate", "certificate", made.id, number=number)
    revoke(db, by, certificate_id, render(t("certificate.put_right", number=number), "zh"))
    return made


# ---------------------------------------------------------------- orders


ORDER: Final = "issuing"
DONE: Final = "issuing_done"


@dataclass(frozen=True, slots=True)
class IssuingOrder:
    """An order to issue certificates of a cohort, or a proof of hours.

    The order is a row of the audit, and so is its end. An order without an end is still to be
    carried out, also after a crash.
    """

    id: int
    actor: Actor
    cohort: int
    only: Sequence[int] | None
    """The members it is limited to; empty for all."""
    certificate: int | None = None
    """This one is to be issued anew."""
    proof: str = ""
    """A proof of hours is to be issued."""

    @property
    def single(self) -> bool:
        """Whether it is about one paper, which whoever ordered it then wants to see."""
        return bool(self.certificate or self.proof)


def order(db: Session, actor: Actor, cohort_id: int, only: Sequence[int] | None = None) -> None:
    """Order certificates for all learners of a cohort who are ready, or for these. Raises
    `Refused` for anyone but the office that runs it."""
    cohort = to_issue(db, actor, cohort_id)
    verb = "issue_certificates"
    audit.note(db, actor, verb, ORDER, cohort.id, only=list(only) if only else None)


def order_anew(db: Session, actor: Actor, certificate_id: int) -> None:
    """Order a certificate to be issued anew. Raises `Refused` as `to_reissue` does."""
    row = to_reissue(db, actor, certificate_id)
    verb = "reissue_certificate"
    audit.note(db, actor, verb, ORDER, row.cohort_id, certificate=certificate_id)


def to_issue(db: Session, actor: Actor, cohort_id: int) -> Cohort:
    """A cohort whose certificates the actor may issue. Raises `Refused`."""
    allow(db, actor, "issue_certificates", cohort_id)
    cohort = cast(Cohort, db.get(Cohort, cohort_id))
    promised(load(cohort.programme))
    return cohort


def to_issue_to(db: Session, actor: Actor, member_id: int) -> Member:
    """A learner to whom the actor may issue a certificate. Raises `Refused`."""
    allow(db, actor, "issue_certificate", member_id)
    return roster.find_member(db, member_id)


def may_issue(db: Session, actor: Actor, cohort: Cohort) -> bool:
    """Whether the actor may issue a cohort's certificates."""
    return held(db, actor.person_id, "issue_certificates", cast(int, cohort.id)) is not None


def orders(db: Session) -> list[IssuingOrder]:
    """The orders that have not been carried out, the oldest first."""
    return [
        IssuingOrder(
            cast(int, row.id),
            Actor(cast(int, row.person_id), row.account_id, row.at),
            cast(int, row.object_id),
            row.detail.get("only"),
            row.detail.get("certificate"),
            row.detail.get("proof", ""),
        )
        for row in db.exec(_not_carried_out)
    ]


_ending = aliased(Audit)
_not_carried_out: Final = (
    select(Audit)
    .where(
        col(Audit.object) == ORDER,
        col(Audit.refused) == "",
        ~sa.exists().where(col(_ending.object) == DONE, col(_ending.object_id) == col(Audit.id)),
    )
    .order_by(col(Audit.id))
)


def carried_out(db: Session, actor: Actor, order: IssuingOrder, issued: int) -> None:
    """Note that an order has been carried out."""
    audit.note(db, actor, "certificates_issued", DONE, order.id, issued=issued)


def tell_progress(
    db: Session, order: IssuingOrder, message: Message, step: int, now: datetime
) -> None:
    """Show in the chat from which an order came how far it is, in place of what was shown
    before."""
    account = db.get(Account, order.actor.account_id)
    if account is None:
        return
    body = put(message, language_named(account.language)).to_json()
    notices.replace(db, cast(int, account.id), body, f"issuing:{order.id}:{step}", now)


# ---------------------------------------------------------------- reading


CertificateState = Literal["valid", "revoked", "doubtful"]


class Issued(NamedTuple):
    """A certificate with its revocation, if it was revoked, and the key that signed it."""

    certificate: Certificate
    revocation: Revocation | None
    key: SigningKey

    @property
    def state(self) -> CertificateState:
        """What became of it."""
        if self.revocation:
            return "revoked"
        return "doubtful" if in_doubt(self.certificate, self.key) else "valid"


def read(db: Session, actor: Actor, certificate_id: int) -> Issued:
    """A certificate that the actor may read; staff leave a trace. Raises `Refused`."""
    found = _issued(db, col(Certificate.id) == certificate_id)
    act = READING[bool(found and found.certificate.proof)]
    member = found.certificate.member_id if found else None
    grant = allow(db, actor, act, member, number=certificate_id)
    looking.note(db, actor, grant.relation, "certificate", certificate_id, [grant.thing])
    return cast(Issued, found)


def of_family(db: Session, actor: Actor) -> list[Issued]:
    """The actor's own certificates and proofs of hours, and the certificates of the children they
    answer for, the latest first."""
    is_proof, whose = col(Certificate.proof) != "", col(Certificate.member_id)
    theirs = (~is_proof & whose.in_(_family(db, actor))) | (
        is_proof & whose.in_(_family(db, actor, READING[True]))
    )
    rows = _rows.where(theirs, col(Certificate.token) != "")
    return [Issued(*row) for row in db.exec(rows.order_by(col(Certificate.id).desc()))]


def cohorts_of_family(db: Session, actor: Actor) -> list[Cohort]:
    """The cohorts of the actor, as a learner, and of the children they answer for, the latest
    first."""
    theirs = select(Membership.cohort_id).where(col(Membership.id).in_(_family(db, actor)))
    cohorts = select(Cohort).where(col(Cohort.id).in_(theirs))
    return list(db.exec(cohorts.order_by(col(Cohort.id).desc())))


def _family(db: Session, actor: Actor, act: str = "read_certificate") -> list[int]:
    return [
        grant.thing
        for grant in grants_of(db, actor.person_id, act)
        if grant.relation in looking.NOT_STAFF
    ]


def concerned(db: Session, place: Membership) -> bool:
    """Whether a membership has anything to do with certificates: it belongs to the office
    of a programme that has them, or its person has one, or a proof of hours."""
    if place.role in (*ROLES[Relation.OFFICE], *ROLES[Relation.AUDITOR]):
        return issued_in(cohort_of(db, place))
    theirs = select(Certificate.id).join(
        Membership, col(Membership.id) == col(Certificate.member_id)
    )
    if place.role in ROLES[Relation.GUARDIAN]:
        children = select(Guardianship.child_id).where(
            Guardianship.guardian_id == place.person_id, col(Guardianship.ended_at).is_(None)
        )
        theirs = theirs.where(Certificate.proof == "", col(Membership.person_id).in_(children))
    else:
        theirs = theirs.where(Membership.person_id == place.person_id)
    return db.exec(theirs.limit(1)).first() is not None


def numbered(db: Session, number: str) -> Issued | None:
    """The certificate that bears a number."""
    return _issued(db, col(Certificate.number) == number)


def looked_up(db: Session, hashed: bytes) -> Issued | None:
    """The certificate whose token has this hash."""
    return _issued(db, col(Certificate.token_hash) == hashed)


def state_of(db: Session, hashed: bytes) -> CertificateState | Literal["unknown"]:
    """What became of the certificate whose token has this hash."""
    found = looked_up(db, hashed)
    return found.state if found else "unknown"


def of_learner(db: Session, actor: Actor, member_id: int) -> list[Issued]:
    """A learner's certificates, the latest first; none for whoever may not read them."""
    if held(db, actor.person_id, "read_certificate", member_id) is None:
        return []
    return given_to(db, member_id)


def given_to(db: Session, member_id: int) -> list[Issued]:
    """A member's certificates, or proofs of hours, the latest first."""
    rows = _rows.where(col(Certificate.member_id) == member_id, col(Certificate.token) != "")
    return [Issued(*row) for row in db.exec(rows.order_by(col(Certificate.id).desc()))]


def _issued(db: Session, wanted: sa.ColumnElement[bool]) -> Issued | None:
    row = db.exec(_rows.where(wanted)).first()
    return Issued(*row) if row else None


_rows = (
    select(Certificate, Revocation, SigningKey)
    .outerjoin(Revocation, col(Revocation.certificate_id) == col(Certificate.id))
    .join(SigningKey, col(SigningKey.id) == col(Certificate.key_id))
)


def revoked_hashes(db: Session) -> list[bytes]:
    """The hashes of all revoked tokens."""
    rows = select(Certificate.token_hash).join(
        Revocation, col(Revocation.certificate_id) == col(Certificate.id)
    )
    return list(db.exec(rows.order_by(col(Certificate.id))))


def vouched_hashes(db: Session) -> list[bytes]:
    """The hashes of what stolen keys signed here before others may have had them: all that can be
    told from what a thief signed and dated back."""
    rows = db.exec(
        _rows.where(col(SigningKey.stolen_on).is_not(None)).order_by(col(Certificate.id))
    )
    every = starmap(Issued, rows)
    return [one.certificate.token_hash for one in every if not in_doubt(one.certificate, one.key)]


# ---------------------------------------------------------------- a person's data


def copied(db: Session, places: Sequence[int]) -> list[dict[str, Any]]:
    """The certificates of these memberships, for a copy of a person's data. Raises `Forged` if the
    row was tampered with."""
    rows = db.exec(
        _rows.where(col(Certificate.member_id).in_(places)).order_by(col(Certificate.id))
    )
    return [
        {
            "number": row.number,
            "issued_at": row.issued_at.isoformat(),
            "facts": facts_of(db, row).model_dump(mode="json") if row.token else None,
            "token": row.token,
            "revoked_at": revoked.at.isoformat() if revoked else None,
            "reason": revoked.reason if revoked else "",
        }
        for row, revoked, _key in rows
    ]


def forget(db: Session, places: Sequence[int]) -> None:
    """Erase the facts and the PDFs from the certificates of somebody who is erased. Certificates
    that they hold in their hands still verify, because the hash stays."""
    for row in db.exec(select(Certificate).where(col(Certificate.member_id).in_(places))):
        row.token, row.file_id = "", None
        db.add(row)
    db.flush()
