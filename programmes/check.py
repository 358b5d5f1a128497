"""Reads packs, and says plainly what is wrong and where."""

import difflib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from programmes import evaluating
from programmes.model import Fact, Programme
from programmes.values import CITATION, Consent, Grade, Outcome, Party, When

Loc = tuple[int | str, ...]

_CODES = {
    "missing": "missing_key",
    "extra_forbidden": "unknown_key",
    "literal_error": "unknown_choice",
    "int_parsing": "not_number",
    "int_type": "not_number",
    "greater_than": "not_number",
    "greater_than_equal": "not_number",
    "bool_parsing": "not_yes_no",
    "bool_type": "not_yes_no",
    "string_type": "not_text",
    "tuple_type": "not_list",
    "model_type": "not_mapping",
    "dict_type": "not_mapping",
    "none_required": "words_only",
}
"""pydantic's names for mistakes, and ours. The model's own mistakes keep the names it gives."""

CODES = {*_CODES.values(), "invalid"} | {
    "bad_yaml",
    "bad_indent",
    "tab",
    "fullwidth_colon",
    "fullwidth_comma",
    "colon_in_text",
    "comma_in_text",
    "special_start",
    "open_list",
    "open_braces",
    "open_quote",
    "unreadable",
    "not_utf8",
    "alias_loop",
    "duplicate_key",
    "bad_date",
    "bad_month_and_day",
    "end_before_start",
    "cycle_unknown",
    "bad_clause",
    "bad_key",
    "no_clause",
    "nothing_said",
    "no_asks",
    "silent_with_value",
    "key_mismatch",
    "outside_cycle",
    "unknown_role",
    "unknown_subject",
    "no_consent_rule",
    "no_experts",
    "none_recommended",
}
"""Every code that a mistake can have."""

FEWEST_ASKS = 8
MOST_ASKS = 15
LONGEST_TITLE = 16


@dataclass(frozen=True)
class Problem:
    """One mistake in a pack. `code` names the sentence in prompts, the rest fills it in.

    `line` and `column` count from 1; `path` is dotted (`evaluation.stages.value.0.window.end`).
    """

    code: str
    file: str
    line: int
    column: int
    path: str = ""
    got: str = ""
    suggestion: str = ""


def check_file(path: Path) -> list[Problem]:
    """Every mistake in the pack, in the order of its lines; none if it can be used.

    Mistakes of form hide mistakes of sense: mend what is told and check again. Raises OSError.
    """
    return examine(path)[1]


def doubts(path: Path) -> list[Problem]:
    """Oddities of a usable pack, in the order of its lines. Raises OSError."""
    programme, _ = examine(path)
    if programme is None:
        return []
    root = compose(path.read_text("utf-8"))
    found = [*_oddities(programme), *_joined_items(root, ())]
    return _placed(found, root, path)


def unlike(path: Path, programme: Programme, others: Iterable[Programme]) -> list[Problem]:
    """Particulars that another programme titles differently. Raises OSError."""
    titles = {
        one.key: one.title
        for other in others
        if other.family != programme.family
        for one in other.particulars
    }
    found: list[_Finding] = [
        ("title_differs", ("particulars", n, "title"), one.title, titles[one.key])
        for n, one in enumerate(programme.particulars)
        if titles.get(one.key, one.title) != one.title
    ]
    return _placed(found, compose(path.read_text("utf-8")), path)


def uncited(path: Path, programme: Programme, at: Callable[[str], object]) -> list[Problem]:
    """Clauses that a document lacks; `at` finds the place of one in it. Raises OSError."""
    found: list[_Finding] = []
    for facts, fact in programme.facts():
        loc: Loc = tuple(facts.split("."))
        if loc[0] == "particulars":
            keys = [one.key for one in programme.particulars]
            loc = ("particulars", keys.index(str(loc[1])))
        found += [
            ("clause_not_in_document", (*loc, "clause"), clause, "")
            for clause in fact.clause.split("；")
            if clause and not at(clause)
        ]
    return _placed(found, compose(path.read_text("utf-8")), path)


