"""The tools and resources over the Model Context Protocol: the only module that knows its SDK.

It is imported when the first agent asks: the SDK takes longer to import than a request takes.
"""

import json
import logging
from collections.abc import Mapping
from functools import cache

import mcp_types as wire
from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.streamable_http import check_accept_headers
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from pydantic import BaseModel
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Send
from starlette.types import Scope as ASGIScope

from services.gateway.agents.calling import AGENT, Agent, Tool, call
from services.gateway.agents.resources import DEFINITION, definition_text, resources
from services.gateway.agents.tools import TOOLS
from services.gateway.edge.problems import Problem
from shared import __version__

AN_HOUR = CacheHint(ttl_ms=3_600_000, scope="public")
LARGEST_BODY = 1024 * 1024
JSON = "application/json"
INSTRUCTIONS = (
    "Portfolio-risk analytics. Start with list_portfolios. Quote the sentences of answers with "
    "their unit and session. A figure that is null has a reason: say it, never estimate. Trades "
    "are tried in drafts (create_draft, add_trades, calculate_draft); a person enters them into a "
    "portfolio."
)
logging.getLogger("mcp").setLevel(logging.WARNING)  # it notes every message
_BY_NAME = {each.name: each for each in TOOLS}
Context = ServerRequestContext[dict[str, object], Request]


def session_manager() -> StreamableHTTPSessionManager:
    """Serves requests that `AGENT` is known of, without sessions, each with one JSON answer."""
    return StreamableHTTPSessionManager(
        agent_server(), json_response=True, stateless=True, max_request_body_size=LARGEST_BODY
    )


