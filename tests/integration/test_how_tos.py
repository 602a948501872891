"""The pages of `docs/how-to` that change code, followed in a copy of the tree and tested there.

Adding a service takes a folder, its events, a line of the topology and an extra. All pages are
followed in the same copy, one after the other, so that one run of pytest proves what they add.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "how-to"
BLOCK = re.compile(r"^```(python|diff) (\S+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FOLDERS = ("clients", "deploy", "docs", "services", "shared", "tests")
FILES = (
    *("Makefile", "README.md", "pyproject.toml", "requirements.txt"),
    *("docker-compose.yml", ".env.example", "railway.json"),
)
GENERATED = {
    *("docker-compose.yml", "deploy/observability/compose/prometheus.yml"),
    *(".env.example", "deploy/kubernetes/values.yaml"),
    *("tests/contracts/schemas/toy.computed.json", "tests/contracts/schemas/toy.failed.json"),
}
ENVIRONMENT = {
    name: value for name, value in os.environ.items() if not name.startswith("SIGMASIGHT_")
}
# What proves that a new service keeps the rules, and that it works in a run.
RULES = (
    *(f"tests/architecture/test_{name}.py" for name in ("rules", "cards", "compose", "chart")),
    "tests/contracts",
)
IN_A_RUN = "tests/integration/pipeline/check_new_service.py"
# What proves the pages whose blocks name their files: the tests they add to, and those that list
# what they add.
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


@dataclass(frozen=True)
class Copy:
    """A copy of the tree, and the files that adding a service changed in it."""

    tree: Path
    changed: frozenset[str]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """A copy with the service `toy`, in which every other page was followed after that."""
    tree = copied_tree(tmp_path_factory.mktemp("pages") / "tree")
    add_the_service(tree)
    changed = frozenset(changed_files(tree))
    for page in PROOFS:
        apply(tree, page)
        if page in STEPS:
            run(tree, sys.executable, *STEPS[page])
    yield Copy(tree, changed)
    shutil.rmtree(tree)


@pytest.fixture(scope="module")
def printed(copy: Copy) -> str:
    """What pytest prints of every proof, a line for each test."""
    proofs = dict.fromkeys(proof for page in PROOFS for proof in PROOFS[page])
    options = ("-q", "-rap", "-p", "no:cacheprovider")
    command = (sys.executable, "-m", "pytest", *options, *RULES, IN_A_RUN, *proofs)
    return finished(copy.tree, *command).stdout


@pytest.fixture(scope="module")
def known_types(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where mypy stores what it knows, for the next time too: files are compared by their content.

    It begins with what `make check` stored, if that ran.
    """
    cache: pytest.Cache | None = getattr(request.config, "cache", None)
    known = cache.mkdir("types_of_how_tos") if cache else tmp_path_factory.mktemp("mypy")
    if (ROOT / ".mypy_cache").exists() and not any(known.iterdir()):
        shutil.copytree(ROOT / ".mypy_cache", known, dirs_exist_ok=True)
    return str(known)


