"""Draw one large picture in a process of its own: `python -m storage.shrinking FORMAT`.

Its bytes are sent to it. A picture can take a hundred times the memory of its file; what it takes
here is bounded, and given back when the process ends. What is told begins with a line: how it
went, and how large the picture is; the picture follows where it was drawn anew.
"""

from __future__ import annotations

import io
import sys
from typing import Final

from PIL import Image, ImageOps

from storage.limits import limit_memory

SIDE: Final = 4096
"""Pixels of the longer side of a picture drawn anew: a page of writing stays legible."""
QUALITY: Final = 88
MEMORY: Final = 1024 * 1024 * 1024
"""Bytes of address space that drawing may take, where the system can be told so."""
MOST_PIXELS: Final = 300_000_000
"""More than any phone takes: beyond it a picture is not even tried."""

KEPT: Final = "kept"
DRAWN: Final = "drawn"
DAMAGED: Final = "damaged"
TOO_LARGE: Final = "too_large"
UNREADABLE: Final = "unreadable"
"""This machine has nothing that reads the format."""


def main() -> None:
    limit_memory(MEMORY)
    how, size, drawn = draw(sys.stdin.buffer.read(), sys.argv[1], scaled=sys.argv[2] == "scaled")
    sys.stdout.buffer.write(f"{how} {size[0]} {size[1]}\n".encode() + drawn)


def draw(data: bytes, form: str, *, scaled: bool) -> tuple[str, tuple[int, int], bytes]:
    """How it went, the picture's size, and the picture as a JPEG if it is to be `scaled`."""
    # What may be opened is said here and by the caller.
    Image.MAX_IMAGE_PIXELS = None
    size = (0, 0)
    try:
        if form == "heif" and not reads_heif():
            return UNREADABLE, size, b""
        with Image.open(io.BytesIO(data), formats=[form]) as image:
            size = image.size
            if size[0] * size[1] > MOST_PIXELS:
                return TOO_LARGE, size, b""
            if not scaled:
                image.load()
                return KEPT, size, b""
            # A JPEG is decoded at a half, a quarter or an eighth, whichever is still enough.
            image.draft("RGB", (SIDE, SIDE))
            image.thumbnail((SIDE, SIDE), reducing_gap=2.0)
            profile = image.info.get("icc_profile")
            upright = ImageOps.exif_transpose(image).convert("RGB")
            out = io.BytesIO()
            upright.save(out, "JPEG", quality=QUALITY, icc_profile=profile)
            return DRAWN, size, out.getvalue()
    except MemoryError:
        return TOO_LARGE, size, b""
    except Exception:  # readers raise whatever they stumble upon
        return DAMAGED, size, b""


def reads_heif() -> bool:
    """Whether HEIC can be read here; where it can, it is from now on."""
    try:
        from pi_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener()
    return True


if __name__ == "__main__":
    main()
