"""`yingcai programme new`: a pack from a dozen questions. What is not answered stays silent."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from app.terminal import Mistake, both, explained, say
from prompts import LANGUAGES, catalogue, t

if TYPE_CHECKING:
    from enum import StrEnum

    from programmes.model import Programme

T = TypeVar("T")

CODE: Final = re.compile("[a-z][a-z0-9]*(-[a-z0-9]+)*")
DEFAULT_CLAUSE: Final = "通知正文"
TESTS: Final = ("cycle", "grades", "sessions", "hours_needed", "stages", "subjects", "contact")
"""The topics for trying a new pack; the first three that it answers are asked."""
MOST_TESTS: Final = 3


class Draft:
    """The answers so far."""

    def __init__(self, clause: str) -> None:
        self.clause = clause
        self.head: dict[str, Any] = {}
        self.facts: dict[str, dict[str, Any]] = {}
        self.words: dict[str, dict[str, Any]] = {}

    def tell(self, path: str, says: str, clause: str, value: Any = None) -> None:
        fact: dict[str, Any] = {} if value is None else {"value": value}
        self.facts[path] = fact | {
            "says": says,
            "status": "stated",
            "clause": clause or self.clause,
        }

    def own(self, kind: str, words: Mapping[str, Any]) -> None:
        if words:
            self.words.setdefault(kind, {}).update(words)


def new(
    output: Annotated[Path | None, typer.Option("--output", "-o", help=both("output"))] = None,
) -> None:
    from app import desk
    from programmes import draft
    from programmes.check import check_file, doubts, examine

    say(t("cli.new.begin"))
    try:
        told = dialogue()
    except (typer.Abort, EOFError):
        raise Mistake(t("cli.new.stopped")) from None
    folder = desk.settings().packs_dir
    path = output or folder / f"{told.head['key']}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    told.head["words"] = told.words
    text = draft.written(told.head, told.facts, titles())
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
    problems = check_file(path)
    for problem in problems:
        say(explained(problem))
    if problems:
        raise Mistake(t("cli.packs_faulty", count=1))
    for doubt in doubts(path):
        say(t("cli.warning", warning=explained(doubt)))
    say(t("cli.new.written", file=path))
    programme, _ = examine(path)
    if programme is not None:
        try_out(programme)


def titles() -> dict[str, str]:
    """The Chinese titles of a pack's sections, written into it as comments."""
    prefix = "cli.section."
    texts = catalogue("zh").items()
    return {key.removeprefix(prefix): text for key, text in texts if key.startswith(prefix)}


def try_out(programme: Programme) -> None:
    """Ask the new pack three questions, and show what it answers."""
    from answers.policy_guide import Guide

    guide = Guide((programme,))
    answers = ((key, guide.about(key, (programme,))) for key in TESTS)
    speaking = [(key, answer) for key, answer in answers if answer.kind == "fact"][:MOST_TESTS]
    say(t("cli.new.tests", count=len(speaking)))
    for key, _ in speaking:
        question = guide.topics[key].asks[0]
        say(t("cli.new.question", question=question))
        for answer in guide.ask(question, (programme,)):
            say(answer.text)


# ---------------------------------------------------------------- the questions


