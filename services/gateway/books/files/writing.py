"""Position files to download: templates to fill in, and a portfolio's positions.

Both can be uploaded again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.gateway.books.files.holdings import PRIVATE
from services.gateway.books.ledger.inputs import Kind
from shared.instruments import parse_occ
from shared.spreadsheet import Cell, csv_text

TWELVE_HEADER = (
    "Symbol",
    "Quantity",
    "Entry Price Per Share",
    "Entry Date",
    "Investment Class",
    "Investment Subtype",
    "Underlying Symbol",
    "Strike Price",
    "Expiration Date",
    "Option Type",
    "Exit Date",
    "Exit Price Per Share",
)
TRANSACTIONS_HEADER = (
    *("date", "type", "symbol", "quantity", "price", "fees", "amount", "id", "note"),
)
_TRANSACTIONS: tuple[tuple[Cell, ...], ...] = (
    ("2022-11-01", "deposit", "", "", "", "", "50000.00", "T-001", ""),
    ("2022-11-01", "buy", "AAPL", "100", "150.25", "1.00", "", "T-002", ""),
    ("2022-11-02", "sell short", "MSFT", "40", "228.10", "", "", "T-003", ""),
    ("2022-11-03", "buy", "AAPL230616C00150000", "2", "12.40", "1.30", "", "T-004", "per share"),
    ("2022-11-15", "sell", "AAPL", "40", "150.05", "1.00", "", "T-005", ""),
    ("2022-11-16", "buy to cover", "MSFT", "40", "241.75", "", "", "T-006", ""),
    ("2022-12-01", "dividend", "AAPL", "", "", "", "13.80", "T-007", ""),
    ("2022-12-15", "fee", "", "", "", "", "12.50", "T-008", "custody"),
    ("2022-12-20", "withdrawal", "", "", "", "", "1000.00", "T-009", ""),
)
FIVE_HEADER = ("ticker", "quantity", "entry_price", "entry_date", "tags")
_OPTION_WORDS = {"C": "CALL", "P": "PUT"}


@dataclass(frozen=True)
class Listed:
    """A position as a file gives it.

    Quantities are signed, prices USD per share; `option_type` is "C" or "P".
    """

    symbol: str
    quantity: Decimal
    entry_price: Decimal
    entry_date: date
    investment_class: str
    investment_subtype: str | None = None
    underlying: str | None = None
    strike: Decimal | None = None
    expiry: date | None = None
    option_type: str | None = None
    exit_date: date | None = None
    exit_price: Decimal | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class TradeLine:
    """A purchase or sale as a file gives it.

    `quantity`: signed, bought positive; `price`: USD per share; `line_id`: makes a repeated upload
    harmless.
    """

    trade_date: date
    kind: Kind
    symbol: str
    quantity: Decimal
    price: Decimal
    fees: Decimal
    line_id: str
    note: str = ""


def positions_file(positions: Iterable[Listed]) -> str:
    """The positions in the twelve columns, with a thirteenth for their tags."""
    return csv_text(
        (*TWELVE_HEADER, "Tags"), ((*_twelve(one), ", ".join(one.tags)) for one in positions)
    )


def trades_file(trades: Iterable[TradeLine]) -> str:
    """The trades in the columns of transactions, quantities without a sign: the type has it."""
    return csv_text(TRANSACTIONS_HEADER, (_transaction(trade) for trade in trades))


def _transaction(trade: TradeLine) -> list[Cell]:
    return [
        trade.trade_date,
        trade.kind.replace("_", " "),
        trade.symbol,
        abs(trade.quantity),
        trade.price,
        trade.fees or None,
        None,
        trade.line_id,
        trade.note,
    ]


def five_columns_template() -> str:
    """An example of format A: held long, sold short, an option by its OCC symbol."""
    return csv_text(FIVE_HEADER, (_five(one) for one in _EXAMPLES if _fits_five(one)))


def twelve_columns_template() -> str:
    """An example of the twelve columns.

    Every class, an option by its symbol and one by its terms, a closed position.
    """
    return csv_text(TWELVE_HEADER, (_twelve(one) for one in _EXAMPLES))


def transactions_template() -> str:
    """An example of a file of transactions: money in and out, trades of either side, an option."""
    return csv_text(TRANSACTIONS_HEADER, _TRANSACTIONS)


def _twelve(one: Listed) -> list[Cell]:
    return [
        one.symbol,
        one.quantity,
        one.entry_price,
        one.entry_date,
        one.investment_class,
        one.investment_subtype,
        one.underlying if one.strike is not None else None,
        one.strike,
        one.expiry,
        _OPTION_WORDS.get(one.option_type or ""),
        one.exit_date,
        one.exit_price,
    ]


def _five(one: Listed) -> list[Cell]:
    return [one.symbol, one.quantity, one.entry_price, one.entry_date, ", ".join(one.tags)]


def _fits_five(one: Listed) -> bool:
    return bool(one.symbol) and one.exit_date is None and one.investment_class != PRIVATE


def _by_terms(symbol: str) -> dict[str, str | Decimal | date]:
    contract = parse_occ(symbol)
    return {
        "underlying": contract.underlying,
        "strike": contract.strike,
        "expiry": contract.expiry,
        "option_type": contract.option_type,
    }


def _example(
    symbol: str, quantity: str, price: str, entered: date, kind: str, **more: object
) -> Listed:
    numbers = (Decimal(quantity), Decimal(price))
    return Listed(symbol, *numbers, entered, kind, **more)  # type: ignore[arg-type]


_EXAMPLES = (
    _example("AAPL", "100", "148.71", date(2022, 6, 1), "PUBLIC", tags=("tech", "core")),
    _example("MSFT", "-50", "272.42", date(2022, 6, 1), "PUBLIC", tags=("tech", "hedge")),
    _example("AAPL230616C00150000", "2", "8.45", date(2022, 11, 1), "OPTIONS", tags=("tech",)),
    _example("", "-1", "5.2", date(2022, 11, 1), "OPTIONS", **_by_terms("MSFT230120P00220000")),
    _example(
        *("XOM", "200", "96.51", date(2022, 6, 1), "PUBLIC"),
        exit_date=date(2022, 11, 15),
        exit_price=Decimal("113.4"),
    ),
    _example(
        "ACME-SERIES-A", "1000", "12.5", date(2021, 3, 31), PRIVATE, investment_subtype="Venture"
    ),
)
