"""The catalogue of problem codes names what the code answers, and nothing else."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import get_args

from services.gateway.analytics.shapes.greeks import ASSUMPTIONS
from services.gateway.analytics.shapes.metrics import GAPS
from services.gateway.runs.shapes import Trouble
from services.gateway.runs.troubles import SHORTFALLS
from shared.caveats import CaveatCode
from shared.contracts.event import CALCULATION_FAILED

PROJECT = Path(__file__).parents[2]
CATALOGUE = PROJECT / "docs" / "problems.md"
GATEWAY = PROJECT / "services" / "gateway"
FROM_THE_FRAMEWORK = {(400, "bad_request"), (404, "not_found"), (405, "method_not_allowed")}
FAILED = "failed"  # what a service did not expect: the gateway answers internal_error
ROW = re.compile(r"^\| (\d{3}) \| `([a-z_]+)` \| \S", re.MULTILINE)


def catalogued() -> list[tuple[int, str]]:
    return [
        (int(status), code) for status, code in ROW.findall(CATALOGUE.read_text(encoding="utf-8"))
    ]


@cache
def nodes_of(file: Path) -> tuple[ast.AST, ...]:
    """Every node of a file of source."""
    return tuple(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))


def calls(root: Path, *names: str) -> Iterator[tuple[str, list[object]]]:
    """The calls of these names with their constant arguments (None for others)."""
    for file in root.rglob("*.py"):
        for node in nodes_of(file):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in names
            ):
                yield (
                    node.func.id,
                    [each.value if isinstance(each, ast.Constant) else None for each in node.args],
                )


def answered() -> set[tuple[int, str]]:
    """Status and code of every problem that the gateway's code spells out."""
    found: set[tuple[int, str]] = set()
    for name, arguments in calls(GATEWAY, "Problem", "not_found", "unauthorised"):
        match name, arguments:
            case "Problem", [int(status), str(code), *_]:
                found.add((status, code))
            case "not_found", [str(what), *_]:
                found.add((404, f"{what}_not_found"))
            case "unauthorised", [str(code), *_]:
                found.add((401, code))
    return found


def passed_on() -> set[tuple[int, str]]:
    """Problems that files and the services asked have, which the gateway passes on."""
    files = {arguments[1] for _, arguments in calls(GATEWAY / "books" / "files", "UnreadableFile")}
    refusals = {
        arguments[0]
        for word in ("stress", "limits")
        for _, arguments in calls(PROJECT / "services" / word, "Unanswerable")
    }
    errors = re.findall(
        r'^    code = "([a-z_]+)"', (PROJECT / "shared" / "errors.py").read_text(), re.MULTILINE
    )
    too_large = {"too_large", "too_many_rows"}
    lots = calls(GATEWAY / "books", "Refusal")
    conflicts = {(409, str(arguments[0])) for _, arguments in lots}
    return conflicts | {
        (413 if code in too_large else 422, code)
        for code in files | refusals | set(errors)
        if isinstance(code, str)
    }


def refused_by_services() -> set[str]:
    """Codes with which any service refuses a request, as the bus carries them."""
    said = {
        str(arguments[0])
        for _, arguments in calls(PROJECT / "shared" / "messaging", "refusal_json")
        if arguments and arguments[0] is not None
    }
    errors = (PROJECT / "shared" / "errors.py").read_text(encoding="utf-8")
    return (said | set(re.findall(r'(?:public_)?code = "([a-z_]+)"', errors))) - {FAILED}


def in_errors() -> set[str]:
    """Every code that the gateway's source gives to a field, a row or a line."""
    found: set[str] = set()
    for file in GATEWAY.rglob("*.py"):
        for node in nodes_of(file):
            match node:
                case ast.Dict(keys=keys, values=values):
                    named = zip(keys, values, strict=True)
                    found |= _texts(value for key, value in named if _text(key) == "code")
                case ast.Call(func=ast.Attribute(attr="complain" | "warn"), args=[_, code, *_]):
                    found |= _texts([code])
                case ast.Call(func=ast.Attribute(attr="_complain"), args=[_, code, *_]):
                    found |= _texts([code])
                case ast.Call(func=ast.Name(id="Problem" | "RowProblem"), args=[_, _, code, _]):
                    found |= _texts([code])
                case ast.Call(func=ast.Name(id="Skipped"), args=[_, _, code, _]):
                    found |= _texts([code])
                case ast.Call(func=ast.Name(id="UnreadableFile"), args=[_, code, *_]):
                    found |= _texts([code])
    return found