def dialogue() -> Draft:
    from programmes import parsing
    from programmes.values import CITATION, Grade, Material, StageKind, StepKind

    clause = ask("clause", lambda typed: fits(typed or DEFAULT_CLAUSE, CITATION))
    told = Draft(clause)
    name, where = ask("name", lambda typed: needed(parsing.with_clause(typed)))
    told.tell("identity.official_name", name, where, name)
    told.tell("identity.short_name", name, where, name)
    called = ask("called", parsing.listed)
    family = ask("code", lambda typed: fits(typed.lower(), CODE))
    year, edition = ask("year", year_and_name)
    told.head |= {"key": f"{family}-{year}", "family": family, "edition": year}
    told.head |= {"edition_name": edition, "called": {"sure": called or [name]}}

    first, last, where, said_so = ask("cycle", cycle)
    told.tell("cycle.start", said_so, where, str(first))
    if last is not None:
        told.tell("cycle.end", said_so, where, str(last))

    asked(told, "host", "identity.issuer", parsing.listed)
    typed, where = with_place("grades", Grade, "grades")
    if typed:
        grades = parsing.words(parsing.listed(typed), "grades", Grade)
        known = [key for key in grades.keys if key in set(Grade)]
        told.tell("participants.grades", spoken(typed, Grade, "grades"), where, known or None)
        told.head["guardian_consent"] = consents(known)
    asked(
        told,
        "subjects",
        "subjects.list",
        lambda typed: [{"name": n} for n in parsing.listed(typed)],
    )

    typed, where = with_place("steps", StepKind, "steps")
    if typed:
        names = parsing.listed(typed)
        steps = parsing.words(names, "steps", StepKind)
        told.own("steps", steps.own)
        each = enumerate(zip(steps.keys, names, strict=True), 1)
        told.facts["selection.steps"] = {
            "value": [step(n, kind, name) for n, (kind, name) in each],
            "status": "stated",
            "clause": where or told.clause,
        }
    minima(told)

    diary(told)
    typed, where = with_place("stages", StageKind, "stages")
    if typed:
        stages(told, typed, where)
    typed, where = with_place("materials", Material, "materials")
    if typed:
        wanted = parsing.words(parsing.listed(typed), "materials", Material)
        told.own("materials", wanted.own)
        path = "final_materials.student_materials"
        told.tell(path, spoken(typed, Material, "materials"), where, wanted.keys)
    contact(told)
    return told


def ask(key: str, read: Callable[[str], T], **gaps: Any) -> T:
    """Ask until what is typed is understood."""
    from programmes.parsing import NotUnderstood

    say(t(f"cli.new.ask_{key}", **gaps))
    while True:
        typed = typer.prompt("", default="", show_default=False, prompt_suffix="> ")
        try:
            return read(typed.strip())
        except NotUnderstood:
            say(t("cli.new.again", typed=typed))


def asked(told: Draft, key: str, path: str, read: Callable[[str], Any]) -> None:
    """Ask one question whose answer is one fact."""
    from programmes.parsing import with_clause

    typed, where = ask(key, with_clause)
    if not nothing(typed):
        told.tell(path, "、".join(split(typed)), where, read(typed))


def with_place(key: str, known: type[StrEnum], kind: str) -> tuple[str, str]:
    """Ask one question with a numbered list; returns the answer and its clause, empty if none."""
    from programmes.parsing import with_clause

    typed, where = ask(key, with_clause, known=numbered(known, kind))
    return ("" if nothing(typed) else typed), where


def numbered(known: type[StrEnum], kind: str) -> str:
    return "  ".join(f"{n} {name_of(word, kind)}" for n, word in enumerate(known, 1))


def name_of(word: str, kind: str) -> str:
    from programmes.values import chinese

    return next(name for name, meant in chinese()[kind].items() if meant == word)


def spoken(typed: str, known: type[StrEnum], kind: str) -> str:
    """What was typed, with numbers replaced by the words they stand for."""
    names = {str(n): name_of(word, kind) for n, word in enumerate(known, 1)}
    found = [names.get(one, one) for one in split(typed)]
    return "、".join(found)


def split(typed: str) -> list[str]:
    from programmes.parsing import listed

    return listed(typed)


def needed(answer: tuple[str, str]) -> tuple[str, str]:
    from programmes.parsing import NotUnderstood

    if not answer[0]:
        raise NotUnderstood
    return answer


def fits(typed: str, pattern: re.Pattern[str]) -> str:
    from programmes.parsing import NotUnderstood

    if not pattern.fullmatch(typed):
        raise NotUnderstood
    return typed


def year_and_name(typed: str) -> tuple[int, str]:
    from programmes.parsing import NotUnderstood

    found = re.fullmatch(r"(20\d\d)年?\s*(.*)", typed)
    if found is None:
        raise NotUnderstood
    return int(found[1]), found[2]


def cycle(typed: str) -> tuple[Any, Any, str, str]:
    from programmes.parsing import days, with_clause

    plain, where = with_clause(typed)
    first, last = days(plain)
    return first, last, where, plain


def consents(grades: list[str]) -> dict[str, str]:
    from programmes import draft

    return draft.consents(grades)


def step(order: int, kind: str, typed: str) -> dict[str, Any]:
    from programmes.values import StepKind

    name = name_of(kind, "steps") if kind in set(StepKind) else typed
    return {
        "order": order,
        "kind": kind,
        "name": name,
        "actor": "",
        "actors": [],
        "detail": "",
    }


