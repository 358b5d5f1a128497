"""A person's data: what is held, a copy of it, and what erasing takes away and leaves."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import Select, and_, delete, func, or_, update
from sqlmodel import Session, col, select

from bot.talk.acting import Actor, Operator
from prompts import Language, language_named, render, t
from services import (
    audit,
    bulletin_replies,
    certificates,
    ending,
    evaluations,
    handovers,
    help_calls,
    looking,
    marking,
    official,
    reminders,
)
from services.access import LEARNERS
from services.records import OF_OTHERS, UNSENT
from services.rostering import applying
from storage.tables import (
    Account,
    Advice,
    Audit,
    Bulletin,
    BulletinFile,
    BulletinRecipient,
    Certificate,
    Cohort,
    Curated,
    Delegation,
    File,
    Guardianship,
    Handover,
    Inquiry,
    Invite,
    Leave,
    Membership,
    Mentoring,
    Opening,
    Outbox,
    Person,
    PlatformEntry,
    PolicyDocument,
    Record,
    RecordFile,
    RecordState,
    RecordVersion,
    Reminder,
    ReminderSettings,
    Review,
    SaidLine,
    SendState,
    SignInLink,
    StoredTalk,
    SummaryTemplate,
    Unit,
    Update,
    UpdateState,
    WebSession,
)

BACKUP: Final = "backup"
SHEET: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_LOOKS: Final = 1000


def places_of(db: Session, person_id: int) -> list[int]:
    """A person's memberships, ended ones too."""
    found = db.exec(select(Membership.id).where(Membership.person_id == person_id))
    return [cast(int, number) for number in found]


def learners_of(db: Session, person_id: int) -> list[int]:
    """A person's places as a learner, ended ones too."""
    return [
        cast(int, number)
        for number in db.exec(
            select(Membership.id).where(
                Membership.person_id == person_id, col(Membership.role).in_(LEARNERS)
            )
        )
    ]


# ---------------------------------------------------------------- what is held


@dataclass(frozen=True, slots=True)
class Held:
    """How much is held of a person."""

    person: Person
    records: int
    approved: int
    files: int
    drafts: int
    lines: int
    """Lines of their chats, both sides."""
    questions: int
    looks: int


def holdings(db: Session, person_id: int) -> Held:
    accounts = _accounts(person_id)
    records = _records(person_id)
    approved = col(Record.state) == RecordState.APPROVED

    def count(query: Any) -> int:
        return int(db.execute(select(func.count()).select_from(query.subquery())).scalar_one())

    # A guardian sees these numbers too.
    talks = _drafts(person_id, own=False)
    said = select(SaidLine.id).where(col(SaidLine.account_id).in_(accounts))
    told = _told(accounts, own=False)
    return Held(
        cast(Person, db.get(Person, person_id)),
        count(records),
        count(records.where(approved)),
        count(select(File.id).where(File.owner_id == person_id, col(File.expires_at).is_(None))),
        count(talks),
        count(said) + count(told),
        count(select(Inquiry.id).where(col(Inquiry.account_id).in_(accounts))),
        len(looking.looks(db, learners_of(db, person_id), MOST_LOOKS)),
    )


# ---------------------------------------------------------------- a copy


