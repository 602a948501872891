"""The gateway asks other services outside its transactions, and in one way."""

import ast
from collections.abc import Iterator
from pathlib import Path

GATEWAY = Path(__file__).parents[2] / "services" / "gateway"
# Parameters that keep a transaction open around an endpoint.
TRANSACTIONS = {
    *("Session", "OpenSession"),
    *("NamedPortfolio", "ChosenPortfolio", "NamedRevision", "ChosenRevision"),
}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def asking() -> Iterator[tuple[Path, Function, ast.Call]]:
    """Every call of `Gateway.ask`, with the function around it."""
    for path in sorted(GATEWAY.rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, Function):
                yield from ((path, function, call) for call in calls(function, "ask"))


def calls(node: ast.AST, name: str) -> list[ast.Call]:
    return [
        call
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == name
    ]


def annotated(function: Function) -> set[str]:
    notes = [each.annotation for each in (*function.args.args, *function.args.kwonlyargs)]
    return {
        name.id for note in notes if note for name in ast.walk(note) if isinstance(name, ast.Name)
    }


def test_no_function_asks_inside_a_transaction() -> None:
    """Integration tests guard the same at run time, dependencies included."""
    found = list(asking())

    assert len(found) >= 5
    for path, function, call in found:
        where = f"{path.name}: {function.name}"
        assert not annotated(function) & TRANSACTIONS, where
        assert all(call.lineno < later.lineno for later in calls(function, "open")), where
        for block in ast.walk(function):
            if isinstance(block, ast.AsyncWith) and calls(block, "transaction"):
                assert call not in ast.walk(block), where


def test_only_the_parts_of_the_gateway_reach_the_bus_requests() -> None:
    asks = {
        path.relative_to(GATEWAY).as_posix()
        for path in GATEWAY.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("shared.messaging")
        and "ask" in {alias.name for alias in node.names}
    }

    assert asks == {"edge/dependencies.py"}
