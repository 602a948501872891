"""A portfolio's positions and transactions as files."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import cast
from uuid import UUID

from services.gateway.books import files
from services.gateway.books.files import Listed, TradeLine
from services.gateway.books.files.reading import SMALLEST_STEP
from services.gateway.books.queries import positions
from services.gateway.books.queries.portfolios import with_file_decimals
from services.gateway.books.queries.positions import PositionFilter
from services.gateway.books.queries.transactions import LineFilter
from services.gateway.books.reading import book_on
from services.gateway.books.schemas.exports import (
    ExportColumns,
    ExportedPosition,
    PositionsExport,
    TransactionsExport,
)
from services.gateway.books.schemas.ledger import TransactionOut
from services.gateway.books.schemas.portfolios import PortfolioOut
from services.gateway.books.statements import pages
from services.gateway.books.statements.lines import Line
from services.gateway.books.statements.pages import Wanted
from services.gateway.edge.downloads import Exported, ExportedFile, Form, safe_name
from services.gateway.market import queries as market_queries
from shared.database import Session
from shared.instruments import position_type
from shared.spreadsheet import Cell

Fields = Mapping[str, object]
MOST_LINES = 1_000_000
CENT = Decimal("0.01")
_LISTED = [name for name in Listed.__dataclass_fields__ if name != "tags"]
_MONEY = (
    *("cost", "market_value", "daily_pnl", "unrealised_pnl"),
    *("notional_exposure", "delta_adjusted_exposure"),
)
# A column of the word "close" alone says that its trades close positions.
_SOURCES = {"close": "closing price", "adjusted_close": "adjusted closing price"}
# In the order of the columns of a file with values.
_VALUES = (
    *("valued_on", "price", "price_date", "price_source", "underlying_price", "cost"),
    *("market_value", "weight", "daily_pnl", "unrealised_pnl", "notional_exposure", "delta"),
    *("delta_adjusted_exposure", "reason"),
)


async def valued_rows(
    session: Session, portfolio_id: UUID, as_of: date | None
) -> tuple[date | None, Sequence[Fields]]:
    """The day (default: the last session), and what is held on it as it was last measured.

    Before any session is known, every position counts as held.
    """
    book = await book_on(session, portfolio_id, as_of)
    day = as_of or await market_queries.latest_session(session)
    found = await positions.load_positions(
        session, portfolio_id, PositionFilter(open_on=day), book.day
    )
    return day, [with_file_decimals(row) for row in book.measured(found)]


def positions_export(
    portfolio: PortfolioOut,
    held: Iterable[Fields],
    form: Form,
    columns: ExportColumns,
    day: date | None,
) -> ExportedFile:
    """The positions by symbol and entry; `columns` says whether with values."""
    rows = sorted(held, key=lambda row: (str(row["symbol"]), str(row["entry_date"])))
    is_valued = columns is ExportColumns.VALUED
    name = f"positions-{_named(portfolio)}" + (f"-{day}" if is_valued and day else "")
    if form is Form.JSON:
        exact = [_exported(row, is_valued=is_valued) for row in rows]
        content = PositionsExport(portfolio=portfolio, positions=exact).model_dump_json()
    elif is_valued:
        content = files.valued_positions_file((_listed(row), _values(row)) for row in rows)
    else:
        content = files.positions_file(_listed(row) for row in rows)
    about = portfolio.portfolio_id
    return ExportedFile(Exported.POSITIONS, form, content, len(rows), name, about)


def _named(portfolio: PortfolioOut) -> str:
    return safe_name(portfolio.name, portfolio.portfolio_id)


def _exported(row: Fields, *, is_valued: bool) -> ExportedPosition:
    own = {
        **row,
        "position_type": position_type(
            cast("str | None", row["option_type"]), cast(Decimal, row["quantity"])
        ),
        "tags": _tags(row),
        "values": row if is_valued else None,
    }
    return ExportedPosition.model_validate(own)


def _listed(row: Fields) -> Listed:
    terms = {name: row[name] for name in _LISTED}
    return Listed(**terms, tags=tuple(_tags(row)))  # type: ignore[arg-type]


def _tags(row: Fields) -> list[str]:
    return sorted(cast("Sequence[str]", row["tags"]), key=str.lower)


def _values(row: Fields) -> list[Cell]:
    return [_value(name, cast("Cell | float", row[name])) for name in _VALUES]


def _value(name: str, value: Cell | float) -> Cell:
    """Money in cents, other numbers in all their digits up to what files have."""
    if isinstance(value, str) and name == "price_source":
        return _SOURCES.get(value, value)
    if value is None or isinstance(value, str | date):
        return value
    exact = value if isinstance(value, Decimal) else Decimal(repr(value))
    return round(exact, -int(CENT.as_tuple().exponent)) if name in _MONEY else _within(exact)


def _within(exact: Decimal) -> Decimal:
    return exact.quantize(SMALLEST_STEP) if abs(exact) < 10**12 else exact


async def transactions_export(
    session: Session,
    portfolio: PortfolioOut,
    period: tuple[date | None, date | None],
    form: Form,
    *,
    everything: bool,
) -> ExportedFile:
    """The lines that were entered and count, in a period; `everything`: reversals and what follows
    from market data as well.
    """
    entered = () if everything else ("api", "file", "migration")
    conditions = LineFilter(
        sources=entered, first=period[0], last=period[1], counting=not everything
    )
    wanted = Wanted(conditions, None, MOST_LINES, newest_first=False)
    found, _ = await pages.found_lines(session, portfolio.portfolio_id, wanted)
    days = "-".join(str(day) for day in period if day)
    name = f"transactions-{_named(portfolio)}" + (f"-{days}" if days else "")
    if form is Form.JSON:
        content = TransactionsExport(
            portfolio=portfolio,
            transactions=[
                TransactionOut.model_validate(line, from_attributes=True) for line in found
            ],
        ).model_dump_json()
    else:
        content = files.ledger_file(_line(line) for line in found)
    about = portfolio.portfolio_id
    return ExportedFile(Exported.TRANSACTIONS, form, content, len(found), name, about)


def _line(line: Line) -> TradeLine:
    return TradeLine(
        line.trade_date,
        line.kind,
        line.symbol,
        line.quantity,
        line.price,
        line.fees,
        line.external_id or str(line.transaction_id),
        line.note,
        line.amount,
        line.stated_on,
        line.source,
    )
