"""What a request names and no route has: refused by name, on every route."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from fastapi import params
from fastapi._compat import ModelField
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel
from starlette.requests import HTTPConnection, Request

from services.gateway.edge.problems import Problem

_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
_LONGEST_NAME = 64  # of what was sent, in the answer


async def refuse_unknown(connection: HTTPConnection) -> None:
    """422 for query parameters and form fields that the route does not have.

    A filter that is misspelt would otherwise answer as if it were not there.
    """
    dependant: Dependant = connection.scope["route"].dependant
    errors = []
    if connection.query_params:
        known = {name for each in _flat(dependant) for name in _names(each.query_params)}
        errors += _unknown("query parameter", connection.query_params, known)
    if connection.headers.get("content-type", "").startswith(_FORMS):
        known = {name for each in _flat(dependant) for name in _names(_form_fields(each))}
        assert isinstance(connection, Request)
        errors += _unknown("form field", await connection.form(), known) if known else []
    if errors:
        raise Problem(422, "invalid_request", errors[0]["message"], errors)


def _unknown(what: str, sent: Iterable[str], known: set[str]) -> list[dict[str, str]]:
    return [
        {
            "field": name[:_LONGEST_NAME],
            "code": "unknown_parameter",
            "message": f"there is no {what} {name[:_LONGEST_NAME]!r}{_hint(name, known)}",
        }
        for name in dict.fromkeys(sent)
        if name not in known
    ]


def _hint(name: str, known: set[str]) -> str:
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


def _names(fields: Iterable[ModelField]) -> Iterator[str]:
    """The names of fields as they are sent; those of a model that collects several are its own."""
    for field in fields:
        model = field.field_info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield from (info.alias or name for name, info in model.model_fields.items())
        else:
            yield field.alias
