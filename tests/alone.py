"""Every test alone: what one test sets, starts or leaves behind does not reach another.

`tests/conftest.py` loads this as a plugin. Each test gets an environment without the product's
settings, an empty working directory, and logging as it is before anything configures it. A test
fails if a task, a thread or a process that it started is still there when it ends, or if it left
the environment or the working directory changed. What a fixture of a wider scope starts may stay.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import shutil
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
import structlog
from coverage import Coverage
from hypothesis import HealthCheck, settings

from programmes import catalogue
from tests.databases import memory

PREFIX: Final = "YINGCAI_"
PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
PATIENCE: Final = 2.0
"""Seconds in which what a test has ended must be gone."""
POOLS: Final = ("asyncio_", "AnyIO worker thread")
"""Threads that wait for work between two tests, by how their names begin: an event loop's own."""


# ---------------------------------------------------------------- the environment


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Clear the settings before any test module is imported: some read them at once."""
    for name in list(os.environ):
        if name.upper().startswith(PREFIX) or name.upper() in PROXIES:
            del os.environ[name]
    # Where databases are made, and what is committed is written at once.
    if (folder := memory()) is not None:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", folder)
    # Found again from any working directory.
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(config.rootpath / ".hypothesis"))
    # How long an example takes says how busy the machine is. With `--whole` the same examples are
    # tried each time, so that it says of one commit one thing; every other run tries new ones, and
    # fewer.
    whole = config.getoption("--whole")
    settings.register_profile(
        "busy",
        max_examples=100 if whole else 50,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        derandomize=whole,
    )
    settings.load_profile("busy")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--whole",
        action="store_true",
        help="fail where a test is skipped because PostgreSQL or Chromium is missing",
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """With `--whole` a skip fails, but for data that is not part of the project."""
    report = yield
    if report.skipped and item.config.getoption("--whole") and isinstance(report.longrepr, tuple):
        reason = report.longrepr[-1]
        if "beside" not in reason:
            report.outcome, report.longrepr = "failed", f"not to be skipped here: {reason}"
    return report


def pytest_collection_finish() -> None:
    """Leave the modules and the ten thousand tests, which stay to the end, out of each search for
    garbage."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say the seed of the order, which `-q` leaves out: with it a run can be repeated."""
    seed = terminalreporter.config.getoption("randomly_seed", None)
    terminalreporter.write_line(f"order: -p randomly --randomly-seed={seed}")


@pytest.fixture(scope="session")
def _workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workplace")


@pytest.fixture(autouse=True)
def own_environment(_workplace: Path) -> Iterator[None]:
    """Start in an empty directory, and put the environment and the directory back."""
    before = dict(os.environ)
    os.chdir(_workplace)
    yield
    after, where = dict(os.environ), Path.cwd()
    changed = {name for name, _ in before.items() ^ after.items()} - {"PYTEST_CURRENT_TEST"}
    if changed:
        os.environ.clear()
        os.environ.update(before)
    os.chdir(_workplace)
    for left in _workplace.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    assert not changed, f"the test left environment variables changed: {sorted(changed)}"
    assert where == _workplace, f"the test left another working directory: {where}"


@pytest.fixture(autouse=True)
def own_packs() -> Iterator[None]:
    """Begin with the built-in packs only, whatever directory the product was last told to use."""
    with catalogue.using():
        yield


# ---------------------------------------------------------------- logging


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """Begin with the defaults of structlog and of logging; no handler and no level stays."""
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    before = {logger: _Logger.of(logger) for logger in _loggers()}
    yield
    structlog.reset_defaults()
    for logger in _loggers():
        was = before.get(logger, _Logger())
        if was != _Logger.of(logger):
            was.restore(logger)


def _loggers() -> list[logging.Logger]:
    named = logging.root.manager.loggerDict.values()
    return [logging.root, *(one for one in named if isinstance(one, logging.Logger))]


