"""The wheel holds the whole page: installed elsewhere, every file of it is there."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from deploy.page import BUILT, PROJECT, is_current

NAMES = "from services.gateway.web.files import built_files; print(*built_files(), sep='\\n')"


@pytest.mark.skipif(not is_current(), reason="the dashboard is not built: `make page`")
def test_the_wheel_holds_every_file_of_the_page(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("sigmasight-*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "elsewhere")

    listed = subprocess.run(
        (sys.executable, "-c", NAMES),
        cwd=tmp_path / "elsewhere",
        env={"PYTHONPATH": str(tmp_path / "elsewhere")},
        check=True,
        capture_output=True,
        text=True,
    )

    here = {path.relative_to(BUILT).as_posix() for path in BUILT.rglob("[!.]*.*")}
    assert set(listed.stdout.split()) == {name for name in here if not name.endswith(".gz")}
    assert {"index.html", "docs.html", "favicon.svg"} <= here
