"""The client is a distribution that needs httpx2 and nothing of this repository."""

import subprocess
import sys
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from tests.processes import loaded_by

CLIENT = Path(__file__).parents[3] / "clients" / "python"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = (sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory")
    subprocess.run([*command, folder], cwd=CLIENT, check=True, capture_output=True)
    return zipfile.ZipFile(next(folder.glob("sigmasight_client-*.whl")))


def test_the_wheel_has_the_package_with_its_types(wheel: zipfile.ZipFile) -> None:
    modules = {name for name in wheel.namelist() if not name.split("/")[0].endswith(".dist-info")}

    assert modules == {
        f"sigmasight_client/{name}"
        for name in (
            *("__init__.py", "answers.py", "drafts.py", "models.py", "operations.py", "session.py"),
            "py.typed",
        )
    }


def test_httpx2_is_the_only_dependency(wheel: zipfile.ZipFile) -> None:
    name = next(name for name in wheel.namelist() if name.endswith("METADATA"))
    metadata = message_from_bytes(wheel.read(name))

    assert [each.split(">")[0] for each in metadata.get_all("Requires-Dist", [])] == ["httpx2"]
    assert "client.follow(" in str(metadata.get_payload())


def test_the_client_imports_nothing_of_this_repository() -> None:
    libraries = ("services", "shared", "deploy", "tests", "pydantic", "numpy")

    assert loaded_by("import sigmasight_client", libraries, CLIENT) == []
