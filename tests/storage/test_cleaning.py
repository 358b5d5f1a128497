"""Documents keep no author, and the pictures in them no place."""

from __future__ import annotations

import io
import zipfile

import docx
import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter
from pypdf.annotations import Text as Note
from pypdf.generic import DecodedStreamObject, NameObject, StreamObject

from storage import cleaning
from storage.files import FileRefused, accept

WHO = "玄玑作者"
WHERE = b"Exif-place-31.2304N"


def photo() -> bytes:
    """A JPEG with a place and a maker in its EXIF."""
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "玄玑相机".encode().hex()
    exif[0x8825] = {1: "N", 2: (31.0, 13.0, 49.0)}
    exif[0x010E] = WHERE.decode()
    Image.new("RGB", (64, 48), (10, 90, 160)).save(out, "JPEG", exif=exif)
    return out.getvalue()


def word() -> bytes:
    document = docx.Document()
    document.core_properties.author = WHO
    document.core_properties.last_modified_by = WHO
    document.core_properties.keywords = WHO
    paragraph = document.add_paragraph("培养报告：双缝干涉。")
    document.add_comment(paragraph.runs, text="写得好", author=WHO, initials="XJ")
    document.add_picture(io.BytesIO(photo()))
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def printed(password: str = "") -> bytes:
    drawn = io.BytesIO()
    Image.open(io.BytesIO(photo())).save(drawn, "PDF", author=WHO, title=WHO)
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(drawn.getvalue())))
    writer.add_annotation(0, Note(rect=(1, 1, 9, 9), text="批注", title_bar=WHO))
    writer.add_metadata({"/Author": WHO, "/Creator": WHO})
    about = DecodedStreamObject()
    about.set_data(f"<x:xmpmeta>{WHO}</x:xmpmeta>".encode())
    writer.root_object[NameObject("/Metadata")] = writer._add_object(about)
    for thing in writer._objects:
        if isinstance(thing, StreamObject) and thing.get("/Filter") == "/DCTDecode":
            thing._data = photo()
    if password:
        writer.encrypt(password)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def parts(data: bytes) -> bytes:
    """All that stands in an archive, unpacked."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


def test_word_keeps_no_author_and_no_place() -> None:
    before = word()
    assert WHO.encode() in parts(before)
    assert WHERE in parts(before)
    after = accept(before, "报告.docx").data
    assert WHO.encode() not in parts(after)
    assert WHERE not in parts(after)
    document = docx.Document(io.BytesIO(after))
    assert "双缝干涉" in document.paragraphs[0].text
    assert len(document.inline_shapes) == 1
    assert document.core_properties.author == ""


def test_pdf_keeps_no_author_and_no_place() -> None:
    before = printed()
    reader = PdfReader(io.BytesIO(before))
    assert reader.metadata
    assert reader.metadata.author == WHO
    assert WHERE in before
    after = accept(before, "报告.pdf").data
    assert WHERE not in after
    for form in (WHO.encode(), WHO.encode("utf-16-be"), WHO.encode("utf-16-be").hex().encode()):
        assert form not in after.lower()
    cleaned = PdfReader(io.BytesIO(after))
    assert not cleaned.metadata or not cleaned.metadata.author
    assert cleaned.xmp_metadata is None
    assert len(cleaned.pages) == 1
    (picture,) = cleaned.pages[0].images
    assert picture.image is not None
    assert picture.image.size == (64, 48)


def test_a_locked_pdf_is_told_to_be_locked() -> None:
    with pytest.raises(FileRefused, match=r"file\.locked"):
        accept(printed("秘密"), "报告.pdf")


def test_a_bomb_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", bytes(cleaning.MOST + 1))
    with pytest.raises(cleaning.NotCleaned):
        cleaning.clean(out.getvalue(), "office")
