"""The way in for agents: which hosts and pages may ask, whose token it is, what a refusal says.

Every refusal is a problem document. A 401 names the metadata from which clients learn what the
resource is (RFC 9728); there is no authorization server behind it, since personal tokens are made
by people.
"""

import re
from urllib.parse import urlsplit

from starlette.requests import Request

from services.gateway.agents.calling import Agent
from services.gateway.edge.dependencies import Gateway, held_token, logged_in, network_address
from services.gateway.edge.middleware import bearer_token
from services.gateway.edge.personal import KnownToken, is_personal
from services.gateway.edge.problems import Problem, unauthorised
from services.gateway.edge.scopes import Scope
from services.gateway.settings import GatewaySettings

PATH = "/mcp"
METADATA = "/.well-known/oauth-protected-resource"
LARGEST_PORT = 65_535
SCOPES = (Scope.PORTFOLIO_READ, Scope.RISK_READ, Scope.DRAFT_WRITE)
_ADDRESS = re.compile(
    r"https?://(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?"
)


def address_of(request: Request, settings: GatewaySettings) -> str:
    """The gateway's own address, without a path."""
    return settings.public_url or f"{request.url.scheme}://{request.headers.get('host', '')}"


def refuse_foreign(request: Request, settings: GatewaySettings) -> None:
    """421 for a host that is not ours, 403 for a page of another origin.

    A page that makes a name point to this machine (DNS rebinding) comes with its own host or
    origin.
    """
    host = request.headers.get("host", "")
    if not _is_ours(f"http://{host}", settings):
        detail = (
            f"agents do not reach this gateway as {host!r}: name the host in "
            "SIGMASIGHT_GATEWAY_AGENT_HOSTS"
        )
        raise Problem(421, "host_not_allowed", detail)
    origin = request.headers.get("origin")
    if origin is None or origin in (*settings.cors_origins, settings.workspace_origin):
        return
    if not _is_ours(origin, settings):
        detail = f"pages of {origin} may not ask: name it in SIGMASIGHT_GATEWAY_CORS_ORIGINS"
        raise Problem(403, "origin_not_allowed", detail)


def _is_ours(address: str, settings: GatewaySettings) -> bool:
    """Whether `http(s)://host[:port]` names one of the agents' hosts.

    It is matched in full: a parser of URLs would also find a host behind a user or before a path.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None or not 1 <= int(found["port"] or 80) <= LARGEST_PORT:
        return False
    public = urlsplit(settings.public_url).hostname if settings.public_url else None
    ours = {each.strip("[]") for each in settings.agent_hosts} | {public}
    return found["host"].strip("[]").lower() in ours


async def the_agent(gateway: Gateway, request: Request, route: str) -> Agent:
    """The user's agent behind a request; 401 that names the metadata without a valid token."""
    refuse_foreign(request, gateway.settings)
    try:
        return await _authenticated(gateway, request, route)
    except Problem as problem:
        if problem.status == 401:
            problem.headers["WWW-Authenticate"] = _challenge(gateway, request, problem)
        raise


async def _authenticated(gateway: Gateway, request: Request, route: str) -> Agent:
    token = bearer_token(request.scope)
    if token is None:
        detail = "send a personal token: Authorization: Bearer <token>"
        raise unauthorised("missing_token", detail)
    address = await network_address(request)
    if not is_personal(token):
        user = await logged_in(gateway, token, request)
        return Agent(gateway, user, request, address, request.state.proof)
    held = await held_token(gateway, token, request, route, KnownToken.refusal_anywhere)
    return Agent(gateway, held.user, request, address, request.state.proof, held.known)


def _challenge(gateway: Gateway, request: Request, problem: Problem) -> str:
    metadata = f"{address_of(request, gateway.settings)}{METADATA}{PATH}"
    parts = [f'resource_metadata="{metadata}"', f'scope="{" ".join(SCOPES)}"']
    if problem.code != "missing_token":
        parts = ['error="invalid_token"', f'error_description="{problem.detail}"', *parts]
    return f"Bearer {', '.join(parts)}"


def metadata_of(request: Request, settings: GatewaySettings) -> dict[str, object]:
    """What a client learns about the resource before it has a token."""
    address = address_of(request, settings)
    return {
        "resource": f"{address}{PATH}",
        "resource_name": "SigmaSight",
        "resource_documentation": f"{address}/llms.txt",
        "scopes_supported": list(SCOPES),
        "bearer_methods_supported": ["header"],
    }
