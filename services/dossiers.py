"""A learner's dossier: what was approved in the cycle and what followed from it, as of a day.

Whoever makes it, it holds exactly what its learner reads in the chat. A guardian or an office can
therefore hand it on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, cast

from sqlmodel import Session

from bot.talk.acting import Actor, Operator, Refused
from bot.talk.clock import beijing_day
from programmes.model import Programme
from prompts import Words, render, t
from services import (
    audit,
    certificates,
    committee,
    evaluations,
    exits,
    looking,
    persons,
    records,
    roster,
)
from services.access import LEARNERS, allow, cohort_of, grants_of, held, learner_at, may_keep
from services.dossier_form import (
    Attached,
    CertificateTold,
    Dossier,
    EntryTold,
    EvaluationTold,
    ExitTold,
    PassageTold,
    PeriodTold,
    RequirementTold,
    signed,
)
from services.packs import asked_of, kind_label, load, writing_name
from services.plans import in_force
from services.progress import WRITING, asked_for, counted, stands
from services.records import (
    Body,
    Entries,
    MaterialBody,
    PlanBody,
    PresentationBody,
    SessionBody,
    WritingBody,
)
from services.roster import Member
from storage.signing import SigningKeys, key_name
from storage.tables import (
    EvaluationState,
    ExitState,
    Person,
    RecordKind,
    RecordState,
    Unit,
)

LIFE: Final = timedelta(days=1)
"""How long a dossier that was made in a chat can be opened there."""
ACT: Final = "make_dossier"
JSON: Final = "application/json"
PAPERS: Final = {"pdf": certificates.PDF, "json": JSON}
"""The endings of the two files of a dossier."""


# ---------------------------------------------------------------- whose


def own(db: Session, actor: Actor) -> list[Member]:
    """The actor's own places as a learner, and those of the children they answer for, the latest
    first. Raises `Refused` if there are none."""
    grants = grants_of(db, actor.person_id, ACT)
    theirs = {one.thing for one in grants if one.relation in looking.NOT_STAFF}
    if not theirs:
        raise Refused(t("dossier.none_yours"), verb=ACT)
    return roster.members_by_id(db, sorted(theirs))[::-1]


def may_make(db: Session, actor: Actor, member_id: int) -> bool:
    """Whether the actor may have a learner's dossier made."""
    return held(db, actor.person_id, ACT, member_id) is not None


def to_make(db: Session, actor: Actor, member_id: int) -> Member:
    """A learner whose dossier the actor may have made now. Raises `Refused`."""
    allow(db, actor, ACT, member_id)
    return roster.find_member(db, member_id)


def learners(db: Session, cohort_id: int) -> list[Member]:
    """The learners of a cohort, in the order of the roster; those who have left, as well."""
    return roster.members(db, cohort_id, LEARNERS, ended=True)


# ---------------------------------------------------------------- making


@dataclass(frozen=True, slots=True)
class SignedDossier:
    """A dossier with its signed file."""

    dossier: Dossier
    data: bytes
    key: str
    """The name of the key that signed it."""


def make(db: Session, by: Actor | Operator, member_id: int, keys: SigningKeys) -> SignedDossier:
    """Compose and sign a learner's dossier. Its PDF is made afterwards.

    An audit row is left; if staff make it, that also counts as a look at the learner's records.
    Raises `Refused` for anybody who may not, and while a guardian's consent is missing.
    """
    if isinstance(by, Actor):
        grant = allow(db, by, ACT, member_id)
        looking.note(db, by, grant.relation, "dossier", member_id, [member_id])
        maker = cast(Person, db.get(Person, by.person_id)).name
    else:
        if not may_keep(db, learner_at(db, member_id), beijing_day(by.now)):
            raise Refused(
                t("dossier.consent_awaited"), verb=ACT, object="membership", object_id=member_id
            )
        maker = _zh(t("dossier.at_the_server"))
    dossier = told(db, member_id, by.now, maker)
    key = certificates.signing_key(db, by, keys)
    audit.note(db, by, ACT, "membership", member_id)
    data = signed(dossier, key.public, lambda data: keys.sign(key.public, data))
    return SignedDossier(dossier, data, key_name(key.public))


