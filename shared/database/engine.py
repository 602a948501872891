"""One engine per process, one transaction per message, and locks that end with it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from copy import copy
from time import monotonic
from typing import Any, cast

from asyncpg import InterfaceError, PostgresError
from sqlalchemy import ExceptionContext, NullPool, event, text
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_connection
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.pool import ConnectionPoolEntry

from shared.database.prepared import changed
from shared.settings import Settings

Session = AsyncSession
Step = Callable[[Session], Awaitable[object]]
CONNECT_SECONDS = 10.0
# A statement that takes longer is cancelled: the slowest of an evening take seconds, and over a
# connection that passes nothing on any more an answer never comes.
STATEMENT_SECONDS = 120.0
SURE_SECONDS = 1.0  # after an answer, a connection is not asked whether it still is one
REPLY_SECONDS = 5.0  # how long it may take to say so
USED_AT = "used_at"
LISTENER_SECONDS = 10.0  # the same of a connection that only listens
# The server notices a client that is gone without a word, and releases its locks, after a minute.
KEEPALIVES = {
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "60000",
}


def create_engine(settings: Settings, role: str) -> AsyncEngine:
    """The process's engine, connected as the service's own role."""
    engine = create_async_engine(
        settings.database_url(role),
        pool_size=settings.database_pool_size,
        max_overflow=settings.database_pool_size,
        pool_use_lifo=True,  # statements are prepared on the connections that were used last
        connect_args={
            "timeout": CONNECT_SECONDS,
            "command_timeout": STATEMENT_SECONDS,
            "max_cached_statement_lifetime": 0,  # a plan is as good after a quiet hour
            "server_settings": {
                "application_name": f"sigmasight-{role}",
                "timezone": "UTC",
                "jit": "off",
                **KEEPALIVES,
            },
        },
    )
    event.listen(engine.sync_engine, "checkin", _note_use)
    event.listen(engine.sync_engine, "checkout", _refuse_gone)
    event.listen(engine.sync_engine, "handle_error", _give_up_silent)
    return engine


def _give_up_silent(context: ExceptionContext) -> None:
    """Replace every connection of the pool when one has not answered in time.

    What lies between may have forgotten them all, and each would take as long to say so.
    """
    if isinstance(context.original_exception, TimeoutError):
        context.invalidate_pool_on_disconnect = True


def _note_use(connection: object, record: ConnectionPoolEntry) -> None:
    record.info[USED_AT] = monotonic()


def _refuse_gone(
    connection: AsyncAdapt_asyncpg_connection, record: ConnectionPoolEntry, proxy: object
) -> None:
    """Have the pool open new connections where the server has closed this one, or is gone.

    A restart of Postgres closes every connection, which asyncpg learns of while it is idle. What
    lies between may forget a connection without a word: the server is asked, unless it
    answered within the last second. Asking always would slow down every transaction.
    """
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError("the server has closed the connection")
    if monotonic() - record.info.get(USED_AT, monotonic()) > SURE_SECONDS:
        try:
            connection.run_async(lambda driver: driver.execute("select", timeout=REPLY_SECONDS))
        except (OSError, PostgresError, InterfaceError) as error:
            raise InvalidatePoolError("the server does not answer") from error


class Database:
    """Transactions for one process: `async with database.transaction() as session`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._sessions = async_sessionmaker(engine, expire_on_commit=False)
        self._first: Step | None = None

    def beginning_with(self, step: Step) -> "Database":
        """The same connections; every transaction begins with this step."""
        other = copy(self)
        other._first = step
        return other

    def at_one_moment(self) -> "Database":
        """The same connections; all statements of a transaction see one moment of the data."""
        other = copy(self)
        engine = self.engine.execution_options(isolation_level="REPEATABLE READ")
        other._sessions = async_sessionmaker(engine, expire_on_commit=False)
        return other

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """One session in one transaction: committed on leaving, rolled back on any exception."""
        async with self._sessions() as session, session.begin():
            if self._first is not None:
                await self._first(session)
            yield session

    @asynccontextmanager
    async def listening(
        self, channel: str, notify: Callable[[], None]
    ) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        """Call `notify` at every notification on a channel, over a connection outside every pool.

        Yields a probe that raises once the connection is lost; `notify` is called then, too.
        """
        engine = create_async_engine(
            self.engine.url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args={
                "timeout": CONNECT_SECONDS,
                "command_timeout": LISTENER_SECONDS,
                "server_settings": {
                    "application_name": f"sigmasight-listener-{channel}",
                    **KEEPALIVES,
                },
            },
        )
        async with engine.connect() as connection:
            driver = cast(Any, (await connection.get_raw_connection()).driver_connection)

            async def probe() -> None:
                await connection.execute(text("select 1"))

            try:
                await driver.add_listener(channel, lambda *_: notify())
                driver.add_termination_listener(lambda _: notify())
                yield probe
            finally:
                driver.terminate()  # a polite end would wait for an answer

    async def reachable(self) -> bool:
        """Whether a trivial query succeeds now."""
        try:
            async with self.engine.connect() as connection:
                await connection.execute(text("select 1"))
        except Exception:  # noqa: BLE001 - any failure means "not reachable", which is the answer
            return False
        return True

    async def close(self) -> None:
        """Give every connection back."""
        await self.engine.dispose()


async def lock(session: Session, *keys: object) -> None:
    """Hold one advisory lock, named by `keys` together, until the transaction ends.

    Transactions that lock the same name run one after the other; others are not affected.
    """
    await lock_each(session, ["/".join(str(key) for key in keys)])


async def lock_shared(session: Session, *keys: object) -> None:
    """Hold `lock(session, *keys)` together with others that hold it so: `lock` waits for all."""
    name = {"name": "/".join(str(key) for key in keys)}
    shared = "select pg_advisory_xact_lock_shared(hashtextextended(:name, 0))"
    await changed(session, shared, name)


async def lock_each(session: Session, names: Sequence[str]) -> None:
    """Hold one advisory lock per name until the transaction ends.

    They are taken in one ascending order, so that no two transactions deadlock.
    """
    await changed(session, _LOCK_EACH, {"names": list(names)})


_LOCK_EACH = (
    "select pg_advisory_xact_lock(key) from (select hashtextextended(name, 0) as key "
    "from unnest(cast(:names as text[])) as name order by key) as keys"
)
