"""The tools of agents: which there are, what each says of itself, and what none can do."""

import pytest
from starlette.requests import Request
from starlette.types import Message, Receive, Send
from starlette.types import Scope as ASGIScope

from services.gateway.agents.calling import Tool
from services.gateway.agents.entrance import refuse_foreign
from services.gateway.agents.resources import definition_text
from services.gateway.agents.serving import LARGEST_BODY, refusing_first
from services.gateway.agents.shapes import amount, moved, sentence
from services.gateway.agents.tools import TOOLS
from services.gateway.agents.tools.standing import limits_quote
from services.gateway.edge.problems import Problem
from services.gateway.edge.scopes import NEEDED, Scope
from services.gateway.limits.schemas import LimitOut
from services.gateway.settings import GatewaySettings
from tests.builders import AS_OF

WRITES = {"create_draft", "add_trades", "calculate_draft", "suggest_hedge"}


def test_these_are_the_tools() -> None:
    assert {each.name: each.routes for each in TOOLS} == {
        "list_portfolios": ("GET portfolios",),
        "get_portfolio_risk": ("GET portfolios", "GET portfolios/{portfolio_id}/series"),
        "list_positions": ("GET positions",),
        "explain_number": (
            "GET portfolios/{portfolio_id}/changes",
            "GET risk/metrics",
            "GET positions/table",
            "GET risk/stress-testing/results/{portfolio_id}",
        ),
        "what_changed": ("GET portfolios/{portfolio_id}/changes",),
        "get_history": ("GET portfolios/{portfolio_id}/series",),
        "run_scenario": ("POST risk/stress-testing/comprehensive",),
        "price_options": ("POST risk/greeks/calculate",),
        "create_draft": ("POST modelling/sessions",),
        "add_trades": ("POST modelling/sessions/{draft_id}/trades",),
        "calculate_draft": (
            "POST modelling/sessions/{draft_id}/calculate",
            "GET modelling/sessions/{draft_id}/impacts",
        ),
        "suggest_hedge": ("POST modelling/sessions/{draft_id}/suggestions",),
        "check_limits": ("GET limits",),
        "check_coverage": (
            "GET market-data/quality/{portfolio_id}",
            "GET portfolios/{portfolio_id}/series",
        ),
        "get_definition": ("GET definitions/{measure}",),
    }


@pytest.mark.parametrize("tool", TOOLS, ids=lambda each: each.name)
def test_a_tool_writes_drafts_or_nothing_and_says_which(tool: Tool) -> None:
    scopes = frozenset[Scope]().union(*(NEEDED[route] for route in tool.routes))

    writes = Scope.DRAFT_WRITE in scopes
    assert writes == (tool.name in WRITES) == (not tool.effect.read_only)
    assert Scope.PORTFOLIO_WRITE not in scopes
    assert not tool.effect.destructive
    assert not tool.effect.open_world
    assert tool.description.endswith(".")


def test_a_breached_limit_is_quoted_with_its_value_and_level() -> None:
    (shown,) = LimitOut.model_json_schema()["examples"]
    share = LimitOut.model_validate(shown | {"unit": "share_of_nav"})
    within = LimitOut.model_validate(shown | {"states": {"ok": 3}})

    assert limits_quote(2, [share, within]) == (
        f"1 limit of 2 breached: '{share.name}': Market value (AAPL) of 'Long/short' on 2022-12-28 "
        "is 11.3 % of NAV, the breach level 10 % of NAV."
    )
    assert limits_quote(1, [within]) == "None of 1 limit is breached."
    assert limits_quote(0, []) == "There is no such limit."


