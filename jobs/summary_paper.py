"""Our own template for the annual summary, a Word document made from the sentences of prompts/."""

from __future__ import annotations

import io
from collections.abc import Iterable
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any, Final

from prompts import Language, render, t
from services import summary_form

SONG, HEI, FANG, KAI = "宋体", "黑体", "仿宋", "楷体"
"""Fonts that Chinese offices have."""
LATIN: Final = "Times New Roman"
MADE: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""Stands in the file as the day of its making, so that the same template is the same file."""


def template(language: Language) -> bytes:
    """The template in a language, with the names that can be used on its last page."""
    from docx import Document
    from docx.shared import Cm

    document = Document()
    paper = _Paper(document, language)
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.top_margin, section.bottom_margin = Cm(3.2), Cm(3)
    section.left_margin, section.right_margin = Cm(2.7), Cm(2.6)
    paper.styles()
    paper.number_headings()
    paper.footer(section)
    _write(paper)
    paper.notes()
    _forget_picture(document)
    core = document.core_properties
    core.author = core.last_modified_by = core.comments = ""
    core.title = _said("summary.template_title", language)
    core.created = core.modified = MADE
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def _forget_picture(document: Any) -> None:
    """The document that python-docx begins with has a picture of its first page, which is not
    ours."""
    relations = document.part.package.rels
    for number in [one for one, it in relations.items() if it.reltype.endswith("/thumbnail")]:
        del relations[number]


def _said(key: str, language: Language) -> str:
    return render(t(key), language)


def _write(paper: _Paper) -> None:
    """What stands in the summary, from its title to the end."""
    paper.line("title", "Title")
    paper.line("issued", "Subtitle")
    paper.line("counted", SMALL)
    paper.line("provisional", SMALL)
    paper.line("basics", FIRST)
    paper.line("basics_text")
    for key in ("people", "by_school", "by_subject", "by_host"):
        paper.line(key, SECOND)
        paper.table(key)
    paper.line("ended", SECOND)
    paper.line("ended_text")
    paper.table("by_reason")
    paper.line("process", FIRST)
    paper.line("process_text")
    paper.line("records", SECOND)
    paper.table("process")
    for key in ("minima", "plan", "materials"):
        paper.line(key, SECOND)
        paper.table(key)
    for key in ("stages", "tests", "nomination"):
        paper.line(key, FIRST)
        paper.table(key)
    paper.line("certificates", FIRST)
    paper.line("certificates_text")
    paper.table("certificates")
    paper.line("service", FIRST)
    paper.line("service_text")
    paper.table("service_hours")
    for key in ("practice", "examples", "problems", "next"):
        paper.line(key, FIRST)
        paper.space()
    paper.line("how", FIRST)
    for key in ("how_drafts", "how_ended", "how_met", "how_service", "how_hosts"):
        paper.line(key, SMALL)


FIRST, SECOND, SMALL = "Heading 1", "Heading 2", "Caption"


class _Paper:
    """Writes paragraphs of a document, in a language."""

    def __init__(self, document: Any, language: Language) -> None:
        self._document = document
        self._language = language

    def line(self, key: str, style: str | None = None) -> Any:
        said = _said(f"summary.paper.{key}", self._language)
        return self._document.add_paragraph(said, style)

    def table(self, key: str) -> None:
        """A paragraph whose place a table takes."""
        name = render(summary_form.name_of("table", key), self._language)
        self._document.add_paragraph("{{" + name + "}}", "No Spacing")

    def space(self) -> None:
        """Room for the office's own prose."""
        self._document.add_paragraph("")

    # ------------------------------------------------------------ how it looks

    def styles(self) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH
        from docx.shared import Pt, RGBColor

        black = RGBColor(0, 0, 0)
        centre = WD_ALIGN_PARAGRAPH.CENTER
        for name, font, size, before, after in (
            ("Normal", FANG, 14, 0, 0),
            ("No Spacing", FANG, 10.5, 0, 0),
            ("Title", SONG, 22, 0, 10),
            ("Subtitle", KAI, 14, 0, 14),
            (FIRST, HEI, 15, 14, 6),
            (SECOND, KAI, 14, 10, 4),
            (SMALL, FANG, 10.5, 0, 3),
        ):
            style = self._document.styles[name]
            style.font.size, style.font.color.rgb = Pt(size), black
            style.font.bold, style.font.italic = name in ("Title", FIRST), False
            _fonts(style.element.get_or_add_rPr(), font)
            shape = style.paragraph_format
            shape.space_before, shape.space_after = Pt(before), Pt(after)
            shape.line_spacing = 1.0 if name in ("No Spacing", SMALL) else 1.5
            if name in ("Title", "Subtitle"):
                shape.alignment = centre
                _without(style.element.get_or_add_pPr(), "pBdr", "numPr")
            if name == "Normal" and self._language != "en":
                shape.first_line_indent = Pt(28)
            elif name != "Normal":
                shape.first_line_indent = Pt(0)
            self._same_letters(style)

    def _same_letters(self, style: Any) -> None:
        """Give the letters of a style to the one for words alone that is linked with it."""
        link = style.element.find(_name("link"))
        for other in self._document.styles.element if link is not None else ():
            if other.get(_name("styleId")) == link.get(_name("val")):
                _without(other, "rPr")
                other.append(deepcopy(style.element.rPr))

    def number_headings(self) -> None:
        """Let Word number the headings, so that one that is left out leaves no gap."""
        chinese = self._language != "en"
        count = "chineseCountingThousand" if chinese else "decimal"
        levels = [("Heading1", "%1、" if chinese else "%1. ")]
        levels.append(("Heading2", "（%2）" if chinese else "%1.%2 "))
        numbering = self._document.part.numbering_part.element
        kind = _element("abstractNum", abstractNumId="90")
        kind.append(_element("multiLevelType", val="multilevel"))
        for place, (style, text) in enumerate(levels):
            level = _element("lvl", ilvl=str(place))
            for name, value in (
                *(("start", "1"), ("numFmt", count), ("pStyle", style), ("suff", "nothing")),
                *(("lvlText", text), ("lvlJc", "left")),
            ):
                level.append(_element(name, val=value))
            kind.append(level)
        first = numbering.find(_name("num"))
        if first is None:
            numbering.append(kind)
        else:
            first.addprevious(kind)
        number = _element("num", numId="90")
        number.append(_element("abstractNumId", val="90"))
        numbering.append(number)
        for place, style in enumerate((FIRST, SECOND)):
            asked = _element("numPr")
            asked.append(_element("ilvl", val=str(place)))
            asked.append(_element("numId", val="90"))
            settings = self._document.styles[style].element.get_or_add_pPr()
            settings.insert_element_before(asked, *_AFTER_NUMBERS)

    def footer(self, section: Any) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH

        paragraph = section.footer.paragraphs[0]
        paragraph.style = self._document.styles[SMALL]
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        before, after = _said("summary.paper.footer", self._language).split("§")
        paragraph.add_run(before)
        field = _element("fldSimple", instr="PAGE")
        paragraph._p.append(field)
        paragraph.add_run(after)

    # ------------------------------------------------------------ the last page

    def notes(self) -> None:
        """The end of the summary, and beneath it what a template may say."""
        end = self.line("end", SMALL)
        end.paragraph_format.page_break_before = False
        title = self.line("notes_title", "Title")
        title.paragraph_format.page_break_before = True
        self.line("notes", SMALL)
        self.line("notes_none", SMALL)
        for heading, kind, keys in (
            ("notes_words", "word", summary_form.WORDS),
            ("notes_tables", "table", summary_form.TABLES),
            ("notes_only", "only", summary_form.ONLY),
        ):
            self.line(heading, SMALL)
            self._document.add_paragraph(self._names(kind, keys), SMALL)

    def _names(self, kind: str, keys: Iterable[str]) -> str:
        names = (render(summary_form.name_of(kind, key), self._language) for key in keys)
        return "　".join("{{" + name + "}}" for name in names)


