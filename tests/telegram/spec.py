"""Does a value fit the Bot API's own description of its methods and types?

The description is a file beside the project; without it nothing is checked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

SPEC = next(
    (
        found
        for folder in Path(__file__).resolve().parents
        if (found := folder / "shared" / "data" / "botapi-spec.json").exists()
    ),
    None,
)


@cache
def spec() -> Mapping[str, Any] | None:
    if SPEC is None:
        return None
    found: Mapping[str, Any] = json.loads(SPEC.read_text("utf-8"))
    return found


def method_faults(
    method: str, parameters: Mapping[str, Any], uploads: Collection[str]
) -> list[str]:
    """What is wrong with a call, by the description. `parameters` are as they were sent: text,
    unless the body was JSON. `uploads` are the names of the parts that are files."""
    described = spec()
    if described is None:
        return []
    if method not in described["methods"]:
        return [f"no method {method}"]
    fields = {field["name"]: field for field in described["methods"][method].get("fields", ())}
    faults = [f"{method} has no {name}" for name in parameters if name not in fields]
    for name, field in fields.items():
        if name in parameters:
            value = _from_text(parameters[name], field["types"])
            faults += _faults(f"{method}.{name}", value, field["types"], uploads)
        elif name in uploads:
            if "InputFile" not in field["types"]:
                faults.append(f"{method}.{name} is not a file")
        elif field["required"]:
            faults.append(f"{method} needs {name}")
    return faults


def result_faults(method: str, result: Any) -> list[str]:
    """What is wrong with an answer, by the description."""
    described = spec()
    if described is None:
        return []
    return _faults(method, result, described["methods"][method]["returns"], ())


def value_faults(type_name: str, value: Any) -> list[str]:
    """What is wrong with a value of a type, such as an Update, by the description."""
    return _faults(type_name, value, [type_name], ()) if spec() else []


def _from_text(value: Any, types: Collection[str]) -> Any:
    """A form's text as the value it stands for."""
    if not isinstance(value, str):
        return value
    if "Integer" in types and re.fullmatch(r"-?\d+", value):
        return int(value)
    if "Boolean" in types and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if "String" in types:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _faults(where: str, value: Any, types: Collection[str], uploads: Collection[str]) -> list[str]:
    """The faults by the type that comes nearest."""
    return min((_faults_as(where, value, kind, uploads) for kind in types), key=len)


def _faults_as(where: str, value: Any, kind: str, uploads: Collection[str]) -> list[str]:
    wrong = [f"{where}: {value!r:.80} is no {kind}"]
    if kind.startswith("Array of "):
        if not isinstance(value, list):
            return wrong
        inner = kind.removeprefix("Array of ")
        return [
            fault
            for number, item in enumerate(value)
            for fault in _faults_as(f"{where}[{number}]", item, inner, uploads)
        ]
    match kind:
        case "Integer":
            return [] if isinstance(value, int) and not isinstance(value, bool) else wrong
        case "Float":
            return [] if isinstance(value, int | float) else wrong
        case "Boolean":
            return [] if isinstance(value, bool) else wrong
        case "String":
            if not isinstance(value, str):
                return wrong
            lost = value.startswith("attach://") and value[9:] not in uploads
            return [f"{where}: nothing is attached as {value}"] if lost else []
        case "InputFile":
            return wrong  # a file comes as a part of its own
    return _object_faults(where, value, kind, uploads)


def _object_faults(where: str, value: Any, kind: str, uploads: Collection[str]) -> list[str]:
    described = spec()
    assert described is not None
    shape = described["types"][kind]
    if not isinstance(value, dict):
        return [f"{where}: {value!r:.80} is no {kind}"]
    if "subtypes" in shape:
        return _faults(where, value, shape["subtypes"], uploads)
    fields = {field["name"]: field for field in shape.get("fields", ())}
    faults = [f"{where}: {kind} has no {name}" for name in value if name not in fields]
    for name, field in fields.items():
        if name in value:
            faults += _faults(f"{where}.{name}", value[name], field["types"], uploads)
        elif field["required"]:
            faults.append(f"{where}: {kind} needs {name}")
    return faults
