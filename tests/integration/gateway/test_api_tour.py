"""docs/api-tour.md, run line by line against the served gateway."""

import asyncio
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.pipeline import Pipeline

TOUR = Path(__file__).parents[3] / "docs" / "api-tour.md"
EXPECTED = "# => "
PATIENCE_SECONDS = 90


@dataclass
class Command:
    """A line of the tour, and what it says the line prints."""

    line: str
    prints: list[str] = field(default_factory=list)


def commands(text: str) -> list[Command]:
    """Every command of the tour's shell blocks."""
    found: list[Command] = []
    for block in text.split("```bash\n")[1:]:
        for line in block.split("```")[0].splitlines():
            if line.startswith(EXPECTED):
                found[-1].prints.append(line.removeprefix(EXPECTED))
            elif line and not line.startswith("#"):
                found.append(Command(line))
    return found


@pytest.mark.skipif(
    not shutil.which("curl") or not shutil.which("jq"), reason="the tour uses curl and jq"
)
async def test_every_line_of_the_tour_does_what_it_says(
    url: str, pipeline: Pipeline, tmp_path: Path
) -> None:
    steps = commands(TOUR.read_text(encoding="utf-8"))
    script = [f"{{ {step.line}\n}} > printed.{number}" for number, step in enumerate(steps)]

    shell = await asyncio.create_subprocess_exec(
        *("bash", "-eu", "-o", "pipefail", "-c", "\n".join(script)),
        cwd=tmp_path,
        env={
            "API": f"{url}/api/v1",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(tmp_path),
        },
    )
    async with asyncio.timeout(PATIENCE_SECONDS):
        status = await shell.wait()

    printed = [(tmp_path / f"printed.{number}") for number in range(len(steps))]
    done = [
        (step.line, place.read_text().splitlines())
        for step, place in zip(steps, printed, strict=True)
        if place.exists()
    ]
    assert done == [(step.line, step.prints) for step in steps[: len(done)]]
    assert (status, len(done)) == (0, len(steps))


def test_a_hedge_takes_ten_commands_that_each_print_something() -> None:
    text = TOUR.read_text(encoding="utf-8")

    section = text.partition("## A hedge, from question to booked trade in ten commands")[2]
    steps = commands(section.partition("\n## ")[0])

    assert len(steps) == 10
    assert all(step.prints for step in steps)


def test_the_tour_has_commands_and_says_what_they_print() -> None:
    steps = commands(TOUR.read_text(encoding="utf-8"))

    assert len(steps) >= 25
    assert sum(bool(step.prints) for step in steps) >= 20
