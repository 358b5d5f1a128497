"""Uploaded files: kept until the application has fetched them, then for a day.

Each upload is a directory named by its reference, with the bytes, what is known about them, and
marks of what has become of it. A reference cannot be guessed and begins with its owner's tag.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final

from bot.platforms.contract import FileTooLarge, Unsent
from bot.talk.message import Attachment

WAITING_AT_MOST: Final = 40
"""Maximum of unsent uploads for one person."""
QUOTA: Final = 200 * 1024 * 1024
"""Bytes of uploads that one person may have here at once."""
KEPT_UNSENT: Final = timedelta(days=1)
KEPT_UNFETCHED: Final = timedelta(days=30)
"""For uploads in a stored message: after a long outage the file is still wanted."""
KEPT_FETCHED: Final = timedelta(days=1)
"""A worker that crashed after fetching asks again; and the sender's page still shows it."""

_REF: Final = re.compile(r"[0-9a-f]{16}-[A-Za-z0-9_-]{24}")
_TYPE: Final = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}")
_BUFFER: Final = 1024 * 1024


class TooManyWaiting(Exception):
    """Too many files were uploaded and never sent."""


class QuotaFull(Exception):
    """One person's uploads fill their share."""


class EmptyFile(Exception):
    """An empty file: usually one that was still being written."""


def tag(address: str) -> str:
    """A short name for an address that does not give it away."""
    return hashlib.sha256(address.encode()).hexdigest()[:16]


class Uploads:
    def __init__(self, folder: Path, limit: int) -> None:
        self.limit = limit
        """Bytes of one file."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def keep(
        self, address: str, name: str, media_type: str, chunks: AsyncIterator[bytes]
    ) -> Attachment:
        """Write a file to disk as it arrives; returns it with its reference.

        Once this returns the bytes are safe against a power cut. Raises `FileTooLarge`,
        `EmptyFile`, `TooManyWaiting` or `QuotaFull`, and then nothing is kept.
        """
        out, room = await asyncio.to_thread(self._begin, address)
        part = Path(out.name).parent
        try:
            size = 0
            buffer = bytearray()
            async for chunk in chunks:
                size += len(chunk)
                if size > self.limit:
                    raise FileTooLarge
                if size > room:
                    raise QuotaFull
                buffer += chunk
                if len(buffer) >= _BUFFER:
                    await asyncio.to_thread(out.write, bytes(buffer))
                    buffer.clear()
            if not size:
                raise EmptyFile
            out.write(buffer)
            file = Attachment(part.stem, _plain_name(name), _plain_type(media_type), size)
            await asyncio.to_thread(self._finish, out, file)
        except BaseException:
            out.close()
            shutil.rmtree(part, ignore_errors=True)
            raise
        return file

    def _begin(self, address: str) -> tuple[BinaryIO, int]:
        """A new upload's file, and the bytes that its owner has left."""
        mine = list(self._folder.glob(f"{tag(address)}-*"))
        if sum(not (upload / "sent").exists() for upload in mine) >= WAITING_AT_MOST:
            raise TooManyWaiting
        # 18 random bytes: 144 bits.
        part = self._folder / f"{tag(address)}-{secrets.token_urlsafe(18)}.part"
        part.mkdir()
        taken = sum(_size(upload / "bytes") for upload in mine)
        return (part / "bytes").open("wb"), QUOTA - taken

    def _finish(self, out: BinaryIO, file: Attachment) -> None:
        part = Path(out.name).parent
        about = {"name": file.name, "type": file.media_type, "size": file.size}
        with out, (part / "about.json").open("wb") as described:
            described.write(json.dumps(about, ensure_ascii=False).encode())
            for written in (out, described):
                written.flush()
                os.fsync(written.fileno())
        kept = part.rename(self._folder / file.ref)
        for folder in (kept, self._folder):
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def of(self, address: str, ref: str) -> Attachment | None:
        """An upload of this person's, if it is still kept."""
        return self._read(ref) if ref.startswith(f"{tag(address)}-") else None

    def path(self, ref: str) -> Path:
        """The path of an upload's bytes."""
        return self._folder / ref / "bytes"

    def take(self, address: str, refs: Sequence[str]) -> tuple[Attachment, ...] | None:
        """This person's uploads that a message names, which from now on wait for the house.

        `None` if one of them is not kept.
        """
        files = [self.of(address, ref) for ref in refs]
        if not all(files):
            return None
        for ref in refs:
            (self._folder / ref / "sent").touch()
        return tuple(file for file in files if file)

    def fetch(self, ref: str, limit: int) -> bytes:
        """The bytes of an upload. Raises `FileTooLarge` past `limit` bytes, `Unsent` if gone."""
        file = self._read(ref)
        if file is None:
            raise Unsent(f"upload {ref!r} is not kept")
        if file.size is None or file.size > limit:
            raise FileTooLarge
        content = self.path(ref).read_bytes()
        (self._folder / ref / "fetched").touch()
        return content

    def drop(self, refs: Sequence[str]) -> None:
        """Remove uploads at once."""
        for ref in refs:
            if _REF.fullmatch(ref):
                shutil.rmtree(self._folder / ref, ignore_errors=True)

    def sweep(self, now: datetime) -> int:
        """Remove expired uploads; returns how many."""
        gone = 0
        for upload in self._folder.iterdir():
            kept, since = _stay(upload)
            if now.timestamp() - since > kept.total_seconds():
                shutil.rmtree(upload, ignore_errors=True)
                gone += 1
        return gone

    def _read(self, ref: str) -> Attachment | None:
        if not _REF.fullmatch(ref):
            return None
        try:
            about = json.loads((self._folder / ref / "about.json").read_text("utf-8"))
        except FileNotFoundError:
            return None
        return Attachment(ref, about["name"], about["type"], about["size"])


def forget_uploads(folder: Path, addresses: Sequence[str]) -> None:
    """Remove all uploads of these chats."""
    for address in addresses:
        for upload in folder.glob(f"{tag(address)}-*"):
            shutil.rmtree(upload, ignore_errors=True)


def _stay(upload: Path) -> tuple[timedelta, float]:
    """How long an upload stays, and since when that counts (seconds since 1970)."""
    for mark, kept in (("fetched", KEPT_FETCHED), ("sent", KEPT_UNFETCHED)):
        if (upload / mark).exists():
            return kept, (upload / mark).stat().st_mtime
    return KEPT_UNSENT, upload.stat().st_mtime


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _plain_name(name: str) -> str:
    """A file's name without its folders or anything unprintable, at most 120 characters."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(c for c in last if c.isprintable()).strip()
    return plain[-120:] or "file"


def _plain_type(media_type: str) -> str:
    bare = media_type.split(";")[0].strip().lower()
    return bare if _TYPE.fullmatch(bare) else "application/octet-stream"
