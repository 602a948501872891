"""Commands of operators: whole ids, JSON, and a sentence without a stack."""

import json
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from deploy.local.cli import app
from deploy.local.operating import table_of
from deploy.local.state import VARIABLE
from shared import __version__

RUN_ID = "74f4a28b-258f-4b48-9d7f-8b7df5d9389e"


def test_ids_are_whole_on_a_narrow_terminal() -> None:
    names = ("run_id", "trigger", "started_at", "finished_at")
    item = dict.fromkeys(names, "2022-12-28T21:00:45Z") | {"run_id": RUN_ID, "finished_at": None}
    console = Console(width=60)

    with console.capture() as captured:
        console.print(table_of([item], 7, names))

    assert RUN_ID in captured.get()
    assert "1 of 7" in captured.get()


def test_version_is_printed_and_is_json() -> None:
    said = CliRunner().invoke(app, ["version", "--json"])

    assert json.loads(said.stdout) == {"version": __version__}


@pytest.mark.parametrize(
    "command", [["runs"], ["dead-letters"], ["dead-letters", "replay", RUN_ID]]
)
def test_without_a_stack_a_sentence_says_so(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))

    said = CliRunner().invoke(app, command)

    assert said.exit_code == 1
    assert "not running" in said.stderr
