"""The methodology's worked example says what the services compute, and its arithmetic is right."""

import ast
import math
import operator
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.worked_example import DOCUMENT, TABLES, WorkedExample, table

TEXT = DOCUMENT.read_text(encoding="utf-8")
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
SIGNS = {"−": "-", "×": "*", "÷": "/", "²": "**2", "√": "sqrt"}
OPERATORS: dict[type, Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
}


@pytest.fixture(scope="module")
def example() -> WorkedExample:
    return WorkedExample()


def written(name: str) -> str:
    """A marked table as the document has it."""
    (found,) = re.findall(rf"<!-- table: {re.escape(name)} -->\n(.*?)\n<!-- end -->", TEXT, re.S)
    return str(found)


def cells(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]


def plain(number: str) -> str:
    return number.replace(",", "")


def digits_after_point(number: str) -> int:
    return len(number.partition(".")[2])


def equations() -> list[str]:
    """Everything in code style that states an equality of numbers."""
    printed = re.findall(r"`([^`]+ = [^`]+)`", TEXT.replace("\n", " "))
    return [each for each in printed if re.fullmatch(r"[\d\s.,+−×÷²√()%=]+", each)]


def value(expression: str) -> float:
    expression = re.sub(r"(\d[\d,.]*) ?%", r"(\1 / 100)", expression)
    for sign, symbol in SIGNS.items():
        expression = expression.replace(sign, symbol)
    return _evaluated(ast.parse(plain(expression).strip(), mode="eval").body)


def _evaluated(node: Any) -> float:
    if isinstance(node, ast.Constant):
        return float(str(node.value))
    if isinstance(node, ast.BinOp):
        return OPERATORS[type(node.op)](_evaluated(node.left), _evaluated(node.right))
    if isinstance(node, ast.UnaryOp):
        return OPERATORS[type(node.op)](_evaluated(node.operand))
    assert isinstance(node, ast.Call), ast.dump(node)
    return math.sqrt(_evaluated(node.args[0]))


def rounding_error(expression: str) -> float:
    """How far the value may be off because every decimal in it was rounded to what is shown."""
    exact = value(expression)
    error = 0.0
    for found in NUMBER.finditer(expression):
        number = plain(found.group())
        if "." in number:
            moved = repr(float(number) + 0.5 * 10.0 ** -digits_after_point(number))
            error += abs(
                value(expression[: found.start()] + moved + expression[found.end() :]) - exact
            )
    return error


@pytest.mark.parametrize("name", TABLES)
def test_every_table_says_what_the_services_compute(name: str, example: WorkedExample) -> None:
    shown, computed = cells(written(name)), cells(table(name, example))

    assert [len(row) for row in shown] == [len(row) for row in computed]
    for ours, theirs in zip(shown, computed, strict=True):
        differing = [pair for pair in zip(ours, theirs, strict=True) if not same(*pair)]
        assert differing == [], f"{name}: (the document's, the services')"


def same(cell: str, wanted: str) -> bool:
    """Equal text, or numbers of equal precision that differ by one in the last digit at most."""
    number, unit = (re.sub(r"[-\d,.]+", "#", each) for each in (cell, wanted))
    ours, theirs = (re.findall(r"-?\d[\d,]*(?:\.\d+)?", each) for each in (cell, wanted))
    if number != unit or len(ours) != len(theirs):
        return False
    return all(close(plain(one), plain(other)) for one, other in zip(ours, theirs, strict=True))


def close(number: str, other: str) -> bool:
    if "." not in number or digits_after_point(number) != digits_after_point(other):
        return number == other
    return abs(float(number) - float(other)) <= 1.01 * 10.0 ** -digits_after_point(number)


def test_the_document_has_no_other_tables_and_no_empty_ones() -> None:
    marked = re.findall(r"<!-- table: (.*?) -->", TEXT)

    assert sorted(marked) == sorted(TABLES)
    outside = re.sub(
        r"<!-- (?:table|ledger|measured): .*? -->\n.*?\n<!-- end -->", "", TEXT, flags=re.S
    )
    assert not [line for line in outside.splitlines() if line.startswith("|")]
    assert all(len(cells(written(name))) > 2 for name in TABLES)


def test_there_is_arithmetic_to_follow() -> None:
    assert len(equations()) >= 25


@pytest.mark.parametrize("equation", equations())
def test_every_equation_holds_to_its_last_digit(equation: str) -> None:
    left, right = equation.split(" = ")

    number = NUMBER.search(right)
    assert number is not None
    last_digit = 0.5 * 10.0 ** -digits_after_point(number.group())
    allowed = rounding_error(left) + last_digit * (0.01 if "%" in right else 1.0) + 1e-9
    assert abs(value(left) - value(right)) <= allowed


@pytest.mark.parametrize("equation", equations())
def test_every_number_of_an_equation_stands_in_a_table(equation: str) -> None:
    known = {plain(found) for name in TABLES for found in NUMBER.findall(written(name))}
    results = {
        plain(found) for each in equations() for found in NUMBER.findall(each.split(" = ")[1])
    }
    printed = {"5000.00", "40000.00"}

    used = {plain(found) for found in NUMBER.findall(equation.split(" = ")[0])}

    assert {number for number in used if "." in number} <= known | results | printed


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("1 + 1 = 3", False), ("2 × 1.26 = 2.51", True), ("2 × 1.26 = 2.49", False)],
)
def test_the_check_of_equations_can_fail(wrong: str, right: bool) -> None:
    left, result = wrong.split(" = ")

    holds = abs(value(left) - value(result)) <= rounding_error(left) + 0.005 + 1e-9

    assert holds is right


def test_every_page_it_points_to_exists() -> None:
    pages = re.findall(r"\]\(([^)#]+)\)", TEXT)

    assert pages
    assert [page for page in pages if not (DOCUMENT.parent / page).is_file()] == []


def headings() -> Iterator[str]:
    return (line.removeprefix("## ") for line in TEXT.splitlines() if line.startswith("## "))


def test_every_measure_of_the_contract_has_its_section() -> None:
    wanted = (
        "Value and exposure",
        "P&L, NAV, return",
        "Options: value and Greeks",
        "Factors",
        "Interest rates",
        "How factors and positions move together",
        "Stress",
        "Value at risk and expected shortfall",
        "Metrics of the past",
        "Attribution",
    )

    assert set(wanted) <= set(headings())
