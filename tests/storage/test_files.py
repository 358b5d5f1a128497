"""What may be kept, under which name, and that what is kept stays."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import sys
import unicodedata
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfWriter

from prompts import LANGUAGES, render, t
from storage import cleaning
from storage.files import (
    ACCEPTED,
    MAX_NAME,
    FileRefused,
    FileStore,
    accept,
    safe_name,
    sniff,
)
from tests.tables import each_row

# ---------------------------------------------------------------- keeping


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files")


def test_a_kept_file_is_found_by_its_hash(store: FileStore) -> None:
    sha256 = store.keep(b"a photo")
    assert sha256 == hashlib.sha256(b"a photo").hexdigest()
    assert store.read(sha256) == b"a photo"
    assert store.path(sha256) == store.folder / sha256[:2] / sha256[2:]
    assert store.verify(sha256)
    with store.open(sha256) as kept:
        assert kept.read(3) == b"a p"


def test_the_same_file_is_kept_once(store: FileStore) -> None:
    assert store.keep(b"a photo") == store.keep(b"a photo")
    assert len(list(store.folder.glob("*/*"))) == 1


def test_a_damaged_copy_is_noticed_and_replaced_by_the_next(store: FileStore) -> None:
    sha256 = store.keep(b"a photo")
    store.path(sha256).write_bytes(b"a phot")
    assert not store.verify(sha256)
    store.keep(b"a photo")
    assert store.verify(sha256)


def test_many_keep_the_same_file_at_once(store: FileStore) -> None:
    photo = bytes(1024**2)
    with ThreadPoolExecutor(8) as threads:
        hashes = set(threads.map(store.keep, [photo] * 16))
    assert len(hashes) == 1
    assert store.verify(hashes.pop())
    assert len(list(store.folder.glob("*/*"))) == 1


def test_a_copy_that_cannot_be_finished_leaves_nothing(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store.keep(b"a photo")
    assert list(store.folder.glob("*/*")) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_its_owner_can_read_a_kept_file(store: FileStore) -> None:
    path = store.path(store.keep(b"a photo"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n"])
def test_what_is_no_hash_names_no_file(name: str, store: FileStore) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        store.path(name)


def test_a_removed_file_is_gone_and_may_be_removed_again(store: FileStore) -> None:
    sha256 = store.keep(b"a photo")
    store.remove(sha256)
    store.remove(sha256)
    assert not store.verify(sha256)
    with pytest.raises(FileNotFoundError):
        store.read(sha256)


def test_old_files_that_nobody_speaks_of_are_unused(store: FileStore) -> None:
    wanted, unwanted, new = store.keep(b"1"), store.keep(b"2"), store.keep(b"3")
    left_by_a_crash = store.path(wanted).parent / ".unfinished-x"
    left_by_a_crash.write_bytes(b"half")
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    for path in (store.path(wanted), store.path(unwanted), left_by_a_crash):
        os.utime(path, (hour_ago.timestamp() - 1,) * 2)
    unused = set(store.unused({wanted}, hour_ago))
    assert unused == {store.path(unwanted), left_by_a_crash}
    assert store.path(new) not in unused


def test_a_file_sent_again_is_no_longer_old(store: FileStore) -> None:
    """Its new row is not committed yet: clearing away must not take it."""
    sha256 = store.keep(b"a photo")
    os.utime(store.path(sha256), (0, 0))
    store.keep(b"a photo")
    assert list(store.unused((), datetime.now(UTC) - timedelta(hours=1))) == []


def test_a_store_that_holds_nothing_yet(store: FileStore) -> None:
    assert list(store.unused((), datetime.now(UTC))) == []
    assert not store.verify("0" * 64)


# ---------------------------------------------------------------- which files are taken


def picture(form: str) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((40, 30), 60).convert("RGB").save(out, form)
    return out.getvalue()


CONTENT_TYPES = """<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package\
/2006/content-types"><Override PartName="/{part}" ContentType="{kind}"/></Types>"""

OPEN_XML = "application/vnd.openxmlformats-officedocument."
WORD = OPEN_XML + "wordprocessingml.document"
EXCEL = OPEN_XML + "spreadsheetml.sheet"
POWERPOINT = OPEN_XML + "presentationml.presentation"


