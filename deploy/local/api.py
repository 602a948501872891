"""The API of the local stack, and its refusals as sentences for the terminal."""

import httpx2

from deploy.local.errors import Explained
from deploy.local.stack import ADMIN_EMAIL
from deploy.local.state import StackState
from sigmasight_client import ApiError, SigmaSight

MOST_DETAILS = 10
# What the command line prints as one sentence.
PRINTED = (Explained, ApiError, httpx2.TransportError)


def connection(state: StackState, email: str, password: str) -> SigmaSight:
    """A user's connection; proxies of the environment are ignored, they do not lead here."""
    return SigmaSight(state.gateway_url, email, password, transport=httpx2.HTTPTransport())


def admin_connection(state: StackState) -> SigmaSight:
    """The connection of the stack's administrator."""
    return connection(state, ADMIN_EMAIL, state.secrets["admin"])


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
