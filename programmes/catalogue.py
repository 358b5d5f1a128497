"""The packs at hand: the built-in ones, and those in a directory of the user's own."""

from functools import lru_cache
from pathlib import Path

from programmes.check import InvalidPack, examine
from programmes.model import Programme

PACKS = Path(__file__).parent / "packs"


def load(key: str, extra: Path | None = None) -> Programme:
    """The programme `key`, from the directory `extra` if it has one, else built in.

    A pack is read once, and again when its file has changed. Raises KeyError where there is no
    such pack and InvalidPack where it has mistakes.
    """
    path = _paths(extra).get(key)
    if path is None:
        raise KeyError(key)
    return _read(path, path.stat().st_mtime_ns)


def all_programmes(extra: Path | None = None) -> tuple[Programme, ...]:
    """Every programme, by key; a pack in `extra` takes the place of a built-in one."""
    return tuple(load(key, extra) for key in sorted(_paths(extra)))


def _paths(extra: Path | None) -> dict[str, Path]:
    directories = [PACKS] if extra is None else [PACKS, extra]
    return {path.stem: path for directory in directories for path in directory.glob("*.yaml")}


@lru_cache(maxsize=64)
def _read(path: Path, changed: int) -> Programme:
    programme, problems = examine(path)
    if programme is None:
        raise InvalidPack(problems)
    return programme
