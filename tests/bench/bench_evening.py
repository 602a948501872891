"""What an evening costs, beside another build of the project on the same machine.

`python -m tests.bench.bench_evening [--other FOLDER] [WORK ...]`. FOLDER is a clone with `make
install` done, 935d939 say; both builds are measured in turn. Without it the figures are alone.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.bench import show
from tests.bench.evening import WORK
from tests.bench.measuring import Measurement, alone, beside

HERE = Path(__file__).parents[2]
USUAL = ("evening", "large-books", "history", "start")


def run(other: Path | None = None, works: Sequence[str] = USUAL) -> list[Measurement]:
    """CPU and wall seconds of each piece of work, and how many times those of the other build."""
    rows = []
    for work in works:
        ours = figures(HERE, Path(sys.executable), work)
        theirs = figures(other, other / ".venv/bin/python", work) if other else {}
        for name, figure in ours.items():
            rows += _rows(name, figure, theirs.get(name))
    return rows


def figures(checkout: Path, python: Path, work: str) -> Mapping[str, Any]:
    """What `tests/bench/evening.py` of this build prints when it runs in a checkout."""
    finished = subprocess.run(
        [str(python), str(HERE / "tests/bench/evening.py"), work],
        cwd=checkout,
        env=os.environ | {"PYTHONPATH": str(checkout)},
        stdout=subprocess.PIPE,
        check=True,
    )
    found: Mapping[str, Any] = json.loads(finished.stdout)
    return found


def _rows(
    name: str, ours: Mapping[str, Any], theirs: Mapping[str, Any] | None
) -> list[Measurement]:
    rows = []
    for quantity in ("cpu", "wall"):
        title = f"{name}: {'CPU' if quantity == 'cpu' else 'wall'}{_also(ours, quantity)}"
        if theirs is None:
            rows.append(alone(title, ours[quantity]))
        else:
            rows.append(
                beside(
                    title, ours[quantity], f"the other: {theirs[quantity]:.2f} s", theirs[quantity]
                )
            )
    return rows


def _also(figure: Mapping[str, Any], quantity: str) -> str:
    """What the CPU seconds were spent on, and what was written."""
    if quantity != "cpu" or "cpu_by_process" not in figure:
        return ""
    spent = ", ".join(f"{name} {seconds}" for name, seconds in figure["cpu_by_process"].items())
    return f" ({spent}; WAL {figure['wal_mb']:.0f} MB, temporary {figure['temporary_mb']:.0f} MB)"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--other", type=Path, help="a clone of another build, installed")
    parser.add_argument("works", nargs="*", default=USUAL, metavar="WORK", help=", ".join(WORK))
    chosen = parser.parse_args()
    show(run(chosen.other and chosen.other.resolve(), chosen.works))
