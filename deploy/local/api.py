"""The API of the local stack, and its refusals as sentences for the terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx2

from deploy.local.administrator import (
    PASSWORD_VARIABLE,
    Given,
    administrator_of,
    password_before,
)
from deploy.local.codes import CODE, given_or_typed
from deploy.local.errors import Explained
from deploy.local.state import StackState
from sigmasight_client import ApiError, SigmaSight

MOST_DETAILS = 10
HTTP_UNAUTHORISED = 401
# What the command line prints as one sentence.
PRINTED = (Explained, ApiError, httpx2.TransportError)


def connection(
    state: StackState, email: str, password: str, code: Callable[[], str] | None = None
) -> SigmaSight:
    """A user's connection; proxies of the environment are ignored, they do not lead here."""
    transport = httpx2.HTTPTransport()
    return SigmaSight(state.gateway_url, email, password, code=code, transport=transport)


def admin_connection(state: StackState, code: str | None = None) -> SigmaSight:
    """The connection of the stack's administrator, whose second factor `code` is of.

    Without a code it is asked for where a log-in needs one.
    """
    email, password = administrator_of(state)
    return connection(state, email, password, lambda: _code(email, code))


def _code(email: str, code: str | None) -> str:
    return given_or_typed(code, email, f"give a code of it with --code, or in {CODE}")


@contextmanager
def logged_in_administrator(state: StackState, code: str | None) -> Iterator[SigmaSight]:
    """The same, logged in already: a code is asked for before progress is displayed."""
    with admin_connection(state, code) as api:
        api.me()
        yield api


def ensure_administrator(state: StackState, given: Given, code: str | None = None) -> None:
    """Make the given administrator's password the one in force; without any, do nothing.

    The gateway creates who does not exist, and leaves who does as it is. Raises `Explained` where
    the administrator cannot be as given.
    """
    if given == Given(None, None):
        return
    if not given.is_of(state):
        raise Explained(
            "the stack runs with another administrator: `sigmasight down`, then `sigmasight up`"
        )
    email, password = administrator_of(state)
    role = _role(state, email, password, lambda: _code(email, code))
    before = password_before(state)
    if role is None and before is not None and _role(state, email, before) is not None:
        with connection(state, email, before) as api:
            api.change_password({"current_password": before, "new_password": password})
        role = _role(state, email, password)
    if role != "admin":
        problem = "exists already, with another password" if role is None else "is not one"
        raise Explained(
            f"the administrator {email} {problem}: give its password, or another address"
        )


def _role(
    state: StackState, email: str, password: str, code: Callable[[], str] | None = None
) -> str | None:
    """The user's role; None when the password is not the user's.

    Raises `Explained` for a user with a second factor of whom no code is to be had.
    """
    with connection(state, email, password, code) as api:
        try:
            return api.me()["role"]
        except ApiError as error:
            if error.code == "second_factor_required":
                raise Explained(
                    f"the administrator {email} has a second factor, and another password than the "
                    f"one given: change it in the page under Settings, or unset {PASSWORD_VARIABLE}"
                ) from error
            if error.status != HTTP_UNAUTHORISED or error.code == "second_factor_wrong":
                raise
            return None


def sentence(error: Exception) -> str:
    """An error as one sentence: a refusal with its details, by line for files."""
    if isinstance(error, httpx2.TransportError):
        return f"the API does not answer ({error}): see `sigmasight status`"
    if not isinstance(error, ApiError):
        return str(error)
    details = [
        f"line {each['line']}: {each['message']}" if each.get("line") else each["message"]
        for each in error.errors[:MOST_DETAILS]
    ]
    return f"the API refused: {'; '.join([error.detail, *details])}"
