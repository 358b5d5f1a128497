"""Take out of a document who made it and where: `python -m storage.cleaning KIND`, bytes on stdin.

A document may be made to hang its reader or to fill its memory; here only this process ends. The
first line of the output says how it went; the document follows.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from contextlib import suppress
from typing import Any, Final

from storage import images
from storage.limits import limit_memory

CLEAN: Final = b"clean"
LOCKED: Final = b"locked"
DAMAGED: Final = b"damaged"
MEMORY: Final = 1024 * 1024 * 1024
"""Bytes of address space that cleaning may take, where the system can be told so."""
MOST: Final = 200 * 1024 * 1024
"""Bytes that an archive may unpack to."""
SECONDS: Final = 60.0


class NotCleaned(Exception):
    """A document that cannot be cleaned is not kept: it is damaged, or `locked`."""

    def __init__(self, *, locked: bool = False) -> None:
        super().__init__("locked" if locked else "damaged")
        self.locked = locked


def clean(data: bytes, kind: str) -> bytes:
    """A document without its author and without places in its pictures; `kind`: `pdf`, `office`.

    Raises `NotCleaned`.
    """
    command = [sys.executable, "-m", "storage.cleaning", kind]
    try:
        done = subprocess.run(  # noqa: S603 - our own module; the document goes through a pipe
            command, input=data, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise NotCleaned from None
    how, _, cleaned = done.stdout.partition(b"\n")
    if how != CLEAN or not cleaned:
        raise NotCleaned(locked=how == LOCKED)
    return cleaned


def main() -> None:
    limit_memory(MEMORY)
    how, cleaned = attempt(sys.stdin.buffer.read(), sys.argv[1])
    sys.stdout.buffer.write(how + b"\n" + cleaned)


def attempt(data: bytes, kind: str) -> tuple[bytes, bytes]:
    """How it went, and the document if it went well."""
    try:
        return CLEAN, clean_pdf(data) if kind == "pdf" else clean_office(data)
    except NotCleaned as reason:
        return LOCKED if reason.locked else DAMAGED, b""
    except Exception:  # readers raise whatever they stumble upon
        return DAMAGED, b""


# ---------------------------------------------------------------- PDF


def clean_pdf(data: bytes) -> bytes:
    """A PDF without its information, its metadata streams, and those of its JPEGs."""
    from pypdf import PasswordType, PdfReader, PdfWriter

    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted and reader.decrypt("") is PasswordType.NOT_DECRYPTED:
        raise NotCleaned(locked=True)
    writer = PdfWriter(clone_from=reader)
    if not writer.pages:
        raise NotCleaned
    writer.metadata = None
    for thing in writer._objects:
        _clean_object(thing)
    # What nothing refers to any more would still stand in the file.
    writer.compress_identical_objects(remove_duplicates=False)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


_PRIVATE: Final = ("/Metadata", "/PieceInfo", "/LastModified", "/T", "/Author")
"""Keys of page, picture and note that tell who, when and with what. A note's writer is `/T`."""


def _clean_object(thing: Any) -> None:
    from pypdf.generic import DictionaryObject, StreamObject

    if not isinstance(thing, DictionaryObject):
        return
    note = thing.get("/Type") == "/Annot" and thing.get("/Subtype") != "/Widget"
    for key in _PRIVATE:
        if key in thing and (key != "/T" or note):
            del thing[key]
    jpeg = thing.get("/Filter") in ("/DCTDecode", ["/DCTDecode"])
    if isinstance(thing, StreamObject) and jpeg:
        # What is no picture is left as it is: a reader will not show it either.
        with suppress(images.DamagedPicture):
            thing._data = images.TYPES["image/jpeg"](thing._data).data


# ---------------------------------------------------------------- Word, Excel, PowerPoint

_CORE: Final = re.compile(
    rb"<((?:dc:creator|cp:lastModifiedBy|cp:keywords|dc:description|cp:category|"
    rb"cp:contentStatus|Company|Manager|HyperlinkBase|Template)\b[^>]*?)(?<!/)>.*?</[^>]+>",
    re.DOTALL,
)
_AUTHOR: Final = re.compile(
    rb'(\b(?:w:author|w:initials|w15:author|w15:userId|userId|displayName|providerId)=)"[^"]*"'
)
_NAMED: Final = re.compile(rb'(<p:cmAuthor\b[^>]*?\b(?:name|initials)=)"[^"]*"')
_EXCEL_AUTHOR: Final = re.compile(rb"<author>.*?</author>", re.DOTALL)
_MEDIA: Final = {"jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png"}


def clean_office(data: bytes) -> bytes:
    """An office document without the names of those who wrote it, and with clean pictures."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as archive,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as cleaned,
    ):
        if sum(one.file_size for one in archive.infolist()) > MOST:
            raise NotCleaned
        for one in archive.infolist():
            part = zipfile.ZipInfo(one.filename)
            part.compress_type = one.compress_type
            cleaned.writestr(part, _clean_part(one.filename, archive.read(one)))
    return out.getvalue()


def _clean_part(name: str, data: bytes) -> bytes:
    ending = name.rpartition(".")[2].lower()
    if kind := _MEDIA.get(ending):
        with suppress(images.DamagedPicture):
            return images.TYPES[kind](data).data
        return data
    if name == "docProps/custom.xml":
        return re.sub(rb"<property\b.*</property>", b"", data, flags=re.DOTALL)
    if name.startswith("docProps/") and ending == "xml":
        return _CORE.sub(_emptied, data)
    if ending == "xml":
        data = _NAMED.sub(rb'\1""', _AUTHOR.sub(rb'\1""', data))
        if "comments" in name:
            data = _EXCEL_AUTHOR.sub(b"<author></author>", data)
    return data


def _emptied(found: re.Match[bytes]) -> bytes:
    return b"<" + found[1] + b"/>"


if __name__ == "__main__":
    main()
