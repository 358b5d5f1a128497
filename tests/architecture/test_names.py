"""One name, one meaning: no public type and no module is called as another one is."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest
import yaml

from tests.architecture.code import ROOT, files, parsed

SUBJECTS: Final[Mapping[str, tuple[str, ...]]] = {
    "advice": ("jobs", "services"),
    "affairs": ("handlers", "language"),
    "alarms": ("answers", "handlers"),
    "asking": ("app/commands", "handlers"),
    "audit": ("services", "storage/tables"),
    "bulletin_replies": ("handlers", "services"),
    "bulletins": ("handlers", "jobs", "services", "storage/tables"),
    "certificates": ("app/commands", "handlers", "jobs", "services", "storage/tables"),
    "console": ("handlers", "services"),
    "delegates": ("handlers", "services"),
    "departures": ("handlers", "services"),
    "documents": ("app/commands", "handlers", "jobs", "services", "storage"),
    "official": ("app/commands", "handlers", "jobs", "services"),
    "handovers": ("app/commands", "handlers", "services"),
    "dossiers": ("app/commands", "handlers", "jobs", "services"),
    "evaluations": ("handlers", "services"),
    "plans": ("handlers", "services"),
    "exits": ("handlers", "services"),
    "files": ("jobs", "storage"),
    "help_calls": ("handlers", "services", "storage/tables"),
    "inquiries": ("app/commands", "handlers", "services", "storage", "storage/tables"),
    "leave": ("handlers", "services"),
    "marking": ("handlers", "services"),
    "materials": ("handlers", "programmes"),
    "office_days": ("handlers", "services"),
    "progress": ("handlers", "services"),
    "records": ("services", "storage/tables"),
    "rehearsals": ("handlers", "jobs", "services"),
    "reminders": ("handlers", "services", "storage/tables"),
    "results": ("handlers", "services"),
    "retention": ("app/commands", "handlers", "services", "storage/tables"),
    "rosters": ("app/commands", "handlers", "jobs", "storage/tables"),
    "service_hours": ("handlers", "services"),
    "stages": ("handlers", "services"),
    "summaries": ("handlers", "jobs", "services", "storage/tables"),
    "urging": ("handlers", "services"),
}
"""One subject on several floors (what is said of it, commands, talks, jobs, acts, tables), a file
each. The name means the same on every one of them."""

BY_POSITION: Final = ("__init__",)
"""Names that Python gives: a package's own module."""


def modules() -> dict[str, list[str]]:
    """The folders in which each module name stands."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in files():
        if path.stem not in BY_POSITION:
            found[path.stem].append(str(path.relative_to(ROOT).parent))
    return found


def types_in(module: ast.Module) -> Iterator[str]:
    """The public classes and type aliases of a module, by their capitals. A type variable of one
    letter names nothing."""
    for node in module.body:
        match node:
            case ast.ClassDef(name=name):
                names = [name]
            case ast.Assign(targets=targets):
                names = [one.id for one in targets if isinstance(one, ast.Name)]
            case ast.AnnAssign(target=ast.Name(id=name)):
                names = [name]
            case _:
                names = []
        yield from (n for n in names if n[0].isupper() and any(map(str.islower, n)))


def types(paths: Iterable[Path]) -> dict[str, list[str]]:
    """The modules that define each public type."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        for name in types_in(parsed(path)):
            found[name].append(str(path.relative_to(ROOT)))
    return found


def test_a_type_has_one_meaning() -> None:
    every = types(files())
    assert len(every) > 300
    assert {name: places for name, places in every.items() if len(places) > 1} == {}


def test_a_module_has_one_meaning() -> None:
    """A subject that leaves a floor leaves the list as well."""
    twice = {name: tuple(where) for name, where in modules().items() if len(where) > 1}
    assert {name: tuple(sorted(where)) for name, where in twice.items()} == SUBJECTS


def test_what_defines_a_type_is_seen() -> None:
    module = "class One: ...\nTwo = int | str\nThree: type = int\nFOUR = 4\nT = 5\n_Six = int"
    assert list(types_in(ast.parse(module))) == ["One", "Two", "Three"]


class _KeysOnce(yaml.SafeLoader):
    """Fails at a key that stands twice in one mapping: YAML would silently take the last."""


def _keys_once(loader: _KeysOnce, node: yaml.MappingNode) -> dict[object, object]:
    keys = [loader.construct_object(key) for key, _ in node.value]
    twice = sorted(str(key) for key, count in Counter(keys).items() if count > 1)
    assert not twice, f"{node.start_mark}: {twice}"
    return loader.construct_mapping(node)


_KeysOnce.add_constructor("tag:yaml.org,2002:map", _keys_once)


@pytest.mark.parametrize("folder", ["answers", "language", "services", "app"])
def test_no_key_stands_twice_in_a_vocabulary(folder: str) -> None:
    every = sorted((ROOT / folder).rglob("*.yaml"))
    assert every
    for path in every:
        _KeysOnce(path.read_text("utf-8")).get_single_data()
