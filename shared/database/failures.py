"""What an error of Postgres or of the connection to it says: that of now, or that of the values."""

from collections.abc import Collection

from asyncpg import InterfaceError, PostgresError
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

# What Postgres, or the way to it, raises: connecting, COPY and listening raise the driver's errors.
DATABASE_ERRORS = (SQLAlchemyError, PostgresError, InterfaceError, OSError)
# Classes of SQLSTATE: connections, rollbacks (deadlocks), resources, locks held, interventions,
# system errors.
_OF_NOW = ("08", "40", "53", "55", "57", "58")
# a full disk, an error of the disk, a server that became a standby or was made read-only
_CANNOT_WRITE = ("53100", "58030", "25006")
_OUT_OF_RANGE = "22003"
_INSUFFICIENT_PRIVILEGE = "42501"  # of policies, and of statements that a role may not make
_FOREIGN_KEY = "23503"
_UNSTORABLE_TEXT = ("22021", "22P05")  # of zero bytes


def is_outage(error: Exception) -> bool:
    """Whether the same work may succeed a little later: nothing says that its values are wrong."""
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    state = _state_of(error)
    if state is not None:
        return state[:2] in _OF_NOW or state in _CANNOT_WRITE
    return isinstance(error, OSError | PoolTimeout | OperationalError)


def cannot_write(error: Exception) -> bool:
    """Whether Postgres could store nothing at all: its disk is full, or it is read-only."""
    return _state_of(error) in _CANNOT_WRITE


def is_too_large(error: Exception) -> bool:
    """Whether a number was too large to be calculated with, or to be stored."""
    return isinstance(error, OverflowError | FloatingPointError) or _state_of(error) == (
        _OUT_OF_RANGE
    )


def is_unstorable_text(error: Exception) -> bool:
    """Whether a text held a character that Postgres stores in none: a zero byte."""
    return _state_of(error) in _UNSTORABLE_TEXT


def is_refused_by_policy(error: Exception) -> bool:
    """Whether row-level security refused a row that was to be written."""
    return _state_of(error) == _INSUFFICIENT_PRIVILEGE and "row-level security" in str(error)


def breaks_reference(error: Exception, names: Collection[str]) -> bool:
    """Whether one of these foreign keys refused a row: what it refers to is not there any more."""
    return _state_of(error) == _FOREIGN_KEY and any(f'"{name}"' in str(error) for name in names)


def _state_of(error: Exception) -> str | None:
    """The SQLSTATE; COPY raises the driver's own errors, statements raise them wrapped."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(cause, "sqlstate", None)
    return state if isinstance(state, str) else None
