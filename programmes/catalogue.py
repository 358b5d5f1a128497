"""The packs at hand: the built-in ones, and those in directories of the users' own.

Which directories there are is told once, by whoever starts the program (`use`). A pack with
mistakes is set aside: it is not among `all_programmes`, `load` says what is wrong with it, and all
the others go on. One of the users' own takes the place of a built-in one of the same key, also
while it has mistakes: then neither is used, for the office's word is not the built-in one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
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
    """From now on read packs from these directories, too; the first of them has precedence."""
    global _own
    _own = directories


@contextmanager
def using(*directories: Path) -> Iterator[None]:
    """The same for a while."""
    before = _own
    use(*directories)
    try:
        yield
    finally:
        use(*before)


def load(key: str, extra: Path | None = None) -> Programme:
    """The programme `key`, from the directory `extra` if it has one, else as `use` has told.

    A pack is read once, and again when its file has changed. Raises `NoPack` where there is none,
    and `InvalidPack` where it has mistakes.
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
    """The pack as it is written. Raises `NoPack`."""
    path = _path(key, None)
    if path is None:
        raise NoPack(key)
    return path.read_text("utf-8")


def own_pack(key: str) -> Path | None:
    """The file of a pack that is not built in, if this is one."""
    path = _path(key, None)
    return None if path is None or path.parent == PACKS else path


def _directories(extra: Path | None) -> tuple[Path, ...]:
    return (*_own, PACKS) if extra is None else (extra, *_own, PACKS)


def _path(key: str, extra: Path | None) -> Path | None:
    for directory in _directories(extra):
        path = directory / f"{key}{SUFFIX}"
        try:
            there = path.parent == directory and path.is_file()
        except (OSError, ValueError):  # what cannot be a file's name is no pack's key
            continue
        if there:
            return path
    return None


def _paths(extra: Path | None) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for directory in reversed(_directories(extra)):
        found |= {path.stem: path for path in directory.glob(f"*{SUFFIX}")}
    return dict(sorted(found.items()))


def _examined(path: Path) -> tuple[Programme | None, tuple[Problem, ...]]:
    try:
        return _read(path, path.stat().st_mtime_ns)
    except OSError as error:
        return None, (Problem("unreadable", str(path), 1, 1, got=error.strerror or str(error)),)


@lru_cache(maxsize=512)
def _read(path: Path, changed: int) -> tuple[Programme | None, tuple[Problem, ...]]:
    programme, problems = examine(path)
    return programme, tuple(problems)