def keep(
    db: Session, actor: Actor, member_id: int, papers: Mapping[str, tuple[str, int]]
) -> list[int]:
    """Note the two files of a dossier, each with its hash and its size, which the actor alone can
    open for a while. Returns their numbers. Raises `Refused` for who may not have it any more."""
    member = to_make(db, actor, member_id)
    name = file_name(member.person.name, actor.now)
    kept, until = persons.keep_made, actor.now + LIFE
    return [
        kept(db, actor, *papers[end], f"{name}.{end}", until, media_type)
        for end, media_type in PAPERS.items()
    ]


def file_name(name: str, now: datetime) -> str:
    """The name of a dossier's files, without their endings."""
    return _zh(t("dossier.file", name=name, day=f"{beijing_day(now):%Y%m%d}"))


# ---------------------------------------------------------------- what it tells


def told(db: Session, member_id: int, now: datetime, maker: str) -> Dossier:
    """All that a learner's dossier holds on this day. Raises `Refused` if the pack cannot be
    read."""
    member = roster.find_member(db, member_id)
    place, cohort = member.membership, cohort_of(db, member.membership)
    programme = load(cohort.programme)
    office = db.get(Unit, cohort.office_id) if cohort.office_id else None
    every = records.entries(db, member_id)
    return Dossier(
        number=member_id,
        name=member.person.name,
        school=member.unit_name,
        grade=_zh(t(f"programme.grade.{place.grade}")) if place.grade else "",
        subject=programme.subject_name(place.subject),
        mentors=tuple(one.name for one in records.reviewers(db, member_id)),
        programme=certificates.official_name(programme),
        edition=str(programme.edition),
        cohort=cohort.name,
        office=office.name if office else "",
        cycle_first=programme.cycle.first_day,
        cycle_last=programme.cycle.last_day,
        joined_on=place.joined_on,
        requirements=tuple(_requirements(programme, member, every, now)),
        entries=tuple(_entries(db, member_id, every)),
        evaluations=tuple(_evaluations(db, member_id)),
        certificates=tuple(_certificates(db, member_id)),
        exit=_exit(db, member_id),
        left_on=beijing_day(place.ended_at) if place.ended_at else None,
        as_of=beijing_day(now),
        made_at=now,
        made_by=maker,
    )


def _requirements(
    programme: Programme, member: Member, entries: Entries, now: datetime
) -> Iterable[RequirementTold]:
    """Every stated minimum, and every kind of writing that is asked for."""
    place = member.membership
    made = counted(programme, entries, beijing_day(now), place.joined_on)
    for part in made.requirements:
        yield RequirementTold(
            what=_zh(asked_for(part.requirement)),
            submitted=part.submitted,
            approved=part.approved,
            still_needed=part.still_needed,
            periods=tuple(
                PeriodTold(
                    first=one.first,
                    last=one.last,
                    submitted=one.submitted,
                    approved=one.approved,
                    still_needed=one.still_needed,
                )
                for one in part.months
            ),
            clause=part.requirement.clause,
        )
    if not made.requirements:
        yield _number_of(entries, RecordKind.SESSION, t("progress.no_minimum"), "")
    for kind in WRITING:
        if (asked := asked_of(programme, place.grade, kind)) is not None:
            reviewed = asked.reviewed_by is not None
            name = writing_name(asked)
            yield _number_of(entries, kind, name, asked.clause, reviewed=reviewed)


def _number_of(
    entries: Entries, kind: RecordKind, what: Words, clause: str, *, reviewed: bool = True
) -> RequirementTold:
    """How many entries of a kind there are, where the document asks for no number of
    them."""
    states = [record.state for record, _ in entries if stands(record, kind)]
    waits = RecordState.SUBMITTED if reviewed else RecordState.FILED
    return RequirementTold(
        what=_zh(what),
        submitted=states.count(waits),
        approved=states.count(RecordState.APPROVED),
        still_needed=None,
        reviewed=reviewed,
        clause=clause,
    )


