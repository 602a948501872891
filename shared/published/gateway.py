"""Books as the gateway publishes them: what every calculator reads to know who holds what."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Numeric,
    String,
    Subquery,
    Uuid,
    and_,
    case,
    cast,
    func,
    or_,
    select,
    true,
)

from shared.instruments import LARGEST_STRIKE, OCC_STRIKE_DIGITS, SMALLEST_STRIKE
from shared.published import AnyColumn, Day, View, columns, ingest, keys, published_view

# equity_balance: the NAV given for the first snapshot in USD, null when none was given.
portfolios = published_view(
    "gateway",
    "portfolios",
    *keys(Uuid, "portfolio_id"),
    *columns(Uuid, "user_id"),
    *columns(String, "name"),
    *columns(Numeric(20, 2), "equity_balance"),
    *columns(DateTime(timezone=True), "created_at"),
)

# symbol: the ticker, or the OCC symbol of an option (no padding). instrument: "stock" | "option".
# underlying: the option's underlying ticker, the symbol itself for stock. strike, expiry,
# option_type ("C"/"P"): options only. quantity is signed. multiplier 100 for options, 1 otherwise.
# Active on day d when entry_date <= d and (exit_date is null or exit_date > d). investment_class:
# "PUBLIC" | "OPTIONS" | "PRIVATE"; a private symbol is its owner's own word, so no provider is
# queried for it. stated_on: the day whose shares (and contracts) symbol, strike, quantity and
# prices are given in; to value a position on another day, read `positions_on(day)`.
positions = published_view(
    "gateway",
    "positions",
    *keys(Uuid, "position_id"),
    *columns(Uuid, "portfolio_id"),
    *columns(String, "symbol", "instrument", "underlying", "option_type"),
    *columns(Numeric(18, 6), "strike"),
    *columns(Date, "expiry"),
    *columns(Integer, "multiplier"),
    *columns(Numeric(20, 6), "quantity"),
    *columns(Numeric(18, 6), "entry_price"),
    *columns(Date, "entry_date"),
    *columns(Numeric(18, 6), "exit_price"),
    *columns(Date, "exit_date"),
    *columns(String, "investment_class"),
    *columns(Date, "stated_on"),
)


def positions_on(day: Day, held: View = positions) -> Subquery:
    """The positions of `held` in the shares of `day`, a date or an expression.

    `held` is the published view or the gateway's table.

    The same columns, and `split_factor`: how many shares of that day one of `stated_on` is, 1
    without splits between them. quantity is multiplied by it and rounded to six decimals;
    entry_price, exit_price and strike are divided; an option's symbol is that of its new strike. Of
    an option those splits count that came before it expired.
    """
    own = held.c
    shares_of = func.least(own.stated_on, own.expiry), func.least(cast(day, Date), own.expiry)
    split = ingest.split_factor(own.underlying, *shares_of).lateral("split")
    factor: AnyColumn = split.c.factor
    strike = _listed_strike(own.strike / factor)
    symbol = func.concat(func.left(own.symbol, -OCC_STRIKE_DIGITS), _occ_digits(strike))
    is_option = own.strike.is_not(None)
    restated = {
        "symbol": case((is_option, symbol), else_=own.symbol),
        "strike": case((is_option, strike)),
        "quantity": func.round(own.quantity * factor, 6),
        "entry_price": own.entry_price / factor,
        "exit_price": own.exit_price / factor,
    }
    columns = [
        case((factor.is_(None), column), else_=restated[column.name]).label(column.name)
        if column.name in restated
        else column
        for column in own
    ]
    split_factor = func.coalesce(factor, 1, type_=Numeric).label("split_factor")
    return select(*columns, split_factor).select_from(held.join(split, true())).subquery("held")


def active_on(held: View, day: Day) -> ColumnElement[bool]:
    """Whether a position of `held` is open at the end of `day`."""
    row = held.c
    return and_(row.entry_date <= day, or_(row.exit_date.is_(None), row.exit_date > day))


def active_positions(portfolio_ids: Sequence[UUID], day: date) -> Subquery:
    """The positions of the portfolios that are open at the end of `day`, in the shares of `day`.

    The columns of `positions_on`.
    """
    held = positions_on(day)
    theirs = held.c.portfolio_id.in_(portfolio_ids)
    return select(held).where(theirs, active_on(held, day)).subquery("active")


def _listed_strike(strike: AnyColumn) -> AnyColumn:
    """A strike that an OCC symbol can name."""
    return func.least(func.greatest(func.round(strike, 3), SMALLEST_STRIKE), LARGEST_STRIKE)


def _occ_digits(strike: AnyColumn) -> AnyColumn:
    return func.lpad(cast(cast(strike * 1000, Integer), String), OCC_STRIKE_DIGITS, "0")


# amount: positive is a deposit into the portfolio, negative a withdrawal, USD.
cash_flows = published_view(
    "gateway",
    "cash_flows",
    *keys(Uuid, "cash_flow_id"),
    *columns(Uuid, "portfolio_id"),
    *columns(Date, "flow_date"),
    *columns(Numeric(20, 2), "amount"),
)

# One row per position and tag it carries; a position without tags has none. tag: as its owner
# spells it.
position_tags = published_view(
    "gateway",
    "position_tags",
    *keys(Uuid, "position_id"),
    *keys(String, "tag"),
)