def everything(
    db: Session, person_id: int, *, own: bool = False
) -> tuple[dict[str, Any], Mapping[str, str]]:
    """All that is held of a person, as JSON, and their files: name in the copy, and hash.

    Calls for help, and what tells of them, are in a person's `own` copy alone.
    """
    accounts = _accounts(person_id)
    records = _records(person_id)
    places = select(col(Membership.id)).where(col(Membership.person_id) == person_id)
    rows: dict[str, Any] = {
        "person": _rows(db, select(Person).where(Person.id == person_id)),
        "places": [
            _row(place) | {"cohort": cohort.name, "programme": cohort.programme, "unit": unit}
            for place, cohort, unit in db.exec(
                select(Membership, Cohort, Unit.name)
                .join(Cohort, col(Cohort.id) == col(Membership.cohort_id))
                .outerjoin(Unit, col(Unit.id) == col(Membership.unit_id))
                .where(Membership.person_id == person_id)
            )
        ],
        "mentors_and_students": _rows(
            db,
            select(Mentoring).where(
                or_(col(Mentoring.student_id).in_(places), col(Mentoring.mentor_id).in_(places))
            ),
        ),
        "guardians_and_children": _rows(
            db,
            select(Guardianship).where(
                or_(
                    col(Guardianship.child_id) == person_id,
                    col(Guardianship.guardian_id) == person_id,
                )
            ),
        ),
        "records": _rows(db, select(Record).where(col(Record.id).in_(records))),
        "versions": _rows(
            db, select(RecordVersion).where(col(RecordVersion.record_id).in_(records))
        ),
        "reviews": _rows(db, select(Review).where(col(Review.record_id).in_(records))),
        "on_the_platform": official.copied(db, places_of(db, person_id)),
        "drafts": _rows(db, _drafts(person_id, own=own)),
        "chats": [
            _row(chat) | ({} if own else {"offered": []})
            for chat in db.exec(select(Account).where(Account.person_id == person_id))
        ],
        "said": _rows(db, select(SaidLine).where(col(SaidLine.account_id).in_(accounts))),
        "told": _rows(db, _told(accounts, own=own)),
        "questions": _rows(db, select(Inquiry).where(col(Inquiry.account_id).in_(accounts))),
        "reminders": _rows(
            db,
            select(Reminder).where(
                or_(
                    col(Reminder.person_id) == person_id,
                    col(Reminder.learner_id).in_(places),
                )
            ),
        ),
        "reminder_settings": _rows(
            db, select(ReminderSettings).where(ReminderSettings.person_id == person_id)
        ),
        "evaluations": evaluations.copied(db, places_of(db, person_id)),
        "marks_of_experts": marking.copied(db, places_of(db, person_id)),
        "certificates": certificates.copied(db, places_of(db, person_id)),
        "stands_in": _rows(
            db,
            select(Delegation).where(
                or_(col(Delegation.mentor_id).in_(places), col(Delegation.delegate_id).in_(places))
            ),
        ),
        "handovers": _rows(
            db,
            select(Handover).where(
                or_(
                    col(Handover.place_id).in_(places),
                    col(Handover.successor_id) == person_id,
                    col(Handover.made_by) == person_id,
                )
            ),
        ),
        "leaves": _rows(db, select(Leave).where(col(Leave.member_id).in_(places))),
        "bulletins": _bulletins(db, person_id),
        "replies_to_bulletins": bulletin_replies.copied(db, person_id),
        "done_by": _rows(db, _done_by(person_id, own=own)),
        "looked_at_by": [
            {"at": one.at.isoformat(), "name": one.name, "as": one.relation, "what": one.what}
            for one in looking.looks(db, learners_of(db, person_id), MOST_LOOKS)
        ],
    }
    if own:
        rows["calls_for_help"] = help_calls.copied(db, learners_of(db, person_id))
    files = db.exec(
        select(File).where(File.owner_id == person_id, col(File.expires_at).is_(None))
    ).all()
    rows["files"] = [_row(file) for file in files]
    return rows, {f"files/{file.id}-{file.name}": file.sha256 for file in files}


def _drafts(person_id: int, *, own: bool) -> Any:
    found = select(StoredTalk).where(StoredTalk.person_id == person_id)
    return found if own else found.where(StoredTalk.flow != help_calls.FLOW)


def _told(accounts: Select[Any], *, own: bool) -> Any:
    found = select(Outbox).where(col(Outbox.account_id).in_(accounts))
    if own:
        return found
    about_help = func.coalesce(col(Outbox.key), "").startswith(help_calls.KEYS)
    return found.where(col(Outbox.body)["sealed"].as_boolean().is_(None), ~about_help)


def _done_by(person_id: int, *, own: bool) -> Any:
    found = select(Audit).where(Audit.person_id == person_id)
    return found if own else found.where(Audit.object != help_calls.OBJECT)


