"""The files that describe the tables, and the tables, for the pages of one origin.

`widgets.json` and `apps.json` are as Workspace reads them (docs.openbb.co/workspace: "Widgets.json
reference", "apps.json reference"; an array of apps, as its reference backend serves). Its pages
fetch the tables with the header that their user configures: a personal token as bearer. All of it
is served only where the settings name Workspace's origin.
"""

from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from services.gateway.agents.calling import call
from services.gateway.agents.entrance import the_agent
from services.gateway.agents.workspace.tables import (
    BELOW,
    CHOICE,
    CHOICES,
    HEIGHT,
    PORTFOLIO,
    TABLES,
    WIDTH,
)
from services.gateway.edge.dependencies import Gateway
from services.gateway.edge.problems import Problem

FILES = ("/widgets.json", "/apps.json")
PROMPTS = (
    "What are the portfolio's main risk figures, and on which session?",
    "Which positions are the largest, and what did they gain or lose?",
    "Which limits are breached, and by how much?",
    "How did NAV and the one-day VaR move over the last sessions?",
)


def widgets() -> dict[str, object]:
    """`widgets.json`: each table by its id."""
    return {path: table.widget(path) for path, table in TABLES.items()}


def apps() -> list[dict[str, object]]:
    """`apps.json`: one app, a page with the tables one below the other, of one portfolio."""
    group = "Group 1"  # as Workspace names them
    layout = [
        {"i": path, "x": 0, "y": place * HEIGHT, "w": WIDTH, "h": HEIGHT, "groups": [group]}
        for place, path in enumerate(TABLES)
    ]
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
                    "widgetIds": list(TABLES),
                }
            ],
            "prompts": list(PROMPTS),
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
        table = CHOICE if name == CHOICES else TABLES.get(name)
        if table is None:
            detail = f"there is no table {name}: there are {', '.join(TABLES)}"
            raise Problem(404, "not_found", detail)
        outcome = await call(agent, table.tool, table.arguments(request.query_params))
        if outcome.problem is not None and outcome.problem.code == "no_portfolio":
            return JSONResponse([])  # Workspace takes a refusal for a connection that does not work
        if outcome.problem is not None:
            raise outcome.problem
        assert outcome.answer is not None
        return JSONResponse(table.flat(outcome.answer))

    return [*(Route(each, file) for each in FILES), Route(f"{BELOW}{{table}}", rows)]


class WorkspaceCors(CORSMiddleware):
    """Lets Workspace's pages read its tables and files, and nothing else of the gateway."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        is_its_own = scope["type"] == "http" and (path in FILES or path.startswith(BELOW))
        answer = super().__call__ if is_its_own else self.app
        await answer(scope, receive, send)
