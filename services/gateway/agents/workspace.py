"""Tables for OpenBB Workspace: flat rows over the tools, and the files that describe them.

`widgets.json` and `apps.json` are as Workspace reads them (docs.openbb.co/workspace: "Widgets.json
reference", "apps.json reference"; an array of apps, as its reference backend serves). Its pages
fetch the tables with the header that their user configures: a personal token as bearer. All of it
is served only where the settings name Workspace's origin.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from services.gateway.agents.calling import Tool, call
from services.gateway.agents.entrance import the_agent
from services.gateway.agents.schemas import (
    Answer,
    CheckedLimits,
    History,
    PortfolioRisk,
    Portfolios,
    Positions,
)
from services.gateway.agents.tools.figures import get_history, get_portfolio_risk
from services.gateway.agents.tools.holdings import list_portfolios, list_positions
from services.gateway.agents.tools.standing import check_limits
from services.gateway.edge.dependencies import Gateway
from services.gateway.edge.problems import Problem

BELOW = "/workspace/"
FILES = ("/widgets.json", "/apps.json")
CHOICES = "choices"
PORTFOLIO = "portfolio_id"
WIDTH = 40  # of Workspace's grid
HEIGHT = 10
Row = Mapping[str, object]
Kind = Literal["text", "number", "dateString"]


@dataclass(frozen=True)
class Column:
    """A column of a table; its title names the unit."""

    field: str
    title: str
    kind: Kind = "text"

    def described(self) -> dict[str, object]:
        """The column as `widgets.json` has it."""
        return {"field": self.field, "headerName": self.title, "cellDataType": self.kind}


@dataclass(frozen=True)
class Table:
    """A tool's answer as rows. `limit`: how many the tool is to give; `of_one`: of a portfolio."""

    name: str
    description: str
    tool: Tool
    rows: Callable[[Answer], list[Row]]
    columns: Sequence[Column]
    limit: int | None = None
    of_one: bool = True

    def arguments(self, portfolio_id: str) -> dict[str, object]:
        """What the tool is called with; an empty id is none."""
        about = {PORTFOLIO: portfolio_id} if self.of_one and portfolio_id else {}
        return about | ({"limit": self.limit} if self.limit else {})

    def widget(self, path: str) -> dict[str, object]:
        """The table as `widgets.json` has it."""
        choice = {
            "paramName": PORTFOLIO,
            "label": "Portfolio",
            "description": "default: the first one",
            "type": "endpoint",
            "optionsEndpoint": f"{BELOW}{CHOICES}".removeprefix("/"),
            "value": "",
            "show": True,
        }
        return {
            "name": self.name,
            "description": self.description,
            "category": "SigmaSight",
            "type": "table",
            "endpoint": f"{BELOW}{path}".removeprefix("/"),
            "gridData": {"w": WIDTH, "h": HEIGHT},
            "source": ["SigmaSight"],
            "data": {"table": {"columnsDefs": [each.described() for each in self.columns]}},
            "params": [choice] if self.of_one else [],
        }


def _portfolios(answer: Answer) -> list[Row]:
    assert isinstance(answer, Portfolios)
    return [
        {
            "portfolio_id": str(each.portfolio_id),
            "name": each.name,
            "as_of": str(each.as_of) if each.as_of else None,
            "nav": each.nav,
            "daily_pnl": each.daily_pnl,
            "daily_return": each.daily_return,
            "var_95_1d_historical": each.var_95_1d_historical,
            "worst_scenario": each.worst_scenario.name if each.worst_scenario else None,
            "worst_scenario_pnl": each.worst_scenario.total_pnl if each.worst_scenario else None,
            "limits_breached": each.limits.get("breached", 0),
        }
        for each in answer.portfolios
    ]


def _choices(answer: Answer) -> list[Row]:
    assert isinstance(answer, Portfolios)
    return [{"label": each.name, "value": str(each.portfolio_id)} for each in answer.portfolios]


def _figures(answer: Answer) -> list[Row]:
    assert isinstance(answer, PortfolioRisk)
    return [each.model_dump(mode="json", exclude={"sentence"}) for each in answer.figures]


def _positions(answer: Answer) -> list[Row]:
    assert isinstance(answer, Positions)
    return [each.model_dump(mode="json") for each in answer.positions]


def _limits(answer: Answer) -> list[Row]:
    assert isinstance(answer, CheckedLimits)
    rows: list[Row] = []
    for each in answer.limits:
        shared = {"name": each.name, "measure": each.measure_title, "unit": each.unit}
        worst = each.worst.model_dump(mode="json") if each.worst else {}
        named = ("portfolio_name", "as_of", "state", "since", "value", "warning", "breach", "room")
        rows.append({**shared, **{name: worst.get(name) for name in named}})
    return rows


def _history(answer: Answer) -> list[Row]:
    assert isinstance(answer, History)
    columns = {each.measure: each.values for each in answer.report.series}
    return [
        {"session_date": str(day), **{name: values[place] for name, values in columns.items()}}
        for place, day in enumerate(answer.report.session_dates)
    ]


