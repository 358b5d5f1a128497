"""The table of rights as a page: docs/rights.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prompts import LANGUAGES, Language, Text, Words, render, t
from services.rights import FREE, RIGHTS, Of, Relation, Right

COLUMNS = ("act", "of", "by", "must", "refused")


def page() -> str:
    """The whole page, in every language."""
    return "\n".join(line for language in LANGUAGES for line in _in(language))


def _in(language: Language) -> Iterator[str]:
    def say(words: Words) -> str:
        return render(words, language)

    title, intro, scope = t("rights.title"), t("rights.intro"), t("rights.how_scope")
    yield f"# {say(title)}\n"
    yield f"{say(intro)}\n"
    yield f"{say(scope)}\n"
    yield _row([say(t(f"rights.column_{column}")) for column in COLUMNS])
    yield _row(["---"] * len(COLUMNS))
    for right in RIGHTS.values():
        yield _row(
            [say(t(f"rights.act.{right.act}")) + f" `{right.act}`", *_cells(right, language)]
        )
    free = t("rights.free", ways=", ".join(f"`{way}`" for way in sorted(FREE)))
    yield f"\n{say(free)}\n"


def _cells(right: Right, language: Language) -> Iterator[str]:
    of, must = t(f"rights.of.{right.of}"), [t(f"rights.must.{must}") for must in right.must]
    yield render(of, language)
    yield "<br>".join(render(_relation(right, one), language) for one in right.by)
    yield "<br>".join(render(words, language) for words in must)
    yield render(t(right.refused), language)


def _relation(right: Right, relation: Relation) -> Text:
    """A relation's name. A guardian who has withdrawn consent may still give it again."""
    if relation is Relation.GUARDIAN and right.of in (Of.CHILD, Of.OWN, Of.PERSON):
        return t("rights.relation.guardian_of")
    return t(f"rights.relation.{relation}")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
