"""Pictures without their metadata: the place, the time, the camera, the thumbnail.

Only the parts that draw the picture are copied, and nothing is compressed again, unless it is too
large or of a kind that few can open. Of the metadata one thing stays: which way up it is.
"""

from __future__ import annotations

import re
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Final, NamedTuple

from storage import shrinking

MAX_PIXELS: Final = 50_000_000
"""Maximum pixels of a picture that is kept as it is."""
SMALL: Final = 13_000_000
"""Pixels that are drawn in this process (52 MB); a larger picture gets a process of its own."""
SECONDS: Final = 60.0
"""Time limit for drawing one picture."""

_ONE_AT_A_TIME: Final = Lock()
"""Pictures drawn at once would take their memory at once."""


class DamagedPicture(Exception):
    """A picture is cut off, or cannot be drawn."""


class UnreadablePicture(Exception):
    """This machine has nothing that reads the picture's format."""


class TooManyPixels(Exception):
    """A picture is too large to be drawn."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__(f"{width} × {height}")
        self.width = width
        self.height = height


def strip(data: bytes, media_type: str) -> bytes:
    """The same picture without its metadata. `media_type` is one of `TYPES`.

    A photo larger than `MAX_PIXELS` is made smaller. Raises `DamagedPicture` and `TooManyPixels`.
    """
    picture = TYPES[media_type](data)
    form = media_type[6:]
    pixels = picture.width * picture.height
    if pixels > (shrinking.MOST_PIXELS if form == "jpeg" else MAX_PIXELS):
        # Before anything is decoded: a few kilobytes can unpack to gigabytes.
        raise TooManyPixels(picture.width, picture.height)
    with _ONE_AT_A_TIME:
        if pixels > SMALL:
            drawn = _apart(picture.data, form, scaled=pixels > MAX_PIXELS)
            return drawn or picture.data
        how, size, _ = shrinking.draw(picture.data, form, scaled=False)
    _judge(how, size)
    return picture.data


def from_heif(data: bytes) -> bytes:
    """An iPhone's photo as a JPEG without metadata, which everybody can open.

    Raises `DamagedPicture`, `TooManyPixels` and `UnreadablePicture`.
    """
    with _ONE_AT_A_TIME:
        return _strip_jpeg(_apart(data, "heif", scaled=True)).data


def _apart(data: bytes, form: str, *, scaled: bool) -> bytes:
    """Draw a picture in a process of its own, and give it if it was drawn anew."""
    command = [sys.executable, "-m", shrinking.__name__, form, "scaled" if scaled else "whole"]
    try:
        done = subprocess.run(  # noqa: S603 - our own module; the picture goes through a pipe
            command, input=data, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise DamagedPicture("it takes too long") from None
    head, _, drawn = done.stdout.partition(b"\n")
    how, *size = head.decode("ascii", "replace").split(" ")
    _judge(how, (int(size[0]), int(size[1])) if len(size) == 2 else (0, 0))
    return drawn


def _judge(how: str, size: tuple[int, int]) -> None:
    match how:
        case shrinking.KEPT | shrinking.DRAWN:
            return
        case shrinking.TOO_LARGE:
            raise TooManyPixels(*size)
        case shrinking.UNREADABLE:
            raise UnreadablePicture
        case _:
            raise DamagedPicture("it cannot be drawn")


class _Picture(NamedTuple):
    data: bytes
    width: int
    height: int


class _Source:
    """Bytes read from front to back."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        taken = self.data[self.at : self.at + count]
        if len(taken) < count:
            raise DamagedPicture("cut off")
        self.at += count
        return taken

    def number(self, form: str) -> int:
        """One number in `struct`'s notation."""
        value: int = struct.unpack(form, self.take(struct.calcsize(form)))[0]
        return value


# ---------------------------------------------------------------- JPEG


