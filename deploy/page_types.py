"""Write the dashboard's types of the API from the OpenAPI document: `make client` does it too.

`web/src/api/types.ts` gets an interface for every schema, and `Reads`: what each `GET` answers, by
its path. It is checked in; the test of the Python client's files covers it.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

TYPES = Path(__file__).resolve().parents[1] / "web" / "src" / "api" / "types.ts"
API = "/api/v1/"
_SIMPLE = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "null": "null",
}
Schema = Mapping[str, object]


def page_types(document: Schema) -> str:
    """The file's content."""
    schemas = _part(document, "components", "schemas")
    named = {interface_name(name): cast(Schema, schema) for name, schema in schemas.items()}
    parts = [_declared(name, named[name]) for name in sorted(named)]
    head = "// What the API accepts and answers: generated from its document by `make client`.\n\n"
    return head + "\n\n".join([*parts, _reads(document)]) + "\n"


def interface_name(name: str) -> str:
    """A schema's name as an interface: `Page_TagOut_` is PageTagOut."""
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", name))


def _part(schema: Schema, *names: str) -> Schema:
    for name in names:
        schema = cast(Schema, schema.get(name, {}))
    return schema


def _declared(name: str, schema: Schema) -> str:
    if "properties" not in schema:
        return f"export type {name} = {_type(schema)};"
    required = cast(list[str], schema.get("required", []))
    fields = [
        f"  {_key(field)}{'' if field in required else '?'}: {_type(cast(Schema, kind))};"
        for field, kind in _part(schema, "properties").items()
    ]
    return "\n".join([f"export interface {name} {{", *fields, "}"])


def _key(name: str) -> str:
    return name if name.isidentifier() else f'"{name}"'


def _type(schema: Schema) -> str:
    """The TypeScript type of a schema."""
    if "$ref" in schema:
        return interface_name(str(schema["$ref"]).rsplit("/", 1)[1])
    if "const" in schema or "enum" in schema:
        values = cast(list[object], schema.get("enum", [schema.get("const")]))
        return " | ".join(f'"{each}"' if isinstance(each, str) else str(each) for each in values)
    for several in ("anyOf", "oneOf"):
        if several in schema:
            kinds = [_type(each) for each in cast(list[Schema], schema[several])]
            return " | ".join(dict.fromkeys(kinds))
    if schema.get("type") == "array":
        return f"Array<{_type(_part(schema, 'items'))}>"
    if schema.get("type") == "object":
        values_of = schema.get("additionalProperties")
        kind = _type(cast(Schema, values_of)) if isinstance(values_of, Mapping) else "unknown"
        return f"Record<string, {kind}>"
    return _SIMPLE.get(str(schema.get("type")), "unknown")


def _reads(document: Schema) -> str:
    lines = [f'  "{path}": {kind};' for path, kind in _answers(document)]
    return "\n".join(["export interface Reads {", *lines, "}"])


def _answers(document: Schema) -> Iterator[tuple[str, str]]:
    """Path below the API and type of the answer, of every `GET` that answers JSON of one shape."""
    for path in _part(document, "paths"):
        content = _part(document, "paths", path, "get", "responses", "200", "content")
        schema = _part(content, "application/json", "schema")
        if path.startswith(API) and schema:
            yield path.removeprefix(API), _type(schema)
