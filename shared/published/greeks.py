"""Option values and sensitivities as greeks publishes them."""

from typing import TypedDict

from sqlalchemy import (
    Date,
    Double,
    Integer,
    Numeric,
    String,
    Uuid,
    and_,
    case,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.selectable import LateralFromClause

from shared.conventions import GREEKS
from shared.published import Day, Text, columns, ingest, keys, published_view


class StoredDividend(TypedDict):
    """A cash dividend in the column `dividends`: its ex-date in ISO 8601, and USD per share."""

    ex_date: str
    amount: float


# One row per contract and session. Per share of contract; delta and gamma per 1.00 of the
# underlying, theta per calendar day, vega per volatility point (0.01), rho per percentage point of
# rate. `price` is the model value per share. When something was missing the numbers are null and
# `reason` says what. volatility and rate are decimals per year (0.20, 0.0375). iv_source: "implied"
# (from quote_mid) | "implied_by_ask" (of a quote without a bid, where the realised one gives more)
# | "realised_<n>d" | null. rate_source: "treasury_<date>" | "configured".
# dividend_source: "projected" (from corporate actions) | "securities" | "unknown_assumed_0".
# dividends: the cash dividends expected until expiry that it was valued with, [{"ex_date", "amount"
# in USD per share}], null where it was valued with dividend_yield; beside cash dividends,
# dividend_yield is what they are worth as a yield. model:
# "american_collocation" | "american_lattice" | "american_tree" | "black_scholes_merton" | "mibian"
# | "intrinsic" | null.
# quote_mid: the contract's own mid quote at the close of as_of, USD per share, null where there is
# none. It is the market price: where it stands, a position is valued by it (price_source
# "quote_mid") rather than by `price`. note: what to know about a row that has numbers, such as that
# its quote implies no volatility. underlying_price_date: the session of the close used (older than
# as_of when carried forward).
contract_greeks = published_view(
    "greeks",
    "contract_greeks",
    *keys(contract=String, as_of=Date),
    *columns(String, "price_run", "underlying", "option_type"),
    *columns(Numeric(18, 6), "strike"),
    *columns(Date, "expiry"),
    *columns(Numeric(18, 6), "underlying_price"),
    *columns(Date, "underlying_price_date"),
    *columns(Double, "years_to_expiry", "volatility"),
    *columns(String, "iv_source"),
    *columns(Double, "rate"),
    *columns(String, "rate_source"),
    *columns(Double, "dividend_yield"),
    *columns(String, "dividend_source"),
    *columns(JSONB, "dividends"),
    *columns(String, "model"),
    *columns(Double, "price", *GREEKS),
    *columns(String, "reason"),
    *columns(Double, "quote_mid"),
    *columns(String, "note"),
)


def last_value(contract: Text, day: Day) -> LateralFromClause:
    """The last known value of `contract` on or before `day`: at most one row, found in the index.

    `price` in USD per share of contract: its mid quote, else the model's value. `price_date`: the
    session it is of, which for a model's value is that of the underlying's close it is based on.
    `quoted`: whether it is a quote. `as_of`, `model` and `delta` as stored. From a split on, the
    symbol means another contract, so `price` is null where one lies between.
    """
    row = contract_greeks.c
    quoted = and_(row.quote_mid.is_not(None), row.expiry >= row.as_of)
    price = case((quoted, row.quote_mid), else_=row.price)
    current = or_(quoted, row.expiry < row.as_of)
    price_date = case((current, row.as_of), else_=func.least(row.as_of, row.underlying_price_date))
    lives = (func.least(row.as_of, row.expiry), func.least(day, row.expiry))
    split_since = ingest.split_factor(row.underlying, *lives).scalar_subquery().is_not(None)
    query = select(
        case((row.as_of == day, price), (split_since, None), else_=price).label("price"),
        price_date.label("price_date"),
        quoted.label("quoted"),
        row.as_of,
        row.model,
        row.delta,
    ).where(row.contract == contract, row.as_of <= day, price.is_not(None))
    return query.order_by(row.as_of.desc()).limit(1).lateral("last_value")


# One row per option position and session: unit Greek x quantity x multiplier (signed). Null with
# `reason`.
position_greeks = published_view(
    "greeks",
    "position_greeks",
    *keys(position_id=Uuid, as_of=Date),
    *columns(Uuid, "portfolio_id"),
    *columns(String, "contract", "underlying"),
    *columns(Numeric(20, 6), "quantity"),
    *columns(Integer, "multiplier"),
    *columns(Double, *GREEKS),
    *columns(String, "reason"),
)