def office(part: str, kind: str, *more: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", CONTENT_TYPES.format(part=part, kind=kind))
        for name in (part, *more):
            archive.writestr(name, "<xml/>")
    return out.getvalue()


def archive_of(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return out.getvalue()


DOCX = office("word/document.xml", WORD + ".main+xml")


def pdf() -> bytes:
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


PDF = pdf()


@pytest.mark.parametrize(
    ("data", "media_type", "extension"),
    [
        (picture("JPEG"), "image/jpeg", "jpg"),
        (picture("PNG"), "image/png", "png"),
        (picture("GIF"), "image/gif", "gif"),
        (picture("WEBP"), "image/webp", "webp"),
        (PDF, "application/pdf", "pdf"),
        (DOCX, WORD, "docx"),
        (office("xl/workbook.xml", EXCEL + ".main+xml"), EXCEL, "xlsx"),
        (office("ppt/presentation.xml", POWERPOINT + ".main+xml"), POWERPOINT, "pptx"),
    ],
)
@pytest.mark.parametrize("declared", ["培养记录", "培养记录.exe.jpg", "培养记录.heic"])
def test_a_file_is_what_its_bytes_say(
    data: bytes, media_type: str, extension: str, declared: str
) -> None:
    assert media_type in ACCEPTED
    found, name = sniff(data, declared)
    assert found == media_type
    assert name.endswith(f".{extension}")
    assert accept(data, declared).media_type == media_type


def test_a_document_sent_twice_is_the_same() -> None:
    """So that the same file, sent again, is kept once."""
    for data, name in ((DOCX, "报告.docx"), (PDF, "报告.pdf")):
        kept = accept(data, name).data
        assert kept == accept(data, name).data


HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(100)
REFUSED = {
    "nothing": (b"", "file.empty"),
    "a broken photo of an iPhone": (HEIC, "file.damaged"),
    "AVIF": (HEIC.replace(b"ftypheic", b"ftypavif"), "file.type_refused"),
    "a film": (b"\x00\x00\x00\x18ftypmp42" + bytes(100), "file.type_refused"),
    "text": ("今天做了实验。\r\n".encode(), "file.text_refused"),
    "text of Windows": ("今天做了实验。\r\n".encode("gb18030"), "file.text_refused"),
    "a page": (b"<!DOCTYPE html><script>alert(1)</script>", "file.text_refused"),
    "a drawing that can run scripts": (b"<svg onload='alert(1)'/>", "file.text_refused"),
    "a program": (b"MZ\x90\x00\x03" + bytes(100), "file.type_refused"),
    "a program of Linux": (b"\x7fELF\x02\x01\x01" + bytes(100), "file.type_refused"),
    "BMP": (picture("BMP"), "file.type_refused"),
    "TIFF": (picture("TIFF"), "file.type_refused"),
    "old Word": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), "file.old_office_refused"),
    "a plain archive": (archive_of("word/document.xml"), "file.type_refused"),
    "an archive that only says it is Word": (
        office("notes.xml", WORD + ".main+xml"),
        "file.type_refused",
    ),
    "an archive with Word's folder only": (
        office("word/document.xml", "application/xml"),
        "file.type_refused",
    ),
    "a template": (
        office("word/document.xml", OPEN_XML + "wordprocessingml.template.main+xml"),
        "file.type_refused",
    ),
    "Word with macros": (
        office("word/document.xml", "application/vnd.ms-word.document.macroEnabled.main+xml"),
        "file.macros_refused",
    ),
    "Word with macros that claims to have none": (
        office("word/document.xml", WORD + ".main+xml", "word/vbaProject.bin"),
        "file.macros_refused",
    ),
    "Excel with macros of the old kind": (
        office("xl/workbook.xml", EXCEL + ".main+xml", "xl/macrosheets/sheet1.xml"),
        "file.macros_refused",
    ),
    "Word cut off": (DOCX[:-30], "file.damaged"),
    "a photo cut off": (picture("JPEG")[:-200], "file.damaged"),
}


@each_row("name", REFUSED)
@each_row("declared", ["photo.jpg", "report.docx"])
def test_other_files_are_refused_whatever_they_are_called(name: str, declared: str) -> None:
    data, key = REFUSED[name]
    with pytest.raises(FileRefused) as refusal:
        accept(data, declared)
    assert refusal.value.key == key


