"""Which API a command talks to, as whom, and about which portfolio."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

import httpx2
import typer

from deploy.demo.books import DEMO_BOOKS
from deploy.local.codes import CODE, given_or_typed
from deploy.local.control import NotRunning, ready_state
from deploy.local.errors import Explained
from deploy.local.state import StateDirectory
from deploy.terminal.choosing import MOST_CHOICES, chosen_id
from sigmasight_client import SigmaSight
from sigmasight_client.models import ListedPortfolio

Url = Annotated[
    str | None,
    typer.Option(
        "--url", envvar="SIGMASIGHT_URL", help="The API's address; default: this machine's stack."
    ),
]
PortfolioName = Annotated[
    str | None,
    typer.Option("--portfolio", "-p", help="A portfolio's name or id; default: the only one."),
]
TOKEN = "SIGMASIGHT_TOKEN"  # a variable's name  # nosec B105
EMAIL = "SIGMASIGHT_EMAIL"
PASSWORD = "SIGMASIGHT_PASSWORD"  # a variable's name  # nosec B105
LOOPBACK = ("127.0.0.1", "localhost", "::1")
PAGE = 1_000


@dataclass(frozen=True)
class Credentials:
    """A user as the environment names one: by a token, or by address and password."""

    token: str | None
    email: str
    password: str

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Credentials":
        """Read the variables, secrets also from files; raises `Explained` when none name a user."""
        token = _secret(environ, TOKEN)
        email = environ.get(EMAIL, "").strip()
        password = _secret(environ, PASSWORD) or ""
        if token or (email and password):
            return cls(token, email, password)
        if email or password:
            raise Explained(f"{EMAIL} and {PASSWORD} belong together: set both")
        demo = ", ".join(book.email for book in DEMO_BOOKS)
        raise Explained(
            f"say who you are: set {EMAIL} and {PASSWORD}, or {TOKEN}. `sigmasight register` "
            f"creates a user of them; `make demo` prints the passwords of its users ({demo})"
        )


def _secret(environ: Mapping[str, str], name: str) -> str | None:
    file = environ.get(f"{name}_FILE")
    if environ.get(name) or not file:
        return environ.get(name) or None
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise Explained(f"{name}_FILE: {file} cannot be read: name a text file") from error


def connected(url: str | None, environ: Mapping[str, str] = os.environ) -> SigmaSight:
    """A user's connection to the API at `url`, else to this machine's stack."""
    who = Credentials.of(environ)
    address = url or _local_address()
    # Proxies of the environment do not lead to this machine.
    near = urlsplit(address).hostname in LOOPBACK
    transport = httpx2.HTTPTransport() if near else None
    return SigmaSight(
        *(address, who.email, who.password),
        token=who.token,
        code=lambda: _code(environ, who.email),
        transport=transport,
    )


def _code(environ: Mapping[str, str], email: str) -> str:
    """A code of the user's second factor: as the environment has it, else as it is typed."""
    otherwise = f"set {CODE} to a code of it, or {TOKEN} to a personal token, which needs none"
    return given_or_typed(environ.get(CODE), email, otherwise)


def _local_address() -> str:
    try:
        return ready_state(StateDirectory.default()).gateway_url
    except NotRunning as error:
        raise Explained(f"{error}, or name another API with --url or SIGMASIGHT_URL") from error


@dataclass(frozen=True)
class Chosen:
    """A portfolio that a command is about."""

    portfolio_id: str
    name: str


def chosen_portfolio(api: SigmaSight, wanted: str | None) -> Chosen:
    """The portfolio of this name or id, or the only one; raises `Explained` with the choices.

    A name may be shortened to a beginning that no other name has.
    """
    if wanted is not None and _is_id(wanted):
        return Chosen(wanted, api.get_portfolio(wanted)["name"])
    names = {each["portfolio_id"]: each["name"] for each in all_portfolios(api)}
    if not names:
        raise Explained("you have no portfolio: `sigmasight upload FILE` makes one")
    if wanted is not None:
        portfolio_id = chosen_id("--portfolio", wanted, names.items())
        return Chosen(portfolio_id, names[portfolio_id])
    if len(names) > 1:
        choices = ", ".join(f"'{name}'" for name in list(names.values())[:MOST_CHOICES])
        raise Explained(f"which portfolio? Name one with --portfolio: {choices}")
    return Chosen(*names.popitem())


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def all_portfolios(api: SigmaSight) -> Iterator[ListedPortfolio]:
    """Every portfolio of the user."""
    offset = 0
    while True:
        page = api.list_portfolios(limit=PAGE, offset=offset)
        yield from page["items"]
        offset += PAGE
        if offset >= page["total"]:
            return
