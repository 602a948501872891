"""What agents can read besides tools: the methodology, the definitions, and `llms.txt`."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter

from services.gateway.agents.calling import Tool
from services.gateway.analytics.reading.definitions import definitions
from services.gateway.analytics.schemas.definitions import Definition

SCHEME = "sigmasight://"
DEFINITION = f"{SCHEME}definitions/{{measure}}"
# Beside this file where the gateway was packaged, else where the source tree has it.
_PLACES = (
    Path(__file__).with_name("methodology.md"),
    Path(__file__).parents[3] / "docs" / "methodology.md",
)
_ABOUT = """# SigmaSight

> Portfolio-risk analytics: NAV and P&L, exposures, Greeks, factors, VaR, stress scenarios, limits
> and what-if drafts of portfolios, after every market close. Money in USD, shares and betas as
> decimals, dates as NYSE sessions.

Every figure has a unit and the session it is of (`as_of`); where it is not known it is null, with a
reason. Quote the sentences that answers contain. Trades are tried in drafts; a person enters them
into a portfolio.
"""


@dataclass(frozen=True)
class Resource:
    """A text that agents can read."""

    uri: str
    name: str
    title: str
    description: str
    media_type: str
    text: Callable[[], str]


def resources() -> tuple[Resource, ...]:
    """All of them; the methodology only where its file is."""
    known = Resource(
        f"{SCHEME}definitions",
        "definitions",
        "Definitions",
        "Every published name: meaning, formula, unit, sign.",
        "application/json",
        _definitions,
    )
    if _methodology() is None:
        return (known,)
    page = Resource(
        f"{SCHEME}methodology",
        "methodology",
        "Methodology",
        "How every figure is calculated, with examples by hand and sources.",
        "text/markdown",
        lambda: _methodology() or "",
    )
    return known, page


def definition_text(uri: str) -> str | None:
    """One definition by its address; None when there is none."""
    parent, _, name = uri.rpartition("/")
    found = definitions().get(name) if parent == f"{SCHEME}definitions" else None
    return None if found is None else found.model_dump_json()


@cache
def _methodology() -> str | None:
    found = next((place for place in _PLACES if place.is_file()), None)
    return None if found is None else found.read_text(encoding="utf-8")


@cache
def _definitions() -> str:
    return TypeAdapter(list[Definition]).dump_json([*definitions().values()]).decode()


def llms_text(tools: Iterable[Tool], *, documented: bool) -> str:
    """The page for language models: what this is, and where to ask.

    `documented`: whether the API's document is served.
    """
    api = [
        "- [OpenAPI document](/openapi.json): every route below `/api/v1`",
        "- [Reference](/docs): the same, to read",
    ]
    lines = [
        *("## Interfaces", ""),
        "- [MCP](/mcp): tools over streamable HTTP, with a personal token as bearer",
        *(api if documented else []),
        *("", "## Tools", ""),
        *(f"- `{each.name}`: {each.description}" for each in tools),
    ]
    return "\n".join((_ABOUT, *lines, ""))