def test_every_refusal_has_its_sentence_in_every_language() -> None:
    keys = {key for _, key in REFUSED.values()} | {"file.too_many_pixels", "file.heic_refused"}
    for language in LANGUAGES:
        for key in keys:
            assert "{" not in render(t(key, width=9000, height=9000), language)


@given(st.binary(max_size=200), st.text())
def test_whatever_comes_is_taken_or_refused(data: bytes, declared: str) -> None:
    try:
        taken = accept(data, declared)
    except FileRefused:
        return
    assert taken.media_type in ACCEPTED


@given(st.sampled_from([DOCX, PDF]), st.integers(0, 400), st.binary(max_size=8))
def test_a_scratched_document_is_taken_or_refused(data: bytes, at: int, scratch: bytes) -> None:
    scratched = data[:at] + scratch + data[at + len(scratch) :]
    try:
        media_type, _ = sniff(scratched, "报告")
    except FileRefused:
        return
    # In this process: another for each would take its time.
    how, cleaned = cleaning.attempt(
        scratched, "pdf" if media_type == "application/pdf" else "office"
    )
    assert (how == cleaning.CLEAN) is bool(cleaned)


# ---------------------------------------------------------------- names


@each_row(
    ("declared", "safe"),
    [
        ("照片.JPEG", "照片.jpg"),
        ("IMG_0001.HEIC", "IMG_0001.jpg"),
        ("../../etc/passwd", "passwd.jpg"),
        ("C:\\Users\\我\\照片.jpg", "照片.jpg"),
        ("a/b/", "file.jpg"),
        ("", "file.jpg"),
        (".jpg", "file.jpg"),
        ("...", "file.jpg"),
        (".htaccess", "htaccess.jpg"),
        ("photo.exe", "photo.exe.jpg"),
        ("报告 v1.2", "报告 v1.2.jpg"),
        ("gpj.\u202egepj.exe", "gpj.gepj.exe.jpg"),
        ("a\x00b\nc\u2028d.jpg", "abcd.jpg"),
        ("  实验　 照片 .jpg ", "实验 照片.jpg"),
        ("con.jpg", "_con.jpg"),
        ("NUL.tar", "_NUL.tar.jpg"),
        (" .aux", "_aux.jpg"),
        ("com¹.jpg", "_com¹.jpg"),
        ("console.jpg", "console.jpg"),
        ('a<b>:"c|d?*.jpg', "a_b___c_d__.jpg"),
        ("e\u0301te\u0301.jpg", "\u00e9t\u00e9.jpg"),
        ("㛃䶮𬱟.jpg", "㛃䶮𬱟.jpg"),
        ("\ud800.jpg", "file.jpg"),
    ],
)
def test_names_are_made_safe(declared: str, safe: str) -> None:
    assert safe_name(declared, "jpg") == safe


AWKWARD = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("./\\:\u202e\u200b\u0301\u0338 con jpg\x00\u3000"),
    ),
    max_size=300,
)


@given(AWKWARD, st.sampled_from(["jpg", "docx"]))
def test_a_safe_name_is_safe(declared: str, extension: str) -> None:
    name = safe_name(declared, extension)
    stem = name.removesuffix(f".{extension}")
    assert stem != name
    assert stem
    assert len(name) <= MAX_NAME
    assert len(name.encode()) <= 255
    assert unicodedata.is_normalized("NFC", name)
    assert not set('/\\<>:"|?*') & set(name)
    assert not {"Cc", "Cf", "Cs", "Zl", "Zp"} & {unicodedata.category(c) for c in name}
    assert stem == stem.strip(" .")
    assert name.split(".")[0].strip().upper() not in {"CON", "NUL", "AUX", "PRN", "COM1", "LPT9"}
    assert safe_name(name, extension) == name


@each_row("filler", ["x", "学", "𬱟"])
@each_row("tail", ["", ".", " . . ", " y"])
def test_a_long_name_keeps_its_beginning(filler: str, tail: str) -> None:
    """Wherever the cut falls, it leaves no half character and no dot or space at the end."""
    for length in (*range(50, 100), 500):
        name = safe_name(filler * length + tail, "jpg")
        stem = name.removesuffix(".jpg")
        assert stem.startswith(filler * 50)
        assert stem == stem.rstrip(" .")
        assert len(name) <= MAX_NAME
        assert len(name.encode()) <= 255
