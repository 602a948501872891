#!/usr/bin/env bash
# mcp 2.3.0: metadata of a protected resource that RFC 9728 allows is refused by the SDK's own model.
#
# RFC 9728, section 2, says of `authorization_servers`: OPTIONAL. A server whose tokens are made by
# its own users (personal tokens, no OAuth server) has none to name. The SDK's model, with which its
# client reads the document, wants at least one, so that the shortest valid document, a resource
# alone, is an error for every client that is built on it; the standard and the SDK agree only once a
# server names an authorization server.
#
# Seen: "Field required" for the document without it, "at least 1 item" for an empty list.
# Fails when the model takes a document without authorization servers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check mcp==2.3.0
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version

from mcp.shared.auth import ProtectedResourceMetadata
from pydantic import ValidationError


def refusal(**more: object) -> str:
    try:
        ProtectedResourceMetadata.model_validate({"resource": "https://risk.example/mcp"} | more)
    except ValidationError as error:
        (only,) = error.errors()
        return f"{only['loc'][0]}: {only['type']}"
    return "accepted"


print("without:", refusal(), "- empty:", refusal(authorization_servers=[]))
assert version("mcp") == "2.3.0"
assert refusal() == "authorization_servers: missing", refusal()
assert refusal(authorization_servers=[]) == "authorization_servers: too_short"
assert refusal(authorization_servers=["https://login.example"]) == "accepted"
PYTHON
echo "as stated: a document without authorization servers is refused"
