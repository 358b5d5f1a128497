"""Sentence templates: ways of saying something, one a line, written to be read.

| sign | meaning |
|---|---|
| `[的|了]` | one of these, or none |
| `[来|去]*` | any of these, any number of times |
| `(是|叫)` | one of these |
| `(是|叫)+` | any of these, at least once |
| `(!证|书)` | not before one of these |
| `<mentor>` | words that have a name; `<digit>`, `<letter>` and `<han>` are always there |
| `{about:…}` | what is said here is kept, under this name |
| `~8`, `~1-8` | up to eight characters, or one to eight; as few as will do |
| `~~8` | up to eight characters; as many as will do |
| `^`, `$` | the beginning and the end, where a template is looked for within a text |

Alternatives stand on lines of their own or between bars. A blank is one or more blanks.
"""

import re
from collections.abc import Mapping
from itertools import count

from language.grammar import late

_SIGNS = {
    **{"[": "(?:", "]": ")?", "]*": ")*", "(": "(?:", ")": ")", ")+": ")+", "(!": "(?!"},
    **{"}": ")", "|": "|", "^": "^", "$": "$"},
}
_TOKEN = re.compile(
    r"<(?P<name>\w+)>|\{(?P<kept>[a-z]+):|(?P<any>~~?)(?:(?P<least>\d+)-)?(?P<most>\d+)"
    r"|(?P<sign>\]\*|\)\+|\(!|[\[\]()}|^$])|(?P<blank>\s+)|(?P<plain>.)",
    re.DOTALL,
)
_ALWAYS = {"digit": r"\d", "letter": r"\w", "han": "[一-鿿]"}


class Templates:
    """Makes patterns of templates, with words that have a name.

    A word may be made of those named before it.
    """

    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = dict(_ALWAYS)
        for name, templates in words.items():
            self._words[name] = f"(?:{self.expression(templates)})"

    def word(self, name: str) -> str:
        """The regular expression of the words that have this name."""
        return self._words[name]

    def whole(self, templates: str) -> re.Pattern[str]:
        """What fits one of the templates; to be compared with a whole text.

        Where signs do not match, its first use raises re.error.
        """
        return late(self.expression(templates))

    def within(self, templates: str) -> re.Pattern[str]:
        """What has one of the templates in it; one in Latin letters is words of their own."""
        lines = [
            rf"\b(?:{line})\b" if line.isascii() else line
            for line in map(self.expression, _lines(templates))
        ]
        return late("|".join(lines))

    def expression(self, templates: str) -> str:
        """The regular expression of the templates' lines. Raises KeyError for a word that has
        no name."""
        numbers = count(1)
        return "|".join(
            "".join(self._sign(token, numbers) for token in _TOKEN.finditer(line))
            for line in _lines(templates)
        )

    def _sign(self, token: re.Match[str], numbers: "count[int]") -> str:
        if token["name"]:
            return self._words[token["name"]]
        if token["kept"]:
            return f"(?P<{token['kept']}_{next(numbers)}>"
        if token["most"]:
            fewest = "?" if token["any"] == "~" else ""
            return f".{{{token['least'] or 0},{token['most']}}}{fewest}"
        if token["blank"]:
            return r"\s++"
        return _SIGNS[token["sign"]] if token["sign"] else re.escape(token["plain"])


def kept(found: re.Match[str], name: str) -> str:
    """What a match keeps under this name; empty if nothing."""
    groups = found.groupdict().items()
    return next((said for key, said in groups if said and key.startswith(f"{name}_")), "")


def _lines(templates: str) -> list[str]:
    return [line for line in templates.splitlines() if line]
