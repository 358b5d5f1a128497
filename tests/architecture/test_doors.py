"""One door each: what leaves by another is found here."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.code import ROOT, files, parsed

DOORS = {
    # Replies, which a batch writes together, and notices.
    "post": {"bot/inbox.py", "services/notices.py"},
    "Post": {"bot/scene.py", "services/notices.py"},
}


@pytest.mark.parametrize("name", DOORS)
def test_messages_are_queued_by_the_scene_and_by_notices_only(name: str) -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in files("app", "bot", "handlers", "jobs", "services")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and called(node.func) in (name, f"chats.{name}")
    }
    assert found == DOORS[name]


def called(function: ast.expr) -> str:
    return ast.unparse(function)


def test_whatever_a_notice_depends_on_is_known_to_delivery() -> None:
    from jobs.ticking import CONDITIONS

    named = {
        node.args[0].value
        for path in files("handlers", "jobs", "services")
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call)
        and called(node.func).rpartition(".")[2] == "Condition"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    assert named
    assert named == set(CONDITIONS)
