"""Invitations on paper: cards with a QR code each, a page or more for every school or unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any, Final

from jobs import fonts
from jobs.certificates import code
from jobs.printing import Printer
from prompts import Language, render, t
from services import joining
from storage.tables import Role

PAGE: Final = "invitations.typ"


@dataclass(frozen=True, slots=True)
class Invitation:
    """Somebody's card. The code is a secret: it stands on the paper and nowhere else."""

    name: str
    role: Role
    unit: str
    code: str
    link: str
    """What the QR code opens."""


async def print_cards(
    cards: Sequence[Invitation], cohort: str, until: date, language: Language
) -> bytes:
    """The cards as a PDF, sorted by unit. Raises `NotPrinted`."""
    printer = Printer(PAGE)
    try:
        return await printer.print(told(cards, cohort, until, language))
    finally:
        await printer.close()


def told(
    cards: Sequence[Invitation], cohort: str, until: date, language: Language
) -> dict[str, Any]:
    """What `invitations.typ` is told."""
    by_unit = groupby(sorted(cards, key=lambda one: one.unit), key=lambda one: one.unit)
    units = []
    for unit, found in by_unit:
        name = unit or render(t("invitations.no_unit"), language)
        here = [
            {
                "name": one.name,
                "fonts": fonts.families(one.name),
                "role": render(t(f"role.{one.role}"), language),
                "code": joining.written(one.code),
                "qr": code(one.link),
            }
            for one in found
        ]
        units.append({"name": name, "fonts": fonts.families(name), "cards": here})
    return {
        "title": render(t("invitations.title"), language),
        "cohort": cohort,
        "how": render(t("invitations.how"), language),
        "until": render(t("invitations.until", day=until), language),
        "fonts": [fonts.SANS, fonts.SERIF],
        "units": units,
    }