def test_a_figure_is_a_sentence() -> None:
    known = sentence("NAV", "Growth", AS_OF, 50_000.0, "USD", None)
    unknown = sentence("Beta", "Growth", AS_OF, None, "ratio", "12 returns, 60 needed")

    assert known == f"NAV of 'Growth' on {AS_OF}: 50,000.00 USD."
    assert unknown == f"Beta of 'Growth' on {AS_OF}: not known: 12 returns, 60 needed."
    assert amount(-0.1234567, "decimal") == "-12.35 %"
    assert amount(0.2, "decimal per year") == "20 % per year"
    assert amount(-1234.5, "USD per point") == "-1,234.50 USD per point"
    assert moved("Beta", 0.5, 0.25, "ratio") == "Beta: 0.5 before, 0.25 after (-0.25)."
    assert moved("Beta", None, 0.25, "ratio") == "Beta: not known before, 0.25 after."
    dollars = moved("Cash", -1.0, 1000.0, "USD")
    assert dollars == "Cash: -1.00 USD before, 1,000.00 USD after (+1,001.00 USD)."


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        *[("host", each, None) for each in ("localhost", "LocalHost:8000", "[::1]", "[::1]:65535")],
        *[("host", each, 421) for each in ("", "x@localhost", "localhost/x", "localhost#x")],
        *[("host", each, 421) for each in ("localhost?x", "localhost:80:80", "localhost:99999")],
        *[("host", each, 421) for each in ("evil.com\\@localhost", "localhost:0", "localhost:")],
        *[("origin", each, None) for each in ("http://localhost:3000", "https://[::1]")],
        *[("origin", each, 403) for each in ("http://x@localhost", "http://localhost/")],
        *[("origin", each, 403) for each in ("chrome-extension://localhost", "//localhost")],
    ],
)
def test_a_host_and_an_origin_are_matched_in_full(
    header: str, value: str, status: int | None
) -> None:
    headers = {"host": "localhost", header: value}
    raw = [(name.encode(), each.encode()) for name, each in headers.items()]
    request = Request({"type": "http", "headers": raw})

    try:
        refuse_foreign(request, GatewaySettings())
        answered = None
    except Problem as problem:
        answered = problem.status

    assert answered == status


def test_a_definition_is_read_by_its_full_address_only() -> None:
    assert definition_text("sigmasight://definitions/beta") is not None
    assert [definition_text(each) for each in ("beta", "/beta", "sigmasight://beta")] == [None] * 3


GONE: Message = {"type": "http.disconnect"}


def part(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


async def handed_over(messages: list[Message], **headers: str) -> list[Message]:
    """What the protocol's server receives of a request with `messages`, or its problem."""
    given = {"content-type": "application/json", "accept": "*/*", **headers}
    raw = [(name.encode(), each.encode()) for name, each in given.items()]
    coming, found = iter(messages), []

    async def receive() -> Message:
        return next(coming)

    async def serve(scope: ASGIScope, receive: Receive, send: Send) -> None:
        found.extend([await receive(), await receive()])

    async def send(message: Message) -> None:
        raise AssertionError(message)

    await refusing_first(serve)({"type": "http", "headers": raw}, receive, send)
    return found


async def test_a_message_is_handed_over_as_a_whole() -> None:
    sent = [part(b"{"), part(b"}", more=False), GONE]

    assert await handed_over(sent, **{"content-type": "Application/JSON; charset=utf-8"}) == [
        part(b"{}", more=False),
        GONE,
    ]


@pytest.mark.parametrize(
    ("messages", "headers", "problem"),
    [
        ([GONE], {}, (400, "bad_request")),
        ([part(b"{"), GONE], {}, (400, "bad_request")),
        ([], {"content-type": "text/plain"}, (415, "unsupported_media_type")),
        ([], {"accept": "text/html"}, (406, "not_acceptable")),
        ([], {"content-length": str(LARGEST_BODY + 1)}, (413, "too_large")),
        ([part(bytes(LARGEST_BODY)), part(b" ")], {}, (413, "too_large")),
    ],
)
async def test_what_is_no_message_is_refused_before_the_protocols_server(
    messages: list[Message], headers: dict[str, str], problem: tuple[int, str]
) -> None:
    with pytest.raises(Problem) as refused:
        await handed_over(messages, **headers)

    assert (refused.value.status, refused.value.code) == problem
