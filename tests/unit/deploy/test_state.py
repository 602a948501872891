"""The state file is private, survives, and distinguishes a process from a later one with the same
number.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.administrator import EMAIL_VARIABLE, PASSWORD_VARIABLE
from deploy.local.stack import TRUSTED_PROXIES, Stack
from deploy.local.state import Identity, ProgramState, StackState, StateDirectory, Unusable, as_json


def a_directory(path: Path) -> StateDirectory:
    directory = StateDirectory(path / "state")
    directory.create()
    return directory


def test_state_comes_back_as_it_was_saved_in_a_private_file(tmp_path: Path) -> None:
    directory = a_directory(tmp_path)
    state = StackState(
        phase="ready", ports={"nats": 4}, programs={"nats": ProgramState(address="here")}
    )

    directory.save(state)

    assert directory.load() == state
    assert directory.file.stat().st_mode & 0o777 == 0o600


def test_copy_of_a_directory_knows_no_process_of_the_original(tmp_path: Path) -> None:
    directory = a_directory(tmp_path)
    state = StackState(
        phase="ready",
        supervisor=Identity.of(os.getpid()),
        programs={"nats": ProgramState(address="", identity=Identity.of(os.getpid()))},
        secrets={"postgres": "kept"},
    )
    state.home = directory.home_of(state)
    directory.save(state)
    copy = StateDirectory(Path(shutil.copytree(directory.path, tmp_path / "copy")))

    found = copy.load()

    assert directory.load() == state
    assert (found.phase, found.supervisor, found.programs) == ("stopped", None, {})
    assert found.secrets == state.secrets
    assert copy.home_of(found).stack_id != state.stack_id


def test_copy_put_in_the_place_of_the_original_is_a_copy(tmp_path: Path) -> None:
    directory = a_directory(tmp_path)
    state = StackState()
    state.home = directory.home_of(state)
    directory.save(state)
    shutil.copytree(directory.path, tmp_path / "copy")
    directory.path.rename(tmp_path / "original")
    (tmp_path / "copy").rename(directory.path)

    assert directory.load().home is None


def test_damaged_state_is_named_not_overwritten(tmp_path: Path) -> None:
    directory = a_directory(tmp_path)
    directory.file.write_text('{"phase": ')

    with pytest.raises(Unusable, match="is damaged"):
        directory.load()


def test_secrets_are_not_among_what_is_shown() -> None:
    state = StackState(secrets={"admin": "hidden"})

    assert "hidden" not in str(as_json(state))


def test_second_claim_of_a_directory_is_refused(tmp_path: Path) -> None:
    directory = a_directory(tmp_path)

    with directory.claim() as first, directory.claim() as second:
        claimed_meanwhile = directory.is_claimed()

    assert (first, second, claimed_meanwhile) == (True, False, True)
    assert not directory.is_claimed()


def test_a_number_given_to_a_later_process_is_not_the_old_one() -> None:
    mine = Identity.of(os.getpid())
    assert mine is not None

    recycled = Identity(pid=mine.pid, created=mine.created - 60)

    assert mine.process() is not None
    assert recycled.process() is None


def test_an_ended_process_is_not_found() -> None:
    process = subprocess.Popen([sys.executable, "-c", "pass"])
    process.wait()

    assert Identity.of(process.pid) is None


def test_stack_keeps_its_secrets_and_free_ports(tmp_path: Path) -> None:
    directory = a_directory(tmp_path)

    first = Stack(directory, StackState())
    second = Stack(directory, StackState(ports=first.ports, secrets=first.secrets))

    assert second.ports == first.ports
    assert second.secrets == first.secrets
    assert len(set(first.ports.values())) == len(first.ports)


def test_every_service_gets_its_own_passwords_only(tmp_path: Path) -> None:
    stack = Stack(a_directory(tmp_path), StackState())

    environments = {part.name: part.program.environment for part in stack.services()}

    for word, environment in environments.items():
        others = {
            v
            for name, v in stack.secrets.items()
            if name.removeprefix("database_").removeprefix("bus_") != word
        }
        own_secrets = {EMAIL_VARIABLE, PASSWORD_VARIABLE} if word == "gateway" else set()
        leaked = [
            name
            for name, value in environment.items()
            if value in others and name not in own_secrets
        ]
        assert leaked == []
        assert environment["SIGMASIGHT_DATABASE_PASSWORD"] == stack.secrets[f"database_{word}"]
        assert environment["SIGMASIGHT_NATS_PASSWORD"] == stack.secrets[f"bus_{word}"]


def test_the_stack_trusts_no_proxy_unless_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trusted() -> str:
        stack = Stack(a_directory(tmp_path), StackState())
        gateway = next(part for part in stack.services() if part.name == "gateway")
        return gateway.program.environment[TRUSTED_PROXIES]

    monkeypatch.delenv(TRUSTED_PROXIES, raising=False)
    by_default = trusted()
    monkeypatch.setenv(TRUSTED_PROXIES, "10.0.0.1")

    assert (by_default, trusted()) == ("", "10.0.0.1")


def test_password_files_of_the_user_do_not_replace_the_stacks_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGMASIGHT_DATABASE_PASSWORD_FILE", "/somewhere")
    monkeypatch.setenv("SIGMASIGHT_LOG_LEVEL", "DEBUG")
    stack = Stack(a_directory(tmp_path), StackState())

    for program in (stack.bootstrap(), *(part.program for part in stack.services())):
        own = program.environment
        assert (
            "SIGMASIGHT_DATABASE_PASSWORD" not in own
            or "SIGMASIGHT_DATABASE_PASSWORD_FILE" not in own
        )
        assert own["SIGMASIGHT_LOG_LEVEL"] == "DEBUG"
