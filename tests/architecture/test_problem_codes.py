"""The catalogue of problem codes names what the code answers, and nothing else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parents[2]
CATALOGUE = PROJECT / "docs" / "problems.md"
GATEWAY = PROJECT / "services" / "gateway"
FROM_THE_FRAMEWORK = {(400, "bad_request"), (404, "not_found"), (405, "method_not_allowed")}
ROW = re.compile(r"^\| (\d{3}) \| `([a-z_]+)` \| \S", re.MULTILINE)


def catalogued() -> list[tuple[int, str]]:
    return [
        (int(status), code) for status, code in ROW.findall(CATALOGUE.read_text(encoding="utf-8"))
    ]


def calls(root: Path, *names: str) -> Iterator[tuple[str, list[object]]]:
    """The calls of these names with their constant arguments (None for others)."""
    for file in root.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
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
        arguments[0] for _, arguments in calls(PROJECT / "services" / "stress", "Unanswerable")
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


def test_every_code_is_catalogued() -> None:
    assert (answered() | passed_on() | FROM_THE_FRAMEWORK) - set(catalogued()) == set()


def test_every_catalogued_code_is_answered() -> None:
    assert set(catalogued()) - answered() - passed_on() - FROM_THE_FRAMEWORK == set()


def test_no_code_is_catalogued_twice() -> None:
    assert len(catalogued()) == len({code for _, code in catalogued()})
