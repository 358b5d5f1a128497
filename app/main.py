"""The composition root: the only module that knows every part and connects them."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final

import structlog
from sqlmodel import Session, select
from structlog.dev import plain_traceback

from answers import guide
from app.doorkeeper import Doorkeeper, Vouching
from app.settings import Settings, TelegramSettings
from bot.delivery import Delivery
from bot.inbox import Inbox
from bot.platforms.contract import Platform
from bot.platforms.telegram.vouching import vouched_for
from bot.rounds import Round
from bot.router import Router
from bot.scheduler import scheduler
from bot.talk.clock import Clock, SystemClock, beijing_day
from bot.worker import Worker
from handlers import handlers
from jobs.advice import Advisor
from jobs.bulletins import BulletinSender, bulletin_report
from jobs.certificates import Issuer, Press, order_certificates
from jobs.copies import make_copy
from jobs.documents import read_document
from jobs.dossiers import Bindery, DossierDesk
from jobs.files import keep_files
from jobs.invitations import InvitationDesk
from jobs.language_model import Model
from jobs.official import OfficialDesk
from jobs.rehearsals import Rehearser, make_rehearsal
from jobs.rosters import RosterDesk
from jobs.summaries import SummaryDesk
from jobs.ticking import ROUNDS, RoundStep, conditions, tick
from programmes import catalogue
from services import (
    advice,
    inquiries,
    joining,
    keeping,
    menus,
    office_days,
    persons,
    progress,
    retention,
    sealing,
    summaries,
)
from services.audit import note_refusal
from storage import chats, migrate
from storage.database import Database, check, try_writing
from storage.files import FileStore
from storage.signing import SigningKeys
from storage.tables import File, PolicyDocument, StoredTalk

if TYPE_CHECKING:  # no web library is loaded before something needs one
    from starlette.routing import BaseRoute

    from bot.site import Site

log = structlog.get_logger()

GUIDES: Final = Path(__file__).resolve().parents[1] / "docs" / "guides"
"""Where the guides stand, if they came along with the program."""

HOUSEKEEPING: Final = 3600.0
"""Seconds between two rounds of housekeeping."""
COLLECTED: Final = (20_000, 20, 50)
"""Thresholds of the garbage collector: Python's own are 700, 10 and 10."""
BREATH: Final = 0.1
"""Seconds in which others may write, between two parts of what is counted."""
SETTLED: Final = 3.0
"""Seconds after which the start counts as over."""
UNUSED_FILES_LIFE: Final = timedelta(days=1)
"""A file is kept before the row that speaks of it is committed."""
SET_ASIDE_LIFE: Final = timedelta(days=1)
"""How long what was set aside may be looked into, and what no history shows is kept."""
KEYS_LIFE: Final = timedelta(days=400)
"""How long a repeated update is known."""
REMINDING: Final = 60.0
"""Seconds after the start before the first look at what is due."""
RETAINING: Final = 3600.0
"""Seconds between two looks at what need not be kept any longer."""
SEALING: Final = 600.0
"""Seconds between two seals over the audit."""


class NotInstalled(Exception):
    """A library required by the settings is not installed; `args` name its extra."""


class CannotServe(OSError):
    """The web server cannot listen on its address."""


