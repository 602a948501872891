"""The local stack's administrator is the one that the environment names."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.local.administrator import (
    DEFAULT_EMAIL,
    EMAIL_VARIABLE,
    PASSWORD_VARIABLE,
    Given,
    administrator_of,
    administrator_secrets,
    announcement,
    password_before,
)
from deploy.local.errors import Explained
from deploy.local.stack import Stack
from deploy.local.state import StackState, StateDirectory

NOTHING = Given(None, None)
PAT = Given("pat@example.com", "correct horse battery")


def started(known: Mapping[str, str], given: Given) -> StackState:
    """The state after a start with these secrets remembered."""
    return StackState(secrets={**known, **administrator_secrets(known, given)})


@pytest.mark.parametrize(
    "environ",
    [
        {EMAIL_VARIABLE: "Pat@Example.com", PASSWORD_VARIABLE: "correct horse battery"},
        {EMAIL_VARIABLE: " pat@example.com ", f"{PASSWORD_VARIABLE}_FILE": "password"},
    ],
    ids=["variables", "file"],
)
def test_the_environment_names_the_administrator(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("password").write_text("correct horse battery\n")

    given = Given.of(environ)

    assert given == PAT
    assert administrator_of(started({}, given)) == ("pat@example.com", "correct horse battery")


def test_a_password_file_that_is_missing_is_named() -> None:
    with pytest.raises(Explained, match="nowhere cannot be read"):
        Given.of({f"{PASSWORD_VARIABLE}_FILE": "nowhere"})


def test_without_any_the_generated_one_stays_the_same() -> None:
    first = started({}, Given.of({}))
    second = started(first.secrets, NOTHING)

    email, password = administrator_of(first)
    assert email == DEFAULT_EMAIL
    assert len(password) >= 24
    assert administrator_of(second) == (email, password)
    assert password_before(second) is None


def test_what_an_older_stack_remembers_goes_on() -> None:
    state = started({"admin": "generated"}, NOTHING)

    assert administrator_of(state) == (DEFAULT_EMAIL, "generated")


def test_another_password_keeps_the_one_before_until_it_is_changed() -> None:
    first = started({}, PAT)
    second = started(first.secrets, Given(PAT.email, "another horse battery"))
    third = started(second.secrets, Given(PAT.email, "another horse battery"))

    for state in (second, third):
        assert administrator_of(state) == (PAT.email, "another horse battery")
        assert password_before(state) == PAT.password


def test_each_address_has_its_own_password() -> None:
    generated = started({}, NOTHING)
    pat = started(generated.secrets, PAT)
    back = started(pat.secrets, Given(DEFAULT_EMAIL, None))

    assert administrator_of(pat) == ("pat@example.com", "correct horse battery")
    assert administrator_of(started(pat.secrets, NOTHING)) == administrator_of(pat)
    assert administrator_of(back) == administrator_of(generated)


def test_the_gateway_gets_the_given_administrator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(EMAIL_VARIABLE, "pat@example.com")
    monkeypatch.setenv(PASSWORD_VARIABLE, "correct horse battery")

    stack = Stack(StateDirectory(tmp_path), StackState())

    [gateway] = [part.program for part in stack.services() if part.name == "gateway"]
    assert gateway.environment[EMAIL_VARIABLE] == "pat@example.com"
    assert gateway.environment[PASSWORD_VARIABLE] == "correct horse battery"


def test_where_the_generated_password_is_is_said(tmp_path: Path) -> None:
    directory = StateDirectory(tmp_path)
    state = started({}, NOTHING)

    said = announcement(directory, state, NOTHING)

    assert said == (
        "Administrator: admin@example.com   "
        f"password: `admin` under `secrets` in {tmp_path / 'stack.json'}"
    )
    assert state.secrets["admin"] not in said
    assert PASSWORD_VARIABLE in announcement(directory, started({}, PAT), PAT)


def test_a_running_stack_has_one_administrator() -> None:
    state = started({}, PAT)

    assert PAT.is_of(state)
    assert Given(None, None).is_of(state)
    assert not Given("sam@example.com", None).is_of(state)
    assert not Given(None, "another horse battery").is_of(state)
