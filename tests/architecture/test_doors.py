"""One door each: what leaves by another is found here."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.code import ROOT, files, parsed

DOORS = {
    # Replies, which a batch writes together, and notices.
    "post": {"bot/inbox.py", "services/notices.py"},
    "Post": {"bot/scene.py", "services/notices.py"},
}


def test_messages_are_queued_by_the_scene_and_by_notices_only() -> None:
    found: dict[str, set[str]] = {name: set() for name in DOORS}
    for path in files("app", "bot", "handlers", "jobs", "services"):
        for call in calls(path):
            for name in DOORS:
                if called(call.func) in (name, f"chats.{name}"):
                    found[name].add(str(path.relative_to(ROOT)))
    assert found == DOORS


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(parsed(path)) if isinstance(node, ast.Call))


def called(function: ast.expr) -> str:
    """The name that is called, with what holds it."""
    match function:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id=holder), attr=name):
            return f"{holder}.{name}"
        case ast.Attribute(attr=name):
            return f"….{name}"
    return ""


def test_whatever_a_notice_depends_on_is_known_to_delivery() -> None:
    from jobs.ticking import CONDITIONS

    named = {
        call.args[0].value
        for path in files("handlers", "jobs", "services")
        for call in calls(path)
        if called(call.func).rpartition(".")[2] == "Condition"
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }
    assert named
    assert named == set(CONDITIONS)
