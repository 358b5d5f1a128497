"""A loopback model, and a house that asks it."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from app.main import App
from app.settings import ModelSettings, Settings, WebSettings
from bot.platforms.fake import FakePlatform
from bot.talk.clock import SetClock
from jobs.language_model import Model
from tests.conftest import NewDatabase
from tests.house import House
from tests.model.server import KEY, NAME, Endpoint


@pytest.fixture(autouse=True)
def no_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read no certificates for each client: nothing here is asked over TLS."""
    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", lambda *args, **named: None)


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with Endpoint() as running:
        yield running


def settings_for(endpoint: Endpoint, **more: Any) -> ModelSettings:
    given = {"timeout": 5.0, **more}
    return ModelSettings(base_url=endpoint.base, key=SecretStr(KEY), name=NAME, **given)


MakeModel = Callable[..., Model]


@pytest.fixture
async def model(endpoint: Endpoint) -> AsyncIterator[MakeModel]:
    """Makes a model that asks the endpoint."""
    made: list[Model] = []

    def make(**more: Any) -> Model:
        made.append(Model(settings_for(endpoint, **more)))
        return made[-1]

    yield make
    for one in made:
        await one.close()


MakeHouse = Callable[..., Awaitable[House]]


@pytest.fixture
async def house(
    endpoint: Endpoint,
    new_database: NewDatabase,
    tmp_path: Path,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[MakeHouse]:
    """Opens a house that asks the endpoint; somebody has joined.

    How surely a question is understood changes with every list of ways of asking: here nothing
    that documents speak of is sure, unless a test says otherwise.
    """
    monkeypatch.setattr("answers.candidates.SURELY", 2.0)
    made: list[House] = []

    async def make(
        programme: str = "shanxi-2026", *, edits: bool = True, kind: str = "sqlite", **more: Any
    ) -> House:
        platform = FakePlatform()
        platform.capabilities = replace(platform.capabilities, edits=edits)
        settings = Settings(
            database_url=new_database("postgres" if kind == "postgres" else "sqlite"),
            data_dir=tmp_path / "data",
            web=WebSettings(enabled=False),
            model=settings_for(endpoint, **more),
        )
        opened = House(App(settings, clock, {"fake": platform}), platform, clock)
        made.append(opened)
        await opened.populate(programme)
        await opened.join("王建国")
        return opened

    yield make
    for one in made:
        if one.app.advice is not None:
            await one.app.advice.close()
        one.close()
