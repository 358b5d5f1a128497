"""Looks into the documents that an office has loaded, after the one that a pack was written from.

A pack says what its own document says. What came later (a supplement, a notice) it does not know;
so before a topic is called silent, and beside what a pack says of it, later documents are looked
into. That a passage speaks of the topic must be evident: by the question's own words, or by the
words that people ask about this topic with and about others hardly ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from weakref import WeakKeyDictionary

from answers.passages import Heard, Passage, Passages, section_key
from programmes.model import Programme
from programmes.values import When
from prompts import Words, t

SOURCE: Final = 0.4
"""From this share of a pack's clauses on, a document that has them is the pack's own (0 to 1)."""
COVERED: Final = 0.6
"""Share of a question that a passage must cover if it says nothing else of the topic (0 to 1)."""
SPOKEN: Final = 0.3
"""How much a passage must speak of the topic if it covers nothing of the question."""
BARELY: Final = 0.04
"""A passage that covers less of the question than this must speak of the topic as much as
`ALONE`."""
ALONE: Final = 0.5
"""How much a passage must speak of the topic if it covers less than `BARELY` (0 to 1)."""
OUTSPOKEN: Final = 0.6
"""From this on, a passage speaks of the topic even if it resembles questions about another one."""
SURELY: Final = 1.5
"""Factors for the same two thresholds together, where the pack has an answer of its own."""


@dataclass(frozen=True, slots=True)
class Later:
    """What a later document says, in its own words."""

    passage: Passage
    quote: str
    cited: Mapping[str, Words]
    """The quotation and where it stands: the gaps of the sentences that show it."""
    evidence: float
    spoken: float


def cited(library: Passages, passage: Passage, quote: str) -> Mapping[str, Words]:
    """A quotation with its document, the document's day, and its section."""
    dated = library.dated(passage.programme, passage.document)
    day: Words = ""
    if dated is not None:
        day = t("ask.dated", day=dated)
    elif passage.loaded is not None:
        day = t("ask.loaded", day=passage.loaded)
    return {"quote": quote, "document": passage.document, "day": day, "section": passage.section}


class Documents:
    """Which loaded documents are later than the packs, and what they say."""

    def __init__(self) -> None:
        self._later: WeakKeyDictionary[Passages, dict[str, frozenset[str]]] = WeakKeyDictionary()

    def find(
        self,
        library: Passages,
        programmes: Sequence[Programme],
        question: str,
        words: Mapping[str, float],
        quotable: Callable[[Passage], bool],
        enough: float,
    ) -> Later | None:
        """What the later documents of these programmes say about a topic, if it is evident.

        `words` are those that people ask about the topic with; `enough` is the evidence needed.
        Only what is `quotable` is considered.
        """
        wanted = {(one.key, title) for one in programmes for title in self.of(library, one)}
        if not wanted:
            return None
        heard = library.about(question, words, wanted)
        borne_out = [one for one in heard if evidence(one) >= enough and quotable(one.passage)]
        if not borne_out:
            return None
        best = max(borne_out, key=evidence)
        passage = best.passage
        quote = library.excerpt(passage, question, words)
        return Later(passage, quote, cited(library, passage, quote), evidence(best), best.spoken)

    def of(self, library: Passages, programme: Programme) -> frozenset[str]:
        """The titles of a programme's later documents."""
        known = self._later.setdefault(library, {})
        if programme.key not in known:
            known[programme.key] = frozenset(
                title
                for title, sections in library.documents(programme.key).items()
                if not _source(programme, sections, library.dated(programme.key, title))
            )
        return known[programme.key]


def evidence(heard: Heard) -> float:
    """How evident it is that a passage speaks of what was asked: 1 is enough."""
    if heard.covered < BARELY and heard.spoken < ALONE:
        return 0.0
    return heard.covered / COVERED + heard.spoken / SPOKEN


def _source(programme: Programme, sections: frozenset[str], dated: date | None) -> bool:
    """Whether a document with these sections is the one that the pack was written from."""
    cited = (fact.clause.split("；") for _, fact in programme.facts())
    clauses = {section_key(one) for every in cited for one in every if one.strip()}
    if not clauses or len(clauses & sections) < SOURCE * len(clauses):
        return False
    issued = programme.identity.document_date.value
    return not (isinstance(issued, When) and dated is not None and dated > issued.last_day)