def minima(told: Draft) -> None:
    from programmes import parsing

    def read(typed: str) -> tuple[str, str, parsing.Minima | None]:
        plain, where = parsing.with_clause(typed)
        return plain, where, None if nothing(plain) else parsing.minima(plain)

    plain, where, found = ask("minima", read)
    if found is None:
        return
    for period in found.periods.values():
        starts = ask("starts", terms, period=period["zh"])
        if starts:
            period["starts"] = starts
    told.own("counters", found.counters)
    told.own("periods", found.periods)
    first, *more = found.values
    if not more and first["counts"] != "hours" and first["per"] == "cycle":
        told.tell("cultivation.min_sessions", plain, where, first)
    else:
        told.tell("cultivation.more_minima", plain, where, found.values)


def terms(typed: str) -> list[str]:
    from programmes.parsing import NotUnderstood

    found = re.findall(r"(\d{1,2})\s*[-月./]\s*(\d{1,2})", typed)
    if typed and not found:
        raise NotUnderstood
    return [f"{int(month):02}-{int(day):02}" for month, day in found]


def stages(told: Draft, typed: str, where: str) -> None:
    """The evaluation stages, each with an optional deadline: 中期 2027-03."""
    from programmes import parsing
    from programmes.values import StageKind

    found: list[dict[str, Any]] = []
    named: list[str] = []
    for one in parsing.listed(typed):
        match = re.fullmatch(r"(\D*?|\d)\s*((?:20\d\d).*)?", one)
        name, until = (match[1], match[2]) if match else (one, None)
        named.append(name)
        window = {}
        if until:
            try:
                window = {"text": until, "end": str(parsing.day(until.rstrip("前底")))}
            except parsing.NotUnderstood:
                window = {"text": until}
        found.append({"window": window} if window else {})
    kinds = parsing.words(named, "stages", StageKind)
    told.own("stages", kinds.own)
    for stage, kind, name in zip(found, kinds.keys, named, strict=True):
        known = kind in set(StageKind)
        label = name_of(kind, "stages") if known else name
        stage |= {"stage": kind, "name": label, "evaluator": ""}
    told.facts["evaluation.stages"] = {
        "value": found,
        "status": "stated",
        "clause": where or told.clause,
    }


def diary(told: Draft) -> None:
    """The diary: how often and by whom; if that is not told, nobody is asked for one."""
    from programmes import parsing
    from programmes.values import Frequency, Grade

    typed, where = with_place("diary", Frequency, "frequencies")
    if not typed:
        return
    name = f"《{name_of('diary', 'records')}》"
    told.tell("cultivation.diary_name", name, where, name)
    often = parsing.words([typed], "frequencies", Frequency)
    told.own("frequencies", often.own)
    says = spoken(typed, Frequency, "frequencies")
    told.tell("cultivation.diary_frequency", says, where, often.keys[0])
    who = ask("diary_scope", lambda typed: typed)
    if nothing(who):
        return
    grades = parsing.words(parsing.listed(who), "grades", Grade)
    known = [key for key in grades.keys if key in set(Grade)]
    told.tell("cultivation.diary_scope", who, where, scope(known))


def scope(grades: list[str]) -> dict[str, Any]:
    return {"required_for": grades} if grades else {"everyone": True}


def nothing(typed: str) -> bool:
    """Whether an answer means that the document does not say it."""
    said = (catalogue(one)["cli.new.nothing_words"].split("|") for one in LANGUAGES)
    return not typed or any(typed.casefold() in words for words in said)


def contact(told: Draft) -> None:
    from programmes.parsing import listed, with_clause

    typed, where = ask("contact", with_clause)
    if nothing(typed):
        return
    office, *rest = listed(typed)
    one: dict[str, Any] = {"office": office}
    phones = [part for part in rest if re.fullmatch(r"[\d()+ -]{6,}", part)]
    mails = [part for part in rest if "@" in part]
    one |= {"phones": phones} if phones else {}
    one |= {"email": mails[0]} if mails else {}
    told.facts["contacts.list"] = {
        "value": [one],
        "status": "stated",
        "clause": where or told.clause,
    }