def _bulletins(db: Session, person_id: int) -> list[dict[str, Any]]:
    """The bulletins that were sent to a person, and when they confirmed them."""
    rows = db.exec(
        select(Bulletin, BulletinRecipient)
        .join(BulletinRecipient, col(BulletinRecipient.bulletin_id) == col(Bulletin.id))
        .where(BulletinRecipient.person_id == person_id)
        .order_by(col(Bulletin.id))
    )
    return [
        {"sender": row.sender, "words": row.words, **_row(mine)}
        for row, mine in rows
        if mine.state not in UNSENT
    ]


def _rows(db: Session, query: Any) -> list[dict[str, Any]]:
    return [_row(row) for row in db.exec(query)]


def _row(row: Any) -> dict[str, Any]:
    found: dict[str, Any] = row.model_dump(mode="json")
    return found


def keep_copy(
    db: Session, actor: Actor, person_id: int, sha256: str, size: int, name: str, until: datetime
) -> int:
    """Note a copy that was made for the actor alone. Returns the file's number."""
    number = keep_made(db, actor, sha256, size, name, until, "application/zip")
    audit.note(db, actor, "copy_data", "person", person_id)
    return number


def language_of(db: Session, person_id: int | None) -> Language:
    """The language in which somebody reads what is made for them."""
    person = db.get(Person, person_id) if person_id else None
    return language_named(person.language if person else "")


def keep_made(
    db: Session,
    actor: Actor,
    sha256: str,
    size: int,
    name: str,
    until: datetime,
    media_type: str = SHEET,
) -> int:
    """Note a file, usually a sheet, that was made for the actor alone. Returns its number."""
    file = File(
        sha256=sha256,
        size=size,
        media_type=media_type,
        name=name,
        owner_id=actor.person_id,
        created_at=actor.now,
        expires_at=until,
    )
    db.add(file)
    db.flush()
    return cast(int, file.id)


def forget_copies(db: Session, now: datetime) -> None:
    """Delete copies whose time is over; their bytes go with the unused files."""
    db.connection().execute(delete(File).where(col(File.expires_at) <= now))


# ---------------------------------------------------------------- correcting and erasing


@dataclass(slots=True)
class Erased:
    """What was erased, and what was left."""

    records: int = 0
    left: int = 0
    """Entries with somebody else's word that stay until the office erases them."""
    files: set[str] = field(default_factory=set)
    """Hashes that nothing refers to any more: their bytes are to be removed."""
    chats: list[tuple[str, str]] = field(default_factory=list)
    """Platforms and addresses of chats that are no more."""
    backups: list[str] = field(default_factory=list)
    """Backups that were made while the data were here, with their days."""


def erase_own(db: Session, actor: Actor, person_id: int) -> Erased:
    """Erase drafts, chats, questions, and entries that are not approved: all about which nobody
    has decided.

    Approved entries count in the programme and hold somebody else's word, and others' words are
    theirs. Both stay until the office erases the person.
    """
    result = Erased(backups=backups(db, person_id))
    open_ones = and_(
        col(Record.state) != RecordState.APPROVED, col(Record.kind).not_in([*OF_OTHERS])
    )
    for as_learner in (True, False):
        ending.drop_talks(db, person_id, as_learner=as_learner)
    found = list(db.exec(_records(person_id).where(open_ones)))
    result.left = len(list(db.exec(_records(person_id)))) - len(found)
    result.records = len(found)
    _erase_from_others(db, person_id, found, "")
    result.files = _erase_records(db, person_id, found)
    bulletin_replies.forget(db, person_id)
    if actor.person_id == person_id:
        # Not at a guardian's word: they do not know of it.
        help_calls.forget(db, learners_of(db, person_id))
    _erase_questions(db, person_id)
    ending.forget_chats(db, person_id)
    audit.note(db, actor, "erase_data", "person", person_id, left=result.left)
    return result


