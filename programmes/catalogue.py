"""The installed packs: the built-in ones, and those in the office's own directories.

The program names the directories once at its start (`use`). A pack with mistakes is set aside: it
is not among `all_programmes`, `load` says what is wrong, and the others stay in use. An office's
own pack replaces a built-in one of the same key even while it has mistakes; then neither is used.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

from programmes.check import Problem, examine
from programmes.model import Programme

PACKS: Final = Path(__file__).parent / "packs"
SUFFIX: Final = ".yaml"

_own: tuple[Path, ...] = ()


class NoPack(KeyError):
    """There is no pack with this key here."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class InvalidPack(NoPack):
    """There is a pack with this key, and it has mistakes."""

    def __init__(self, key: str, problems: tuple[Problem, ...]) -> None:
        super().__init__(key)
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


def use(*directories: Path) -> None:
    """Read packs from these directories as well; the first has precedence."""
    global _own
    _own = directories


@contextmanager
def using(*directories: Path) -> Iterator[None]:
    """As `use`, until the end of the block."""
    before = _own
    use(*directories)
    try:
        yield
    finally:
        use(*before)


def load(key: str, extra: Path | None = None) -> Programme:
    """The programme `key`, from the directory `extra` if it is there, else from those in use.

    A pack is read once; an office's own is read again when its file has changed. Raises `NoPack`
    if there is none, and `InvalidPack` if it has mistakes.
    """
    path = _path(key, extra)
    if path is None:
        raise NoPack(key)
    programme, problems = _examined(path)
    if programme is None:
        raise InvalidPack(key, problems)
    return programme


def all_programmes(extra: Path | None = None) -> tuple[Programme, ...]:
    """Every programme without mistakes, by key."""
    found = (_examined(path)[0] for path in _paths(extra).values())
    return tuple(programme for programme in found if programme is not None)


def set_aside(extra: Path | None = None) -> dict[str, tuple[Problem, ...]]:
    """The packs that are not used because of their mistakes, by key."""
    found = ((key, _examined(path)) for key, path in _paths(extra).items())
    return {key: problems for key, (programme, problems) in found if programme is None}


def every_key(extra: Path | None = None) -> tuple[str, ...]:
    """The keys of all packs, also of those with mistakes."""
    return tuple(_paths(extra))


def text_of(key: str) -> str:
    """The text of a pack. Raises `NoPack`."""
    path = _path(key, None)
    if path is None:
        raise NoPack(key)
    return path.read_text("utf-8")


def own_pack(key: str) -> Path | None:
    """The file of a pack that is not built in, if this is one."""
    path = _path(key, None)
    return None if path is None or path.parent == PACKS else path


def _offices_own(extra: Path | None) -> tuple[Path, ...]:
    return _own if extra is None else (extra, *_own)


@cache
def _built_in() -> Mapping[str, Path]:
    """The built-in packs, which do not change while the program runs."""
    return {path.stem: path for path in PACKS.glob(f"*{SUFFIX}")}


def _path(key: str, extra: Path | None) -> Path | None:
    name = f"{key}{SUFFIX}"
    if os.path.basename(name) != name:  # a key is no way into another directory
        return None
    for directory in _offices_own(extra):
        if os.path.isfile(os.path.join(directory, name)):  # asked for every message: no `Path`
            return directory / name
    return _built_in().get(key)


def _paths(extra: Path | None) -> dict[str, Path]:
    found = dict(_built_in())
    for directory in reversed(_offices_own(extra)):
        found |= {path.stem: path for path in directory.glob(f"*{SUFFIX}")}
    return dict(sorted(found.items()))


def _examined(path: Path) -> tuple[Programme | None, tuple[Problem, ...]]:
    if path is _built_in().get(path.stem):
        return _read(path, 0)
    try:
        return _read(path, path.stat().st_mtime_ns)
    except OSError as error:
        return None, (Problem("unreadable", str(path), 1, 1, got=error.strerror or str(error)),)


@lru_cache(maxsize=512)
def _read(path: Path, changed: int) -> tuple[Programme | None, tuple[Problem, ...]]:
    programme, problems = examine(path)
    return programme, tuple(problems)