class App:
    """Everything that runs in one process, on one database."""

    def __init__(
        self,
        settings: Settings,
        clock: Clock | None = None,
        platforms: Mapping[str, Platform] | None = None,
        steady: Callable[[], float] = monotonic,
    ) -> None:
        """Build the parts; nothing runs yet. `platforms` replaces the configured ones; `steady`
        tells seconds that only go forward, as `clock` does."""
        self.settings = settings
        catalogue.use(settings.packs_dir)
        self.clock = clock or SystemClock()
        self.database = Database(settings.database)
        self.store = FileStore(settings.files_dir)
        menu = partial(menus.described, site=True)
        self.door = Doorkeeper(self.database, self.clock, self.store, menu, self._vouching())
        self.platforms = dict(platforms) if platforms is not None else self._platforms()
        self.site: Site | None = None
        """The web server; `None` before `run`, or if nothing needs one."""
        checks = conditions(self.clock)
        self.delivery = Delivery(self.database, self.clock, self.platforms, checks, steady)
        self.advice = self._advice()
        keys, site = SigningKeys(settings.keys_dir), settings.web.address_for_all
        press = Press(self.database, self.store, keys, site)
        self.issuing = Issuer(press, self.clock, self.delivery.wake)
        self.bulletins = BulletinSender(self.database, self.clock, self.delivery.wake)
        self.rehearsing = Rehearser(
            self.database, self.store, self.clock, settings.packs_dir, self.delivery.wake
        )
        self.summaries = SummaryDesk(
            self.database, self.store, self.platforms, self.clock, settings.file_limit
        )
        self.reminding = self._reminding()
        self.counting = Round(
            "counting",
            self.database,
            [lambda db: progress.count_ahead(db, beijing_day(self.clock.now()))],
            breath=BREATH,
        )
        """Counts the entries of big cohorts after the start, after midnight and after many
        changes, so that nobody waits for it."""
        self.dossiers = DossierDesk(Bindery(self.database, keys), self.store, self.clock)
        self.router = Router(
            handlers(
                self.store,
                advised=self.advice is not None,
                history_days=settings.history_days,
                site=self._address(),
                site_for_all=settings.web.address_for_all,
                guides=f"{self._address()}/guides" if self._shows_guides() else "",
            ),
            note_refusal,
        )
        self.inbox = Inbox(
            self.database,
            self.clock,
            self.router,
            self.platforms,
            {
                "bulletin_report": bulletin_report(self.database, self.store, self.clock),
                "check_platform": OfficialDesk(
                    self.database, self.store, self.platforms, self.clock, settings.file_limit
                ).check,
                "keep_files": keep_files(self.platforms, self.store, settings.file_limit),
                "make_copy": make_copy(self.database, self.store),
                "make_dossier": self.dossiers.make_for_chat,
                "order_certificates": order_certificates(press, self.clock, self.issuing.wake),
                "make_rehearsal": make_rehearsal(self.database, self.clock, self.rehearsing.wake),
                "read_document": read_document(self.platforms, self.store, settings.file_limit),
                **RosterDesk(
                    self.database, self.store, self.platforms, self.clock, settings.file_limit
                ).jobs,
                **InvitationDesk(
                    self.database, self.store, self.clock, self._invitation_link
                ).jobs,
                **self.summaries.jobs,
            },
            self._said,
            keeping.withheld,
        )

    def _reminding(self) -> list[Round]:
        """The rounds that find what is due, and tell it."""

        def at_times(name: str, parts: Sequence[RoundStep]) -> Round:
            timed = [lambda db, part=part: part(db, self.clock.now()) for part in parts]
            return Round(name, self.database, timed, self.delivery.wake, first=REMINDING)

        return [at_times(name, parts) for name, parts in ROUNDS.items()]

    def _invitation_link(self, code: str) -> str:
        """The address at which somebody joins with a code; the code itself, if nothing serves
        one."""
        return next(iter(self.settings.invitation_links(code).values()), code)

    def _address(self) -> str:
        """The address of the web site that people open; empty if there is none."""
        web = self.settings.web
        if not web.enabled:
            return ""
        return web.public_url.rstrip("/") or f"http://{web.host}:{web.port}"

    def _shows_guides(self) -> bool:
        """Whether the site has the guides, which come with the program."""
        return self.settings.web.enabled and GUIDES.is_dir()

    def _advice(self) -> Advisor | None:
        """The worker that asks the model; `None` without one. Its library is imported only
        here."""
        model = self.settings.model
        if not model.on:
            return None
        return Advisor(
            self.database,
            self.clock,
            self.platforms,
            Model(model),
            model.monthly_tokens,
            self.delivery.wake,
        )

    def _said(self) -> None:
        """Wake the workers after a commit: messages may wait, and questions for the model."""
        self.delivery.wake()
        if self.advice is not None:
            self.advice.wake()

    def _platforms(self) -> dict[str, Platform]:
        """The configured messengers. A library is imported only if its messenger is."""
        found: dict[str, Platform] = {}
        web, telegram = self.settings.web, self.settings.telegram
        if web.enabled:
            from bot.platforms.web.platform import WebPlatform

            found["web"] = WebPlatform(
                self.door,
                data_dir=self.settings.data_dir,
                public_url=web.public_url,
                file_limit=self.settings.file_limit,
                clock=self.clock,
            )
        if telegram.token is not None:
            found["telegram"] = self._telegram(telegram, telegram.token.get_secret_value())
        return found

    def _vouching(self) -> dict[str, Vouching]:
        """What tells whom a messenger vouches for, by messenger."""
        token = self.settings.telegram.token
        if token is None:
            return {}
        key = token.get_secret_value()
        return {"telegram": lambda data, now: vouched_for(data, key, now)}

    def _telegram(self, telegram: TelegramSettings, token: str) -> Platform:
        """Telegram, by the configured library; the other one is not imported."""
        from bot.platforms.telegram.calls import ApiServer, Calls
        from bot.platforms.telegram.messenger import Telegram
        from bot.platforms.telegram.webhook import Webhook, secret_for

        make: Callable[[ApiServer], Calls]
        if telegram.driver == "aiogram":
            try:
                from bot.platforms.telegram.aiogram import AiogramCalls
            except ModuleNotFoundError as missing:
                raise NotInstalled("aiogram") from missing
            make = AiogramCalls
        else:
            from bot.platforms.telegram.ptb import PtbCalls

            make = PtbCalls
        webhook = None
        if telegram.webhook_url:
            secret = telegram.webhook_secret
            webhook = Webhook(
                telegram.webhook_url, secret.get_secret_value() if secret else secret_for(token)
            )
        calls = make(ApiServer(token, telegram.api_base.rstrip("/"), telegram.proxy))
        return Telegram(calls, self._open_file, webhook=webhook)

    @property
    def workers(self) -> list[Worker]:
        advice = [self.advice] if self.advice is not None else []
        return [
            *(self.inbox, self.delivery, self.issuing, self.bulletins, self.rehearsing),
            *(*self.reminding, self.counting),
            *advice,
        ]

    def _routes(self) -> list[BaseRoute]:
        """All routes of the one web server; empty if nothing needs one. Its libraries are imported
        only if something does."""
        settings = self.settings
        brought = [
            route
            for platform in self.platforms.values()
            for route in platform.routes(self.inbox.receive)
        ]
        if not brought and not settings.metrics:
            return []
        from app import calendar_feed, guides
        from app.console.gate import Gate
        from app.verification import page as verification
        from bot.health import Health

        health = Health(self.database, self.clock, self.platforms, self.workers)
        token = settings.metrics_token
        console = Gate(
            self.database,
            self.clock,
            self.router,
            settings.web.public_url,
            summaries=self.summaries,
            dossiers=self.dossiers,
            wake=self.delivery.wake,
        )
        return [
            *health.routes(
                metrics=settings.metrics, token=token.get_secret_value() if token else ""
            ),
            *((calendar_feed.route(self.database, self.clock),) if settings.web.enabled else ()),
            *(verification.routes(self.database) if settings.web.enabled else ()),
            *(console.routes() if settings.web.enabled else ()),
            *(guides.routes(GUIDES) if self._shows_guides() else ()),
            *brought,
        ]

    def _open_file(self, file_id: int) -> tuple[Path, str, str]:
        """A kept file's path, name and media type. Raises `LookupError`."""
        with self.database.transaction() as db:
            file = db.get(File, file_id)
            if file is None:
                raise LookupError(file_id)
            return self.store.path(file.sha256), file.name, file.media_type

    async def run(self) -> None:
        """Serve until cancelled; every part ends with the others.

        Raises `CannotServe` when the web server's address is taken.
        """
        routes = self._routes()
        if routes:
            from bot.site import Site

            web = self.settings.web
            self.site = Site(web.host, web.port, trusted_proxies=web.trusted_proxies)
            try:
                self.site.bind()
            except OSError as error:
                raise CannotServe(str(error)) from error
        ticks = scheduler(
            {
                "housekeeping": (self.housekeeping, HOUSEKEEPING),
                "sealing": (self.seal, SEALING),
                "retention": (self.retain, RETAINING),
            }
        )
        ticks.start()
        try:
            async with asyncio.TaskGroup() as parts:
                for worker in self.workers:
                    parts.create_task(worker.run(), name=worker.name)
                parts.create_task(self._learn(), name="learn")
                if self.site is not None:
                    parts.create_task(self.site.serve(routes), name="site")
                for platform in self.platforms.values():
                    parts.create_task(platform.run(self.inbox.receive), name=platform.name)
        finally:
            ticks.shutdown(wait=False)
            if self.site is not None:
                self.site.close()
            if self.advice is not None:
                await self.advice.close()
            for platform in self.platforms.values():
                await platform.close()

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    async def remind(self) -> None:
        """Do everything that is due now: for what plays days, not beside `run`."""
        await tick(self.database, self.clock)
        self.delivery.wake()

    async def retain(self) -> None:
        """Tell offices what is due to be deleted, and delete what is, one learner at a time."""
        await self.database.run(retention.announce, self.clock.now())
        while await self.database.run(retention.step, self.clock.now()):
            pass
        self.delivery.wake()

    async def seal(self) -> None:
        """Seal what has been added to the audit, a part in each transaction."""
        upto = await self.database.run(sealing.settled)
        while await self.database.run(sealing.seal, upto, self.clock.now()):
            pass

    async def housekeeping(self) -> None:
        """Delete what is no longer needed: old chat lines, old tries, unused files."""
        await self.database.run(self._forget)
        await asyncio.to_thread(self.database.clean)
        referenced = await self.database.run(_files_in_use)
        before = self.clock.now() - UNUSED_FILES_LIFE
        removed = await asyncio.to_thread(self._remove_unused, referenced, before)
        log.info("housekeeping", files_removed=removed)

    async def _learn(self) -> None:
        """Load what takes a second, shortly after the start, before anybody needs it: the guide,
        and the days off."""
        await asyncio.sleep(SETTLED)
        await asyncio.to_thread(guide)
        await asyncio.to_thread(office_days.off_by_law, beijing_day(self.clock.now()))

    def _forget(self, db: Session) -> None:
        now = self.clock.now()
        joining.forget_old(db, now)
        inquiries.forget_old(db, now)
        chats.forget_before(db, now - timedelta(days=self.settings.history_days))
        persons.forget_copies(db, now)
        chats.forget_sealed_before(db, now - SET_ASIDE_LIFE)
        chats.empty_before(db, now - SET_ASIDE_LIFE)
        chats.forget_keys_before(db, now - KEYS_LIFE)
        advice.forget_before(db, now - timedelta(days=self.settings.history_days))

    def _remove_unused(self, referenced: set[str], before: datetime) -> int:
        count = 0
        for path in self.store.unused(referenced, before):
            path.unlink(missing_ok=True)
            count += 1
        return count


