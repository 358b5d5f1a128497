"""What the web chat asks of the database: sessions, history and files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import cast

from sqlmodel import Session, select

from bot.platforms.web.door import Entered, HistoryLine, Refusal, StoredFile, Visitor
from bot.talk.acting import Actor, Refused
from bot.talk.clock import Clock
from bot.talk.message import Outgoing
from prompts import Language, language_named, t
from services import help_calls, joining, keeping, records
from services.audit import note_refusal
from storage import chats
from storage.database import Database
from storage.files import FileStore
from storage.tables import Account, Person

Vouching = Callable[[str, datetime], str | None]
"""The address of the chat for which some data vouches now."""
WayIn = Callable[[Session, datetime], tuple[str, Account]]
"""Uses up what lets somebody in; returns the new session's secret and the chat. Raises
`Refused`."""
Commands = Callable[[Session, int | None, Language], Sequence[tuple[str, str]]]


class Doorkeeper:
    """Satisfies `bot.platforms.web.door.Door`."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        store: FileStore,
        commands: Commands,
        vouching: Mapping[str, Vouching] | None = None,
    ) -> None:
        """`vouching` tells, by messenger, whom its data vouches for."""
        self._vouching = vouching or {}
        self._database = database
        self._clock = clock
        self._store = store
        self._commands = commands

    async def sign_in(self, token: str, source: str) -> Entered | Refusal:
        def use_up(db: Session, now: datetime) -> tuple[str, Account]:
            return joining.sign_in(db, token, source, now)

        return await self._database.run(self._enter, "sign_in", use_up)

    async def sign_in_from(self, messenger: str, data: str, source: str) -> Entered | Refusal:
        vouched_for = self._vouching.get(messenger)

        def use_up(db: Session, now: datetime) -> tuple[str, Account]:
            address = vouched_for(data, now) if vouched_for else None
            return joining.sign_in_from(db, messenger, address, data, source, now)

        return await self._database.run(self._enter, "sign_in", use_up)

    def _enter(self, db: Session, verb: str, use_up: WayIn, start: str = "") -> Entered | Refusal:
        try:
            session, account = use_up(db, self._clock.now())
        except Refused as refused:
            return self._refuse(db, refused, verb)
        return Entered(session, visitor(db, account), start=start)

    async def whose_link(self, token: str, source: str) -> str | Refusal:
        return await self._database.run(self._whose_link, token, source)

    def _whose_link(self, db: Session, token: str, source: str) -> str | Refusal:
        try:
            link = joining.open_link(db, token, source, self._clock.now())
        except Refused as refused:
            return self._refuse(db, refused, "sign_in")
        return cast(Person, db.get(Person, link.person_id)).name

    async def whose_invitation(self, code: str, source: str) -> str | Refusal:
        return await self._database.run(self._whose_invitation, code, source)

    def _whose_invitation(self, db: Session, typed: str, source: str) -> str | Refusal:
        code = joining.read_code(typed) or ""
        try:
            return joining.open_invite(db, code, source, self._clock.now()).person.name
        except Refused as refused:
            return self._refuse(db, refused, "join")

    async def join(self, code: str, source: str, language: Language) -> Entered | Refusal:
        code = joining.read_code(code) or ""

        def use_up(db: Session, now: datetime) -> tuple[str, Account]:
            return joining.visit(db, code, source, language, now)

        return await self._database.run(self._enter, "join", use_up, code)

    def _refuse(self, db: Session, refused: Refused, verb: str) -> Refusal:
        """Return the refusal instead of raising it, so that the counted try is committed."""
        note_refusal(db, Refused(refused.words, verb=verb), self._clock.now())
        wait = refused.words.key == "join.too_many_tries"
        return Refusal(refused.words, int(joining.TRIES_WITHIN.total_seconds()) if wait else 0)

    async def who(self, session: str) -> Visitor | None:
        return await self._database.run(self._who, session)

    def _who(self, db: Session, session: str) -> Visitor | None:
        account = joining.session_account(db, session, self._clock.now())
        return visitor(db, account) if account else None

    async def sign_out(self, session: str) -> None:
        await self._database.run(joining.sign_out, session, self._clock.now())

    async def history(
        self, address: str, before: datetime | None, limit: int
    ) -> Sequence[HistoryLine]:
        found = await self._database.run(
            chats.history, joining.WEB, address, before or self._clock.now(), limit
        )
        return [
            HistoryLine(line.at, line.number, raw=line.raw)
            if line.body is None
            else HistoryLine(line.at, line.number, Outgoing.from_json(line.body))
            for line in found
        ]

    async def opened(self, address: str) -> None:
        await self._database.run(self._opened, address)

    def _opened(self, db: Session, address: str) -> None:
        account = _account(db, address)
        if account is not None:
            help_calls.leave(db, account)

    async def takes_files(self, address: str) -> Refusal | None:
        return await self._database.run(self._takes_files, address)

    def _takes_files(self, db: Session, address: str) -> Refusal | None:
        account = _account(db, address)
        if account is None or account.person_id is None:
            return Refusal(t("join.first"))
        if keeping.withheld(db, [(joining.WEB, address)], self._clock.now()):
            return Refusal(t("consent.awaited"))
        return None

    async def commands(self, address: str) -> Sequence[tuple[str, str]]:
        return await self._database.run(self._menu, address)

    def _menu(self, db: Session, address: str) -> Sequence[tuple[str, str]]:
        account = _account(db, address)
        if account is None:
            return ()
        return self._commands(db, account.person_id, language_named(account.language))

    async def file(self, address: str, file_id: int, *, opened: bool = False) -> StoredFile | None:
        return await self._database.run(self._file, address, file_id, opened)

    def _file(self, db: Session, address: str, file_id: int, opened: bool) -> StoredFile | None:
        account = _account(db, address)
        if account is None or account.person_id is None:
            return None
        actor = Actor(account.person_id, account.id, self._clock.now())
        try:
            find = records.opened_file if opened else records.file_of
            file = find(db, actor, file_id)
        except Refused as refused:
            note_refusal(db, refused, actor.now, actor.person_id, actor.account_id)
            return None
        return StoredFile(self._store.path(file.sha256), file.name, file.media_type)


def visitor(db: Session, account: Account) -> Visitor:
    person = db.get(Person, account.person_id) if account.person_id else None
    return Visitor(
        account.address, person.name if person else "", language_named(account.language)
    )


def _account(db: Session, address: str) -> Account | None:
    return db.exec(
        select(Account).where(Account.platform == joining.WEB, Account.address == address)
    ).first()