_SCAN_END: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""The first marker after compressed data that does not belong to it."""


def _strip_jpeg(data: bytes) -> _Picture:
    source = _Source(data)
    start = source.take(2)
    segments: list[bytes] = []
    upright = b""
    width = height = 0
    while True:
        marker = source.take(2)
        while marker == b"\xff\xff":
            marker = b"\xff" + source.take(1)
        if marker[0] != 0xFF:
            raise DamagedPicture("no marker where one belongs")
        kind = marker[1]
        if kind == 0xD9:
            # Phones append further pictures and films here, each with its own metadata: left out.
            break
        length = source.number(">H")
        if length < 2:
            raise DamagedPicture("a segment shorter than its own length")
        body = source.take(length - 2)
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            lines, columns = struct.unpack(">HH", body[1:5].ljust(4, b"\0"))
            width, height = max(width, columns), max(height, lines)
        if kind == 0xE1 and body.startswith(b"Exif\0\0"):
            turned = _orientation(body[6:])
            if turned:
                exif = b"Exif\0\0" + turned
                upright = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
        if _draws_jpeg(kind, body):
            segments.append(marker + struct.pack(">H", length) + body)
        if kind == 0xDA:
            end = _SCAN_END.search(data, source.at)
            if end is None:
                raise DamagedPicture("cut off")
            segments.append(source.take(end.start() - source.at))
    # JFIF's own segment, if there is one, has to be the first.
    first = 1 if segments and segments[0].startswith(b"\xff\xe0") else 0
    segments.insert(first, upright)
    return _Picture(start + b"".join(segments) + b"\xff\xd9", width, height)


def _draws_jpeg(kind: int, body: bytes) -> bool:
    match kind:
        case 0xE0:
            return body.startswith(b"JFIF\0")
        case 0xE2:
            return body.startswith(b"ICC_PROFILE\0")
        case 0xEE:
            return body.startswith(b"Adobe")
        case _:
            return 0xC0 <= kind <= 0xCF or 0xDA <= kind <= 0xDF


# ---------------------------------------------------------------- PNG


_PNG_DRAWS: Final = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD pHYs sPLT hIST "
    b"acTL fcTL fdAT".split()
)


def _strip_png(data: bytes) -> _Picture:
    source = _Source(data)
    magic = source.take(8)
    chunks: list[bytes] = []
    upright = b""
    width = height = 0
    kind = b""
    while kind != b"IEND":
        length = source.number(">I")
        kind = source.take(4)
        body = source.take(length)
        checksum = source.take(4)
        if (kind == b"IHDR") == bool(chunks):
            raise DamagedPicture("a PNG begins with its one header")
        if kind == b"IHDR":
            width, height = struct.unpack(">II", body[:8].ljust(8, b"\0"))
        if kind == b"eXIf":
            turned = _orientation(body)
            if turned:
                upright = _png_chunk(b"eXIf", turned)
        if kind in _PNG_DRAWS:
            chunks.append(struct.pack(">I", length) + kind + body + checksum)
        elif kind[:1].isupper():
            raise DamagedPicture("a part that must be understood is not known")
    return _Picture(magic + chunks[0] + upright + b"".join(chunks[1:]), width, height)


def _png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


# ---------------------------------------------------------------- GIF


_GIF_REPEATS: Final = (b"!\xff\x0bNETSCAPE2.0", b"!\xff\x0bANIMEXTS1.0")
"""The blocks that say how often a film is shown."""

_GIF_CONTROL: Final = b"!\xf9\x04"
"""The block that says how long a frame is shown, and what of it is transparent."""


def _strip_gif(data: bytes) -> _Picture:
    source = _Source(data)
    kept = [source.take(13)]
    width, height, flags = struct.unpack("<HHB", kept[0][6:11])
    kept.append(source.take(_gif_colours(flags)))
    while True:
        begin = source.at
        kind = source.take(1)
        if kind == b";":
            kept.append(kind)
            return _Picture(b"".join(kept), width, height)
        draws = True
        if kind == b",":
            left, top, columns, lines, flags = struct.unpack("<HHHHB", source.take(9))
            width, height = max(width, left + columns), max(height, top + lines)
            source.take(_gif_colours(flags) + 1)
        elif kind == b"!":
            draws = data.startswith((*_GIF_REPEATS, _GIF_CONTROL), begin)
            source.take(1)
        else:
            raise DamagedPicture("no block where one belongs")
        while length := source.number("B"):
            source.take(length)
        if draws:
            kept.append(data[begin : source.at])


def _gif_colours(flags: int) -> int:
    """Bytes of the table of colours that a block announces."""
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


# ---------------------------------------------------------------- WebP


_WEBP_DRAWS: Final = frozenset((b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"))
_WEBP_HAS_EXIF: Final = 0x08
_WEBP_HAS_XMP: Final = 0x04


def _strip_webp(data: bytes) -> _Picture:
    source = _Source(data)
    source.take(4)
    body_length = source.number("<I")
    source = _Source(source.take(body_length))
    kept = [source.take(4)]
    upright = b""
    width = height = 0
    while source.at < body_length:
        kind = source.take(4)
        body = source.take(source.number("<I"))
        if len(body) % 2:
            source.take(1)
        columns, lines = _webp_size(kind, body)
        width, height = max(width, columns), max(height, lines)
        if kind == b"EXIF":
            upright = _orientation(body.removeprefix(b"Exif\0\0"))
        if kind in _WEBP_DRAWS:
            kept.append(_webp_chunk(kind, body))
    if upright:
        kept.append(_webp_chunk(b"EXIF", upright))
    if len(kept) > 1 and kept[1].startswith(b"VP8X"):
        header = bytearray(kept[1])
        header[8] &= ~(_WEBP_HAS_EXIF | _WEBP_HAS_XMP)
        header[8] |= _WEBP_HAS_EXIF if upright else 0
        kept[1] = bytes(header)
    body = b"".join(kept)
    return _Picture(b"RIFF" + struct.pack("<I", len(body)) + body, width, height)


def _webp_chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _webp_size(kind: bytes, body: bytes) -> tuple[int, int]:
    """Columns and lines that a chunk announces; none if it is not one that does."""
    body = body.ljust(10, b"\0")
    match kind:
        case b"VP8X":
            return (
                int.from_bytes(body[4:7], "little") + 1,
                int.from_bytes(body[7:10], "little") + 1,
            )
        case b"VP8L":
            bits = int.from_bytes(body[1:5], "little")
            return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
        case b"VP8 ":
            columns, lines = struct.unpack("<HH", body[6:10])
            return columns & 0x3FFF, lines & 0x3FFF
        case _:
            return 0, 0


# ---------------------------------------------------------------- which way up


_ORIENTATION_TAG: Final = 0x0112


def _orientation(tiff: bytes) -> bytes:
    """EXIF that says how the picture is turned and nothing else; empty if it is upright."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return b""
    try:
        (table,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, table)
        for entry in range(entries):
            tag, kind, count, value = struct.unpack_from(
                f"{order}HHIH", tiff, table + 2 + 12 * entry
            )
            if (tag, kind, count) == (_ORIENTATION_TAG, 3, 1) and 2 <= value <= 8:
                header = b"MM\0*" + struct.pack(">IH", 8, 1)
                return header + struct.pack(">HHIHHI", tag, kind, count, value, 0, 0)
    except struct.error:
        # Metadata that cannot be read is not worth refusing a photo for.
        return b""
    return b""


TYPES: Final[Mapping[str, Callable[[bytes], _Picture]]] = {
    "image/jpeg": _strip_jpeg,
    "image/png": _strip_png,
    "image/gif": _strip_gif,
    "image/webp": _strip_webp,
}
"""The media types of pictures, and what takes each apart."""
