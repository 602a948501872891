"""Adding a service takes a folder, its events, a line of the topology and an extra.

The test follows `docs/how-to/add-a-service.md` in a copy of the tree, with the page's own text.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "add-a-service.md"
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


def run(tree: Path, *command: str) -> None:
    """Run a command in the tree; fails with its output."""
    finished = subprocess.run(
        command,
        cwd=tree,
        env=ENVIRONMENT | {"PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr


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


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the tree with the service `toy`."""
    copy = copied_tree(tmp_path_factory.mktemp("new_service") / "tree")
    add_the_service(copy)
    yield copy
    shutil.rmtree(copy)


def add_the_service(tree: Path) -> None:
    """The steps of the page, in order."""
    page = PAGE.read_text(encoding="utf-8")
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


def test_three_files_are_edited_by_hand_and_one_folder_is_copied(tree: Path) -> None:
    files = [path.relative_to(tree) for path in tree.rglob("*") if path.is_file()]
    changed = {
        str(path)
        for path in files
        if "__pycache__" not in path.parts
        and path.parts[:2] != ("services", "toy")
        and not (
            (ROOT / path).is_file() and (ROOT / path).read_bytes() == (tree / path).read_bytes()
        )
    }

    by_hand = changed - GENERATED
    assert by_hand == {"pyproject.toml", "shared/contracts/toy.py", "shared/topology.py"}
    assert changed - by_hand == GENERATED


def test_it_has_its_entry_in_the_compose_file(tree: Path) -> None:
    compose = yaml.safe_load((tree / "docker-compose.yml").read_text(encoding="utf-8"))

    assert "toy" in [each["volume"]["subpath"] for each in compose["services"]["toy"]["volumes"]]
    environment = compose["services"]["bootstrap"]["environment"]
    assert environment["SIGMASIGHT_BOOTSTRAP_TOY_DATABASE_PASSWORD_FILE"].endswith("/database_toy")


def test_it_keeps_the_rules_of_the_house(tree: Path) -> None:
    rules = [
        f"tests/architecture/test_{name}.py" for name in ("rules", "cards", "compose", "chart")
    ]

    run(tree, sys.executable, "-m", "pytest", "-q", *rules, "tests/contracts")


def test_it_works_in_a_run(tree: Path) -> None:
    checks = "tests/integration/pipeline/check_new_service.py"

    run(tree, sys.executable, "-m", "pytest", "-q", checks)
