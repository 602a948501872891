"""What a personal token may do: the scope that each route needs, in one table.

A route that is not in the table takes no personal token: a person does what it does. Those are
credentials, what watches over a portfolio, what cannot be undone, and everything below `admin/`;
`tests/integration/gateway/test_personal_tokens.py` names them, and fails on a route that is in
neither list. No scope includes another: where an answer shows what two of them open, a token needs
both. A report shows positions with their risk, or a draft. A draft shows what its base and the
portfolios that it adds or subtracts hold, and a hedge or a suggestion shows their risk (decision
70).
"""

from collections.abc import Sequence
from enum import StrEnum

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute
from starlette.types import Scope as HttpScope

from services.gateway.tables import EDITOR, OWNER, VIEWER

API = "/api/v1/"


class Scope(StrEnum):
    """A kind of thing that a token may do."""

    PORTFOLIO_READ = "portfolio:read"
    RISK_READ = "risk:read"
    DRAFT_WRITE = "draft:write"
    PORTFOLIO_WRITE = "portfolio:write"


NO_RISK = f"the personal token has no scope {Scope.RISK_READ}: make one that has"
# Names and market facts, which concern no portfolio, and who the caller is: any token.
_ANY = """
GET auth/me
GET definitions
GET definitions/{measure}
GET factors/definitions
GET portfolio/upload/templates/{columns}
GET market-data/prices/{symbol}
GET market-data/sectors
GET market-data/options/{symbol}
GET market-data/factor-etfs
GET symbols
GET reports/templates
GET calendar
"""
_ROUTES: dict[tuple[Scope, ...], str] = {
    (Scope.PORTFOLIO_READ,): """
        GET portfolios
        GET portfolios/summary
        GET portfolios/{portfolio_id}
        GET portfolios/{portfolio_id}/shares
        GET portfolios/{portfolio_id}/cash-flows
        GET portfolios/{portfolio_id}/transactions
        GET portfolios/{portfolio_id}/transactions/export
        GET portfolios/{portfolio_id}/lots
        GET portfolios/{portfolio_id}/expiries
        GET positions
        GET positions/export
        GET positions/grouped
        GET positions/{position_id}
        GET tags
        GET tags/{tag_id}
        GET strategies
        GET modelling/sessions
        GET modelling/sessions/{draft_id}
        GET modelling/sessions/{draft_id}/export
        GET export/history
        GET market-data/current
        GET market-data/quality/{portfolio_id}
        POST reconcile
        POST import/recognise
        GET import/profiles
        GET import/profiles/{profile_id}
        GET me/runs
        GET events
        GET events/ws
    """,
    # what is calculated from stored data, and calculations that write nothing
    (Scope.RISK_READ,): """
        GET portfolio
        GET portfolio/exposures
        GET portfolio/performance
        GET portfolios/{portfolio_id}/snapshots
        GET portfolios/{portfolio_id}/report
        GET portfolios/{portfolio_id}/series
        GET portfolios/{portfolio_id}/series/export
        GET portfolios/{portfolio_id}/pnl-vectors
        GET portfolios/{portfolio_id}/var-backtest
        GET portfolios/{portfolio_id}/var-backtest/{session_date}
        GET portfolios/{portfolio_id}/changes
        GET portfolios/{portfolio_id}/option-map
        GET portfolios/scenarios
        GET positions/table
        POST positions/sums
        GET positions/{position_id}/history
        GET risk/greeks
        POST risk/greeks/calculate
        GET risk/factors
        GET risk/factors/positions
        GET risk/metrics
        GET risk/market-scenarios
        GET risk/correlations/positions/metrics
        GET risk/correlations/positions/matrix
        GET risk/correlations/positions/pairs/{symbol_a}/{symbol_b}
        GET risk/correlations/factors/matrix
        POST risk/correlations/factors/calculate
        POST risk/grid
        POST risk/curve
        GET risk/smile/{symbol}
        GET risk/stress-testing/scenarios
        GET risk/stress-testing/results/{portfolio_id}
        POST risk/stress-testing/direct-impact
        POST risk/stress-testing/correlated-impact
        POST risk/stress-testing/comprehensive
        GET factors/exposures/{portfolio_id}
        GET factors/exposures/{portfolio_id}/positions
        GET factors/attribution/{portfolio_id}
        GET factors/attribution/{portfolio_id}/periods
        GET factors/risk/{portfolio_id}
        GET factors/regression/{symbol}
        GET limits
        GET limits/templates
        GET limits/{limit_id}
        GET limits/{limit_id}/history
        POST limits/test
        POST limits/{limit_id}/test
        GET alerts
        GET reports
        GET reports/{report_id}/status
        POST reports/{report_id}/cancel
        GET reports/schedules
    """,
    (Scope.PORTFOLIO_READ, Scope.RISK_READ): """
        GET modelling/sessions/{draft_id}/impacts
        POST modelling/sessions/{draft_id}/curve
        POST export/trades
        POST reports/generate
        GET reports/{report_id}/download
    """,
    (Scope.PORTFOLIO_READ, Scope.DRAFT_WRITE): """
        POST modelling/sessions
        PATCH modelling/sessions/{draft_id}
        DELETE modelling/sessions/{draft_id}
        POST modelling/sessions/{draft_id}/calculate
        POST modelling/sessions/{draft_id}/save
    """,
    # trades are priced again with each of them, hedges by the risk of what is held
    (Scope.PORTFOLIO_READ, Scope.RISK_READ, Scope.DRAFT_WRITE): """
        POST modelling/sessions/{draft_id}/trades
        PUT modelling/sessions/{draft_id}/trades/{trade_id}
        DELETE modelling/sessions/{draft_id}/trades/{trade_id}
        POST modelling/sessions/{draft_id}/suggestions
        POST modelling/sessions/{draft_id}/rebase
    """,
    # nightly imports; what follows from them is calculated again
    (Scope.PORTFOLIO_WRITE,): """
        POST portfolio/upload
        POST reconcile/apply
        POST import/profiles
        PUT import/profiles/{profile_id}
        DELETE import/profiles/{profile_id}
        POST portfolios
        PATCH portfolios/{portfolio_id}
        PUT portfolios/{portfolio_id}/shares
        DELETE portfolios/{portfolio_id}/shares/{user_id}
        POST portfolios/{portfolio_id}/snapshots
        POST portfolios/{portfolio_id}/cash-flows
        DELETE portfolios/{portfolio_id}/cash-flows/{cash_flow_id}
        POST portfolios/{portfolio_id}/transactions
        POST portfolios/{portfolio_id}/transactions/{transaction_id}/reverse
        POST positions
        PUT positions/{position_id}
        DELETE positions/{position_id}
        PUT positions/{position_id}/tags
        POST tags
        PUT tags/{tag_id}
        DELETE tags/{tag_id}
        POST risk/correlations/positions/calculate
        POST factors/calculate
        POST market-data/refresh
    """,
}


