"""Write the typed Python client from the gateway's OpenAPI document: `make client`.

Below `clients/python/sigmasight_client`, `models.py` gets a `TypedDict` for every schema and
`operations.py` a method for every operation. Both are checked in; a test fails when the document
has changed and they have not. What no document can say (log-in, waiting, retries) is written by
hand in `session.py`.
"""

import keyword
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from deploy.page_types import TYPES, page_types

PACKAGE = Path(__file__).resolve().parents[1] / "clients" / "python" / "sigmasight_client"
API = "/api/v1"
COLUMNS = 100
LONGEST_SENTENCE = 100  # a longer description is left to the API's documentation
LEFT_OUT = ("/events",)  # streams: `Session.events`
# Methods for operations whose functions in the gateway have the same name.
NAMES = {
    ("get", "/portfolio"): "get_summary",
    ("get", "/portfolio/exposures"): "list_exposures",
    ("get", "/factors/exposures/{portfolio_id}"): "get_factor_exposures",
    ("get", "/factors/exposures/{portfolio_id}/positions"): "get_position_factor_exposures",
    ("get", "/risk/correlations/factors/matrix"): "get_factor_correlations",
    ("post", "/admin/batch/snapshots"): "take_all_snapshots",
    ("post", "/market-data/refresh"): "refresh_market_data",
}
BINARY = "application/octet-stream"  # a document of any format
_SIMPLE = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
Schema = Mapping[str, Any]


def render(document: Schema) -> dict[Path, str]:
    """The generated files with their contents."""
    written = {"models.py": models(document), "operations.py": operations(document)}
    python = {PACKAGE / name: _formatted(content) for name, content in written.items()}
    return {**python, TYPES: page_types(document)}


def _formatted(content: str) -> str:
    command = (
        sys.executable,
        "-m",
        "ruff",
        "format",
        "--quiet",
        "--stdin-filename",
        str(PACKAGE / "any.py"),
        "-",
    )
    done = subprocess.run(
        command, input=content, capture_output=True, text=True, check=True, cwd=PACKAGE.parent
    )
    return done.stdout


# --- models ---


def models(document: Schema) -> str:
    """A `TypedDict` for every object schema, an alias for every other."""
    head = [
        '"""What the API accepts and returns: generated from its document by `make client`."""',
        "",
        "from typing import Any, Literal, NotRequired, TypedDict",
    ]
    schemas = document["components"]["schemas"]
    parts = [_model(class_name(name), schemas[name]) for name in sorted(schemas, key=class_name)]
    return "\n".join(head) + "\n\n\n" + "\n\n\n".join(parts) + "\n"


def class_name(name: str) -> str:
    """A schema's name as a class: `Page_TagOut_` is PageTagOut."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name))


def _model(name: str, schema: Schema) -> str:
    if "properties" not in schema:
        return f"{name} = {annotation(schema, quoted=True)}"
    required = set(schema.get("required", ()))
    lines = [f"class {name}(TypedDict):", _docstring(_sentence(schema, name), "    "), ""]
    for field, kind in schema["properties"].items():
        wanted = annotation(kind)
        lines.append(f'    {field}: "{wanted if field in required else f"NotRequired[{wanted}]"}"')
    return "\n".join(lines)


def _sentence(schema: Schema, otherwise: str) -> str:
    text = " ".join(str(schema.get("description") or otherwise).split("\n\n")[0].split())
    text = re.split(r"(?<=[.!?])\s", text)[0].replace("\\", "").replace('"', "'")
    return text if len(text) <= LONGEST_SENTENCE else otherwise


def _docstring(sentence: str, indent: str) -> str:
    """The sentence as a docstring, wrapped where it does not fit a line."""
    whole = f'{indent}"""{sentence}"""'
    if len(whole) <= COLUMNS:
        return whole
    lines = textwrap.wrap(
        f'"""{sentence}', COLUMNS - 3, initial_indent=indent, subsequent_indent=indent
    )
    return "\n".join([*lines, f'{indent}"""'])


def annotation(schema: Schema, *, quoted: bool = False) -> str:
    """The Python type of a schema."""
    found = _annotation(schema)
    return f'"{found}"' if quoted and not found.startswith("Literal") else found


def _annotation(schema: Schema) -> str:
    if "$ref" in schema:
        return class_name(schema["$ref"].rsplit("/", 1)[1])
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return f"Literal[{', '.join(repr(each) for each in values)}]"
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return " | ".join(dict.fromkeys(_annotation(each) for each in schema[several]))
    if schema.get("type") == "array":
        return f"list[{_annotation(schema.get('items', {}))}]"
    if schema.get("type") == "object":
        values = schema.get("additionalProperties")
        return f"dict[str, {_annotation(values) if isinstance(values, Mapping) else 'Any'}]"
    return _SIMPLE.get(schema.get("type", ""), "Any")


# --- operations ---


