"""`sigmasight mcp`: the gateway's tools for agents over standard input and output.

A thin bridge: each line is a message of the Model Context Protocol, which is posted to the
gateway's `/mcp` as the user whom the environment names; the answer is a line. So the tools exist
once. The older revisions of the protocol name themselves when a client connects, the newer ones in
every message; over HTTP both are headers.
"""

import base64
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import cast
from urllib.parse import urlsplit

import httpx2

from deploy.terminal.connecting import Url, connected
from deploy.terminal.outcome import user_command
from sigmasight_client import ApiError, SigmaSight

PATH = "/mcp"
VERSION = "io.modelcontextprotocol/protocolVersion"
NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
PARSE_ERROR = -32700
FAILED = -32603
_PLAIN = re.compile(r"[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?")
Message = dict[str, object]


@user_command
def mcp(url: Url = None) -> None:
    """Serve agents on this machine over stdio, by way of the API; runs until its input ends."""
    with connected(url) as api:
        for line in Bridge(api).answers(sys.stdin):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()


class Bridge:
    """Forwards messages in the order in which they come."""

    def __init__(self, api: SigmaSight) -> None:
        self.api = api
        address = urlsplit(str(api.http.base_url))
        self.url = f"{address.scheme}://{address.netloc}{PATH}"
        self._agreed: str | None = None  # the revision of a client that names it once

    def answers(self, lines: Iterable[str]) -> Iterator[str]:
        """The answers to lines; a notification has none."""
        for line in lines:
            if line.strip():
                answer = self._answer(line.strip())
                if answer is not None:
                    yield json.dumps(answer, ensure_ascii=False, separators=(",", ":"))

    def _answer(self, line: str) -> Message | None:
        try:
            message = json.loads(line)
        except ValueError:
            return _error(None, PARSE_ERROR, "the line is not JSON")
        if not isinstance(message, dict):
            return _error(None, PARSE_ERROR, "a line is one message: an object")
        identity = message.get("id")
        try:
            response = self.api.post(self.url, line, self._headers(message))
        except (ApiError, httpx2.TransportError) as error:
            detail = error.detail if isinstance(error, ApiError) else f"no answer: {error}"
            return None if identity is None else _error(identity, FAILED, detail)
        answer = _content(response)
        if message.get("method") == "initialize":
            self._agreed = _revision(answer)
        if identity is None:
            return None
        return answer if "jsonrpc" in answer else _error(identity, FAILED, _detail(answer))

    def _headers(self, message: Mapping[str, object]) -> dict[str, str]:
        method = str(message.get("method", ""))
        params = _object(message.get("params"))
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
        }
        named = _object(params.get("_meta")).get(VERSION)
        if named is not None:
            headers |= {"MCP-Protocol-Version": str(named), "Mcp-Method": _header(method)}
            if method in NAMED:
                headers["Mcp-Name"] = _header(str(params.get(NAMED[method], "")))
        elif self._agreed is not None:
            headers["MCP-Protocol-Version"] = self._agreed
        return headers


def _header(text: str) -> str:
    """A value as the protocol puts it into a header: plain, or as base64."""
    if _PLAIN.fullmatch(text) and not text.startswith("=?base64?"):
        return text
    return f"=?base64?{base64.b64encode(text.encode()).decode()}?="


def _object(value: object) -> Mapping[str, object]:
    return cast(Mapping[str, object], value) if isinstance(value, dict) else {}


def _content(response: httpx2.Response) -> Message:
    try:
        content = response.json()
    except ValueError:
        content = {"detail": response.text[:200]}
    return content if isinstance(content, dict) else {}


def _revision(answer: Mapping[str, object]) -> str | None:
    named = _object(answer.get("result")).get("protocolVersion")
    return None if named is None else str(named)


def _detail(problem: Mapping[str, object]) -> str:
    return (
        f"{problem.get('code', 'failed')}: {problem.get('detail', 'the gateway did not say why')}"
    )


def _error(identity: object, code: int, message: str) -> Message:
    return {"jsonrpc": "2.0", "id": identity, "error": {"code": code, "message": message}}
