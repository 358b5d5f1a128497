"""A flow reads no clock, no chance and no database: only what it is told, and the chat.

The engine runs a flow again after every answer; whatever else it read would differ each time.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from handlers import handlers
from tests.architecture.code import files, parsed, place
from tests.tables import each_row

MODULES: Final = frozenset(
    ("random", "secrets", "uuid", "time", "os", "socket", "threading", "asyncio", "subprocess")
)
CALLS: Final = frozenset(
    ("now", "utcnow", "today", "fromtimestamp", "token_hex", "token_urlsafe", "uuid4", "urandom")
)
OPENS: Final = frozenset(("open", "print", "input", "exec", "eval"))
PLACES: Final = frozenset(("Session", "Database", "Scene", "SystemClock", "select", "session"))


Function = ast.AsyncFunctionDef | ast.FunctionDef


def flows(module: ast.Module) -> Iterator[Function]:
    """Every coroutine of a module, and the functions of the module that it calls.

    In handlers/, whatever awaits is a flow or a part of one.
    """
    functions = {n.name: n for n in module.body if isinstance(n, ast.FunctionDef)}
    waiting: list[Function] = [n for n in ast.walk(module) if isinstance(n, ast.AsyncFunctionDef)]
    found: dict[str, Function] = {}
    while waiting:
        flow = waiting.pop()
        found[flow.name] = flow
        called = {node.id for node in ast.walk(flow) if isinstance(node, ast.Name)}
        waiting += [functions[name] for name in called & functions.keys() - found.keys()]
    yield from found.values()


def faults(flow: Function) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(flow):
        match node:
            case ast.Attribute(value=ast.Name(id=module)) if module in MODULES:
                yield node, f"{module} is read"
            case ast.Call(func=ast.Attribute(value=owner, attr=called)) if called in CALLS:
                if not (isinstance(owner, ast.Name) and owner.id == "chat"):
                    yield node, f"{called}() is read"
            case ast.Call(func=ast.Name(id=called)) if called in OPENS | CALLS:
                yield node, f"{called}() is called"
            case ast.Name(id=name) if name in PLACES:
                yield node, f"{name} is reached for"
            case ast.Attribute(attr=name) if name in PLACES:
                yield node, f"{name} is reached for"
            case ast.Import() | ast.ImportFrom() | ast.Global() | ast.Nonlocal():
                yield node, "imports and outer variables are no business of a flow"
            case ast.AsyncFor() | ast.AsyncWith() | ast.Yield() | ast.YieldFrom():
                yield node, "a flow awaits the chat's steps and nothing else"
            case _:
                pass


@each_row("path", list(files("handlers")))
def test_flows_read_nothing_but_what_they_are_told(path: Path) -> None:
    found = [
        f"{place(path, node)} in {flow.name}: {fault}"
        for flow in flows(parsed(path))
        for node, fault in faults(flow)
    ]
    assert not found, "\n".join(found)


def test_the_flows_are_found() -> None:
    """Every flow that the house has is among those looked at."""
    seen = {flow.name for path in files("handlers") for flow in flows(parsed(path))}
    assert {flow.talk.__name__ for flow in handlers().flows.values()} <= seen


@each_row(
    "line",
    [
        "datetime.now(UTC)",
        "date.today()",
        "now()",
        "uuid.uuid4()",
        "secrets.choice(names)",
        "random.random()",
        "time.time()",
        "scene.session.get(Person, 1)",
        "Session(engine)",
        "open('x')",
        "print(1)",
        "await asyncio.sleep(1)",
    ],
)
def test_a_fault_is_found(line: str) -> None:
    source = f"async def flow(chat, me):\n    {line}\n    return chat.now, chat.today\n"
    (flow,) = flows(ast.parse(source))
    assert list(faults(flow))


def test_a_fault_is_found_in_what_a_flow_calls() -> None:
    source = "def day():\n    return date.today()\n\nasync def flow(chat, me):\n    return day()\n"
    found = {flow.name: list(faults(flow)) for flow in flows(ast.parse(source))}
    assert found.keys() == {"flow", "day"}
    assert found["day"]


def test_the_chats_own_time_is_no_fault() -> None:
    (flow,) = flows(ast.parse("async def flow(chat, me):\n    return chat.now, chat.today\n"))
    assert not list(faults(flow))
