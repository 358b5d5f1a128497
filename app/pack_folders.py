"""Tells the catalogue which folders hold packs, and reports packs that are set aside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from app.settings import PackSettings
from app.terminal import Mistake, explained, programmes_folder
from programmes import catalogue
from prompts import Text, t

if TYPE_CHECKING:
    from storage.backup import Backup


def put_on_the_shelf(given: Path | None) -> None:
    """Tell the catalogue where packs lie; `given` is the folder named on the command line.

    Raises `Mistake` if the folder does not exist.
    """
    try:
        told = PackSettings()
    except ValidationError:  # a command that reads all settings reports it
        return
    folder = given or told.programmes_dir
    if folder is not None and not folder.is_dir():
        raise Mistake(t("cli.no_such_folder", folder=folder))
    programmes_folder.set(given)
    catalogue.use(folder or told.packs_dir)


def troubles() -> list[Text]:
    """One sentence for each pack that was set aside."""
    return [
        t("cli.pack_set_aside", key=key, mistake=explained(problems[0]))
        for key, problems in catalogue.set_aside().items()
    ]


def of_ones_own(key: str) -> bytes | None:
    """The bytes of an office's own pack, for a backup; `None` for a built-in one."""
    file = catalogue.own_pack(key)
    return None if file is None else file.read_bytes()


def bring_back(archive: Path, held: Backup, folder: Path) -> Iterator[Text]:
    """Restore an archive's packs into the folder, and report on each programme that it uses.

    An existing file is never overwritten.
    """
    from storage import backup

    for key in held.programmes:
        file = folder / f"{key}.yaml"
        if key not in held.packs:
            if key not in catalogue.every_key():
                yield t("cli.pack_missing", key=key, folder=folder)
            continue
        pack = backup.pack_in(archive, key)
        if not file.exists():
            folder.mkdir(parents=True, exist_ok=True)
            file.write_bytes(pack)
            yield t("cli.pack_restored", file=file)
        elif file.read_bytes() != pack:
            yield t("cli.pack_differs", file=file, archive=archive)
