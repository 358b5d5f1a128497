"""What the pages about students and cohorts share: rows for people, pages of a list, ways back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from bot.scene import TO_MENU, Scene, number
from bot.talk.message import Choice, Item, Message, Tone, press
from prompts import Words, t
from services import looking
from services.certificates import Issued
from services.entities import Cohort
from services.roster import Member

PAGE: Final = 8
"""Maximum buttons or lines on one page."""

CARD: Final = "watch"
"""The card key that all these pages share, so that each replaces the last."""

T = TypeVar("T")


def tell(
    scene: Scene,
    page: Message,
    rows: Sequence[tuple[Choice, ...]],
    shown: Cohort | None = None,
    *,
    card: str = CARD,
) -> None:
    """Show a page with buttons back to the cohort, which it names, and to the menu."""
    away = [TO_MENU]
    if shown is not None:
        page = page._replace(title=t("watch.list_of", list=page.title, cohort=shown.name))
        back = Choice(press("cohort", shown.id or 0), t("watch.to_cohort"), weight="quiet")
        away.insert(0, back)
    scene.say(page._replace(rows=(*rows, tuple(away)), kind="question", card=card))


def confirmed(
    scene: Scene, args: Sequence[str], yes: Choice, words: Words, *others: Choice, card: str = CARD
) -> bool:
    """Whether an act that cannot be taken back was pressed once more, by `yes`; else it is asked,
    beside the `others`."""
    if args[-1:] == ["yes"]:
        return True
    rows = ((replace(yes, weight="danger"),), others)
    scene.say(Message(words, tuple(row for row in rows if row), kind="question", card=card))
    return False


def page_of(
    items: Sequence[T], asked: Sequence[str], verb: str, shown: Cohort | None = None
) -> tuple[Sequence[T], list[tuple[Choice, ...]]]:
    """One page of a list, and the buttons to the pages beside it."""
    page = page_asked(len(items), asked)
    return items[page * PAGE : (page + 1) * PAGE], turns(len(items), page, verb, shown)


def page_asked(count: int, asked: Sequence[str]) -> int:
    """The page that is asked for, counted from 0, or the last there is."""
    return min(number(asked) if asked else 0, max(0, count - 1) // PAGE)


def turns(
    count: int, page: int, verb: str, shown: Cohort | None = None
) -> list[tuple[Choice, ...]]:
    """The buttons to the pages beside this one."""
    before = () if shown is None else (shown.id or 0,)
    turn = []
    if page:
        turn.append(Choice(press(verb, *before, page - 1), t("watch.page_before")))
    if count > (page + 1) * PAGE:
        turn.append(Choice(press(verb, *before, page + 1), t("watch.page_after")))
    return [tuple(turn)] if turn else []


def on_record(scene: Scene, learners: Collection[int]) -> None:
    """Note that the speaker has been shown a list that holds these learners."""
    looking.list_of(scene.session, scene.actor, learners)


def called(member: Member) -> Words:
    if not member.unit:
        return member.person.name
    return t("watch.student_of", name=member.person.name, unit=member.unit.name)


def student_item(
    member: Member, words: Words, state: Words = "", came_from: Sequence[int | str] = ()
) -> Item:
    """A student as a row of a list, to which their page leads back."""
    return Item(words, press("student", member.id, *came_from), state)


def certificate_item(one: Issued) -> Item:
    """A certificate as a row of a list."""
    key = "proof.of_number" if one.certificate.proof else "certificate.of_number"
    kind = t(f"proof.name_{one.certificate.proof}") if one.certificate.proof else ""
    words = t(key, kind=kind, number=one.certificate.number)
    tone: Tone = "good" if one.state == "valid" else "bad"
    act = press("certificate", one.certificate.id or 0)
    return Item(words, act, t(f"certificate.state_{one.state}"), tone)