def erase(db: Session, by: Operator, person_id: int) -> Erased:
    """Erase a person: everything that they wrote and sent, and what other people's chats show of
    it.

    A row without a name stays, so that what others have written keeps its sense, and so do the
    audit rows, without words. Reviews that the person wrote belong to the students' records and
    stay.
    """
    person = cast(Person, db.get(Person, person_id))
    result = Erased(backups=backups(db, person_id))
    here = db.connection()
    ending.sign_out(db, person_id, by.now)
    accounts = list(db.exec(select(Account).where(Account.person_id == person_id)))
    numbers = [cast(int, account.id) for account in accounts]
    places = places_of(db, person_id)
    records = list(db.exec(_records(person_id)))
    result.records = len(records)
    result.chats = [(account.platform, account.address) for account in accounts]
    _erase_from_others(db, person_id, records, person.name)
    help_calls.forget(db, places)
    bulletin_replies.forget(db, person_id)
    certificates.forget(db, places)
    evaluations.forget(db, places)
    marking.forget(db, places)
    result.files = _erase_records(db, person_id, records)
    here.execute(delete(Opening).where(col(Opening.person_id) == person_id))
    handovers.forget(db, person_id, places)
    reminders.forget(db, person_id, places)
    applying.forget_person(db, person_id, places)
    _erase_questions(db, person_id)
    here.execute(delete(Advice).where(col(Advice.account_id).in_(numbers)))
    here.execute(
        delete(StoredTalk).where(
            or_(
                col(StoredTalk.person_id) == person_id,
                col(StoredTalk.account_id).in_(numbers),
            )
        )
    )
    here.execute(delete(SaidLine).where(col(SaidLine.account_id).in_(numbers)))
    here.execute(delete(Outbox).where(col(Outbox.account_id).in_(numbers)))
    for account in accounts:
        here.execute(
            delete(Update).where(
                col(Update.platform) == account.platform, col(Update.address) == account.address
            )
        )
    here.execute(delete(WebSession).where(col(WebSession.account_id).in_(numbers)))
    here.execute(delete(SignInLink).where(col(SignInLink.person_id) == person_id))
    here.execute(delete(Invite).where(col(Invite.membership_id).in_(places)))
    here.execute(update(Invite).where(col(Invite.used_by).in_(numbers)).values(used_by=None))
    here.execute(delete(Account).where(col(Account.id).in_(numbers)))
    here.execute(
        delete(Guardianship).where(
            or_(
                col(Guardianship.child_id) == person_id, col(Guardianship.guardian_id) == person_id
            )
        )
    )
    here.execute(
        delete(Delegation).where(
            or_(col(Delegation.mentor_id).in_(places), col(Delegation.delegate_id).in_(places))
        )
    )
    here.execute(
        delete(Mentoring).where(
            or_(col(Mentoring.student_id).in_(places), col(Mentoring.mentor_id).in_(places))
        )
    )
    blank = {
        "unit_id": None,
        "team_id": None,
        "subject": "",
        "grade": "",
        "joined_on": None,
        "ended_reason": "",
    }
    here.execute(
        update(Membership)
        .where(col(Membership.id).in_(places))
        .values(ended_at=func.coalesce(col(Membership.ended_at), by.now), **blank)
    )
    audit.without_words(db, person_id, places)
    person.name, person.birth_date = render(t("erase.name"), "zh"), None
    db.add(person)
    db.flush()
    audit.note(db, by, "erase", "person", person_id)
    db.expire_all()
    return result