def operations(document: Schema) -> str:
    """A class with a method for every operation."""
    methods = [_method(document, *each) for each in each_operation(document)]
    used = sorted(
        name
        for name in map(class_name, document["components"]["schemas"])
        if re.search(rf"\b{name}\b", "\n".join(methods))
    )
    head = [
        '"""A method for every operation of the API: generated by `make client`."""',
        "",
        "from collections.abc import Sequence",
        "from datetime import date",
        "from typing import Any, Literal, cast",
        "from uuid import UUID",
        "",
        "from sigmasight_client.models import (",
        *(f"    {name}," for name in used),
        ")",
        "from sigmasight_client.session import Session, part",
    ]
    described = _docstring(
        "The API. Dates and ids are given as such or as text; answers are the JSON itself.", "    "
    )
    return "\n".join(
        [*head, "", "", "class SigmaSight(Session):", described, "", "\n\n".join(methods), ""]
    )


def each_operation(document: Schema) -> Iterator[tuple[str, str, str]]:
    """Name, method and path of every operation; raises `ValueError` for a name used twice."""
    seen: dict[str, str] = {}
    for path, methods in document["paths"].items():
        short = path.removeprefix(API)
        if path == short or short.startswith(LEFT_OUT):
            continue
        for method, operation in methods.items():
            name = NAMES.get((method, short)) or operation["operationId"].split("_api_v1_")[0]
            if name in seen:
                raise ValueError(
                    f"{method} {path} and {seen[name]} are both {name}: name one in NAMES"
                )
            seen[name] = f"{method} {path}"
            yield name, method, path


def _method(document: Schema, name: str, method: str, path: str) -> str:
    operation = document["paths"][path][method]
    parameters = [
        each for each in operation.get("parameters", ()) if each["in"] in ("path", "query")
    ]
    in_path = [each for each in parameters if each["in"] == "path"]
    in_query = [each for each in parameters if each["in"] == "query"]
    headers = {each["name"].lower() for each in operation.get("parameters", ())}
    once = "idempotency-key" in headers
    conditional = "if-match" in headers
    body_kind, body = _body(operation)
    given = [f"{_word(each['name'])}: {_accepted(each['schema'])}" for each in in_path]
    if body_kind == "multipart/form-data":
        given += ["file: bytes", "form: dict[str, Any] | None = None"]
    elif body_kind:
        given.append(f"body: {body}")
    options = [
        f"{_word(each['name'])}: {_accepted(each['schema'])} | None = None" for each in in_query
    ]
    if once:
        options.append("idempotency_key: str | None = None")
    if conditional:
        options.append("if_match: str | int | None = None")
    signature = ", ".join(["self", *given, *(["*", *options] if options else [])])
    passed = [repr(method.upper()), _path_text(path.removeprefix(API + "/"), in_path)]
    if in_query:
        named = ", ".join(f"{each['name']!r}: {_word(each['name'])}" for each in in_query)
        passed.append("query={" + named + "}")
    if body_kind:
        passed.append("file=file, form=form" if "multipart" in body_kind else "body=body")
    if once:
        passed.append("once=True, idempotency_key=idempotency_key")
    if conditional:
        passed.append("if_match=if_match")
    answer = _answer(operation)
    passed += ["binary=True"] if answer == "bytes" else []
    call = f"self.request({', '.join(passed)})"
    result = call if answer == "None" else f"return cast({answer!r}, {call})"
    doc = _sentence({"description": operation.get("description")}, name)
    described = _docstring(doc, "        ")
    return f'    def {name}({signature}) -> "{answer}":\n{described}\n        {result}'


def _word(name: str) -> str:
    word = re.sub(r"\W", "_", name)
    return f"{word}_" if keyword.iskeyword(word) or word in ("type", "format") else word


def _accepted(schema: Schema) -> str:
    """The types a parameter accepts: ids and dates as such or as text."""
    kinds = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    formats = {"uuid": "UUID | str", "date": "date | str"}
    found = [formats.get(each.get("format", "")) or _annotation(each) for each in kinds]
    return " | ".join(
        dict.fromkeys(
            "Sequence[str]" if each.startswith("list[") else _plain(each) for each in found
        )
    )


def _plain(kind: str) -> str:
    """A parameter's enumeration is text for callers."""
    return (
        kind
        if kind in ("int", "float", "bool", "str") or "|" in kind or "Literal" in kind
        else "str"
    )


def _path_text(path: str, in_path: list[Any]) -> str:
    for each in in_path:
        path = path.replace(f"{{{each['name']}}}", f"{{part({_word(each['name'])})}}")
    return f'f"{path}"' if in_path else repr(path)


def _body(operation: Schema) -> tuple[str, str]:
    content = operation.get("requestBody", {}).get("content", {})
    for kind, described in content.items():
        return kind, _annotation(described["schema"])
    return "", ""


def _answer(operation: Schema) -> str:
    found: dict[str, None] = {}
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            for kind, described in response.get("content", {}).items():
                json = kind == "application/json" and described.get("schema")
                other = "bytes" if kind == BINARY else "str"
                found[_annotation(described["schema"]) if json else other] = None
    return " | ".join(each for each in found if each != "Any") or "None"


def write(document: Schema) -> None:
    """Write the generated files."""
    for path, content in render(document).items():
        path.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    from services.gateway.application import create_gateway

    write(create_gateway().openapi())
