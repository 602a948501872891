"""Statements that are built once per process and executed with other values each time.

Building a statement of a few hundred expressions, and working out under which key its text is kept,
takes milliseconds of every execution: more than Postgres needs for one portfolio.
"""

from collections.abc import Callable, Mapping
from datetime import date
from functools import cache, wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar, cast
from uuid import UUID

from sqlalchemy import ARRAY, Date, bindparam

P = ParamSpec("P")
Statement = TypeVar("Statement")
Kind = ARRAY[UUID] | ARRAY[str] | ARRAY[date] | Date  # of what a shard's statements differ by


def prepared(
    **kinds: Kind,
) -> Callable[[Callable[P, Statement]], Callable[P, tuple[Statement, Mapping[str, object]]]]:
    """The function's statement with its values: `session.execute(*_positions(ids, day))`.

    `kinds`: the SQL type of each argument by name. The function is called once, with a parameter
    of the statement in place of each argument, so it may pass them to expressions and nothing else:
    no `if`, no text made of them.
    """

    def decorate(
        build: Callable[P, Statement],
    ) -> Callable[P, tuple[Statement, Mapping[str, object]]]:
        arguments = signature(build)

        @cache
        def statement() -> Statement:
            parameters = [bindparam(name, type_=kinds[name]) for name in arguments.parameters]
            built: Statement = cast(Any, build)(*parameters)
            return built

        @wraps(build)
        def with_values(
            *args: P.args, **kwargs: P.kwargs
        ) -> tuple[Statement, Mapping[str, object]]:
            return statement(), arguments.bind(*args, **kwargs).arguments

        return with_values

    return decorate
