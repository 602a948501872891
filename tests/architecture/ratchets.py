"""Counts of what we no longer want, by area; a count may only fall.

python -m tests.architecture.ratchets [CHECK]     list what is counted
python -m tests.architecture.ratchets --write     lower the recorded counts
"""

import ast
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
RECORDED = Path(__file__).with_name("ratchets.json")
CODE = ("services", "shared", "deploy", "sigmasight_client", "clients")
# Written by a program, or never edited again.
GENERATED = re.compile(r".*/migrations/versions/.*|.*sigmasight_client/(models|operations)\.py")
FILE_LINES, FUNCTION_LINES, COLUMNS = 400, 45, 100
# Repositories and calculations; the gateway calls them queries and shapes.
WALL = re.compile(r"services/.*\b(repository|calculations|inputs|queries|shapes)\b")
WRITES = re.compile(
    r"\b(with_for_update|insert|update|delete|advisory_xact_lock|merge|lock|lock_each|commit)\("
)

Place = tuple[str, int, str]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def long_files() -> Iterator[Place]:
    for path, source in sources().items():
        if len(source.splitlines()) >= FILE_LINES:
            yield path, 1, f"{len(source.splitlines())} lines, {FILE_LINES - 1} at most"


def long_functions() -> Iterator[Place]:
    for path, function in functions():
        lines = (function.end_lineno or 0) - function.lineno + 1
        if lines >= FUNCTION_LINES:
            yield path, function.lineno, f"{function.name}: {lines} lines"


def long_lines() -> Iterator[Place]:
    for path, source in {**sources(), **sources("tests")}.items():
        for number, line in enumerate(source.splitlines(), start=1):
            if len(line) > COLUMNS:
                yield path, number, f"{len(line)} columns"


def packed_assignments() -> Iterator[Place]:
    """`a, b = x, y` for unrelated values; an exchange (`a, b = b, a`) is none."""
    for path, tree in trees().items():
        for node in ast.walk(tree):
            match node:
                case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                    if {ast.unparse(each) for each in names} != {ast.unparse(v) for v in values}:
                        yield path, node.lineno, ast.unparse(node)[:80]


def loads_that_write() -> Iterator[Place]:
    """`load_` reads; what locks or writes is named after it."""
    for path, function in functions():
        if function.name.lstrip("_").startswith("load_") and WRITES.search(ast.unparse(function)):
            yield path, function.lineno, function.name


def any_across_the_wall() -> Iterator[Place]:
    """`Any` in the signatures of repositories and calculations."""
    return (place for place in any_in_signatures() if WALL.match(place[0]))


def any_in_signatures() -> Iterator[Place]:
    """Functions that take or return `Any`, also by another name (`Row = dict[str, Any]`)."""
    for path, function in functions():
        arguments = [
            *function.args.posonlyargs,
            *function.args.args,
            *function.args.kwonlyargs,
            *(each for each in (function.args.vararg, function.args.kwarg) if each),
        ]
        written = [*(each.annotation for each in arguments), function.returns]
        words = {name for note in written if note for name in _names(note)}
        if words & ({"Any"} | names_of_any(path)):
            yield path, function.lineno, function.name


CHECKS: dict[str, Callable[[], Iterator[Place]]] = {
    each.__name__: each
    for each in (
        long_files,
        long_functions,
        long_lines,
        packed_assignments,
        loads_that_write,
        any_across_the_wall,
        any_in_signatures,
    )
}


@cache
def names_of_any(path: str) -> set[str]:
    """What this module calls a type that holds `Any`, defined or imported by it."""
    tree = trees()[path]
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
        if alias.name in _aliases_of_module(node.module)
    }
    return imported | _aliases(path)


def _aliases_of_module(module: str) -> frozenset[str]:
    """Those of a module, or of a package with what it takes from its own modules."""
    path = module.replace(".", "/")
    if f"{path}.py" in trees():
        return _aliases(f"{path}.py")
    door = f"{path}/__init__.py"
    own = [each for each in trees() if each.startswith(f"{path}/")] if door in trees() else []
    return frozenset(name for each in own for name in _aliases(each))


@cache
def _aliases(path: str) -> frozenset[str]:
    found: set[str] = set()
    for node in trees()[path].body if path in trees() else ():
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                pass
            case _:
                continue
        if {"Any"} & set(_names(value)) and not isinstance(value, ast.Call):
            found.add(name)
    return frozenset(found)


def _names(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        match each:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                yield name
            case ast.Constant(value=str(name)):
                yield from re.findall(r"\w+", name)


@cache
def sources(*folders: str) -> dict[str, str]:
    paths = (path for folder in folders or CODE for path in sorted((ROOT / folder).rglob("*.py")))
    names = {path.relative_to(ROOT).as_posix(): path for path in paths}
    return {
        name: path.read_text(encoding="utf-8")
        for name, path in names.items()
        if not GENERATED.fullmatch(name)
    }


@cache
def trees() -> dict[str, ast.Module]:
    return {path: ast.parse(source) for path, source in sources().items()}


@cache
def functions() -> list[tuple[str, Function]]:
    nodes = ((path, node) for path, tree in trees().items() for node in ast.walk(tree))
    return [(path, node) for path, node in nodes if isinstance(node, Function)]


def area(path: str) -> str:
    """The unit of a count: a service, or another folder of the project."""
    parts = path.replace("sigmasight_client", "clients", 1).split("/")
    return "/".join(parts[:2]) if parts[0] == "services" else parts[0]


def counts(check: str) -> dict[str, int]:
    return dict(sorted(Counter(area(path) for path, _, _ in CHECKS[check]()).items()))


def main(arguments: list[str]) -> None:
    if arguments == ["--write"]:
        found = {check: counts(check) for check in CHECKS}
        RECORDED.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        return
    for check in arguments or CHECKS:
        for path, line, what in CHECKS[check]():
            sys.stdout.write(f"{check}: {path}:{line}: {what}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