def _erase_records(db: Session, person_id: int, records: Collection[int | None]) -> set[str]:
    """Delete entries with all their versions and files; returns the hashes left without a row."""
    here, chosen = db.connection(), list(records)
    # What others wrote of a learner may hold files of theirs.
    in_them = select(RecordFile.file_id).where(col(RecordFile.record_id).in_(chosen))
    shown = list(db.exec(in_them))
    for table in (RecordFile, RecordVersion, Review, Opening, PlatformEntry):
        here.execute(delete(table).where(col(table.record_id).in_(chosen)))
    here.execute(update(Record).where(col(Record.about_id).in_(chosen)).values(about_id=None))
    here.execute(delete(Record).where(col(Record.id).in_(chosen)))
    used = select(RecordFile.file_id)
    issued = select(Certificate.file_id).where(col(Certificate.file_id).is_not(None))
    owned = or_(col(File.owner_id) == person_id, col(File.id).in_(shown))
    sent = select(BulletinFile.file_id)
    mine = owned, *(col(File.id).not_in(kept_by) for kept_by in (used, issued, sent))
    hashes = set(db.exec(select(File.sha256).where(*mine)))
    here.execute(delete(File).where(*mine))
    kept = {*db.exec(select(File.sha256)), *db.exec(select(PolicyDocument.sha256))}
    templates = set(db.exec(select(SummaryTemplate.sha256)))
    return hashes - kept - templates


def _erase_questions(db: Session, person_id: int) -> None:
    """Delete a person's questions. A question from which an answer was made stays without its
    words."""
    here, accounts = db.connection(), _accounts(person_id)
    answered = select(Curated.question_id).where(col(Curated.question_id).is_not(None))
    mine = or_(col(Inquiry.account_id).in_(accounts), col(Inquiry.about_id) == person_id)
    here.execute(delete(Inquiry).where(mine, col(Inquiry.id).not_in(answered)))
    here.execute(update(Inquiry).where(mine).values(words="", account_id=None, about_id=None))


def _erase_from_others(
    db: Session, person_id: int, records: Collection[int | None], name: str
) -> None:
    """Delete what other people's chats and drafts show of a person, or of these entries."""
    cards = {f"record:{number}" for number in records}
    acts = {f":{number}" for number in records}

    def shows(*said: Any) -> bool:
        written = json.dumps(said, ensure_ascii=False, default=str)
        return bool(name) and name in written

    def of_these(body: Mapping[str, Any]) -> bool:
        return body.get("card") in cards

    own = set(db.exec(select(Account.id).where(Account.person_id == person_id)))
    for message in db.exec(select(Outbox).where(Outbox.state != SendState.SENDING)):
        if message.account_id not in own and (
            of_these(message.body) or shows(message.body, message.offers)
        ):
            db.delete(message)
    for talk in db.exec(select(StoredTalk).where(StoredTalk.person_id != person_id)):
        args = talk.about.get("args", {})
        if args.get("record") in records or shows(talk.about, talk.journal):
            db.delete(talk)
    for account in db.exec(select(Account).where(col(Account.id).not_in(own))):
        pressed = [str(one[1]) for one in account.offered if len(one) > 1]
        if shows(account.offered) or any(act in press for act in acts for press in pressed):
            account.offered = []
            db.add(account)
    if name:
        for line in db.exec(select(SaidLine)):
            if line.account_id not in own and name in line.raw:
                db.delete(line)
        for seen in db.exec(select(Update).where(Update.raw != "")):
            if name in seen.raw and seen.state is not UpdateState.WAITING:
                seen.raw = ""
                db.add(seen)
    db.flush()


def note_backup(db: Session, by: Operator, file: str) -> None:
    """Note that a backup was made, so that erasing can name it."""
    audit.note(db, by, BACKUP, file=file)


def backups(db: Session, person_id: int) -> list[str]:
    """The backups made since a person came: they still hold what is erased here."""
    person = cast(Person, db.get(Person, person_id))
    rows = db.exec(
        select(Audit)
        .where(Audit.verb == BACKUP, Audit.at >= person.created_at)
        .order_by(col(Audit.id))
    )
    return [f"{row.detail['file']} ({row.at:%Y-%m-%d})" for row in rows]


def _accounts(person_id: int) -> Select[Any]:
    return select(col(Account.id)).where(col(Account.person_id) == person_id)


def _records(person_id: int) -> Any:
    """The ids of a person's entries."""
    places = select(col(Membership.id)).where(col(Membership.person_id) == person_id)
    return select(Record.id).where(col(Record.student_id).in_(places))
