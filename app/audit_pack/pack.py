"""Puts what was counted of a year into words: a page, and the same tables as a book."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import Final

from jinja2 import Environment, StrictUndefined

from jobs import workbooks
from prompts import Language, Text, Words, catalogue, render, t
from services.entities import Cohort, Retention
from services.rostering.book import Cells
from services.yearly import ERASED, LEFT, Year

PAGE: Final = "audit.html"
BOOK: Final = "tables.xlsx"


@dataclass(frozen=True, slots=True)
class Chapter:
    """One part of the pack: sentences, and a table whose last column is a number."""

    title: str
    lines: Sequence[str]
    headings: Sequence[str] = ()
    rows: Sequence[Sequence[str | int]] = ()


def written(year: Year, verified: Sequence[Words], at: datetime, language: Language) -> bytes:
    """The zip. `verified`: what verifying the seals over the audit has found."""
    parts = list(_parts(year, verified, language))
    whose = year.cohort.name if year.cohort else render(t("yearly.everything"), language)
    title = render(t("yearly.title", year=year.number, whose=whose), language)
    lead = [render(t("yearly.lead", at=at), language)]
    if year.cohort is not None:
        lead.append(render(t("yearly.of_cohort"), language))
    page = Environment(autoescape=True, undefined=StrictUndefined).from_string(
        files(__package__).joinpath("page.html").read_text("utf-8")
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(PAGE, page.render(title=title, lead=lead, parts=parts, lang=language))
        archive.writestr(BOOK, _book(parts))
    return out.getvalue()


def _book(parts: Sequence[Chapter]) -> bytes:
    sheets: list[tuple[str, Cells, Sequence[Cells]]] = [
        (
            part.title,
            list(part.headings),
            [[float(one) if isinstance(one, int) else one for one in row] for row in part.rows],
        )
        for part in parts
        if part.rows
    ]
    return workbooks.listed(sheets)


def _parts(year: Year, verified: Sequence[Words], language: Language) -> Iterator[Chapter]:
    def said(words: Words) -> str:
        return render(words, language)

    def part(
        name: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[Words | int]],
        *lines: Words,
    ) -> Chapter:
        told = [said(line) for line in lines]
        if not rows and not told:
            told = [said(t("yearly.nothing"))]
        return Chapter(
            said(t(f"yearly.part_{name}")),
            told,
            [said(t(f"yearly.column_{column}")) for column in columns],
            [[one if isinstance(one, int) else said(one) for one in row] for row in rows],
        )

    yield part("kept", ("what", "which", "count"), _kept(year), _files(year))
    yield part("consents", ("version", "way", "state", "count"), _consents(year), _asked(year))
    looks = [
        (t(f"rights.who.{relation}"), t(f"yearly.looked.{what}"), count)
        for (relation, what), count in sorted(year.looks.items())
    ]
    yield part("looks", ("as", "what", "count"), looks, t("yearly.looks_note"))
    yield part(
        "issued",
        ("what", "count"),
        [
            (t("yearly.certificates_issued"), year.issued),
            (t("yearly.certificates_revoked"), year.revoked),
            *((_act(verb), year.done[verb]) for verb in LEFT if year.done[verb]),
        ],
    )
    yield part(
        "erased",
        ("what", "count"),
        [(_act(verb), year.done[verb]) for verb in ERASED if year.done[verb]],
        *([_rule(*one) for one in year.rules] or [t("yearly.no_retention")]),
    )
    acts = [
        (_act(verb), "" if not year.refused[verb] else str(year.refused[verb]), year.done[verb])
        for verb in sorted(year.done.keys() | year.refused.keys())
    ]
    yield part("acts", ("what", "refused", "count"), acts)
    yield part("seals", (), (), *verified)


def _kept(year: Year) -> list[tuple[Words, Words, int]]:
    rows: list[tuple[Words, Words, int]] = []
    for (what, which), count in sorted(year.kept.items(), key=_in_order):
        name: Text = t(f"yearly.kept.{which}") if what == "other" else t(f"yearly.record.{which}")
        if what == "people":
            name = t(f"role.{which}")
        rows.append((t(f"yearly.kept.{what}"), name, count))
    return rows


def _in_order(item: tuple[tuple[str, str], int]) -> tuple[int, str]:
    (what, which), _ = item
    return ("people", "records", "approved", "other").index(what), which


def _files(year: Year) -> Text:
    return t("yearly.files", megabytes=f"{year.bytes_of_files / 1024**2:.1f}")


def _consents(year: Year) -> list[tuple[Words, Words, Words, int]]:
    return [
        (
            version or t("yearly.unknown"),
            t(f"consent.way_{way if way in ('web', 'telegram', 'paper') else 'chat'}")
            if way
            else t("yearly.unknown"),
            t(f"yearly.consent.{state}"),
            count,
        )
        for (version, way, state), count in sorted(year.consents.items())
    ]


def _rule(rule: Retention, cohort: Cohort) -> Text:
    key = "yearly.retention_done" if rule.done_at else "yearly.retention"
    what = t(f"retention.what_{rule.kind}")
    return t(key, cohort=cohort.name, what=what, months=rule.months, at=rule.done_at or "")


def _asked(year: Year) -> Text:
    return t(
        "yearly.consents_of_year",
        given=year.done["consent"],
        withdrawn=year.done["withdraw_consent"],
    )


def _act(verb: str) -> Words:
    """An act in words: those of the table of rights, or its own; else its bare name."""
    for key in (f"rights.act.{verb}", f"yearly.act.{verb}"):
        if key in catalogue("zh"):
            return t(key)
    return verb
