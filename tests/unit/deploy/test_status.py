"""`sigmasight status` looks at the programs themselves, and its exit code says what it saw."""

import json
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.local.cli import app
from deploy.local.state import ProgramState, StackState, StateDirectory


@pytest.mark.parametrize("name", ["postgres", "nats", "greeks"])
def test_status_fails_while_any_part_is_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("SIGMASIGHT_STATE_DIR", str(tmp_path))
    directory = StateDirectory.default()
    directory.create()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        recorded = {name: ProgramState(address=address, ready=True)}
        directory.save(StackState(phase="ready", programs=recorded))

        with directory.claim():
            table = CliRunner().invoke(app, ["status"])
            document = CliRunner().invoke(app, ["status", "--json"])

    assert (table.exit_code, document.exit_code) == (1, 1)
    assert json.loads(document.stdout)["programs"][name]["ready"] is False


def test_status_succeeds_while_every_part_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGMASIGHT_STATE_DIR", str(tmp_path))
    directory = StateDirectory.default()
    directory.create()
    with socket.create_server(("127.0.0.1", 0)) as postgres:
        address = f"postgresql://127.0.0.1:{postgres.getsockname()[1]}"
        recorded = {"postgres": ProgramState(address=address, ready=True)}
        directory.save(StackState(phase="ready", programs=recorded))

        with directory.claim():
            result = CliRunner().invoke(app, ["status"])

    assert result.exit_code == 0