def refusing_first(serve: ASGIApp) -> ASGIApp:
    """`serve` with each message as a whole; what is none is refused by a problem document.

    The SDK refuses in plain text, and writes a traceback of each client that has gone.
    """

    async def serve_whole(scope: ASGIScope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        _refuse_other_media(request)
        body: bytes | None = await _whole_body(request)

        async def replayed() -> Message:
            nonlocal body
            if body is None:
                return await receive()  # until the client goes
            message = {"type": "http.request", "body": body, "more_body": False}
            body = None
            return message

        await serve(scope, replayed, send)

    return serve_whole


def _refuse_other_media(request: Request) -> None:
    sent = request.headers.get("content-type", "")
    if sent.partition(";")[0].strip().lower() != JSON:
        detail = f"messages are sent as Content-Type: {JSON}, not as {sent or 'nothing'}"
        raise Problem(415, "unsupported_media_type", detail)
    accepts_json, _ = check_accept_headers(request)
    if not accepts_json:
        raise Problem(406, "not_acceptable", f"answers are JSON: send Accept: {JSON}")


async def _whole_body(request: Request) -> bytes:
    """All that is sent, of `LARGEST_BODY` bytes at most; a larger one is not read to its end."""
    too_large = Problem(
        413,
        "too_large",
        f"a message is larger than {LARGEST_BODY // 1024**2} MiB: send fewer values",
    )
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > LARGEST_BODY:
        raise too_large
    body = bytearray()
    try:
        async for part in request.stream():
            body += part
            if len(body) > LARGEST_BODY:
                raise too_large
    except ClientDisconnect:
        detail = "the connection ended before the whole message was sent"
        raise Problem(400, "bad_request", detail) from None
    return bytes(body)


def agent_server() -> Server[dict[str, object]]:
    """The server with its tools and resources."""
    return Server(
        "sigmasight",
        version=__version__,
        title="SigmaSight",
        instructions=INSTRUCTIONS,
        cache_hints={"tools/list": AN_HOUR, "resources/list": AN_HOUR},
        get_tool_input_schema=lambda name: (
            _schema_of(_BY_NAME[name].takes) if name in _BY_NAME else None
        ),
        on_list_tools=_list_tools,
        on_call_tool=_call_tool,
        on_list_resources=_list_resources,
        on_list_resource_templates=_list_templates,
        on_read_resource=_read_resource,
    )


async def _list_tools(_: Context, __: wire.PaginatedRequestParams | None) -> wire.ListToolsResult:
    return wire.ListToolsResult(tools=[_described(each) for each in TOOLS])


@cache
def _described(each: Tool) -> wire.Tool:
    effect = each.effect
    return wire.Tool(
        name=each.name,
        title=each.title,
        description=each.description,
        input_schema=_schema_of(each.takes),
        output_schema=_schema_of(each.gives, given=True),
        annotations=wire.ToolAnnotations(
            title=each.title,
            read_only_hint=effect.read_only,
            destructive_hint=effect.destructive,
            idempotent_hint=effect.idempotent,
            open_world_hint=effect.open_world,
        ),
    )


@cache
def _schema_of(model: type[BaseModel], *, given: bool = False) -> dict[str, object]:
    """A model's JSON schema; an answer's without the examples, which its API documents."""
    schema = model.model_json_schema(mode="serialization" if given else "validation")
    return _without_examples(schema) if given else schema


def _without_examples(schema: dict[str, object]) -> dict[str, object]:
    return {
        key: _without_examples(value) if isinstance(value, dict) else value
        for key, value in schema.items()
        if not (key == "examples" and isinstance(value, list))
    }


async def _call_tool(context: Context, params: wire.CallToolRequestParams) -> wire.CallToolResult:
    called = _BY_NAME.get(params.name)
    if called is None:
        message = f"there is no tool {params.name!r}: there are {', '.join(_BY_NAME)}"
        raise MCPError(code=wire.INVALID_PARAMS, message=message)
    outcome = await call(_agent_of(context), called, params.arguments or {})
    if outcome.answer is None:
        assert outcome.problem is not None
        return _refused(outcome.problem)
    content = outcome.answer.model_dump(mode="json")
    return wire.CallToolResult(content=[_text(content)], structured_content=content)


def _refused(problem: Problem) -> wire.CallToolResult:
    """A problem document as the tool's error, which a model reads and acts on."""
    content = problem.document().model_dump(mode="json")
    return wire.CallToolResult(content=[_text(content)], structured_content=content, is_error=True)


def _text(content: Mapping[str, object]) -> wire.TextContent:
    """The same as text, for clients that know no structured content."""
    return wire.TextContent(text=json.dumps(content, ensure_ascii=False, separators=(",", ":")))


def _agent_of(context: Context) -> Agent:
    assert context.request is not None
    agent: Agent = context.request.scope[AGENT]
    return agent


async def _list_resources(
    _: Context, __: wire.PaginatedRequestParams | None
) -> wire.ListResourcesResult:
    return wire.ListResourcesResult(
        resources=[
            wire.Resource(
                uri=each.uri,
                name=each.name,
                title=each.title,
                description=each.description,
                mime_type=each.media_type,
            )
            for each in resources()
        ]
    )


async def _list_templates(
    _: Context, __: wire.PaginatedRequestParams | None
) -> wire.ListResourceTemplatesResult:
    one = wire.ResourceTemplate(
        uri_template=DEFINITION,
        name="definition",
        title="Definition",
        description="What one published name means.",
        mime_type=JSON,
    )
    return wire.ListResourceTemplatesResult(resource_templates=[one])


async def _read_resource(
    _: Context, params: wire.ReadResourceRequestParams
) -> wire.ReadResourceResult:
    uri = str(params.uri)
    named = {each.uri: each for each in resources()}.get(uri)
    text = named.text() if named else definition_text(uri)
    if text is None:
        raise MCPError(code=wire.INVALID_PARAMS, message=f"there is no resource {uri}")
    media_type = named.media_type if named else JSON
    content = wire.TextResourceContents(uri=uri, mime_type=media_type, text=text)
    return wire.ReadResourceResult(contents=[content])
