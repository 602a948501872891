"""The pages of `docs/how-to` that change code, applied to a copy of the tree and tested there."""

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.test_new_service import ROOT, copied_tree, run

PAGES = ROOT / "docs" / "how-to"
BLOCK = re.compile(r"^```(python|diff) (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# What proves each page: the tests it adds to, and those that list what it adds.
PROOFS = {
    "add-an-endpoint": (
        "tests/architecture/test_ratchets.py",
        "tests/integration/gateway/test_market_data.py::test_sectors_are_counted_by_name",
        "tests/integration/gateway/test_matrix.py::test_every_route_is_classified_once",
        "tests/integration/gateway/test_personal_tokens.py"
        "::test_every_route_says_which_scope_it_needs_or_why_none_will_do",
    ),
    "add-a-measure": (
        "tests/architecture/test_ratchets.py",
        "tests/unit/snapshots/test_realised.py",
        "tests/unit/gateway/test_metrics.py",
        "tests/unit/gateway/test_definitions.py",
        "tests/unit/test_methodology.py",
    ),
}
# What a page has its reader run before the checks.
STEPS = {"add-a-measure": ("-m", "tests.worked_example")}


@pytest.fixture(autouse=True)
def empty() -> None:
    """No database here: the copy starts one."""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the tree in which every page was followed, one after the other."""
    copy = copied_tree(tmp_path_factory.mktemp("pages") / "tree")
    for page in PROOFS:
        apply(copy, page)
        if page in STEPS:
            run(copy, sys.executable, *STEPS[page])
    yield copy
    shutil.rmtree(copy)


@pytest.fixture(scope="module")
def known_types(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where mypy stores what it knows of files that the pages do not change.

    It begins with what `make check` stored, if that ran: files are compared by their content.
    """
    known = tmp_path_factory.mktemp("mypy")
    if (ROOT / ".mypy_cache").exists():
        shutil.copytree(ROOT / ".mypy_cache", known, dirs_exist_ok=True)
    return str(known)


def changes_of(page: str) -> list[tuple[str, str, str]]:
    """What a page changes: the kind of each block, its file, and its text."""
    return BLOCK.findall((PAGES / f"{page}.md").read_text(encoding="utf-8"))


def files_of(*pages: str) -> set[str]:
    return {name for page in pages for _, name, _ in changes_of(page)}


def apply(tree: Path, page: str) -> None:
    """Make the page's changes."""
    for kind, name, block in changes_of(page):
        path = tree / name
        before = path.read_text(encoding="utf-8")
        after = replaced(before, block) if kind == "diff" else f"{before}\n\n{block}"
        path.write_text(after, encoding="utf-8")


def replaced(text: str, block: str) -> str:
    """The text with the block's `-` lines replaced by its `+` lines."""
    lines = block.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if line.startswith("-"))
    new = "".join(line[1:] for line in lines if line.startswith("+"))
    assert text.count(old) == 1, old
    return text.replace(old, new)


def test_code_of_the_pages_keeps_the_rules(tree: Path, known_types: str) -> None:
    code = [name for name in files_of(*PROOFS) if name.endswith(".py")]

    run(tree, sys.executable, "-m", "ruff", "check", *code)
    run(tree, sys.executable, "-m", "ruff", "format", "--check", *code)
    run(tree, sys.executable, "-m", "mypy", "--cache-dir", known_types, *code)


def test_what_the_pages_add_works(tree: Path) -> None:
    proofs = dict.fromkeys(proof for page in PROOFS for proof in PROOFS[page])

    run(tree, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *proofs)


def test_an_endpoint_changes_one_folder_and_tests() -> None:
    by_hand = {name for name in files_of("add-an-endpoint") if not name.startswith("tests/")}

    assert by_hand
    by_hand -= {"services/gateway/edge/scopes.py"}  # one line of the table of all routes
    assert all(name.startswith("services/gateway/market/") for name in by_hand)
    assert len(by_hand) <= 4
