"""Files that people send: which are accepted, under what name, and where the copy lies.

The type of a file is told from its bytes; the declared type is ignored and the name is only shown.
Pictures and documents are stored without their metadata, above all the place and the author.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from storage import cleaning, images

MAX_NAME: Final = 100
"""The longest file name, in characters."""

_MAX_NAME_BYTES: Final = 240
"""File systems take 255 bytes of UTF-8; a hundred Chinese characters would be three hundred."""

PDF: Final = "application/pdf"
_WORD: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_EXCEL: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_POWERPOINT: Final = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
_EXTENSIONS: Final = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/webp": "webp",
    PDF: "pdf",
    _WORD: "docx",
    _EXCEL: "xlsx",
    _POWERPOINT: "pptx",
}
HEIC: Final = "image/heic"
"""What iPhones store. It is kept as a JPEG, which everybody can open."""
ACCEPTED: Final = frozenset(_EXTENSIONS)
"""The media types that are kept."""


class FileRefused(Exception):
    """A file is not taken. `key` names the sentence that says why; `gaps` fill it."""

    def __init__(self, key: str, **gaps: int) -> None:
        super().__init__(key)
        self.key = key
        self.gaps = gaps


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted file in the form in which it is stored."""

    data: bytes
    """Without metadata: who made it, when, where and with what."""
    media_type: str
    name: str


# ---------------------------------------------------------------- keeping


class FileStore:
    """A folder of files, each under its SHA-256, so that the same photo is kept once.

    Several processes may share the folder. Hashes are 64 lower-case hexadecimal digits; every
    method that takes one raises `ValueError` for anything else.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, data: bytes) -> str:
        """Keep a copy and return its hash. When it returns, the copy survives a power cut."""
        sha256 = hashlib.sha256(data).hexdigest()
        path = self.path(sha256)
        if self.verify(sha256):
            # Touched, so that a cleaner of unused files leaves it alone.
            os.utime(path)
            return sha256
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, unfinished = tempfile.mkstemp(dir=path.parent, prefix=_UNFINISHED)
        try:
            with os.fdopen(descriptor, "wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            os.replace(unfinished, path)
        except BaseException:
            os.unlink(unfinished)
            raise
        sync_folder(path.parent)
        sync_folder(self.folder)
        return sha256

    def path(self, sha256: str) -> Path:
        """Where a file lies, or would."""
        if not _SHA256.fullmatch(sha256):
            raise ValueError(f"not a SHA-256: {sha256!r}")
        return self.folder / sha256[:2] / sha256[2:]

    def open(self, sha256: str) -> io.BufferedReader:
        """Read a file. Raises `FileNotFoundError`."""
        return self.path(sha256).open("rb")

    def read(self, sha256: str) -> bytes:
        """A file's bytes. Raises `FileNotFoundError`."""
        return self.path(sha256).read_bytes()

    def verify(self, sha256: str) -> bool:
        """Whether the file is there and is still what was kept."""
        try:
            with self.open(sha256) as kept:
                return hashlib.file_digest(kept, "sha256").hexdigest() == sha256
        except FileNotFoundError:
            return False

    def remove(self, sha256: str) -> None:
        """Delete a file, if it is there."""
        self.path(sha256).unlink(missing_ok=True)

    def unused(self, referenced: Collection[str], before: datetime) -> Iterator[Path]:
        """Files that may be deleted: no hash in `referenced` names them, and they are old.

        A file is kept before the row that speaks of it is committed, so those touched since
        `before` are passed over. Copies that a crash left unfinished are given as well.
        """
        for path in sorted(self.folder.glob("??/*")):
            wanted = path.parent.name + path.name in referenced
            if not wanted and path.stat().st_mtime < before.timestamp():
                yield path


_SHA256: Final = re.compile("[0-9a-f]{64}")
_UNFINISHED: Final = ".unfinished-"