def finished(tree: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A command that ran in the tree."""
    return subprocess.run(
        command,
        cwd=tree,
        env=ENVIRONMENT | {"PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=False,
    )


def run(tree: Path, *command: str) -> None:
    """Run a command in the tree; fails with its output."""
    done = finished(tree, *command)
    assert done.returncode == 0, done.stdout + done.stderr


def copied_tree(copy: Path) -> Path:
    """What the pages of `docs/how-to` change, with the compiled modules, which are still valid."""
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("bench"))
    for file in FILES:
        shutil.copy(ROOT / file, copy / file)
    return copy


def insert(path: Path, before: str, text: str) -> None:
    """Edit one file by hand: add text before the only place that starts with `before`."""
    content = path.read_text(encoding="utf-8")
    assert content.count(before) == 1
    path.write_text(content.replace(before, text + before), encoding="utf-8")


def add_the_service(tree: Path) -> None:
    """The steps of `add-a-service`, in order, with the page's own text."""
    page = (PAGES / "add-a-service.md").read_text(encoding="utf-8")
    copying, card, events, line, extra, _ = re.findall(r"```\w+\n(.*?)```", page, re.DOTALL)
    run(tree, "sh", "-ec", copying)
    (tree / "services" / "toy" / "__init__.py").write_text(card, encoding="utf-8")
    (tree / "shared" / "contracts" / "toy.py").write_text(events, encoding="utf-8")
    topology = tree / "shared" / "topology.py"
    imported = "from shared.contracts.toy import ToyComputed, ToyFailed\n"
    insert(topology, "\n\n@dataclass(frozen=True)\nclass Wiring", imported)
    insert(topology, "}\n\n_GATEWAY", line)
    project = tree / "pyproject.toml"
    insert(project, "local = [\n", extra)
    insert(project, ',gateway]",\n', ",toy")
    run(tree, sys.executable, "-m", "deploy.compose")
    run(tree, sys.executable, "-m", "deploy.chart")
    run(tree, sys.executable, "-m", "tests.contracts.test_schemas")


def changed_files(tree: Path) -> Iterator[str]:
    """The files outside the new folder that differ from the original, or are new."""
    for path in (path.relative_to(tree) for path in tree.rglob("*") if path.is_file()):
        if "__pycache__" in path.parts or path.parts[:2] == ("services", "toy"):
            continue
        before = ROOT / path
        if not (before.is_file() and before.read_bytes() == (tree / path).read_bytes()):
            yield str(path)


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


def passed(printed: str, proof: str) -> bool:
    """Whether tests of the proof passed, and none failed."""
    outcomes = [
        outcome
        for outcome, _, name in (line.partition(" ") for line in printed.splitlines())
        if name.startswith(proof)
    ]
    return set(outcomes) == {"PASSED"}


def test_a_service_takes_three_edited_files_and_a_copied_folder(copy: Copy) -> None:
    by_hand = copy.changed - GENERATED

    assert by_hand == {"pyproject.toml", "shared/contracts/toy.py", "shared/topology.py"}
    assert copy.changed - by_hand == GENERATED


def test_a_service_has_its_entry_in_the_compose_file(copy: Copy) -> None:
    compose = yaml.safe_load((copy.tree / "docker-compose.yml").read_text(encoding="utf-8"))

    assert "toy" in [each["volume"]["subpath"] for each in compose["services"]["toy"]["volumes"]]
    environment = compose["services"]["bootstrap"]["environment"]
    assert environment["SIGMASIGHT_BOOTSTRAP_TOY_DATABASE_PASSWORD_FILE"].endswith("/database_toy")


@pytest.mark.parametrize("rules", RULES)
def test_a_new_service_keeps_the_rules_of_the_house(rules: str, printed: str) -> None:
    assert passed(printed, rules), printed


def test_a_new_service_works_in_a_run(printed: str) -> None:
    assert passed(printed, IN_A_RUN), printed


@pytest.mark.parametrize("page", PROOFS)
def test_what_the_page_adds_works(page: str, printed: str) -> None:
    assert [proof for proof in PROOFS[page] if not passed(printed, proof)] == [], printed


def test_code_of_the_pages_keeps_the_rules(copy: Copy, known_types: str) -> None:
    code = [name for name in files_of(*PROOFS) if name.endswith(".py")]

    run(copy.tree, sys.executable, "-m", "ruff", "check", *code)
    run(copy.tree, sys.executable, "-m", "ruff", "format", "--check", *code)
    run(copy.tree, sys.executable, "-m", "mypy", "--cache-dir", known_types, *code)


def test_an_endpoint_changes_one_folder_and_tests() -> None:
    by_hand = {name for name in files_of("add-an-endpoint") if not name.startswith("tests/")}

    assert by_hand
    by_hand -= {"services/gateway/edge/scopes.py"}  # one line of the table of all routes
    assert all(name.startswith("services/gateway/market/") for name in by_hand)
    assert len(by_hand) <= 4
