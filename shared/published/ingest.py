"""Market data as ingest publishes it."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Double,
    Integer,
    Numeric,
    Select,
    String,
    and_,
    case,
    func,
    select,
)
from sqlalchemy.sql.selectable import LateralFromClause

from shared.database import among, array_of
from shared.published import AnyColumn, Day, Text, View, columns, keys, published_view

# Sessions that were announced. `revision` is the newest market-data revision dated on this very
# session; the `price_run` of a session derives from the highest revision on or before it.
market_sessions = published_view(
    "ingest",
    "market_sessions",
    *keys(session_date=Date),
    *columns(BigInteger, "revision"),
    *columns(Boolean, "announced"),
)

# close: USD per share, raw where `close_basis` is "raw"; "adjusted" says the provider had adjusted
# closes only. adjusted_close: split- and dividend-adjusted, for returns.
daily_prices = published_view(
    "ingest",
    "daily_prices",
    *keys(symbol=String, session_date=Date),
    *columns(Numeric(18, 6), "close"),
    *columns(Double, "adjusted_close"),
    *columns(String, "close_basis", "source"),
)

# kind: stock | etf | fund | index. dividend_yield: continuous, decimal per year, null when unknown.
securities = published_view(
    "ingest",
    "securities",
    *keys(symbol=String),
    *columns(String, "kind", "name", "sector", "industry"),
    *columns(Double, "dividend_yield"),
    *columns(String, "source"),
)

# maturity: "1M" "3M" "6M" "1Y" "2Y" "5Y" "7Y" "10Y" "20Y" "30Y"; maturity_years is its length.
# yield_percent: 4.25 means 4.25 %.
treasury_yields = published_view(
    "ingest",
    "treasury_yields",
    *keys(maturity=String, observation_date=Date),
    *columns(Double, "maturity_years", "yield_percent"),
    *columns(String, "source"),
)


def latest_yields(day: Day) -> Select[date, float, float]:
    """The Treasury yields of the last observation day on or before `day`, by maturity.

    observation_date, maturity_years and yield_percent; no row when none is known.
    """
    row = treasury_yields.c
    known = and_(row.observation_date <= day, row.yield_percent.is_not(None))
    last_day = select(func.max(row.observation_date)).where(known).scalar_subquery()
    query = select(row.observation_date, row.maturity_years, row.yield_percent)
    return query.where(known, row.observation_date == last_day).order_by(row.maturity_years)


def yields_between(maturities: Iterable[str], first: date, last: date) -> Select[str, date, float]:
    """maturity, observation_date and yield_percent from `first` to `last`, ascending by day."""
    row = treasury_yields.c
    within = row.observation_date.between(first, last)
    query = select(row.maturity, row.observation_date, row.yield_percent)
    return query.where(among(row.maturity, maturities), within).order_by(row.observation_date)


# One row per contract and session: bid and ask at the close, USD per share of contract; null last
# or underlying_price when the source did not say. underlying_price: what the underlying cost when
# the quote was taken.
option_quotes = published_view(
    "ingest",
    "option_quotes",
    *keys(contract=String, session_date=Date),
    *columns(Numeric(18, 6), "bid", "ask", "last", "underlying_price"),
    *columns(String, "source"),
)

# Who is asked for a kind of data ("prices", "corporate_actions", "yields", "securities",
# "option_quotes"), in order of rank from 0. live: asked over the network, not read from files.
# first_session, last_session: what the files of a provider of prices cover; null for others.
data_providers = published_view(
    "ingest",
    "data_providers",
    *keys(kind=String, rank=Integer),
    *columns(String, "name"),
    *columns(Boolean, "live"),
    *columns(Date, "first_session", "last_session"),
)

# kind "split": value is new shares per old one; "dividend": USD per share. In force from ex_date
# on.
corporate_actions = published_view(
    "ingest",
    "corporate_actions",
    *keys(symbol=String, ex_date=Date, kind=String),
    *columns(Numeric(18, 8), "value"),
    *columns(String, "source"),
)

# Splits that show in the closes: before ex_date they are as traded then, in shares of which one is
# `ratio` since. Not those of symbols whose closes are adjusted for them. They derive from
# corporate_actions and daily_prices.
splits = published_view(
    "ingest",
    "splits",
    *keys(symbol=String, ex_date=Date),
    *columns(Numeric(18, 8), "ratio"),
)


# Dividends that raw closes fall by, USD per share of ex_date. Not those of symbols whose closes are
# adjusted for them: there the dividend is in the price already.
dividends = published_view(
    "ingest",
    "dividends",
    *keys(symbol=String, ex_date=Date),
    *columns(Numeric(18, 8), "amount"),
)


def is_adjusted(symbol: ColumnElement[str], day: ColumnElement[date]) -> ColumnElement[bool]:
    """Whether the last close of a symbol by a day is known adjusted only: dividends are in it."""
    own = daily_prices.c
    basis = (
        select(own.close_basis)
        .where(own.symbol == symbol, own.session_date <= day)
        .order_by(own.session_date.desc())
        .limit(1)
        .correlate_except(daily_prices)
        .scalar_subquery()
    )
    return func.coalesce(basis, "raw") != "raw"


_LAST_DECIMAL = Decimal("0.00000001")
_FACTOR_DECIMALS = 14  # logarithms give back 3.9999999999999999 for 4


def split_factor(
    symbol: AnyColumn, stated_on: AnyColumn, day: Day
) -> Select[tuple[Decimal | None]]:
    """`factor`: how many shares of `day` one share of `stated_on` is; null without a split between.

    The product of the ratios with stated_on < ex_date <= day, or, looking back, one over that of
    the ratios with day < ex_date <= stated_on.
    """
    row = splits.c
    first = func.least(stated_on, day)
    last = func.greatest(stated_on, day)
    onwards = case((stated_on < day, 1), else_=-1)
    between = and_(row.symbol == symbol, row.ex_date > first, row.ex_date <= last, row.ratio > 0)
    factor = func.round(func.exp(func.sum(onwards * func.ln(_exact(row.ratio)))), _FACTOR_DECIMALS)
    return select(factor.label("factor")).where(between).correlate_except(splits)


def _exact(ratio: ColumnElement[Decimal]) -> ColumnElement[Decimal]:
    """A third is stored as 0.33333333, and 300 shares shall become 100, not 99.999999."""
    inverse = 1 / func.nullif(func.round(1 / ratio, 3), 0)
    return case((func.abs(inverse - ratio) <= _LAST_DECIMAL, inverse), else_=ratio)


def dividends_paid(symbols: Iterable[str], after: date, day: date) -> Select[str, date, Decimal]:
    """symbol, ex_date and amount, in USD per share of `day`, of after < ex_date <= day."""
    row = dividends.c
    factor = func.coalesce(split_factor(row.symbol, row.ex_date, day).scalar_subquery(), 1)
    query = select(row.symbol, row.ex_date, (row.amount / factor).label("amount"))
    within = and_(row.ex_date > after, row.ex_date <= day)
    return query.where(among(row.symbol, symbols), within).order_by(row.symbol, row.ex_date)


def dividends_known(symbols: Iterable[str], day: date) -> Select[str]:
    """Those of the symbols whose dividends up to `day` are known, also where it paid none.

    One was paid at some time, or a provider was queried and knows the symbol; and the closes are
    raw, so that amounts and prices are in the same shares.
    """
    wanted = func.unnest(array_of(symbols, String())).column_valued("wanted")
    paid = dividends.c
    log = fetch_log.c
    last = last_close(wanted, day)
    queried = and_(log.symbol == wanted, log.kind == "corporate_actions", log.known)
    return select(wanted).where(
        select(paid.symbol).where(paid.symbol == wanted, paid.ex_date <= day).exists()
        | (
            select(log.symbol).where(queried).exists()
            & (select(last.c.close_basis).scalar_subquery() == "raw")
        )
    )


def close_on(prices: View, day: Day) -> AnyColumn:
    """The close of a row of `prices`, carried forward to `day`, in the shares of that day.

    Nothing is looked up for a close of the day itself.
    """
    row = prices.c
    factor = func.coalesce(split_factor(row.symbol, row.session_date, day).scalar_subquery(), 1)
    return case((row.session_date == day, row.close), else_=func.round(row.close / factor, 6))


def last_close(symbol: Text, day: Day) -> LateralFromClause:
    """The last close of `symbol` on or before `day`: at most one row, found in the index.

    `close` in USD per share of `day` (a missing price is carried forward), `session_date` the
    session it is of, `close_basis` and `source` as stored.
    """
    row = daily_prices.c
    known = and_(row.symbol == symbol, row.session_date <= day)
    close = close_on(daily_prices, day).label("close")
    query = select(close, row.session_date, row.close_basis, row.source).where(known)
    return query.order_by(row.session_date.desc()).limit(1).lateral("last_close")


# What a provider was last asked about a symbol, by kind of data, and whether it knew the symbol at
# all.
fetch_log = published_view(
    "ingest",
    "fetch_log",
    *keys(provider=String, kind=String, symbol=String),
    *columns(Date, "first_session", "last_session"),
    *columns(Boolean, "known"),
    *columns(DateTime(timezone=True), "asked_at"),
)

# The symbols whose closes are being fetched at this moment.
price_claims = published_view("ingest", "price_claims", *keys(symbol=String))

# When the newest request to a provider with a limit leaves or has left: what waits for its turn
# lies ahead of now.
provider_requests = published_view(
    "ingest",
    "provider_requests",
    *keys(provider=String),
    *columns(DateTime(timezone=True), "newest"),
)

# Closes a source sent that were rejected as implausible, and why; never used in a calculation.
# close: text, as it was sent.
quarantined_prices = published_view(
    "ingest",
    "quarantined_prices",
    *keys(symbol=String, session_date=Date, source=String),
    *columns(String, "close", "reason"),
    *columns(DateTime(timezone=True), "seen_at"),
)