def sync_folder(folder: Path) -> None:
    """Make a folder's new names survive a power cut. Windows does so by itself."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# ---------------------------------------------------------------- judging


def accept(data: bytes, declared_name: str) -> Accepted:
    """Judge a file that somebody sent, and make it fit to be kept.

    Raises `FileRefused`.
    """
    media_type, name = sniff(data, declared_name)
    if media_type == HEIC or media_type in images.TYPES:
        try:
            if media_type == HEIC:
                data, media_type = images.from_heif(data), "image/jpeg"
            else:
                data = images.strip(data, media_type)
        except images.UnreadablePicture as refusal:
            raise FileRefused("file.heic_refused") from refusal
        except images.TooManyPixels as refusal:
            raise FileRefused(
                "file.too_many_pixels", width=refusal.width, height=refusal.height
            ) from refusal
        except images.DamagedPicture as refusal:
            raise FileRefused("file.damaged") from refusal
    else:
        try:
            data = cleaning.clean(data, "pdf" if media_type == PDF else "office")
        except cleaning.NotCleaned as refusal:
            raise FileRefused("file.locked" if refusal.locked else "file.damaged") from refusal
    return Accepted(data, media_type, name)


def sniff(data: bytes, declared_name: str) -> tuple[str, str]:
    """The media type by a file's bytes, and a safe name that ends as that type does.

    Raises `FileRefused` for every type but those in `ACCEPTED` and `HEIC`, for files with macros
    and for empty ones. How large a file may be is for whoever fetches it to say.
    """
    media_type = _media_type(data)
    return media_type, safe_name(declared_name, _EXTENSIONS.get(media_type, "jpg"))


def _media_type(data: bytes) -> str:
    if not data:
        raise FileRefused("file.empty")
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    if data.startswith(b"%PDF-"):
        return "application/pdf"
    if data.startswith(b"PK\x03\x04"):
        return _office_type(data)
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF_BRANDS:
        return HEIC
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        raise FileRefused("file.old_office_refused")
    if _is_text(data):
        raise FileRefused("file.text_refused")
    raise FileRefused("file.type_refused")


_HEIF_BRANDS: Final = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


def _office_type(data: bytes) -> str:
    """Which of the office formats a zip archive is."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            if "[Content_Types].xml" not in names:
                raise FileRefused("file.type_refused")
            with archive.open("[Content_Types].xml") as member:
                # Real ones have some kilobytes; a larger one is meant to fill our memory.
                content_types = member.read(1024**2).lower()
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as damage:
        raise FileRefused("file.damaged") from damage
    if _MACRO_TYPES.search(content_types) or any(_MACRO_PARTS.search(name) for name in names):
        raise FileRefused("file.macros_refused")
    for folder, media_type in _OFFICE.items():
        main_part = f"{media_type}.main+xml".encode()
        if main_part in content_types and any(name.startswith(folder) for name in names):
            return media_type
    raise FileRefused("file.type_refused")


_OFFICE: Final = {"word/": _WORD, "xl/": _EXCEL, "ppt/": _POWERPOINT}
_MACRO_TYPES: Final = re.compile(rb"macroenabled|vbaproject")
_MACRO_PARTS: Final = re.compile(r"vbaproject|vbadata|macrosheets/", re.IGNORECASE)


def _is_text(data: bytes) -> bool:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return not _NOT_TEXT.search(data.decode(encoding))
        except UnicodeDecodeError:
            continue
    return False


_NOT_TEXT: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f]")


# ---------------------------------------------------------------- naming


def safe_name(declared: str, extension: str) -> str:
    """`declared` as a file name that harms nobody, on any system, and ends in `extension`.

    At most `MAX_NAME` characters, in NFC, without folders, control characters, invisible ones
    (some turn the direction of writing, so that an .exe looks like a .doc), and without the
    characters and names that Windows keeps for itself. A safe name is its own safe name.
    """
    last = re.split(r"[/\\]", declared)[-1]
    visible = "".join(c for c in last if unicodedata.category(c) not in _UNSEEN)
    plain = re.sub(r'[<>:"|?*]', "_", unicodedata.normalize("NFC", visible))
    stem = _KNOWN_EXTENSION.sub("", " ".join(plain.split())).strip(" .")
    if _RESERVED.match(stem):
        stem = f"_{stem}"
    ending = f".{extension}"
    short = stem[: MAX_NAME - len(ending)].encode()[: _MAX_NAME_BYTES - len(ending)]
    return (short.decode(errors="ignore").rstrip(" .") or "file") + ending


_UNSEEN: Final = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_KNOWN_EXTENSION: Final = re.compile(
    r"\.(jpe?g|jfif|png|gif|webp|hei[cf]|pdf|docx?|xlsx?|pptx?)$", re.IGNORECASE
)
_RESERVED: Final = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(\.|$)", re.IGNORECASE
)
