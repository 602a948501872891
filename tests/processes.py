"""What a fresh process has in memory after some work."""

import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

ROOT = Path(__file__).parents[1]


def loaded_by(program: str, libraries: Collection[str], folder: Path = ROOT) -> list[str]:
    """Those of the libraries that a program loads, run by itself in a folder."""
    question = f"{program}\nimport sys\nprint(*sorted({set(libraries)!r} & set(sys.modules)))"
    finished = subprocess.run(
        [sys.executable, "-c", question], cwd=folder, capture_output=True, text=True, check=True
    )
    return finished.stdout.split()
