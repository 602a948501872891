"""Books as the gateway publishes them: what every calculator reads to know who holds what."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import (
    Column,
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

from shared.database import among
from shared.instruments import LARGEST_STRIKE, OCC_STRIKE_DIGITS, SMALLEST_STRIKE
from shared.published import AnyColumn, Day, View, ingest, published_view

# equity_balance: the NAV given for the first snapshot in USD, null when none was given.
portfolios = published_view(
    "gateway",
    "portfolios",
    Column("portfolio_id", Uuid, primary_key=True),
    Column("user_id", Uuid),
    Column("name", String),
    Column("equity_balance", Numeric(20, 2)),
    Column("created_at", DateTime(timezone=True)),
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
    Column("position_id", Uuid, primary_key=True),
    Column("portfolio_id", Uuid),
    Column("symbol", String),
    Column("instrument", String),
    Column("underlying", String),
    Column("option_type", String),
    Column("strike", Numeric(18, 6)),
    Column("expiry", Date),
    Column("multiplier", Integer),
    Column("quantity", Numeric(20, 6)),
    Column("entry_price", Numeric(18, 6)),
    Column("entry_date", Date),
    Column("exit_price", Numeric(18, 6)),
    Column("exit_date", Date),
    Column("investment_class", String),
    Column("stated_on", Date),
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
    theirs = among(held.c.portfolio_id, portfolio_ids)
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
    Column("cash_flow_id", Uuid, primary_key=True),
    Column("portfolio_id", Uuid),
    Column("flow_date", Date),
    Column("amount", Numeric(20, 2)),
)

# One row per position and tag it carries; a position without tags has none. tag: as its owner
# spells it.
position_tags = published_view(
    "gateway",
    "position_tags",
    Column("position_id", Uuid, primary_key=True),
    Column("tag", String, primary_key=True),
)