_DAY = Column("as_of", "As of", "dateString")
_REASON = Column("reason", "Reason")
TABLES: Mapping[str, Table] = {
    "portfolios": Table(
        "Portfolios",
        "NAV, day's P&L, VaR, worst scenario and limits of every portfolio",
        list_portfolios,
        _portfolios,
        [
            *(Column("name", "Portfolio"), _DAY, Column("nav", "NAV, USD", "number")),
            Column("daily_pnl", "Daily P&L, USD", "number"),
            Column("daily_return", "Daily return, decimal", "number"),
            Column("var_95_1d_historical", "VaR 95 %, one day, USD", "number"),
            Column("worst_scenario", "Worst scenario"),
            Column("worst_scenario_pnl", "Its P&L, USD", "number"),
            Column("limits_breached", "Limits breached", "number"),
        ],
        limit=100,
        of_one=False,
    ),
    "figures": Table(
        "Risk figures",
        "The main figures of a portfolio on its last session, each with its unit",
        get_portfolio_risk,
        _figures,
        [
            *(Column("title", "Figure"), Column("value", "Value", "number")),
            *(Column("unit", "Unit"), _DAY, _REASON),
        ],
    ),
    "positions": Table(
        "Positions",
        "Open positions of a portfolio, the largest first",
        list_positions,
        _positions,
        [
            *(Column("symbol", "Symbol"), Column("position_type", "Type")),
            *(Column("sector", "Sector"), Column("quantity", "Quantity", "number")),
            Column("price", "Price, USD", "number"),
            Column("market_value", "Market value, USD", "number"),
            Column("weight", "Weight, 0 to 1", "number"),
            Column("unrealised_pnl", "Unrealised P&L, USD", "number"),
            Column("daily_pnl", "Daily P&L, USD", "number"),
            Column("delta_adjusted_exposure", "Delta-adjusted exposure, USD", "number"),
            _REASON,
        ],
        limit=1000,
    ),
    "limits": Table(
        "Limits",
        "Limits with the portfolio that stands worst in each; values in the limit's unit",
        check_limits,
        _limits,
        [
            *(Column("name", "Limit"), Column("measure", "Measure"), Column("unit", "Unit")),
            *(Column("portfolio_name", "Portfolio"), Column("state", "State")),
            *(Column("value", "Value", "number"), Column("breach", "Breach", "number")),
            *(Column("room", "Room", "number"), Column("since", "Since", "dateString"), _DAY),
        ],
    ),
    "history": Table(
        "History",
        "NAV, daily P&L and VaR of a portfolio over the last six weeks",
        get_history,
        _history,
        [
            Column("session_date", "Session", "dateString"),
            *(Column("nav", "NAV, USD", "number"), Column("daily_pnl", "Daily P&L, USD", "number")),
            Column("var_95_1d_historical", "VaR 95 %, one day, USD", "number"),
        ],
    ),
}
_CHOICES = Table(
    "Choices", "The portfolios to choose from", list_portfolios, _choices, (), 100, False
)


def widgets() -> dict[str, object]:
    """`widgets.json`: each table by its id."""
    return {path: table.widget(path) for path, table in TABLES.items()}


def apps() -> list[dict[str, object]]:
    """`apps.json`: one app, a page with the tables one below the other, of one portfolio."""
    group = "Group 1"  # as Workspace names them
    layout = [
        {
            "i": path,
            "x": 0,
            "y": place * HEIGHT,
            "w": WIDTH,
            "h": HEIGHT,
            "groups": [group] if table.of_one else [],
        }
        for place, (path, table) in enumerate(TABLES.items())
    ]
    shared = [path for path, table in TABLES.items() if table.of_one]
    return [
        {
            "name": "SigmaSight",
            "description": "Portfolio risk: figures, positions, limits and history",
            "allowCustomization": True,
            "tabs": {"risk": {"id": "risk", "name": "Risk", "layout": layout}},
            "groups": [
                {
                    "name": group,
                    "type": "endpointParam",
                    "paramName": PORTFOLIO,
                    "defaultValue": "",
                    "widgetIds": shared,
                }
            ],
        }
    ]


def workspace_routes(gateway: Gateway) -> list[Route]:
    """The two files and the tables; none where no origin of Workspace is named."""
    if gateway.settings.workspace_origin is None:
        return []

    async def file(request: Request) -> Response:
        return JSONResponse(widgets() if request.url.path == FILES[0] else apps())

    async def rows(request: Request) -> Response:
        agent = await the_agent(gateway, request, f"GET {BELOW}")
        name = request.path_params["table"]
        table = _CHOICES if name == CHOICES else TABLES.get(name)
        if table is None:
            detail = f"there is no table {name}: there are {', '.join(TABLES)}"
            raise Problem(404, "not_found", detail)
        wanted = table.arguments(request.query_params.get(PORTFOLIO, ""))
        outcome = await call(agent, table.tool, wanted)
        if outcome.problem is not None:
            raise outcome.problem
        assert outcome.answer is not None
        return JSONResponse(table.rows(outcome.answer))

    return [*(Route(each, file) for each in FILES), Route(f"{BELOW}{{table}}", rows)]


class WorkspaceCors(CORSMiddleware):
    """Lets Workspace's pages read its tables and files, and nothing else of the gateway."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        is_its_own = scope["type"] == "http" and (path in FILES or path.startswith(BELOW))
        answer = super().__call__ if is_its_own else self.app
        await answer(scope, receive, send)