_AFTER_NUMBERS: Final = tuple(
    f"w:{name}"
    for name in (
        *("suppressLineNumbers", "pBdr", "shd", "tabs", "suppressAutoHyphens", "kinsoku"),
        *("wordWrap", "overflowPunct", "topLinePunct", "autoSpaceDE", "autoSpaceDN", "bidi"),
        *("adjustRightInd", "snapToGrid", "spacing", "ind", "contextualSpacing"),
        *("mirrorIndents", "suppressOverlap", "jc", "textDirection", "textAlignment"),
        *("textboxTightWrap", "outlineLvl", "divId", "cnfStyle", "rPr", "sectPr", "pPrChange"),
    )
)
"""What stands behind the numbers of a paragraph, in the order that Word wants."""


def _name(tag: str) -> str:
    from docx.oxml.ns import qn

    return str(qn(f"w:{tag}"))


def _element(tag: str, **values: str) -> Any:
    from docx.oxml import OxmlElement

    made = OxmlElement(f"w:{tag}")
    for key, value in values.items():
        made.set(_name(key), value)
    return made


def _without(settings: Any, *tags: str) -> None:
    for tag in tags:
        for one in settings.findall(_name(tag)):
            settings.remove(one)


def _fonts(settings: Any, font: str) -> None:
    """Chinese in this font, everything else in the one that goes with it."""
    fonts = settings.get_or_add_rFonts()
    for one in [*fonts.attrib]:
        del fonts.attrib[one]
    for script in ("ascii", "hAnsi", "cs"):
        fonts.set(_name(script), LATIN)
    fonts.set(_name("eastAsia"), font)
