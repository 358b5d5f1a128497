"""The table of rights as a page: docs/rights.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from prompts import LANGUAGES, Language, Text, Words, render, t
from services.rights import FREE, RIGHTS, Must, Of, Relation, Right

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
    shared = [must for must in right.must if all(must in right.binding(one) for one in right.by)]

    def lines(cell: Iterable[Words]) -> str:
        return "<br>".join(render(one, language) for one in cell)

    yield render(t(f"rights.of.{right.of}"), language)
    yield lines(_relation(right, one, shared) for one in right.by)
    yield lines(t(f"rights.must.{must}") for must in shared)
    yield render(t(right.refused), language)


def _relation(right: Right, relation: Relation, shared: Sequence[Must]) -> Text:
    """A relation's name, with the conditions that bind it and not the row's other relations.

    A guardian who has withdrawn consent may still give it again.
    """
    whatever = relation is Relation.GUARDIAN and right.of in (Of.CHILD, Of.OWN, Of.PERSON)
    name = t("rights.relation.guardian_of") if whatever else t(f"rights.relation.{relation}")
    for must in right.binding(relation):
        if must not in shared:
            name = t("rights.relation_if", relation=name, must=t(f"rights.must.{must}"))
    return name


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
