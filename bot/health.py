"""Health and backlog of the process: for a supervisor, and for Prometheus.

Nothing here concerns people: only counts, ages and names of parts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from hmac import compare_digest
from ipaddress import ip_address
from time import monotonic
from typing import Any, Final

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.delivery import Delivery
from bot.talk.clock import Clock
from bot.worker import Worker
from storage import chats
from storage.chats import Backlog
from storage.database import Database

log = structlog.get_logger()

FRESH: Final = 1.0
"""Seconds for which an answer is cached, so that frequent requests cost nothing."""
PATIENCE: Final = 5.0
"""Seconds in which the database must have answered."""
TOO_OLD: Final = 600.0
"""Seconds after which a waiting update means trouble; outside work may take 180."""
HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip")
"""Headers by which a proxy marks a forwarded request."""


@dataclass(frozen=True, slots=True)
class HealthReport:
    """The health of the process."""

    ok: bool
    database: bool
    """Whether it answered in time."""
    workers: dict[str, bool]
    """By name, whether each runs, is not in trouble, and does not hang."""
    oldest_waiting: float
    """Seconds for which the oldest update has waited; 0 if none waits."""


class Health:
    """Observes the parts of one process."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        platforms: Collection[str],
        workers: Sequence[Worker],
    ) -> None:
        self._database = database
        self._clock = clock
        self._platforms = list(platforms)
        self._workers = workers
        self._one_at_a_time = asyncio.Lock()
        self._seen: tuple[float, Backlog | None] | None = None

    async def backlog(self) -> Backlog | None:
        """The backlog, at most a second old; `None` if the database does not answer."""
        async with self._one_at_a_time:
            if self._seen is None or monotonic() - self._seen[0] > FRESH:
                self._seen = monotonic(), await self._ask()
            return self._seen[1]

    async def _ask(self) -> Backlog | None:
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._database.run(chats.backlog, self._clock.now(), self._platforms)
        except Exception as error:
            log.error("health_unknown", why=type(error).__name__)
            return None

    async def state(self) -> HealthReport:
        found = await self.backlog()
        workers = {worker.name: worker.well for worker in self._workers}
        age = found.oldest if found else 0.0
        ok = found is not None and all(workers.values()) and age <= TOO_OLD
        return HealthReport(ok, found is not None, workers, age)

    # ---------------------------------------------------------------- routes

    def routes(self, *, metrics: bool = False, token: str = "") -> list[Route]:
        """The routes: `/healthz` and, if wanted, `/metrics`.

        With a token `/metrics` requires it; without one it answers this machine only.
        """
        routes = [Route("/healthz", self._healthz)]
        if metrics:
            routes.append(Route("/metrics", Metrics(self, self._workers, token).answer))
        return routes

    async def _healthz(self, _request: Request) -> Response:
        state = await self.state()
        return JSONResponse(asdict(state), 200 if state.ok else 503, HEADERS)


class Metrics:
    """The collector of the Prometheus metrics."""

    def __init__(self, health: Health, workers: Sequence[Worker], token: str) -> None:
        # Imported only if metrics are wanted.
        from prometheus_client import CollectorRegistry, ProcessCollector
        from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

        self._health = health
        self._workers = workers
        self._token = token.encode()
        self._backlog: Backlog | None = None
        self._generate = generate_latest
        self._type = CONTENT_TYPE_LATEST
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    async def answer(self, request: Request) -> Response:
        if not self._may_see(request):
            return PlainTextResponse("", 403, HEADERS)
        self._backlog = await self._health.backlog()
        return Response(self._generate(self._registry), 200, HEADERS, self._type)

    def _may_see(self, request: Request) -> bool:
        if self._token:
            shown = request.headers.get("authorization", "")
            return compare_digest(shown.encode(), b"Bearer " + self._token)
        # A local proxy forwards requests from anywhere, so forwarded ones are refused.
        if any(name in request.headers for name in FORWARDED):
            return False
        return request.client is not None and _is_here(request.client.host)

    def describe(self) -> Sequence[Any]:
        """Registering asks for no figures."""
        return ()

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        up = GaugeMetricFamily(
            "yingcai_worker_up", "Whether a worker is at work.", labels=["worker"]
        )
        failures = CounterMetricFamily(
            "yingcai_worker_failures", "Turns of a worker that failed.", labels=["worker"]
        )
        sends = CounterMetricFamily("yingcai_sends", "Sends, by their fate.", labels=["fate"])
        for worker in self._workers:
            up.add_metric([worker.name], worker.well)
            failures.add_metric([worker.name], worker.trouble.met)
            if isinstance(worker, Delivery):
                for fate, count in worker.fates.items():
                    sends.add_metric([fate.value], count)
        yield from (up, failures, sends)
        found = self._backlog
        yield GaugeMetricFamily(
            "yingcai_database_up", "Whether the database answers.", found is not None
        )
        if found is None:
            return
        yield GaugeMetricFamily(
            "yingcai_updates_waiting", "Updates that wait to be handled.", found.waiting
        )
        yield GaugeMetricFamily(
            "yingcai_updates_oldest_seconds", "How long the oldest has waited.", found.oldest
        )
        yield GaugeMetricFamily(
            "yingcai_updates_set_aside", "Updates set aside with an alarm.", found.aside
        )
        outbox = GaugeMetricFamily(
            "yingcai_outbox_waiting", "Messages that are due and wait to be sent.", labels=["lane"]
        )
        for lane, count in found.outbox.items():
            outbox.add_metric([lane], count)
        yield outbox


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
