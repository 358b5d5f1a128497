"""What a programme's facts say about a topic, in words, with the clauses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from answers.topics import Topic
from programmes.model import Fact, Programme
from programmes.values import (
    Contact,
    Duties,
    Form,
    HostSubjects,
    Milestone,
    Project,
    SelectionStep,
    Stage,
    Status,
    Subject,
    Website,
    When,
    Window,
)
from prompts import Lines, Text, Words, catalogue, render, t

_DATE: Final = re.compile(r"(?<!\d)(\d{4})-(\d{2})(?:-(\d{2}))?(?!\d)")
_OTHERS: Final = re.compile("其他|其它|其余|别的|剩下|另外|各[科个市]|others?|rest")
"""Asks for more than is named."""


@dataclass(frozen=True, slots=True)
class Told:
    """What one programme's document says about a topic; empty if it is silent."""

    programme: Programme
    lines: tuple[str, ...]
    clause: str
    unclear: bool = False
    """The document's wording can be read in different ways."""
    open: bool = False
    """The document itself leaves the list open (等)."""
    carried: str = ""
    """The earlier edition whose document this rests on; this year's has not been read yet."""
    labelled: tuple[Words, ...] = ()
    """The lines as they are read: each says what it is, where the topic tells several things."""

    @property
    def said(self) -> tuple[Words, ...]:
        """The lines to be read."""
        return self.labelled or self.lines

    @property
    def silent(self) -> bool:
        return not self.lines


def tell(programme: Programme, topic: Topic) -> Told:
    """What the document says. Where the fact that is meant is silent, so is the answer."""
    told = _tell(programme, topic.facts)
    if told.silent and topic.also:
        told = _tell(programme, topic.also)
    if topic.particular and not (own := _tell(programme, (topic.particular,))).silent:
        return _together(own, told)
    return told


def _tell(programme: Programme, paths: Sequence[str]) -> Told:
    said: dict[str, Words] = {}
    clauses: list[str] = []
    unclear = is_open = False
    carried = ""
    for place, path in enumerate(paths):
        name, _, entry = path.partition("#")
        try:
            fact = programme.fact(name)
        except KeyError:  # a particular of another document
            return Told(programme, (), "")
        if entry:
            lines, shown, clause = _entries(programme, fact, entry)
        else:
            lines, clause = _words(programme, fact), fact.clause
            shown = list(_shown(fact, lines))
            area, _, part = name.partition(".")
            begins = isinstance(fact.value, When) and len(paths) > 1
            if (place or begins) and f"fact.{area}.{part}" in catalogue("zh"):
                label = t(f"fact.{area}.{part}")
                shown = [t("ask.labelled", label=label, says=line) for line in shown]
        if not lines:
            if place == 0 and not entry:
                return Told(programme, (), "")
            continue
        for line, words in zip(map(dated, lines), shown, strict=True):
            said.setdefault(line, words)
        clauses += clause.split("；")
        unclear = unclear or fact.status is Status.AMBIGUOUS
        is_open = is_open or fact.open
        carried = max(carried, fact.carried_from)
    return Told(
        programme,
        tuple(said),
        "；".join(dict.fromkeys(filter(None, clauses))),
        unclear,
        is_open,
        carried,
        tuple(said.values()),
    )


def _together(one: Told, other: Told) -> Told:
    """Two facts' words joined into one."""
    clauses = [*one.clause.split("；"), *other.clause.split("；")]
    said = dict(zip(one.lines, one.said, strict=True))
    said |= dict(zip(other.lines, other.said, strict=True))
    return Told(
        one.programme,
        tuple(said),
        "；".join(dict.fromkeys(filter(None, clauses))),
        one.unclear or other.unclear,
        one.open or other.open,
        max(one.carried, other.carried),
        tuple(said.values()),
    )


def pointed(told: Told, question: str) -> Told:
    """The entries of a list that the question names, if any: 包头 for 25 places there. All of
    them, if it asks for the others as well."""
    if _OTHERS.search(question):
        return told
    asked = [
        piece
        for line in told.lines
        for piece in line.split("；")
        if any(name in question for name in _names(piece))
    ]
    return replace(told, lines=tuple(asked), labelled=()) if asked else told


def _names(piece: str) -> Iterator[str]:
    """What the beginning of an entry may be called: 包头市25名 is 包头's."""
    head = re.split(r"[=：，,（(\d]", piece)[0]
    for name in re.split("[、与]|和(?!浩特)", head):
        yield from called_too(name.strip())


def called_too(name: str) -> Iterator[str]:
    """What a place, a university or a subject is called in short: 包头, 呼市, 物理."""
    short = re.sub("(?:市|盟|县|区|大学|学院|(?<=[理物])学)$", "", name)
    if len(short) > 1:
        yield short
    if len(short) > 2 and name.endswith("市"):
        yield f"{short[0]}市"


def _words(programme: Programme, fact: Fact[Any]) -> list[str]:
    if fact.status is Status.SILENT:
        return []
    and_others = render(t("ask.and_others"), "zh") if fact.open else ""
    if fact.words:
        return ["；".join(fact.words) + and_others]
    if isinstance(fact.value, tuple) and all(isinstance(one, Subject) for one in fact.value):
        return ["、".join(one.name for one in fact.value) + and_others]
    if not isinstance(fact.value, tuple):
        return []
    items = [_item(programme, one) for one in fact.value]
    return [*items, *([and_others] if and_others else [])]


