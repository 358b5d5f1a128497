"""Reading a pack, and saying plainly what is wrong with it and where."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from programmes.model import Programme
from programmes.values import CITATION, Consent, Grade, Role, When

Loc = tuple[int | str, ...]

_CODES = {
    "missing": "missing_key",
    "extra_forbidden": "unknown_key",
    "enum": "unknown_choice",
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
    "not_utf8",
    "alias_loop",
    "duplicate_key",
    "bad_date",
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
}
"""Every code a Problem can have."""


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


class InvalidPack(ValueError):
    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def check_file(path: Path) -> list[Problem]:
    """Every mistake in the pack, in the order of its lines; none if it can be used.

    Mistakes of form hide mistakes of sense: mend what is told and check again. Raises OSError.
    """
    return examine(path)[1]


def examine(path: Path) -> tuple[Programme | None, list[Problem]]:
    """The programme in the file, or what keeps it from being one. Raises OSError."""
    try:
        root = compose(path.read_text("utf-8"))
        duplicates = list(_duplicates(root, ()))
        data = _plain(root)
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        return None, [Problem("not_utf8", str(path), line, 1)]
    except RecursionError:
        return None, [Problem("alias_loop", str(path), 1, 1)]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        return None, [Problem("bad_yaml", str(path), line, column, got=error.problem or "")]
    except yaml.YAMLError as error:
        return None, [Problem("bad_yaml", str(path), 1, 1, got=str(error))]

    programme = None
    found: list[_Finding] = []
    if not duplicates:
        try:
            programme = Programme.model_validate(data)
            found = list(_inconsistencies(programme, path.stem))
        except ValidationError as error:
            found = list(_explain(error.errors()))
    problems = [
        Problem("duplicate_key", str(path), *_position(key), _dotted(loc), got=str(loc[-1]))
        for key, loc in duplicates
    ] + [
        Problem(code, str(path), *_position(find(root, loc)[1]), _dotted(loc), got, suggestion)
        for code, loc, got, suggestion in found
    ]
    return (
        None if problems else programme,
        sorted(problems, key=lambda problem: (problem.line, problem.column)),
    )


class _Loader(getattr(yaml, "CBaseLoader", yaml.BaseLoader)):  # type: ignore[misc]
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


def _explain(errors: list[ErrorDetails]) -> Iterator[_Finding]:
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
        elif code == "unknown_choice":
            choices = re.findall(r"'([^']*)'", str(context.get("expected", "")))
            code = "unknown_role" if set(choices) == set(Role) else code
            suggestion = _nearest(got, choices) or "、".join(choices)
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
    """What no single fact can know."""
    for key in (stem, f"{programme.family}-{programme.edition}"):
        if programme.key != key:
            yield "key_mismatch", ("key",), programme.key, key
    for loc, due in _deadlines(programme):
        if due is not None and due.last_day not in programme.cycle:
            bounds = f"{programme.cycle.first_day}–{programme.cycle.last_day}"
            yield "outside_cycle", loc, str(due), bounds
    yield from _unknown_subjects(programme)
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
