"""What ingest publishes: a session closed, its prices are stored; and the requests it answers."""

from datetime import date
from decimal import Decimal
from typing import ClassVar
from uuid import UUID, uuid5

from pydantic import Field

from shared.contracts.event import (
    EVENT_NAMESPACE,
    Contract,
    Day,
    Event,
    Notice,
    Request,
    ShardEvent,
    WorkFailed,
)


class MarketClosed(Event):
    """A trading session ended. `as_of` is the session's date; `trigger` says who noticed."""

    subject: ClassVar[str] = "market.closed"

    trigger: str = "clock"

    @staticmethod
    def clock_run(session_date: date) -> UUID:
        """The run of a session that the clock announces: the same from every replica."""
        return uuid5(EVENT_NAMESPACE, f"clock/{session_date.isoformat()}")


class PricesUpdated(ShardEvent):
    """Prices for a shard's symbols are stored up to `as_of`: calculators may work.

    `trigger`: what set the run off when ingest itself did, "restatement"; else the run was opened
    by who asked.
    """

    subject: ClassVar[str] = "prices.updated"

    trigger: str | None = None


class IngestFailed(WorkFailed):
    """Ingest gave up on a message."""

    subject: ClassVar[str] = "ingest.failed"


class PriceRow(Contract):
    """One daily price. `close` is the raw close; `adjusted_close` defaults to it when not given."""

    symbol: str = Field(min_length=1, max_length=24)
    session_date: Day
    close: Decimal = Field(gt=0, max_digits=18, decimal_places=6)
    adjusted_close: Decimal | None = Field(default=None, gt=0, max_digits=18, decimal_places=6)


class YieldRow(Contract):
    """One Treasury yield in percent (4.25 means 4.25 %), by maturity label (`3M`, `10Y`)."""

    maturity: str = Field(pattern=r"^(1M|3M|6M|1Y|2Y|5Y|7Y|10Y|20Y|30Y)$")
    observation_date: Day
    yield_percent: Decimal = Field(ge=-10, le=100, max_digits=8, decimal_places=4)


class RowsStored(Contract):
    """The number of rows received and of rows changed, and the sessions they belong to.

    `warnings`: what is stored, and worth a look: closes that jump.
    """

    received: int
    changed: int
    first_session: date | None = None
    last_session: date | None = None
    warnings: tuple[Notice, ...] = ()


class StorePrices(Request[RowsStored]):
    """Upsert daily prices: all of them or none."""

    subject: ClassVar[str] = "ask.ingest.store_prices"

    source: str = "admin"
    rows: tuple[PriceRow, ...]


class StoreYields(Request[RowsStored]):
    """Upsert Treasury yields: all of them or none."""

    subject: ClassVar[str] = "ask.ingest.store_yields"

    source: str = "admin"
    rows: tuple[YieldRow, ...]


class OptionQuoteRow(Contract):
    """One contract's quote at a session's close, in USD per share; `contract` is the OCC symbol.

    `ask` may not be below `bid`; a bid of 0 means that there are no bids.
    """

    contract: str = Field(min_length=1, max_length=24)
    session_date: Day
    bid: Decimal = Field(ge=0, max_digits=18, decimal_places=6)
    ask: Decimal = Field(gt=0, max_digits=18, decimal_places=6)
    last: Decimal | None = Field(default=None, ge=0, max_digits=18, decimal_places=6)
    underlying_price: Decimal | None = Field(default=None, gt=0, max_digits=18, decimal_places=6)


class StoreOptionQuotes(Request[RowsStored]):
    """Upsert option quotes: all of them or none."""

    subject: ClassVar[str] = "ask.ingest.store_option_quotes"

    source: str = "admin"
    rows: tuple[OptionQuoteRow, ...]


class SymbolsFetched(Contract):
    """The symbols were queried; `warnings`: what no provider has, or would not say now."""

    warnings: tuple[Notice, ...] = ()


class FetchSymbols(Request[SymbolsFetched]):
    """Fetch what is missing of the history of symbols up to the session `as_of`."""

    subject: ClassVar[str] = "ask.ingest.fetch_symbols"

    as_of: Day
    symbols: tuple[str, ...] = Field(min_length=1, max_length=50)
