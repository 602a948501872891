"""Statements that are built once per process and executed with other values each time.

Building a statement of a few hundred expressions, and working out under which key its text is kept,
takes milliseconds of every execution: more than Postgres needs for one portfolio.

`tuples`, `fetched` and `changed` also leave out what SQLAlchemy does around each execution: the
driver gets the text. That takes half of the processor time of executing a statement.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cache, wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar, TypeVarTuple, cast
from uuid import UUID

import asyncpg
from asyncpg import IntegrityConstraintViolationError, InterfaceError, PostgresError
from sqlalchemy import (
    ARRAY,
    JSON,
    CursorResult,
    Date,
    Double,
    Executable,
    Integer,
    Select,
    String,
    TextClause,
    Uuid,
    bindparam,
    func,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import asyncpg as dialect
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import CompilerElement
from sqlalchemy.types import TypeDecorator

P = ParamSpec("P")
Statement = TypeVar("Statement")
Fields = TypeVarTuple("Fields")
Kind = ARRAY[UUID] | ARRAY[str] | ARRAY[date] | Date | Uuid[UUID] | String | Integer | Double[float]
Prepared = Callable[P, tuple[Statement, Mapping[str, object]]]  # the statement with its values
Statements = Mapping[str, tuple[Executable, Mapping[str, object]]]  # several of them by name
_DRIVER = "driver"
_dialect = dialect.dialect()  # type: ignore[no-untyped-call]
_PLAN_ONCE = select(func.set_config("plan_cache_mode", "force_generic_plan", true()))


def prepared(
    **kinds: Kind,
) -> Callable[[Callable[P, Statement]], Prepared[P, Statement]]:
    """The function's statement with its values: `session.execute(*_positions(ids, day))`.

    `kinds`: the SQL type of each argument by name. The function is called once, with a parameter
    of the statement in place of each argument, so it may pass them to expressions and nothing else:
    no `if`, no text made of them.
    """

    def decorate(build: Callable[P, Statement]) -> Prepared[P, Statement]:
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


@dataclass(frozen=True)
class _Text:
    """A statement as the driver takes it.

    `parameters`: by position, each a name and its value unless another is given. `documents`: those
    of them that are JSON; `required`: those without a value in the statement.
    """

    sql: str
    parameters: tuple[tuple[str, object], ...]
    documents: frozenset[str]
    required: frozenset[str]
    columns: tuple[str, ...]

    def given(self, values: Mapping[str, object]) -> list[object]:
        """The values of its parameters by position; `TypeError` where one is missing."""
        if not self.required <= values.keys():
            raise TypeError(f"no value for {sorted(self.required - values.keys())}: give them all")
        found = [values.get(name, constant) for name, constant in self.parameters]
        for place, (name, _) in enumerate(self.parameters):
            if name in self.documents and found[place] is not None:
                found[place] = json.dumps(found[place])
        return found


@cache
def _text_of(statement: CompilerElement) -> _Text:
    compiled = cast(Any, statement).compile(dialect=_dialect)
    columns = compiled._result_columns
    types = {column.keyname: column.type for column in columns}
    own = [name for name, type_ in types.items() if isinstance(type_, TypeDecorator)]
    if own:
        raise TypeError(f"{own} are of types that only SQLAlchemy can read: execute the statement")
    return _Text(
        compiled.string,
        tuple((name, compiled.params[name]) for name in compiled.positiontup or ()),
        frozenset(name for name, each in compiled.binds.items() if isinstance(each.type, JSON)),
        frozenset(name for name, each in compiled.binds.items() if each.required),
        tuple(types),
    )


async def tuples(
    session: AsyncSession, statement: "Select[*Fields]", values: Mapping[str, object]
) -> "Sequence[tuple[*Fields]]":
    """Every row of a `prepared` select: `await tuples(session, *_positions(ids, day))`.

    In the session's transaction. A row is read by place, as fast as a tuple. Raises `DBAPIError`
    with the driver's error in it.
    """
    prepared_text = _text_of(cast(CompilerElement, statement))
    found = await _fetch(session, prepared_text.sql, prepared_text.given(values))
    return cast("Sequence[tuple[*Fields]]", found)


async def changed(session: AsyncSession, statement: str, values: Mapping[str, object]) -> int:
    """Execute a text with `:names` that returns no rows; returns how many rows it changed.

    In the session's transaction. The text is kept: there are few of them. Raises
    `DBAPIError` with the driver's error in it.
    """
    prepared_text = _text_of(_written(statement))
    given = prepared_text.given(values)
    driver = _begun(session)
    if driver is None:
        result = await _first(session, prepared_text.sql, given)
        return int(result.rowcount)
    with _database_errors(driver, prepared_text.sql):
        status = await driver.execute(prepared_text.sql, *given)
    count = status.rpartition(" ")[2]  # "INSERT 0 5", "DELETE 5"; "CREATE TABLE" changes no rows
    return int(count) if count.isdigit() else 0


@cache
def _written(statement: str) -> TextClause:
    return text(statement)


async def fetched(
    session: AsyncSession, statement: Executable, values: Mapping[str, object]
) -> list[dict[str, Any]]:
    """Every row of a `prepared` statement: `await fetched(session, *_positions(ids, day))`.

    In the session's transaction. A statement that is built once may be given itself, with the
    values of its parameters. Raises `DBAPIError` with the driver's error in it.
    """
    prepared_text = _text_of(cast(CompilerElement, statement))
    columns = prepared_text.columns
    found = await _fetch(session, prepared_text.sql, prepared_text.given(values))
    return [dict(zip(columns, record, strict=True)) for record in found]


async def execute_each(
    session: AsyncSession, statement: Executable, rows: Iterable[Mapping[str, object]]
) -> None:
    """Execute one statement for each row of values, in their order, without waiting in between.

    It returns nothing. Otherwise as `fetched`.
    """
    prepared_text = _text_of(cast(CompilerElement, statement))
    driver = await _driver_of(session)
    with _database_errors(driver, prepared_text.sql):
        await driver.executemany(prepared_text.sql, [prepared_text.given(row) for row in rows])


async def plan_once(session: AsyncSession) -> None:
    """Have Postgres plan the rest of the transaction's statements for any values.

    Otherwise it plans each of them for its values, five times on every connection, and again
    wherever it expects a better plan. Through views with row-level security that takes several
    times as long as reading one portfolio's rows, for which there is only one good plan.
    """
    await fetched(session, _PLAN_ONCE, {})


async def _fetch(
    session: AsyncSession, sql: str, given: Sequence[object]
) -> Sequence[Sequence[object]]:
    driver = _begun(session)
    if driver is None:
        return (await _first(session, sql, given)).all()
    with _database_errors(driver, sql):
        found: list[asyncpg.Record] = await driver.fetch(sql, *given)
    return found


@contextmanager
def _database_errors(driver: "asyncpg.Connection[asyncpg.Record]", sql: str) -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        driver.terminate()  # rolling back would wait as long for the same silence
        raise
    except (PostgresError, InterfaceError) as error:
        is_integrity = isinstance(error, IntegrityConstraintViolationError)
        kind = IntegrityError if is_integrity else DBAPIError
        raise kind(sql, None, error, connection_invalidated=driver.is_closed()) from error


def _begun(session: AsyncSession) -> "asyncpg.Connection[asyncpg.Record] | None":
    """The driver's connection of the session, when its transaction has begun on it."""
    driver: asyncpg.Connection[asyncpg.Record] | None = session.info.get(_DRIVER)
    return driver if driver is not None and driver.is_in_transaction() else None


async def _first(
    session: AsyncSession, sql: str, given: Sequence[object]
) -> "CursorResult[*tuple[object, ...]]":
    """Execute what may be a transaction's first statement, with which SQLAlchemy begins it."""
    connection = await session.connection()
    found = await connection.exec_driver_sql(sql, tuple(given))
    raw = await connection.get_raw_connection()
    session.info[_DRIVER] = raw.driver_connection
    return found


async def _driver_of(session: AsyncSession) -> "asyncpg.Connection[asyncpg.Record]":
    """The driver's connection of the session, with the transaction begun."""
    driver = _begun(session)
    if driver is None:
        await _first(session, "select 1", ())
        driver = cast("asyncpg.Connection[asyncpg.Record]", session.info[_DRIVER])
    return driver