def examine(path: Path) -> tuple[Programme | None, list[Problem]]:
    """The programme in the file, or what keeps it from being one. Raises OSError."""
    text = ""
    try:
        text = path.read_text("utf-8")
        root = compose(text)
        duplicates = list(_duplicates(root, ()))
        data = _plain(root)
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        return None, [Problem("not_utf8", str(path), line, 1)]
    except RecursionError:
        return None, [Problem("alias_loop", str(path), 1, 1)]
    except yaml.YAMLError as error:
        code, line, column, got = _misread(error, text)
        return None, [Problem(code, str(path), line, column, got=got)]

    programme = None
    found: list[_Finding] = []
    if not duplicates:
        try:
            programme = Programme.model_validate(data)
            found = list(_inconsistencies(programme, path.stem))
        except ValidationError as error:
            found = list(_explain(error.errors(), root))
    problems = [
        Problem("duplicate_key", str(path), *_position(key), _dotted(loc), got=str(loc[-1]))
        for key, loc in duplicates
    ]
    problems = _in_order([*problems, *_placed(found, root, path)])
    return None if problems else programme, problems


def _placed(found: list["_Finding"], root: yaml.Node, path: Path) -> list[Problem]:
    return _in_order(
        [
            Problem(code, str(path), *_position(find(root, loc)[1]), _dotted(loc), got, suggestion)
            for code, loc, got, suggestion in found
        ]
    )


