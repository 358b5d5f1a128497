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
    for directory in (PACKS,) if extra is None else (extra, PACKS):
        path = directory / f"{key}.yaml"
        try:
            changed = path.stat().st_mtime_ns
        except (OSError, ValueError):  # what cannot be a file's name is no pack's key
            continue
        if path.parent == directory:
            return _read(path, changed)
    raise KeyError(key)


def all_programmes(extra: Path | None = None) -> tuple[Programme, ...]:
    """Every programme, by key; a pack in `extra` takes the place of a built-in one."""
    directories = (PACKS,) if extra is None else (PACKS, extra)
    keys = {path.stem for directory in directories for path in directory.glob("*.yaml")}
    return tuple(load(key, extra) for key in sorted(keys))


@lru_cache(maxsize=64)
def _read(path: Path, changed: int) -> Programme:
    programme, problems = examine(path)
    if programme is None:
        raise InvalidPack(problems)
    return programme