def _text(node: ast.AST | None) -> str | None:
    match node:
        case ast.Constant(value=str(text)):
            return text
    return None


def _texts(nodes: Iterable[ast.AST]) -> set[str]:
    """The constants among them that are codes: one word, or words joined by underscores."""
    texts = (_text(node) for node in nodes)
    return {text for text in texts if text and re.fullmatch("[a-z]+(_[a-z]+)*", text)}


def test_every_code_of_a_service_is_catalogued() -> None:
    known = {code for _, code in catalogued()}

    assert {"invalid_request", "invalid_rows", "not_a_session"} <= refused_by_services()
    assert refused_by_services() - known == set()


def test_every_code_of_a_field_a_row_or_a_line_is_documented() -> None:
    pages = ("problems.md", "position-files.md")
    text = "".join((CATALOGUE.parent / page).read_text(encoding="utf-8") for page in pages)
    documented = set(re.findall(r"`([a-z_]+)`", text))

    assert {"unknown_parameter", "duplicate_row", "date_too_late"} <= in_errors()
    assert in_errors() - documented == set()


def of_warnings() -> set[str]:
    """Every code of a warning: those of caveats, which are typed, and those of the gateway."""
    found: set[str] = {*get_args(CaveatCode), *ASSUMPTIONS, *SHORTFALLS, GAPS}
    for file in GATEWAY.rglob("*.py"):
        for node in nodes_of(file):
            match node:
                case ast.Call(func=ast.Name(id="Warned"), keywords=keywords):
                    found |= _texts(each.value for each in keywords if each.arg == "code")
    return found


def of_runs() -> set[str]:
    """Every code of a problem that a run may have: of a shard, of a portfolio, of a warning."""
    found = {CALCULATION_FAILED, *SHORTFALLS}
    for file in (*(GATEWAY / "runs").rglob("*.py"), GATEWAY / "books" / "settling.py"):
        for node in nodes_of(file):
            match node:
                case ast.Call(func=ast.Name(id="Trouble")):
                    found |= _texts(ast.walk(node)) - {each.name for each in fields(Trouble)}
    division = PROJECT / "shared" / "messaging" / "division.py"
    for node in nodes_of(division):
        match node:
            case ast.Return(value=ast.Tuple(elts=[code, _])):
                found |= _texts([code])
    return found


def explained() -> set[str]:
    """The codes that the catalogue's last table explains."""
    page = CATALOGUE.read_text(encoding="utf-8")
    table = page[page.index("## Codes of warnings") :]
    return set(re.findall(r"^\| `([a-z_]+)` \|", table, re.MULTILINE))


def test_every_code_of_a_warning_or_a_run_is_explained() -> None:
    assert {"chain_restarted", "betas_outdated", "volatility_realised"} <= explained()
    assert {"overdue", "not_settled", "figure_too_large", "calculation_failed"} <= of_runs()
    files = (CATALOGUE.parent / "position-files.md").read_text(encoding="utf-8")
    in_files = set(re.findall(r"`([a-z_]+)`", files))
    assert (of_warnings() | of_runs()) - explained() - in_files == set()


def test_no_code_is_explained_that_no_warning_has() -> None:
    in_tables = {"chain_restarted", "positions_left_out"}  # of a view, and of a dictionary

    assert explained() - of_warnings() - of_runs() - in_tables == set()


def test_every_code_is_catalogued() -> None:
    assert (answered() | passed_on() | FROM_THE_FRAMEWORK) - set(catalogued()) == set()


def test_every_catalogued_code_is_answered() -> None:
    assert set(catalogued()) - answered() - passed_on() - FROM_THE_FRAMEWORK == set()


def test_no_code_is_catalogued_twice() -> None:
    assert len(catalogued()) == len({code for _, code in catalogued()})