def _entries(db: Session, member_id: int, entries: Entries) -> Iterable[EntryTold]:
    """The entries that count, from the first to the latest; of a plan that is being changed, the
    version that is in force."""
    approved = records.approvals(db, member_id)
    plans = in_force(db, [record for record, _ in entries if record.kind is RecordKind.PLAN])
    for record, latest in reversed(entries):
        version, body = record.version, latest
        if record.state not in committee.COUNTED:
            if record.state is RecordState.WITHDRAWN or record.id not in plans:
                continue
            version = plans[record.id]
            body = records.body_at(db, record, version)
        word = approved.get((record.id or 0, version))
        yield EntryTold(
            record=record.id or 0,
            version=version,
            kind=record.kind.value,
            title=_zh(records.title(record, body)),
            day=body.day if isinstance(body, SessionBody) else record.day,
            reviewed=word is not None,
            approved_by=_zh(word[1]) if word else "",
            approved_on=beijing_day(word[0].at) if word else None,
            about=record.about_id,
            passages=tuple(_passages(body)),
            files=tuple(
                Attached(name=one.name, sha256=one.sha256, size=one.size) for one in body.files
            ),
            **_session(body),
        )


def _session(body: Body) -> dict[str, object]:
    """The fields that only sessions have."""
    if not isinstance(body, SessionBody):
        return {}
    when: Words = f"{body.start:%H:%M}" if body.start else ""
    if body.part:
        when = t(f"part.{body.part}")
    return {
        "when": _zh(when),
        "minutes": body.minutes,
        "place": _zh(t(f"place.{body.place}")),
        "activity": _zh(kind_label(body.kind)),
        "people": body.people,
    }


def _passages(body: Body) -> Iterable[PassageTold]:
    """What an entry says in sentences."""
    match body:
        case SessionBody():
            yield PassageTold(label=_zh(t("field.what")), words=body.what)
        case WritingBody():
            yield PassageTold(label=_zh(t("field.text")), words="\n".join(body.parts))
        case MaterialBody():
            yield PassageTold(label=_zh(t("field.abstract")), words=body.abstract)
        case PresentationBody():
            for part in body.parts:
                yield PassageTold(label=_zh(t(f"presentation.part_{part.key}")), words=part.words)
        case PlanBody():
            for field in records.plan_fields(body):
                yield PassageTold(label=_zh(field.label), words=_zh(field.value))


def _evaluations(db: Session, member_id: int) -> Iterable[EvaluationTold]:
    """The signed evaluations, as far as the learner may read them."""
    learner = learner_at(db, member_id)
    for one in evaluations.all_of(db, member_id, family=True):
        entry, body = one.evaluation, one.body
        if entry.state is not EvaluationState.SIGNED:
            continue
        part = evaluations.part_of(db, entry)
        said = [(dimension.name, dimension.words) for dimension in body.dimensions]
        said.append((_zh(t("evaluation.grounds_label")), body.grounds))
        said.append((_zh(t("evaluation.comment_label")), body.comment))
        yield EvaluationTold(
            stage=_zh(evaluations.stage_name(learner, entry.stage)),
            side=_zh(t(f"evaluation.side_{entry.side}")),
            outcome=_zh(evaluations.outcome_label(part, body.outcome)) if body.outcome else "",
            passages=tuple(
                PassageTold(label=label, words=words) for label, words in said if words
            ),
            signer=_zh(one.signer),
            signed_on=beijing_day(one.version.at),
            version=one.version.version,
            clause=part.stage.clause if part else "",
        )


def _certificates(db: Session, member_id: int) -> Iterable[CertificateTold]:
    for issued, revoked, _key in reversed(certificates.given_to(db, member_id)):
        facts = certificates.facts_of(db, issued)
        yield CertificateTold(
            number=issued.number,
            certificate=facts.certificate,
            issued_on=facts.issued_on,
            revoked_on=beijing_day(revoked.at) if revoked else None,
        )


def _exit(db: Session, member_id: int) -> ExitTold | None:
    """What the learner was told of an exit. Its reason is the one that the second person
    gave."""
    case = exits.told_of(db, member_id)
    if case is None:
        return None
    steps = {step.state: step for step, _ in exits.steps(db, case)}
    was_told, ended = steps.get(ExitState.TOLD), steps.get(ExitState.ENDED)
    return ExitTold(
        reason=was_told.reason if was_told else "",
        told_on=beijing_day(was_told.at) if was_told else None,
        ended_on=beijing_day(ended.at) if ended else None,
    )


def _zh(words: Words) -> str:
    """The words in Chinese, as they stand on the paper, whoever makes it."""
    return render(words, "zh")
