"""docs/libraries.md names every library that the product runs with, and no other."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_library_has_a_row_and_every_row_a_library() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    wanted = [
        *project["dependencies"],
        *(each for extra, names in extras.items() if extra != "dev" for each in names),
    ]
    rows = re.findall(r"^\| ([a-zA-Z0-9, -]+) \| ", (ROOT / "docs/libraries.md").read_text(), re.M)

    named = {name for row in rows for name in row.split(", ")} - {"library", "variable"}
    assert named == {re.split(r"[\[><=;]", each)[0] for each in wanted} - {"sigmasight"}
