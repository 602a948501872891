"""Errors with their data as attributes.

    SigmaSightError
    ├── Transient            worth another try later: the bus redelivers with a delay
    │   └── MarketDataNotReady(symbols, as_of)
    ├── Permanent            no retry can help: straight to the dead letters
    │   ├── UnknownSymbols(symbols)
    │   └── DateOutsideData(as_of, first, last)
    └── Misconfigured        the process must not start

Anything else that escapes a handler (a lost connection, a bug) is retried with delay and then dead-lettered.
"""

from collections.abc import Sequence
from datetime import date


class SigmaSightError(Exception):
    """The root of every error this project raises on purpose."""


class Transient(SigmaSightError):
    """Worth another try later."""


class Permanent(SigmaSightError):
    """No retry can help."""


class Misconfigured(SigmaSightError):
    """The settings do not make sense; the message names the variable and the fix."""


class MarketDataNotReady(Transient):
    """A calculation needs market data that is not stored yet."""

    def __init__(self, what: str, as_of: date) -> None:
        super().__init__(f"{what} not stored yet for {as_of.isoformat()}")
        self.what = what
        self.as_of = as_of


class UnknownSymbols(Permanent):
    """No provider knows these symbols."""

    def __init__(self, symbols: Sequence[str]) -> None:
        super().__init__(f"no provider knows {', '.join(sorted(symbols))}")
        self.symbols = tuple(sorted(symbols))


class DateOutsideData(Permanent):
    """The date is not a session the data covers."""

    def __init__(self, as_of: date, first: date, last: date) -> None:
        super().__init__(
            f"{as_of.isoformat()} is outside the data: choose a session from {first.isoformat()} to {last.isoformat()}"
        )
        self.as_of = as_of
        self.first = first
        self.last = last


class NotASession(Permanent):
    """The exchange was closed on that date."""

    def __init__(self, as_of: date, previous: date) -> None:
        super().__init__(
            f"{as_of.isoformat()} is not a NYSE session; the previous session is {previous.isoformat()}"
        )
        self.as_of = as_of
        self.previous = previous