def _files_in_use(db: Session) -> set[str]:
    """Hashes of the files that records, drafts and policy documents refer to."""
    found = {*db.exec(select(File.sha256)), *db.exec(select(PolicyDocument.sha256))}
    found |= summaries.kept_templates(db)
    for journal in db.exec(select(StoredTalk.journal)):
        # What was set aside comes back when somebody goes back.
        for part in ("entries", "aside", "undo"):
            for entry in journal.get(part, ()):
                result = entry.get("result")
                if isinstance(result, dict):
                    found.update(kept["sha256"] for kept in result.get("kept", ()))
    return found


def set_up_logging(settings: Settings) -> None:
    """Structured logs, in lines for people or in JSON for machines; Chinese stays readable.

    Tracebacks never show local variables: those hold what people wrote.
    """
    shared: list[Callable[..., object]] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Callable[..., object]] = (
        [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
        if settings.log_format == "json"
        else [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=plain_traceback)]
    )
    structlog.configure(
        processors=[*shared, *last],  # type: ignore[list-item]  # its processors take any event
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(),
    )
    logging.basicConfig(level=logging.WARNING)


def rest_the_collector() -> None:
    """Leave what is loaded out of the garbage collector's rounds, and make them rarer.

    Each round goes over everything that lives, and what is made for a message seldom needs one: by
    default they take a third of a message's processor time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTED)


def close_to_others(folder: Path) -> None:
    """Let nobody else on the machine into the data folder, however it was made."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)


async def serve(settings: Settings, ready: Callable[[App], None] = lambda app: None) -> None:
    """Bring the database up to date, then serve until Ctrl-C or a TERM signal."""
    set_up_logging(settings)
    close_to_others(settings.data_dir)
    app = App(settings)
    try:
        await asyncio.to_thread(check, app.database)
        await asyncio.to_thread(migrate.upgrade, app.database)
        await asyncio.to_thread(try_writing, app.database)
        ready(app)
        rest_the_collector()
        running = asyncio.create_task(app.run())
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, running.cancel)
        with suppress(asyncio.CancelledError):
            await running
    finally:
        app.close()
