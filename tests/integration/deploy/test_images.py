"""Every image holds what its programs import; of the project it has only what is copied."""

from pathlib import Path

import pytest

from shared.topology import TOPOLOGY
from tests.integration.deploy.images import Image

EVERY_MODULE = """
import importlib, pkgutil
found = pkgutil.walk_packages(services.{word}.__path__, "services.{word}.")
for name in [each.name for each in found if ".migrations" not in each.name]:
    importlib.import_module(name)
"""


TABLES = [f"services.{word}.tables" for word in TOPOLOGY]


@pytest.mark.parametrize("word", TOPOLOGY)
def test_an_image_imports_its_program_and_every_module(word: str, tmp_path: Path) -> None:
    image = Image(tmp_path, "service", word)

    started = image.run(f"import services.{word}.main\n{EVERY_MODULE.format(word=word)}")

    assert started.returncode == 0, started.stderr


def test_the_bootstrap_image_imports_every_table(tmp_path: Path) -> None:
    image = Image(tmp_path, "bootstrap", "bootstrap")

    started = image.run(
        "import deploy.bootstrap, deploy.container_secrets"
        + "".join(f", {name}" for name in TABLES)
    )

    assert started.returncode == 0, started.stderr


def test_an_image_has_neither_other_services_nor_the_project_itself(tmp_path: Path) -> None:
    image = Image(tmp_path, "service", "greeks")

    for name in ("services.ingest", "deploy", "tests", "fastapi", "sigmasight_client"):
        assert image.run(f"import {name}").returncode == 1


def test_the_demos_image_imports_its_program(tmp_path: Path) -> None:
    image = Image(tmp_path, "demo", "demo")

    started = image.run("import deploy.demo.__main__")

    assert started.returncode == 0, started.stderr