def routes_of(text: str) -> list[str]:
    """The routes that a block of the table names, each as method and path below the API."""
    return [line.strip() for line in text.split("\n") if line.strip()]


# By route: the scopes that a token needs, all of them.
NEEDED: dict[str, frozenset[Scope]] = {
    **dict.fromkeys(routes_of(_ANY), frozenset[Scope]()),
    **{route: frozenset(scopes) for scopes, text in _ROUTES.items() for route in routes_of(text)},
}


# What these need in a portfolio does not follow from their scope.
_ROLES = {
    "PUT me/preferences": VIEWER,
    "POST reports/schedules": VIEWER,
    "PUT reports/schedules/{schedule_id}": VIEWER,
    # limits are their owner's alone: none is tried in another's portfolio
    "POST limits/test": OWNER,
    "POST limits/{limit_id}/test": OWNER,
    "GET portfolios/{portfolio_id}/shares": OWNER,
    "PUT portfolios/{portfolio_id}/shares": OWNER,
    "DELETE portfolios/{portfolio_id}/shares/{user_id}": VIEWER,  # the user's own share
}


def role_needed(route: str) -> str:
    """What a user has to be to a portfolio that a route is about: viewer, editor or owner.

    It follows from the scope: one that writes portfolios needs an editor, any other a viewer; what
    no personal token does, the owner does.
    """
    if route in _ROLES:
        return _ROLES[route]
    if route not in NEEDED:
        return OWNER
    return EDITOR if Scope.PORTFOLIO_WRITE in NEEDED[route] else VIEWER


class RouteNames:
    """The names that the table has for the routes of an application.

    The framework gives a request the part of a route's path that its router was made with; the
    whole template is found by matching again, which is cheap next to reading a token.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = [
            (context.methods or {"GET"}, context.path_regex, context.path_format or "")
            for context in iter_route_contexts(routes)
            if (context.path or "").startswith(API)
        ]

    def name_of(self, scope: HttpScope) -> str:
        """The route of a request that one was found for; a WebSocket begins with a GET."""
        method = scope.get("method", "GET")
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        return next(
            f"{method} {template.removeprefix(API)}"
            for methods, pattern, template in self._routes
            if method in methods and pattern.match(path)
        )
