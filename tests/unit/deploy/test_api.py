"""The command line prints the API's refusals as sentences, and ignores proxies on the way to it."""

from collections.abc import Mapping
from typing import cast

import httpx2
import pytest
import typer

from deploy.local.api import connection, sentence
from deploy.local.printing import explained
from deploy.local.state import ProgramState, StackState
from sigmasight_client import ApiError
from sigmasight_client.models import FieldError

ROW = {"field": "quantity", "code": "zero", "message": "the quantity is 0", "line": 7}
FIELD = {"field": "name", "code": "missing", "message": "the name is missing"}


def a_refusal(*errors: Mapping[str, object]) -> ApiError:
    found = cast(list[FieldError], list(errors))
    return ApiError(422, "invalid_rows", "1 row cannot be used", found)


def test_problems_of_a_file_are_printed_with_their_lines() -> None:
    assert sentence(a_refusal(ROW)) == (
        "the API refused: 1 row cannot be used; line 7: the quantity is 0"
    )


def test_problems_of_other_requests_have_no_line() -> None:
    assert sentence(a_refusal(FIELD)).endswith("1 row cannot be used; the name is missing")


def test_a_long_list_of_problems_is_cut_to_ten() -> None:
    assert sentence(a_refusal(*[ROW] * 25)).count("line 7") == 10


def test_a_silent_server_is_named() -> None:
    assert "does not answer (refused)" in sentence(httpx2.ConnectError("refused"))


@pytest.mark.parametrize("error", [a_refusal(ROW), httpx2.ConnectError("refused")])
def test_a_command_that_is_refused_exits_with_one_sentence(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    @explained
    def command() -> None:
        raise error

    with pytest.raises(typer.Exit) as stopped:
        command()

    assert stopped.value.exit_code == 1
    assert capsys.readouterr().err.strip() == sentence(error)


def test_proxies_of_the_environment_do_not_lead_to_the_stack(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    programs = {"gateway": ProgramState(address="http://127.0.0.1:8000")}

    with connection(StackState(programs=programs), "ada@example.com", "secret") as client:
        assert not client.http._mounts
