"""A command asks for a code of a second factor where a log-in needs one, and never shows it."""

import io
import json
import sys
from collections.abc import Mapping
from typing import Any

import httpx2
import pytest
import typer

from deploy.local.administrator import Given
from deploy.local.api import ensure_administrator, logged_in_administrator
from deploy.local.codes import given_or_typed
from deploy.local.errors import Explained
from deploy.local.state import ProgramState, StackState
from deploy.terminal.connecting import connected
from sigmasight_client import ApiError

PAT = "pat@example.com"
PASSWORD = "correct horse battery"


class Terminal(io.StringIO):
    """An input at which someone sits."""

    def isatty(self) -> bool:
        return True


class Gateway:
    """Logs the administrator in by password and code, and remembers what was sent."""

    def __init__(self, *, needs_code: bool = True, password: str = PASSWORD) -> None:
        self.needs_code = needs_code
        self.password = password
        self.codes: list[str | None] = []

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("auth/me"):
            return httpx2.Response(200, json={"role": "admin", "email": PAT})
        sent: Mapping[str, Any] = json.loads(request.content)
        if sent["password"] != self.password:
            return _problem("wrong_credentials")
        if self.needs_code:
            self.codes.append(sent.get("code"))
            if sent.get("code") is None:
                return _problem("second_factor_required")
            if sent["code"] != "492039":
                return _problem("second_factor_wrong")
        return httpx2.Response(200, json={"access_token": "a", "refresh_token": "b"})


def _problem(code: str) -> httpx2.Response:
    return httpx2.Response(401, json={"code": code, "detail": code, "errors": []})


def a_stack(**more: str) -> StackState:
    programs = {"gateway": ProgramState(address="http://127.0.0.1:8000")}
    return StackState(programs=programs, secrets={"admin_email": PAT, "admin": PASSWORD, **more})


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """The gateway in place of the network."""
    made = Gateway()
    transport = httpx2.MockTransport(made.answer)
    monkeypatch.setattr(httpx2, "HTTPTransport", lambda: transport)
    return made


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, Any]]:
    """A terminal at which the right code is typed; how it was asked for."""
    asked: list[Mapping[str, Any]] = []

    def prompt(text: str, **how: Any) -> str:
        asked.append({"text": text, **how})
        return "492039"

    monkeypatch.setattr(typer, "prompt", prompt)
    monkeypatch.setattr(sys, "stdin", Terminal())
    return asked


def test_the_administrators_code_is_typed_unseen_and_once(
    gateway: Gateway, typed: list[Mapping[str, Any]]
) -> None:
    with logged_in_administrator(a_stack(), None) as api:
        api.me()

    (asked,) = typed
    assert PAT in asked["text"]
    assert (asked["hide_input"], asked["err"]) == (True, True)
    assert gateway.codes == [None, "492039"]


def test_a_given_code_is_sent_without_a_question(
    gateway: Gateway, typed: list[Mapping[str, Any]]
) -> None:
    with logged_in_administrator(a_stack(), " 492039 "):
        pass
    with (
        pytest.raises(ApiError, match="second_factor_wrong"),
        logged_in_administrator(a_stack(), "000000"),
    ):
        pass

    assert typed == []


def test_an_administrator_without_a_second_factor_is_not_asked(
    gateway: Gateway, typed: list[Mapping[str, Any]]
) -> None:
    gateway.needs_code = False

    with logged_in_administrator(a_stack(), None):
        pass

    assert typed == []


def test_without_a_terminal_the_option_is_named(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    with (
        pytest.raises(Explained, match="--code, or in SIGMASIGHT_CODE"),
        logged_in_administrator(a_stack(), None),
    ):
        pass


def test_up_checks_the_given_administrator_with_a_code(
    gateway: Gateway, typed: list[Mapping[str, Any]]
) -> None:
    ensure_administrator(a_stack(), Given(PAT, PASSWORD))

    assert gateway.codes == [None, "492039"]
    gateway.password = "the one before"
    state = a_stack(**{f"admin_before of {PAT}": "the one before"})
    with pytest.raises(Explained, match="change it in the page under Settings"):
        ensure_administrator(state, Given(PAT, PASSWORD))


def test_a_users_code_is_asked_for_in_the_same_way(
    gateway: Gateway, typed: list[Mapping[str, Any]]
) -> None:
    who = {"SIGMASIGHT_EMAIL": PAT, "SIGMASIGHT_PASSWORD": PASSWORD}

    with connected("http://127.0.0.1:8000", who) as api:
        api.me()
    with connected("http://127.0.0.1:8000", who | {"SIGMASIGHT_CODE": "492039"}) as api:
        api.me()

    assert [each["hide_input"] for each in typed] == [True]


@pytest.mark.parametrize("given", [None, "", "  "])
def test_no_code_and_no_terminal_is_explained(
    given: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    with pytest.raises(Explained, match=f"{PAT} has a second factor: use a token"):
        given_or_typed(given, PAT, "use a token")
