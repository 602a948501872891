"""The API of the local stack, and its refusals as sentences for the terminal."""

import httpx2

from deploy.local.administrator import Given, administrator_of, password_before
from deploy.local.errors import Explained
from deploy.local.state import StackState
from sigmasight_client import ApiError, SigmaSight

MOST_DETAILS = 10
HTTP_UNAUTHORISED = 401
# What the command line prints as one sentence.
PRINTED = (Explained, ApiError, httpx2.TransportError)


def connection(state: StackState, email: str, password: str) -> SigmaSight:
    """A user's connection; proxies of the environment are ignored, they do not lead here."""
    return SigmaSight(state.gateway_url, email, password, transport=httpx2.HTTPTransport())


def admin_connection(state: StackState) -> SigmaSight:
    """The connection of the stack's administrator."""
    return connection(state, *administrator_of(state))


def ensure_administrator(state: StackState, given: Given) -> None:
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
    role = _role(state, email, password)
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


def _role(state: StackState, email: str, password: str) -> str | None:
    """The user's role; None when the password is not the user's.

    Raises `Explained` for a user with a second factor.
    """
    with connection(state, email, password) as api:
        try:
            return api.me()["role"]
        except ApiError as error:
            if error.code == "second_factor_required":
                raise Explained(
                    f"the administrator {email} has a second factor, and the stack knows the "
                    "password alone: remove it in the page, or give another address"
                ) from error
            if error.status != HTTP_UNAUTHORISED:
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
