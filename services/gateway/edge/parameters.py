"""What a request names and no route has, or names twice: refused by name, on every route."""

import asyncio
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import get_args, get_origin

from fastapi import params
from fastapi._compat import ModelField
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel
from starlette.requests import HTTPConnection, Request

from services.gateway.edge.problems import Problem

_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
_LONGEST_NAME = 64  # of what was sent, in the answer
_MOST_NAMED = 20
_LARGE_BODY = 64 * 1024  # bytes that are looked through beside the event loop
_BODY_HEADERS = ("content-length", "transfer-encoding")


async def refuse_unknown(connection: HTTPConnection) -> None:
    """422 for query parameters, form fields and bodies that the route does not have.

    A filter that is misspelt would otherwise answer as if it were not there, and a dry run wanted
    of a route without a body would be none. The same for what is given twice, a field of JSON too:
    only one value would count.
    """
    dependant: Dependant = connection.scope["route"].dependant
    errors = []
    if connection.query_params:
        known = dict(pair for each in _flat(dependant) for pair in _names(each.query_params))
        errors += _refused("query parameter", connection.query_params.multi_items(), known)
    if connection.headers.get("content-type", "").startswith(_FORMS):
        known = dict(pair for each in _flat(dependant) for pair in _names(_form_fields(each)))
        assert isinstance(connection, Request)
        form = (await connection.form()).multi_items()
        errors += _refused("form field", form, known) if known else []
    elif any(name in connection.headers for name in _BODY_HEADERS):
        assert isinstance(connection, Request)
        errors += await _body_errors(await connection.body(), dependant)
    if errors:
        raise Problem(422, "invalid_request", errors[0]["message"], errors)


async def _body_errors(body: bytes, dependant: Dependant) -> list[dict[str, str]]:
    """What is wrong with a body of JSON before its fields are looked at."""
    if not body:
        return []
    takes_none = not any(each.body_params for each in _flat(dependant))
    find = _fields_of_none if takes_none else _repeated_fields
    found = find(body) if len(body) < _LARGE_BODY else await asyncio.to_thread(find, body)
    code = "unknown_parameter" if takes_none else "repeated_parameter"
    return [{"field": field, "code": code, "message": message} for field, message in found]


def _fields_of_none(body: bytes) -> list[tuple[str, str]]:
    """The fields of a body where a route takes none; an empty object or null is none."""
    try:
        content = json.loads(body)
    except ValueError:
        return [("body", "the route takes no body: leave it out")]
    if isinstance(content, dict):
        names = [name[:_LONGEST_NAME] for name in content][:_MOST_NAMED]
        return [(name, f"the route takes no body: leave {name!r} out") for name in names]
    return [] if content is None else [("body", "the route takes no body: leave it out")]


def _repeated_fields(body: bytes) -> list[tuple[str, str]]:
    """The names that an object of the body has more than once."""
    repeated: dict[str, int] = {}

    def look(pairs: list[tuple[str, object]]) -> None:
        for name, times in Counter(name for name, _ in pairs).items():
            if times > 1 and len(repeated) < _MOST_NAMED:
                repeated[name[:_LONGEST_NAME]] = times

    try:
        json.loads(body, object_pairs_hook=look)
    except (ValueError, RecursionError):
        return []  # the route says what is wrong with it
    return [
        (name, f"the field {name!r} is given {times} times in one object: send it once")
        for name, times in repeated.items()
    ]


def _refused(
    what: str, sent: Iterable[tuple[str, object]], known: Mapping[str, bool]
) -> list[dict[str, str]]:
    """The names that are not known, and those sent twice of which only one value counts."""
    errors = []
    for name, times in Counter(name for name, _ in sent).items():
        shown = name[:_LONGEST_NAME]
        if name not in known:
            message = f"there is no {what} {shown!r}{_hint(name, known)}"
            errors.append({"field": shown, "code": "unknown_parameter", "message": message})
        elif times > 1 and not known[name]:
            message = f"the {what} {shown!r} is given {times} times: send it once"
            errors.append({"field": shown, "code": "repeated_parameter", "message": message})
    return errors


def _hint(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, known, n=1)
    if close:
        return f": did you mean {close[0]!r}?"
    return f": there are {', '.join(sorted(known))}" if known else ": there are none"


def _flat(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for each in dependant.dependencies:
        yield from _flat(each)


def _form_fields(dependant: Dependant) -> list[ModelField]:
    return [field for field in dependant.body_params if isinstance(field.field_info, params.Form)]


def _names(fields: Iterable[ModelField]) -> Iterator[tuple[str, bool]]:
    """The names of fields as they are sent, and whether each may come several times.

    Those of a model that collects several are its own.
    """
    for field in fields:
        model = field.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            for name, info in model.model_fields.items():
                yield info.alias or name, _is_list(info.annotation)
        else:
            yield field.alias, _is_list(model)


def _is_list(annotation: object) -> bool:
    """Whether a field takes several values, as itself or as one of its alternatives."""
    return get_origin(annotation) in (list, tuple, set, frozenset) or any(
        _is_list(each) for each in get_args(annotation)
    )
