"""Position files to download: templates to fill in, and a portfolio's positions.

Both can be uploaded again.
"""

from collections.abc import Iterable, Sequence
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
# What was measured, behind the columns that are read again; none of them is a column of a file.
VALUES_HEADER = (
    "Valued On",
    "Closing Price",
    "Closing Price Date",
    "Price Source",
    "Closing Underlying Price",
    "Total Cost",
    "Closing Value",
    "Weight",
    "Daily P&L",
    "Unrealized P&L",
    "Notional Exposure",
    "Delta",
    "Delta-Adjusted Exposure",
    "Not Measured Because",
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
SYSTEM = "system"
# Words that no broker has for anything else, such as the kind of a security.
_WORDS = {Kind.OPENING: "opening lot", Kind.EQUITY: "equity statement"}
# The sign of what is transferred of a long lot.
_OF_LONG = {Kind.TRANSFER_IN: 1, Kind.TRANSFER_OUT: -1}
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
    """A line of a ledger as a file gives it.

    `quantity`: signed, bought positive; `price`: USD per share; `line_id`: makes a repeated upload
    harmless. `amount`: USD, of what moves cash alone. `stated_on`: the day in whose shares it is;
    `source`: where it comes from, "system" for what follows from market data.
    """

    trade_date: date
    kind: Kind
    symbol: str | None
    quantity: Decimal | None
    price: Decimal | None
    fees: Decimal
    line_id: str
    note: str = ""
    amount: Decimal | None = None
    stated_on: date | None = None
    source: str = ""


def positions_file(positions: Iterable[Listed]) -> str:
    """The positions in the twelve columns, with a thirteenth for their tags."""
    return csv_text(
        (*TWELVE_HEADER, "Tags"), ((*_twelve(one), ", ".join(one.tags)) for one in positions)
    )


def valued_positions_file(positions: Iterable[tuple[Listed, Sequence[Cell]]]) -> str:
    """The same with what was measured of each position, in the columns of `VALUES_HEADER`."""
    header = (*TWELVE_HEADER, "Tags", *VALUES_HEADER)
    return csv_text(
        header, ((*_twelve(one), ", ".join(one.tags), *values) for one, values in positions)
    )


def trades_file(trades: Iterable[TradeLine]) -> str:
    """Lines in the columns of transactions, quantities without a sign where the type has it."""
    return csv_text(TRANSACTIONS_HEADER, (_transaction(trade) for trade in trades))


def ledger_file(lines: Iterable[TradeLine]) -> str:
    """The same with the day in whose shares each line is, and its source."""
    header = (*TRANSACTIONS_HEADER, "stated_on", "source")
    return csv_text(header, ([*_transaction(line), line.stated_on, line.source] for line in lines))


def _word(line: TradeLine) -> str:
    """The type: one that is read again as the line was entered, or that is not read at all."""
    if line.source == SYSTEM:
        return f"{line.kind} (derived)"
    if line.kind is Kind.FEE and line.amount is not None and line.amount > 0:
        return "fee refund"
    if line.quantity is not None and _OF_LONG.get(line.kind, line.quantity) * line.quantity < 0:
        return f"short {line.kind.replace('_', ' ')}"
    return _WORDS.get(line.kind) or line.kind.replace("_", " ")


def _transaction(trade: TradeLine) -> list[Cell]:
    return [
        trade.trade_date,
        _word(trade),
        trade.symbol,
        _quantity(trade),
        trade.price,
        trade.fees or None,
        trade.amount,
        trade.line_id,
        trade.note,
    ]


def _quantity(trade: TradeLine) -> Decimal | None:
    """Signed for a lot taken over, which is long or short."""
    if trade.quantity is None or trade.kind is Kind.OPENING:
        return trade.quantity
    return abs(trade.quantity)


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
