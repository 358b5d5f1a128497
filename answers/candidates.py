"""Whether a question was surely understood, and what else it may have meant."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from answers.later import cited
from answers.passages import Passages
from answers.phrasing import Evidence
from answers.policy_guide import CLEAR, FEW, NEAR, SURELY, Guide, PolicyAnswer
from answers.telling import tell
from programmes.model import Programme
from prompts import Language, render, t

MOST_TOPICS: Final = 6
MOST: Final = 10
LONGEST: Final = 1500
"""Maximum characters of one piece of evidence; longer ones are left out."""
PASSAGES: Final = 3
SPEAKS_OF_IT: Final = 0.25
"""How much of a question a passage must cover to be offered (0 to 1)."""


def unsure(answers: Sequence[PolicyAnswer], topics: Guide) -> bool:
    """Whether the question may have meant something else.

    Questions about the asker, or about nothing in documents, were understood well enough: they
    concern nobody else.
    """
    known = [topics.topics.get(one.topic) for one in answers if one.topic]
    if not answers or not all(topic is not None and topic.documented for topic in known):
        return False  # about the asker, or answered by an office
    if len(answers) > 1 and all(one.score < CLEAR for one in answers):
        return True
    return any(one.kind in ("out_of_scope", "passage") or one.score < SURELY for one in answers)


def private(words: str, own: Sequence[Programme], topics: Guide) -> bool:
    """Whether the words may be a cry for help or about the asker: these go to no model."""
    near = [one for one in topics.match(words, own) if one.score >= NEAR]
    return any(topics.topics[one.topic].kind in ("distress", "personal") for one in near)


def candidates(
    words: str,
    own: Sequence[Programme],
    answers: Iterable[PolicyAnswer],
    topics: Guide,
    library: Passages | None,
    language: Language,
) -> tuple[Evidence, ...]:
    """The evidence that may answer a question: facts on nearby topics, and passages.

    Empty if the question concerns more programmes than are told apart.
    """
    asked, rest = topics.scope(words, own)
    if len(asked) > FEW:
        return ()
    keys = [key for one in answers for key in (one.topic, *one.near)]
    keys += [match.topic for match in topics.match(words, own)]
    documented = (key for key in keys if key in topics.topics and topics.topics[key].documented)
    found = [
        _from_facts(key, programme, topics, language)
        for key in list(dict.fromkeys(documented))[:MOST_TOPICS]
        for programme in asked
        if topics.topics[key].concerns(programme)
    ]
    if library is not None:
        found += _from_text(rest, asked, library, language)
    return tuple(one for one in found if len(one.words) <= LONGEST)[:MOST]


def _from_facts(key: str, programme: Programme, topics: Guide, language: Language) -> Evidence:
    topic = topics.topics[key]
    told = tell(programme, topic)
    return Evidence(
        label=render(topic.label, language),
        words="\n".join(told.lines),
        programme=programme.name,
        clause=told.clause,
        basis=render(topics.about(key, (programme,)).text, language),
        topic=key,
        silent=told.silent,
    )


def _from_text(
    rest: str, asked: Sequence[Programme], library: Passages, language: Language
) -> list[Evidence]:
    by_key = {programme.key: programme.name for programme in asked}
    found: list[Evidence] = []
    for one in library.find(rest, by_key, PASSAGES):
        passage = one.passage
        quote = library.excerpt(passage, rest)
        # Whoever is to be called is a person.
        if one.score < SPEAKS_OF_IT or "联系人" in passage.text:
            continue
        found.append(
            Evidence(
                label=passage.heading.splitlines()[-1] if passage.heading else "",
                words=quote,
                programme=by_key[passage.programme],
                clause=passage.section,
                basis=render(t("ask.passage", **cited(library, passage, quote)), language),
            )
        )
    return found
