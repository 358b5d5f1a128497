"""Large pictures and iPhones' photos: made smaller, or a JPEG, one at a time, within bounds."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from PIL import Image

from storage import images, shrinking
from storage.files import FileRefused, accept
from tests.storage.test_images import GPS_TAG, opened

IPHONE: Final = (Path(__file__).parent / "photos" / "iphone.heic").read_bytes()
"""320 × 240 as it lies in the file, to be turned; it carries a place."""


def jpeg(width: int, height: int, colour: str = "teal") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(out, "JPEG", quality=30)
    return out.getvalue()


def test_an_iphones_photo_is_kept_as_a_jpeg_that_stands_upright() -> None:
    kept = accept(IPHONE, "IMG_0001.HEIC")
    assert (kept.media_type, kept.name) == ("image/jpeg", "IMG_0001.jpg")
    photo = opened(kept.data)
    assert photo.size == (240, 320)
    # The red corner was at the top left before it was turned to the right.
    red, green, _ = photo.convert("RGB").getpixel((235, 5))  # type: ignore[misc]  # a tuple for RGB
    assert red > 200 > green


def test_an_iphones_photo_keeps_no_place_and_no_notes() -> None:
    kept = accept(IPHONE, "IMG_0001.HEIC").data
    assert not dict(opened(kept).getexif())
    assert opened(kept).getexif().get_ifd(GPS_TAG) == {}
    assert b"iPhone" not in kept


def test_where_nothing_reads_heic_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "_apart", _nothing_reads_it)
    with pytest.raises(FileRefused) as refusal:
        accept(IPHONE, "IMG_0001.HEIC")
    assert refusal.value.key == "file.heic_refused"


def _nothing_reads_it(_data: bytes, _form: str, *, scaled: bool) -> bytes:
    raise images.UnreadablePicture


@pytest.mark.slow
def test_a_phones_largest_photo_is_made_smaller() -> None:
    kept = accept(jpeg(16_320, 12_240), "照片.jpg")
    assert max(opened(kept.data).size) == shrinking.SIDE
    assert len(kept.data) < 2_000_000


def test_a_photo_that_is_large_but_not_too_large_stays_as_it_is() -> None:
    whole = jpeg(5000, 3000)
    assert images.SMALL < 5000 * 3000
    assert opened(accept(whole, "照片.jpg").data).size == (5000, 3000)


PEAK: Final = """
import io, resource, sys
from concurrent.futures import ThreadPoolExecutor
from PIL import Image
from storage.files import accept
out = io.BytesIO()
Image.new("RGB", (7000, 7000), "teal").save(out, "PNG", compress_level=1)
data = out.getvalue()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with ThreadPoolExecutor(8) as pool:
    list(pool.map(lambda n: accept(data, f"{n}.png"), range(int(sys.argv[1]))))
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(after - before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.mark.slow
def test_many_large_pictures_at_once_take_the_memory_of_one() -> None:
    """Each has 49 megapixels, 147 MB unpacked; kilobytes are counted."""
    pytest.importorskip("resource")
    command = [sys.executable, "-c", PEAK, "12"]
    told = subprocess.run(  # noqa: S603 - our own interpreter and our own words
        command, capture_output=True, check=True, text=True
    ).stdout
    ours, one_apart = map(int, told.split())
    assert ours < 60_000
    assert one_apart < 400_000