@dataclass(frozen=True)
class _Logger:
    """How a logger of the standard library is set; a new one, if nothing is said."""

    level: int = logging.NOTSET
    disabled: bool = False
    propagate: bool = True
    handlers: tuple[logging.Handler, ...] = ()

    @classmethod
    def of(cls, logger: logging.Logger) -> _Logger:
        return cls(logger.level, logger.disabled, logger.propagate, tuple(logger.handlers))

    def restore(self, logger: logging.Logger) -> None:
        logger.setLevel(self.level)
        logger.disabled, logger.propagate = self.disabled, self.propagate
        # Pytest puts the handlers of `caplog` there itself, the same ones in each phase.
        for handler in set(logger.handlers) - set(self.handlers):
            if not type(handler).__module__.startswith("_pytest"):
                logger.removeHandler(handler)


# ---------------------------------------------------------------- what goes on


@dataclass
class Running:
    """The tasks, threads and child processes that are there at one moment."""

    tasks: set[asyncio.Task[Any]] = field(default_factory=set)
    threads: set[threading.Thread] = field(default_factory=set)
    processes: set[int] = field(default_factory=set)

    @classmethod
    def now(cls, loop: asyncio.AbstractEventLoop | None) -> Running:
        threads = {one for one in threading.enumerate() if not one.name.startswith(POOLS)}
        return cls(asyncio.all_tasks(loop) if loop else set(), threads, _children())

    def add(self, other: Running) -> None:
        self.tasks |= other.tasks
        self.threads |= other.threads
        self.processes |= other.processes

    def beyond(self, known: Running) -> list[str]:
        """What is here and was not known, each said as a person would look for it."""
        return [
            *(f"task {task.get_name()}: {task.get_coro()}" for task in self.tasks - known.tasks),
            *(f"thread {thread.name}" for thread in self.threads - known.threads),
            *(f"process {_command(number)}" for number in self.processes - known.processes),
        ]


def _children() -> set[int]:
    """The numbers of this process's children, where the system tells them."""
    found: set[int] = set()
    for thread in Path("/proc/self/task").glob("*"):
        with suppress(OSError):
            found.update(map(int, (thread / "children").read_text().split()))
    return found


def _command(number: int) -> str:
    try:
        words = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return str(number)
    return f"{number}: {b' '.join(words).decode(errors='replace').strip()}"


_shared = Running()
"""What fixtures of a wider scope than one test have started."""


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, Any, Any]:
    if fixturedef.scope == "function":
        return (yield)
    loop = _loops[-1] if _loops else None
    before = Running.now(loop)
    made = yield
    after = Running.now(_loops[-1] if _loops else None)
    _shared.add(
        Running(
            after.tasks - before.tasks,
            after.threads - before.threads,
            after.processes - before.processes,
        )
    )
    return made


_loops: list[asyncio.AbstractEventLoop] = []


@pytest.fixture(scope="session")
async def _loop() -> asyncio.AbstractEventLoop:
    """The loop in which all asynchronous tests run."""
    _loops.append(asyncio.get_running_loop())
    return _loops[-1]


@pytest.fixture(autouse=True)
def nothing_goes_on(_loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Fail a test that something outlives."""
    before = Running.now(_loop)
    yield
    left = _left(lambda: _but_shared(Running.now(_loop), before), _loop)
    assert not left, "the test ended before what it started:\n  " + "\n  ".join(left)


def _but_shared(now: Running, before: Running) -> list[str]:
    known = Running(set(before.tasks), set(before.threads), set(before.processes))
    known.add(_shared)
    return now.beyond(known)


def _left(look: Callable[[], list[str]], loop: asyncio.AbstractEventLoop) -> list[str]:
    """What is still there after a while in which it may end."""
    until = time.monotonic() + PATIENCE
    while (left := look()) and time.monotonic() < until:
        loop.run_until_complete(asyncio.sleep(0.01))
    return left


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Save what was measured before a worker says that it has finished: it is killed if it takes
    more than ten seconds to end after that, and writes it too late."""
    if (measuring := Coverage.current()) is not None:
        measuring.stop()
        measuring.save()