def _in_order(problems: list[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: (problem.line, problem.column))


_WIDE_COLON = re.compile(r"^[ \t]*+(?:- )?\{?[ \t]*+[A-Za-z_]++：", re.MULTILINE)
_TAB = re.compile(r"^ *\t", re.MULTILINE)
_MISREAD = (
    (r"mapping values are not allowed", "colon_in_text"),
    (r"cannot start any token|undefined alias|unknown directive|directive", "special_start"),
    (r"expected ',' or '\]'", "open_list"),
    (r"expected ',' or '\}'", "open_braces"),
    (r"quoted scalar|unexpected end of stream|document separator", "open_quote"),
    (r"expected key|expected '-' indicator|block end|expected <|simple key", "bad_indent"),
)
"""YAML's messages, and the mistakes that usually cause them."""


def _misread(error: yaml.YAMLError, text: str) -> tuple[str, int, int, str]:
    """What is wrong where YAML itself gives up: code, line, column and what stands there."""
    for code, pattern in (("tab", _TAB), ("fullwidth_colon", _WIDE_COLON)):
        if found := pattern.search(text):
            at = found.end() - 1
            before = text[:at]
            return code, before.count("\n") + 1, at - before.rfind("\n"), found[0].strip(" \t-{")
    if not isinstance(error, yaml.MarkedYAMLError):
        return "bad_yaml", 1, 1, ""
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    said = f"{error.context or ''} {error.problem or ''}"
    code = next((code for told, code in _MISREAD if re.search(told, said)), "bad_yaml")
    lines = text.splitlines()
    there = lines[line - 1].strip() if line <= len(lines) else ""
    if code == "special_start":
        there = there[-1:] if mark is None else text.splitlines()[line - 1][column - 1 : column]
    return code, line, column, there


class _Loader(getattr(yaml, "CBaseLoader", yaml.BaseLoader)):  # type: ignore[misc]  # C if built
    """Reads every scalar as text: the model decides what it is, so that a telephone number is
    never a sum nor 「否」 a truth value. Not asking for tags halves the time."""

    def resolve(self, *_: object) -> str:
        return ""

    def descend_resolver(self, *_: object) -> None: ...

    def ascend_resolver(self) -> None: ...


def compose(text: str) -> yaml.Node:
    """The document as nodes, which know their places in the text. Raises yaml.YAMLError."""
    root = yaml.compose(text, Loader=_Loader)
    if root is None:
        raise yaml.YAMLError("the file is empty")
    return root


def find(root: yaml.Node, loc: Loc) -> tuple[yaml.Node | None, yaml.Node]:
    """The node at `loc`, if there is one, and the nearest key or list entry to point at."""
    node: yaml.Node | None = root
    pointer = root
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            key, node = next((pair for pair in node.value if pair[0].value == part), (None, None))
            pointer = pointer if key is None else key
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = pointer = node.value[part]
        else:
            return None, pointer
    return node, pointer


def _plain(node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return {key.value: _plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    return node.value


def _duplicates(node: yaml.Node, loc: Loc) -> Iterator[tuple[yaml.Node, Loc]]:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                yield key, (*loc, key.value)
            seen.add(key.value)
            yield from _duplicates(value, (*loc, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for n, item in enumerate(node.value):
            yield from _duplicates(item, (*loc, n))


def _position(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


def _dotted(loc: Loc) -> str:
    return ".".join(map(str, loc))


_Finding = tuple[str, Loc, str, str]
"""Code, place, what is there, what would do."""


def _explain(errors: list[ErrorDetails], root: yaml.Node) -> Iterator[_Finding]:
    unknown = [error["loc"] for error in errors if error["type"] == "extra_forbidden"]
    meant = {loc: _nearest(str(loc[-1]), _keys_at(loc[:-1])) for loc in unknown}
    misspelt = {(*loc[:-1], key) for loc, key in meant.items()}
    for error in errors:
        context = error.get("ctx", {})
        code = _CODES.get(error["type"], error["type"])
        loc = tuple(part for part in error["loc"] if part != "[key]")
        got = "" if isinstance(error["input"], dict | list) else str(error["input"])
        got = str(context.get("got", got))
        suggestion = ""
        if code == "missing_key":
            if loc in misspelt:
                continue  # told already, as an unknown key
            got = str(loc[-1])
        elif code == "unknown_key":
            got, suggestion = str(loc[-1]), meant[error["loc"]]
            code, suggestion = _not_a_key(got, suggestion, find(root, loc)[0])
        elif code in ("unknown_choice", "unknown_role"):
            expected = str(context.get("expected", ""))
            choices = re.findall(r"'([^']*)'", expected) or expected.split("、")
            suggestion = _nearest(got, choices) or "、".join(choices)
            if len(parts := re.split("[，、]", got)) > 1:
                code, suggestion = "fullwidth_comma", f"[{', '.join(parts)}]"
        elif code == "not_number":
            digits = re.search(r"\d+", unicodedata.normalize("NFKC", got))
            suggestion = digits[0] if digits and digits[0] != got else ""
        elif code == "not_list":
            parts = re.split("[，、,]", got)
            suggestion = f"[{', '.join(parts)}]" if len(parts) > 1 else ""
        elif code == "bad_date":
            suggestion = _tidy_date(got)
        elif code == "bad_clause":
            suggestion = _tidy_citation(got)
        elif code == "bad_key":
            suggestion = str(context["expected"])
        elif "key" in context:
            loc = (*loc, context["key"])
            suggestion = str(context.get("expected", ""))
        elif code not in CODES:
            code, got = "invalid", error["msg"]
        yield code, loc, got, suggestion


def _inconsistencies(programme: Programme, stem: str) -> Iterator[_Finding]:
    """Mistakes that no single fact shows."""
    for key in (stem, f"{programme.family}-{programme.edition}"):
        if programme.key != key:
            yield "key_mismatch", ("key",), programme.key, key
    for loc, due in _deadlines(programme):
        if due is not None and due.last_day not in programme.cycle:
            bounds = f"{programme.cycle.first_day}–{programme.cycle.last_day or ''}"
            yield "outside_cycle", loc, str(due), bounds
    yield from _unknown_subjects(programme)
    yield from _independent_stages(programme)
    seen = set()
    for n, particular in enumerate(programme.particulars):
        if particular.key in seen:
            yield "duplicate_key", ("particulars", n, "key"), particular.key, ""
        seen.add(particular.key)
    for n, admits in enumerate(programme.participants.grades.value or ()):
        if _may_be_under_14(admits.grade) and admits.grade not in programme.guardian_consent:
            loc = ("participants", "grades", "value", n, "grade")
            yield "no_consent_rule", loc, admits.grade.value, Consent.REQUIRED.value


def _deadlines(programme: Programme) -> Iterator[tuple[Loc, When | None]]:
    yield ("final_materials", "deadline", "value"), programme.final_materials.deadline.value
    for n, stage in enumerate(programme.stages):
        for key in ("submit_by", "end", "end_latest"):
            loc = ("evaluation", "stages", "value", n, "window", key)
            yield loc, getattr(stage.window, key, None)


def _independent_stages(programme: Programme) -> Iterator[_Finding]:
    """Stages at which nobody could mark alone, or nobody to be marked is recommended."""
    for n, stage in enumerate(programme.stages):
        if not stage.independent:
            continue
        loc = ("evaluation", "stages", "value", n, "independent")
        if Party.EXPERT_COMMITTEE not in stage.evaluators:
            yield "no_experts", loc, stage.name, Party.EXPERT_COMMITTEE.value
        if evaluating.recommending(programme, stage) is None:
            yield "none_recommended", loc, stage.name, Outcome.RECOMMENDED.value


def _unknown_subjects(programme: Programme) -> Iterator[_Finding]:
    known = [subject.code for subject in programme.subjects.list.value or ()]
    named: list[tuple[Loc, str]] = [
        (("quotas", "per_subject", "value", code), code)
        for code in programme.quotas.per_subject.value or ()
    ]
    for n, admits in enumerate(programme.participants.grades.value or ()):
        loc = ("participants", "grades", "value", n, "only_subjects")
        named += [((*loc, m), code) for m, code in enumerate(admits.only_subjects)]
    for n, host in enumerate(programme.territory.university_subject_map.value or ()):
        loc = ("places", "university_subject_map", "value", n, "subjects")
        named += [((*loc, m), code) for m, code in enumerate(host.subjects)]
    for place, code in named:
        if code not in known:
            yield "unknown_subject", place, code, _nearest(code, known)


def _may_be_under_14(grade: Grade) -> bool:
    return grade.value.startswith(("preschool", "primary", "junior"))


# ---------------------------------------------------------------- what is odd


def _oddities(programme: Programme) -> Iterator[_Finding]:
    cycle = programme.cycle
    stated = cycle.duration.value
    if stated is not None and cycle.last_day is not None:
        first, last = cycle.first_day, cycle.last_day
        months = (last.year - first.year) * 12 + last.month - first.month + 1
        if months != stated.months:
            got = str(stated.months)
            yield "duration_differs", ("cycle", "duration", "value"), got, str(months)
    if not programme.called.sure:
        yield "no_name", ("key",), programme.name, ""
    yield from _unsaid(programme)
    yield from _of_particulars(programme)


def _unsaid(programme: Programme) -> Iterator[_Finding]:
    """Names that software uses and that the words for people do not have."""
    identity, places = programme.identity, programme.territory
    diary, pool = programme.cultivation.diary_name, programme.tracking.talent_pool
    regions = places.regions.value
    named: list[tuple[str, Fact[Any], tuple[str | None, ...]]] = [
        ("identity.official_name", identity.official_name, (identity.official_name.value,)),
        ("identity.issuer", identity.issuer, identity.issuer.value or ()),
        ("cultivation.diary_name", diary, (diary.value,)),
        ("tracking.talent_pool", pool, (pool.value,)),
        ("places.universities", places.universities, places.universities.value or ()),
        ("places.schools", places.schools, places.schools.value or ()),
        ("places.regions", places.regions, regions.names if regions else ()),
    ]
    for path, fact, names in named:
        said = "、".join(fact.words)
        for name in names:
            if name and said and name not in said:
                yield "value_not_said", (*path.split("."), "says"), name, ""


def _of_particulars(programme: Programme) -> Iterator[_Finding]:
    every = Counter(ask for one in programme.particulars for ask in set(one.asks))
    for n, one in enumerate(programme.particulars):
        loc: Loc = ("particulars", n, "asks")
        if len(one.asks) < FEWEST_ASKS:
            yield "few_asks", loc, str(len(one.asks)), str(FEWEST_ASKS)
        if len(one.asks) > MOST_ASKS:
            yield "many_asks", loc, str(len(one.asks)), str(MOST_ASKS)
        if not any(ask.isascii() for ask in one.asks):
            yield "no_english_ask", loc, one.title, ""
        seen: set[str] = set()
        for m, ask in enumerate(one.asks):
            if ask in seen:
                yield "same_ask", (*loc, m), ask, ""
            elif every[ask] > 1:
                yield "ask_of_two", (*loc, m), ask, ""
            if programme.name in ask:
                yield "ask_names_programme", (*loc, m), ask, programme.name
            seen.add(ask)
        if not one.title_en.isascii():
            yield "title_en_not_english", ("particulars", n, "title_en"), one.title_en, ""
        if len(one.title) > LONGEST_TITLE:
            yield "long_title", ("particulars", n, "title"), one.title, str(LONGEST_TITLE)


def _joined_items(node: yaml.Node, loc: Loc) -> Iterator[_Finding]:
    """Entries of a list that were probably meant as several: [甲，乙]."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value not in ("says", "asks", "duties"):
                yield from _joined_items(value, (*loc, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for n, item in enumerate(node.value):
            plain = isinstance(item, yaml.ScalarNode) and not item.style
            if plain and node.flow_style and len(node.value) == 1 and "，" in item.value:
                parts = ", ".join(item.value.split("，"))
                yield "comma_in_item", (*loc, n), item.value, f"[{parts}]"
            yield from _joined_items(item, (*loc, n))


# ---------------------------------------------------------------- what was meant


def _not_a_key(got: str, suggestion: str, value: yaml.Node | None) -> tuple[str, str]:
    """What an unknown key really is: one with a full-width colon in it; or, where braces hold
    「says: 数学,物理」, a part of the text that YAML reads as a key without a value."""
    if "：" in got:
        return "fullwidth_colon", ""
    empty = isinstance(value, yaml.ScalarNode) and not value.value and not value.style
    if empty and re.search("[\u4e00-\u9fff]", got):
        return "comma_in_text", ""
    return "unknown_key", suggestion


def _tidy_date(text: str) -> str:
    """As a date is written here, if that makes it one."""
    plain = unicodedata.normalize("NFKC", text)
    pattern = r"(\d{4})\s*[年./-](?:\s*(\d{1,2})\s*(?:[月./-](?:\s*(\d{1,2})\s*日?)?)?)?"
    found = re.fullmatch(pattern, plain.strip())
    if found is None:
        return ""
    year, month, day = found.groups()
    tidy = "-".join([year, *(f"{int(part):02}" for part in (month, day) if part)])
    try:
        return "" if tidy == text else str(When.parse(tidy))
    except ValueError:
        return ""


def _nearest(word: str, words: list[str]) -> str:
    return next(iter(difflib.get_close_matches(word, words, n=1)), "")


def _tidy_citation(text: str) -> str:
    """With half-width brackets and the right joints, if that makes it a citation."""
    tidy = text.translate(str.maketrans("（）;、，,", "()；；；；"))
    tidy = re.sub(r"(附件\d*) *(?=[一二三四五六七八九十])", r"\1 ", tidy)
    return tidy if all(CITATION.fullmatch(part) for part in tidy.split("；")) else ""


def _keys_at(loc: Loc) -> list[str]:
    """The keys that the model allows in the mapping at `loc`."""
    model: type[BaseModel] | None = Programme
    for part in loc:
        if isinstance(part, str) and model is not None:
            model = _model_in(_fields(model).get(part))
    return list(_fields(model)) if model else []


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(inner) for inner in get_args(annotation))
    return next((model for model in found if model is not None), None)
