"""Photos lose the place where they were taken, and nothing that can be seen."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from storage import images
from storage.files import FileRefused, accept
from tests.tables import each_row

PLACE = b"37.8706N 112.5489E"
"""Stands for the place wherever a format lets one be written as text."""

XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + PLACE + b"</x:xmpmeta>"
GPS_TAG = 0x8825
ORIENTATION_TAG = 0x0112
TURNED = 6
FORMATS = ["JPEG", "PNG", "WEBP"]


def camera_notes(orientation: int | None = TURNED) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F] = "Camera of " + PLACE.decode()
    exif[0x9003] = "2026:08:31 10:00:00"
    if orientation is not None:
        exif[ORIENTATION_TAG] = orientation
    exif.get_ifd(GPS_TAG).update(
        {1: "N", 2: (37.0, 52.0, 14.0), 3: "E", 4: (112.0, 32.0, 56.0), 29: "2026:08:31"}
    )
    return exif


def scene(size: tuple[int, int] = (64, 48)) -> Image.Image:
    return Image.effect_noise(size, 80).convert("RGB")


def photo(form: str, orientation: int | None = TURNED, **options: Any) -> bytes:
    out = io.BytesIO()
    extra: dict[str, Any] = {}
    if form == "PNG":
        notes = PngImagePlugin.PngInfo()
        notes.add_text("Comment", PLACE.decode())
        notes.add_text("Long", PLACE.decode() * 50, zip=True)
        notes.add_itxt("XML:com.adobe.xmp", XMP.decode())
        extra["pnginfo"] = notes
    else:
        extra["xmp"] = XMP
    if form == "JPEG":
        extra["comment"] = PLACE
    scene().save(out, form, exif=camera_notes(orientation), **(extra | options))
    return out.getvalue()


def media_type(form: str) -> str:
    return f"image/{form.lower()}"


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def pixels(data: bytes) -> bytes:
    return opened(data).tobytes()


def assert_no_place(data: bytes) -> None:
    assert PLACE not in data
    assert b"xmpmeta" not in data
    image = opened(data)
    exif = image.getexif()
    assert set(exif) <= {ORIENTATION_TAG}
    assert exif.get_ifd(GPS_TAG) == {}
    assert not {"xmp", "comment", "Comment", "Long", "XML:com.adobe.xmp"} & set(image.info)


@pytest.mark.parametrize("form", FORMATS)
def test_the_test_photos_do_carry_a_place(form: str) -> None:
    carried = opened(photo(form))
    assert carried.getexif().get_ifd(GPS_TAG)[2] == (37.0, 52.0, 14.0)
    assert PLACE in photo(form)


@pytest.mark.parametrize("form", FORMATS)
def test_the_place_goes_and_the_picture_stays(form: str) -> None:
    taken = photo(form)
    kept = accept(taken, "照片").data
    assert_no_place(kept)
    assert pixels(kept) == pixels(taken)
    assert opened(kept).getexif()[ORIENTATION_TAG] == TURNED


@pytest.mark.parametrize("form", FORMATS)
def test_an_upright_photo_keeps_no_notes_at_all(form: str) -> None:
    for orientation in (None, 1):
        kept = accept(photo(form, orientation), "照片").data
        assert_no_place(kept)
        assert dict(opened(kept).getexif()) == {}


@pytest.mark.parametrize("form", [*FORMATS, "GIF"])
def test_what_was_stripped_once_stays_as_it_is(form: str) -> None:
    taken = gif_film() if form == "GIF" else photo(form)
    kept = images.strip(taken, media_type(form))
    assert images.strip(kept, media_type(form)) == kept


@pytest.mark.parametrize(
    "options",
    [
        {"progressive": True},
        {"quality": 100, "subsampling": 0},
        {"restart_marker_blocks": 1},
    ],
)
def test_every_way_of_writing_a_jpeg(options: dict[str, Any]) -> None:
    taken = photo("JPEG", **options)
    kept = accept(taken, "照片").data
    assert_no_place(kept)
    assert pixels(kept) == pixels(taken)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_jpegs_of_other_colours(mode: str) -> None:
    out = io.BytesIO()
    scene().convert(mode).save(out, "JPEG", exif=camera_notes())
    kept = accept(out.getvalue(), "照片").data
    assert_no_place(kept)
    assert pixels(kept) == pixels(out.getvalue())
    assert opened(kept).mode == mode
    # Other readers tell by it how the colours of a CMYK picture are meant.
    assert (b"Adobe" in kept) == (mode == "CMYK")


def test_a_jpeg_begins_as_readers_expect() -> None:
    kept = accept(photo("JPEG"), "照片").data
    assert kept[2:4] == b"\xff\xe0"
    assert kept[6:11] == b"JFIF\0"


def test_padding_before_a_marker_is_no_damage() -> None:
    taken = photo("JPEG")
    padded = taken[:2] + b"\xff\xff" + taken[2:]
    assert accept(padded, "照片").data == accept(taken, "照片").data


@pytest.mark.parametrize(("orientation", "flags"), [(TURNED, 0x08), (1, 0)])
def test_a_webp_announces_the_notes_that_it_has(orientation: int, flags: int) -> None:
    kept = accept(photo("WEBP", orientation), "照片").data
    assert kept[12:16] == b"VP8X"
    assert kept[20] & 0x0C == flags


@pytest.mark.parametrize("options", [{"lossless": True}, {"quality": 50}, {"alpha": True}])
def test_every_way_of_writing_a_webp(options: dict[str, Any]) -> None:
    out = io.BytesIO()
    image = scene()
    if options.pop("alpha", False):
        image.putalpha(Image.effect_noise(image.size, 90))
    image.save(out, "WEBP", exif=camera_notes(), xmp=XMP, **options)
    kept = accept(out.getvalue(), "照片").data
    assert_no_place(kept)
    assert pixels(kept) == pixels(out.getvalue())


@pytest.mark.parametrize("mode", ["P", "LA", "RGBA", "I;16", "1"])
def test_every_kind_of_png(mode: str) -> None:
    out = io.BytesIO()
    base = scene().convert("L") if mode == "I;16" else scene()
    base.convert(mode).save(out, "PNG", exif=camera_notes())
    kept = accept(out.getvalue(), "照片").data
    assert_no_place(kept)
    assert pixels(kept) == pixels(out.getvalue())
    assert opened(kept).mode == opened(out.getvalue()).mode


@pytest.mark.parametrize("form", FORMATS)
def test_colours_stay_true(form: str) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    kept = accept(photo(form, icc_profile=profile), "照片").data
    assert opened(kept).info["icc_profile"] == profile


def test_pictures_that_a_phone_appends_to_a_jpeg_go_too() -> None:
    first, second = photo("JPEG"), photo("JPEG")
    film = b"\x00\x00\x00\x18ftypmp42" + PLACE
    kept = accept(first + second + film, "照片").data
    assert_no_place(kept)
    assert kept == accept(first, "照片").data


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_whatever_follows_a_picture_goes_too(form: str) -> None:
    taken = photo(form)
    assert accept(taken + PLACE, "照片").data == accept(taken, "照片").data


def test_the_thumbnail_of_a_jpeg_goes_too() -> None:
    """It may show what was cut out of the picture."""
    thumbnail = b"\xff\xe0" + struct.pack(">H", 2 + 5 + len(PLACE)) + b"JFXX\0" + PLACE
    taken = photo("JPEG")
    kept = accept(taken[:2] + taken[2:20] + thumbnail + taken[20:], "照片").data
    assert_no_place(kept)
    assert kept == accept(taken, "照片").data


@pytest.mark.parametrize("form", FORMATS)
def test_notes_that_cannot_be_read_are_dropped_and_the_photo_is_taken(form: str) -> None:
    out = io.BytesIO()
    scene().save(out, form, exif=b"Exif\0\0II*\0\xff\xff\xff\x7f" + PLACE)
    assert_no_place(accept(out.getvalue(), "照片").data)


# ---------------------------------------------------------------- films


def gif_film() -> bytes:
    out = io.BytesIO()
    first, second = scene(), scene()
    first.save(
        out,
        "GIF",
        save_all=True,
        append_images=[second],
        loop=3,
        duration=70,
        comment=PLACE,
    )
    data = out.getvalue()
    head = 13 + 3 * 2 ** ((data[10] & 7) + 1)
    xmp = b"!\xff\x0bXMP DataXMP" + bytes([len(PLACE)]) + PLACE + b"\0"
    return data[:head] + xmp + data[head:]


def test_a_gif_keeps_its_frames_and_how_often_it_is_shown() -> None:
    taken = gif_film()
    assert taken.count(PLACE) == 2
    kept = accept(taken, "动画").data
    assert_no_place(kept)
    image = opened(kept)
    assert image.info["loop"] == 3
    assert image.info["duration"] == 70
    assert getattr(image, "n_frames", 1) == 2
    assert pixels(kept) == pixels(taken)


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_other_films_keep_their_frames(form: str) -> None:
    out = io.BytesIO()
    scene().save(
        out, form, save_all=True, append_images=[scene(), scene()], loop=2, exif=camera_notes()
    )
    kept = accept(out.getvalue(), "动画").data
    assert_no_place(kept)
    image = opened(kept)
    assert getattr(image, "n_frames", 1) == 3
    assert image.info["loop"] == 2


# ---------------------------------------------------------------- harm


def png_of(width: int, height: int) -> bytes:
    """A PNG that announces a size and has hardly any data: what a bomb looks like."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def jpeg_of(width: int, height: int) -> bytes:
    data = bytearray(photo("JPEG"))
    frame = data.index(b"\xff\xc0")
    data[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def webp_of(width: int, height: int) -> bytes:
    data = bytearray(photo("WEBP"))
    canvas = data.index(b"VP8X") + 12
    data[canvas : canvas + 6] = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(
        3, "little"
    )
    return bytes(data)


def gif_of(width: int, height: int) -> bytes:
    data = bytearray(gif_film())
    data[6:10] = struct.pack("<HH", width, height)
    return bytes(data)


@pytest.mark.parametrize(
    ("of", "side"), [(png_of, 10_000), (jpeg_of, 20_000), (webp_of, 10_000), (gif_of, 10_000)]
)
def test_a_picture_that_would_fill_our_memory_is_refused_unopened(of: Any, side: int) -> None:
    with pytest.raises(FileRefused) as refusal:
        accept(of(side, side), "照片")
    assert refusal.value.key == "file.too_many_pixels"
    assert refusal.value.gaps == {"width": side, "height": side}


def test_a_gif_frame_larger_than_the_gif_counts() -> None:
    data = bytearray(gif_film())
    frame = data.index(b"\x2c\0\0\0\0")
    data[frame + 5 : frame + 9] = struct.pack("<HH", 60_000, 60_000)
    with pytest.raises(FileRefused) as refusal:
        accept(bytes(data), "动画")
    assert refusal.value.key == "file.too_many_pixels"


@each_row("form", [*FORMATS, "GIF"])
@each_row("part", [0.2, 0.5, 0.9, 0.999])
def test_a_photo_cut_off_is_refused(form: str, part: float) -> None:
    whole = gif_film() if form == "GIF" else photo(form)
    with pytest.raises(FileRefused) as refusal:
        accept(whole[: int(len(whole) * part)], "照片")
    assert refusal.value.key == "file.damaged"


def test_the_largest_size_that_a_jpeg_announces_counts() -> None:
    small, large = photo("JPEG"), jpeg_of(20_000, 20_000)
    frame = small.index(b"\xff\xc0")
    header = large[frame : frame + 19]
    with pytest.raises(FileRefused) as refusal:
        accept(small[:frame] + header + small[frame:], "照片")
    assert refusal.value.key == "file.too_many_pixels"


@pytest.mark.parametrize("chunk", [png_of(1, 1)[8:33], b"\0\0\0\0ABCD\xdb\x17\x20\xa5"])
def test_a_png_with_a_second_header_or_an_unknown_necessary_part_is_refused(chunk: bytes) -> None:
    data = png_of(1, 1)
    with pytest.raises(FileRefused) as refusal:
        accept(data[:33] + chunk + data[33:], "照片")
    assert refusal.value.key == "file.damaged"


PHOTOS = {form: gif_film() if form == "GIF" else photo(form) for form in [*FORMATS, "GIF"]}


@given(st.sampled_from(sorted(PHOTOS)), st.data())
def test_a_scratched_photo_can_be_opened_or_is_refused(form: str, data: st.DataObject) -> None:
    scratched = bytearray(PHOTOS[form])
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(scratched) - 1))
        scratched[at] = data.draw(st.integers(0, 255))
    try:
        kept = accept(bytes(scratched), "照片").data
    except FileRefused:
        return
    opened(kept)