def _shown(fact: Fact[Any], lines: Sequence[str]) -> Iterator[Words]:
    """A fact's lines as they are read: of a list of stages each part says what it is."""
    stages = fact.value if not fact.words and isinstance(fact.value, tuple) else ()
    for place, line in enumerate(lines):
        one = stages[place] if place < len(stages) else None
        yield _stage(one, named=True) if isinstance(one, Stage) else dated(line)


def _stage(stage: Stage, *, named: bool) -> Text:
    """An evaluation, when it is first; each part says what it is."""
    told = {
        "when": dated(_when(stage.window)),
        "by": stage.evaluator,
        "basis": "、".join(stage.inputs),
        "dimensions": "、".join(stage.dimensions),
        "outcome": _outcome(stage),
        "consequence": dated(stage.consequence),
    }
    lines = [t(f"ask.stage.{key}", says=says) for key, says in told.items() if says]
    if not told["when"]:
        lines.insert(0, t("ask.stage.no_when"))
    parts = Lines(lines)
    return (
        t("ask.stage.named", name=stage.name, parts=parts)
        if named
        else t("ask.parts", parts=parts)
    )


def _outcome(stage: Stage) -> str:
    """How an evaluation may end, as one says it: 合格或不合格."""
    ways = stage.outcome.split("/") if isinstance(stage.outcome, str) else list(stage.outcome)
    if len(ways) < 2:
        return "".join(ways)
    # In the packs' language, as what stands around it is.
    return render(t("ask.either", ways=ways[:-1], last=ways[-1]), "zh")


def _entries(
    programme: Programme, fact: Fact[Any], wanted: str
) -> tuple[list[str], list[Words], str]:
    """Those entries of a list that are the wanted stage, role or kind of step."""
    found = [one for one in fact.value or () if wanted in _marks(one) and _says_something(one)]
    clauses = (part for one in found for part in one.clause.split("；"))
    alone = len(found) == 1
    shown: list[Words] = [
        _stage(one, named=not alone) if isinstance(one, Stage) else dated(_item(programme, one))
        for one in found
    ]
    return [_item(programme, one) for one in found], shown, "；".join(dict.fromkeys(clauses))


def _marks(item: Any) -> Iterator[str]:
    """The keys by which an entry can be picked: its stage, role or kind, or a field such as an
    e-mail."""
    for mark in ("stage", "role", "kind"):
        if (value := getattr(item, mark, None)) is not None:
            yield str(value)
    if isinstance(item, Contact | Website):
        yield from (name for name, value in item if value)


def _says_something(item: Any) -> bool:
    return not isinstance(item, Duties) or bool(item.duties)


def _item(programme: Programme, item: Any) -> str:
    match item:
        case Stage():
            parts: Sequence[str] = (
                f"{item.name}：{_when(item.window)}",
                item.evaluator,
                "、".join(item.inputs),
                "、".join(item.dimensions),
                _outcome(item),
                item.consequence,
            )
            return "\n".join(part for part in parts if part)
        case SelectionStep():
            parts = (_when(item.window), item.actor, item.detail)
            return f"{item.order}. {item.name}：{_joined(parts)}"
        case Duties():
            return f"{item.name}：{'、'.join(item.duties)}"
        case HostSubjects():
            where = "，".join(filter(None, (item.city, item.university, item.laboratory)))
            return f"{where}：{'、'.join(map(programme.subject_name, item.subjects))}"
        case Project():
            where = "，".join(filter(None, (item.university, item.laboratory)))
            places = render(t("ask.places", count=item.places), "zh") if item.places else ""
            return _joined((f"{item.code} {item.title}".strip(), where, places))
        case Form():
            labels = "、".join(dict.fromkeys(field.label for field in item.fields))
            return f"{item.title}（{item.submitted_by}）{'：' if labels else ''}{labels}"
        case Website():
            return _joined((item.name, item.url, item.use))
        case Contact():
            parts = (item.office, *item.phones, item.email, item.website, item.address)
            return _joined(parts)
        case Milestone():
            return f"{item.name}：{_when(item)}"
        case _:
            return str(getattr(item, "name", item))


def dated(line: str) -> str:
    """Days and months as they are spoken: 2026-08-31 is 2026年8月31日."""
    return _DATE.sub(lambda found: _spoken(*found.groups()), line)


def _spoken(year: str, month: str, day: str | None) -> str:
    return f"{year}年{int(month)}月" + (f"{int(day)}日" if day else "")


def _joined(parts: Sequence[str]) -> str:
    return "；".join(part for part in parts if part)


def _when(window: Window | None) -> str:
    if window is None:
        return ""
    if window.text:
        return window.text
    first, last = window.start, window.end
    if first is not None and last is not None and str(first) != str(last):
        return f"{first} — {last}"
    if first is not None:
        return str(first)
    # In the packs' language: what stands around it is theirs.
    return render(t("ask.before", day=str(last)), "zh") if last is not None else ""
