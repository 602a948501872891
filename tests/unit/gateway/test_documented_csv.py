"""docs/position-files.md against the code: its examples load, its table names every code."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from services.gateway.books.files import Source, entries_of, holdings_of, sheet_of
from tests.unit.gateway.builders import rules

PROJECT = Path(__file__).parents[3]
BOOKS = PROJECT / "services" / "gateway" / "books"
DOCUMENT = (PROJECT / "docs" / "position-files.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```csv\n(.*?)```", DOCUMENT, re.DOTALL)
SOURCES = [
    *(BOOKS / "files").glob("*.py"),
    *(BOOKS / "uploading").glob("*.py"),
    BOOKS / "lots.py",
]
# Which argument of which call is the code of something that concerns a row; an HTTP problem has a
# sentence there.
CODE_ARGUMENT = {
    **{"complain": 1, "warn": 1, "skipped": 0, "Unclear": 1, "_pass_over": 2},
    **{"Problem": 2, "RowProblem": 2, "Skipped": 2, "Refusal": 0, "Noted": 1},
}


def codes_in(path: Path) -> set[str]:
    """Every code that a file gives a row: as an argument, or first in a returned pair."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    arguments = [code_argument(node) for node in nodes if isinstance(node, ast.Call)]
    pairs = [
        node.value
        for node in nodes
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple)
    ]
    texts = [text_of(node) for node in (*arguments, *(pair.elts[0] for pair in pairs if pair.elts))]
    return {text for text in texts if re.fullmatch(r"[a-z_]+", text)}


def code_argument(call: ast.Call) -> ast.expr | None:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    place = CODE_ARGUMENT.get(name, len(call.args))
    return call.args[place] if place < len(call.args) else None


def text_of(node: ast.expr | None) -> str:
    """A text, written where it is used or as a constant of one of the files."""
    if isinstance(node, ast.Name):
        return constants().get(node.id, "")
    literal = node.value if isinstance(node, ast.Constant) else None
    return literal if isinstance(literal, str) else ""


@cache
def constants() -> dict[str, str]:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES]
    assigned = [node for tree in trees for node in tree.body if isinstance(node, ast.Assign)]
    return {
        target.id: node.value.value
        for node in assigned
        for target in node.targets
        if isinstance(target, ast.Name)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    }


def test_the_table_names_every_code_and_no_other() -> None:
    given = set().union(*map(codes_in, SOURCES))

    documented = set(
        re.findall(r"^\| `([a-z_]+)` \| (?:problem|warning|skipped) \|", DOCUMENT, re.MULTILINE)
    )

    assert documented == given


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_have_no_problems(example: str) -> None:
    known = rules({"AAPL", "MSFT", "XOM"})

    sheet = sheet_of(example.encode())
    read = entries_of if sheet.source is Source.TRANSACTIONS else holdings_of
    found = read(sheet, known)

    assert found.problems == ()
    assert len(found.accepted) >= 2
