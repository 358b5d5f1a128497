"""Numbers on people's papers: identity cards, telephones."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from language.numerals import tidy

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
_MOBILE: Final = re.compile("1[3-9][0-9]{9}")
_LANDLINE: Final = re.compile("(?:0[0-9]{2,3})?[2-9][0-9]{6,7}(?:[-转#][0-9]{1,6})?")


def born_by_identity_card(text: str) -> date | None:
    """The birth date in a resident's identity number of 18 digits; `None` if it is not a valid
    one."""
    number = re.sub(r"[\s'-]", "", tidy(text)).upper()
    if not re.fullmatch("[0-9]{17}[0-9X]", number):
        return None
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number[:17], strict=True))
    if _CHECKS[total % 11] != number[17]:
        return None
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def is_telephone(text: str) -> bool:
    """Whether this is a telephone number of the mainland; of several, whether the first is."""
    first = re.split("[,，、;；/]", tidy(text))[0]
    digits = re.sub(r"[\s()（）.-]", "", first).removeprefix("+").removeprefix("0086")
    if len(digits) == 13:
        digits = digits.removeprefix("86")
    return bool(_MOBILE.fullmatch(digits) or _LANDLINE.fullmatch(digits))
