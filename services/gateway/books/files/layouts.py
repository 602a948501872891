"""The column sets of position files, which of them a header means, and what else is read."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from services.gateway.books.files.problems import UnreadableFile


class Source(StrEnum):
    """What kind of file it is."""

    FIVE_COLUMNS = "five_columns"
    TWELVE_COLUMNS = "twelve_columns"
    SCHWAB = "schwab_positions"
    TRANSACTIONS = "transactions"


class Turn(StrEnum):
    """What a column would turn, and what it should be called."""

    SIDE = "side"
    CURRENCY = "currency"
    UNIT = "unit"
    FACTOR = "multiplier"
    STATE = "status"
    RIGHT = "option_type"


@dataclass(frozen=True)
class Layout:
    """A column set: what the columns are called that both sets have, and all that it knows."""

    source: Source
    symbol: str
    entry_price: str
    optional: tuple[str, ...]
    aliases: Mapping[str, str] = field(default_factory=dict)

    @property
    def required(self) -> tuple[str, ...]:
        """The columns every file must have."""
        return (self.symbol, "quantity", self.entry_price, "entry_date")

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is read."""
        return self.required + self.optional


FIVE_COLUMNS = Layout(
    Source.FIVE_COLUMNS,
    symbol="ticker",
    entry_price="entry_price",
    optional=("tags",),
    aliases={"symbol": "ticker", "qty": "quantity", "trade_date": "entry_date"},
)
TWELVE_COLUMNS = Layout(
    Source.TWELVE_COLUMNS,
    symbol="symbol",
    entry_price="entry_price_per_share",
    optional=(
        *("investment_class", "investment_subtype", "underlying_symbol", "strike_price"),
        *("expiration_date", "option_type", "exit_date", "exit_price_per_share", "tags"),
    ),
    aliases={
        "ticker": "symbol",
        "qty": "quantity",
        "entry_price": "entry_price_per_share",
        "trade_date": "entry_date",
        "exit_price": "exit_price_per_share",
    },
)
SIGN_COLUMNS = (
    *("side", "action", "trade_type", "trade_side", "transaction_type", "direction"),
    *("long/short", "long_short", "long_or_short", "l/s", "position_type", "position_side"),
    *("buy/sell", "buy_sell", "buy_or_sell", "b/s", "sell/buy", "short/long", "order_side"),
    *("side_code", "pos_type", "long/short_indicator", "direction_indicator", "sign"),
    *("quantity_sign", "qty_sign"),
)
STATUS_COLUMNS = ("status", "position_status", "trade_status", "order_status", "open/closed")
CURRENCY_COLUMNS = (
    *("currency", "currency_code", "currencyprimary", "currency_primary", "ccy", "curr"),
    *("trade_currency", "price_currency", "position_currency", "instrument_currency"),
    *("local_currency", "settlement_currency", "settle_currency", "base_currency", "cur"),
    *("quote_currency", "trading_currency", "asset_currency", "iso_currency", "denomination"),
    *("currency_local", "currency_symbol", "strike_currency", "cost_currency"),
)
MULTIPLIER_COLUMNS = (
    *("multiplier", "contract_multiplier", "option_multiplier", "contract_size"),
    *("shares_per_contract", "shares/contract", "price_multiplier", "unit_multiplier", "mult"),
    *("lot_size", "quantity_multiplier"),
)
UNIT_COLUMNS = (
    *("unit", "quantity_unit", "qty_unit", "quantity_type", "unit_of_measure", "uom"),
    *("price_unit", "quote_unit"),
)
# Many brokers say the kind of account in it (cash, margin): read only where it is a side.
TYPE_COLUMN = "type"
MODIFIERS = frozenset(
    (
        *SIGN_COLUMNS,
        *STATUS_COLUMNS,
        *CURRENCY_COLUMNS,
        *MULTIPLIER_COLUMNS,
        *UNIT_COLUMNS,
        TYPE_COLUMN,
    )
)
_BARE = {re.sub("[^a-z]", "", name): name for name in sorted(MODIFIERS)}
# A file with one of these is one of positions.
POSITION_COLUMNS = frozenset(
    (
        *("entry_price", "entry_price_per_share", "entry_date", "cost_basis", "market_value"),
        *("exit_date", "exit_price", "exit_price_per_share"),
    )
)
MAX_NAME = 40  # of a column, in messages
_ONLY_TWELVE = {*TWELVE_COLUMNS.columns, "exit_price"} - {*FIVE_COLUMNS.columns, "symbol"}


def snake_case(cell: str) -> str:
    """A column's name: lower case, words joined by underscores.

    One that turns rows has its name in any punctuation: `Long / Short`, `BuySell`, `SIDE:`.
    """
    name = "_".join(cell.lower().replace("_", " ").split())
    return name if name in MODIFIERS else _BARE.get(re.sub("[^a-z]", "", name), name)


def layout_of(line: int, header: Sequence[str]) -> tuple[Layout, list[str]]:
    """The layout a header means and the column name of each cell.

    Raises `UnreadableFile` when a required column is missing or any known one is there twice.
    """
    layout, columns = _named(header)
    _require_all(line, header, columns, layout)
    for column in (*layout.columns, *sorted(MODIFIERS)):
        if columns.count(column) > 1:
            message = f"the header names {column} more than once"
            raise UnreadableFile(line, "duplicate_column", message, field=column)
    return layout, columns


def means_positions(header: Sequence[str]) -> bool:
    """Whether a header has the required columns of either set."""
    layout, columns = _named(header)
    return set(columns) >= set(layout.required)


def _named(header: Sequence[str]) -> tuple[Layout, list[str]]:
    """The set that a header is nearer to, and the column name of each cell."""
    names = [snake_case(cell) for cell in header]
    layout = TWELVE_COLUMNS if _ONLY_TWELVE & set(names) else FIVE_COLUMNS
    return layout, _with_price([layout.aliases.get(name, name) for name in names], layout)


def unread_columns(header: Sequence[str], columns: Sequence[str], layout: Layout) -> dict[int, str]:
    """The columns that no rule reads, as the header has them, by their places."""
    read = {*layout.columns, *MODIFIERS}
    named = enumerate(zip(header, columns, strict=True))
    return {place: cell for place, (cell, column) in named if column and column not in read}


def _with_price(columns: list[str], layout: Layout) -> list[str]:
    """Read a column "price" as the entry price unless the file has a better one.

    Then it is today's price and an unknown column.
    """
    if layout.entry_price in columns:
        return columns
    return [layout.entry_price if column == "price" else column for column in columns]


def _require_all(line: int, header: Sequence[str], columns: Sequence[str], layout: Layout) -> None:
    missing = [column for column in layout.required if column not in columns]
    if missing:
        found = ", ".join(cell[:MAX_NAME] for cell in header[:20])
        message = (
            f"the header has no column {' and no column '.join(missing)}; "
            f"expected {', '.join(layout.columns)}; found {found}"
        )
        raise UnreadableFile(line, "missing_column", message, field=missing[0])
