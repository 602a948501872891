"""Option values and sensitivities as greeks publishes them."""

from sqlalchemy import Column, Date, Double, Integer, Numeric, String, Uuid

from shared.published import published_view

# One row per contract and session. Per share of contract; delta and gamma per 1.00 of the
# underlying, theta per calendar day, vega per volatility point (0.01), rho per percentage point of
# rate. `price` is the model value per share. When something was missing the numbers are null and
# `reason` says what. volatility and rate are decimals per year (0.20, 0.0375). iv_source: "implied"
# (from quote_mid) | "realised_<n>d" | null. rate_source: "treasury_<date>" | "configured". model:
# "american_collocation" | "american_tree" | "black_scholes_merton" | "mibian" | "intrinsic" | null.
# quote_mid: the contract's own mid quote at the close of as_of, USD per share, null where there is
# none. It is the market price: where it stands, a position is valued by it (price_source
# "quote_mid") rather than by `price`. note: what to know about a row that has numbers, such as that
# its quote implies no volatility. underlying_price_date: the session of the close used (older than
# as_of when carried forward).
contract_greeks = published_view(
    "greeks",
    "contract_greeks",
    Column("contract", String, primary_key=True),
    Column("as_of", Date, primary_key=True),
    Column("price_run", String),
    Column("underlying", String),
    Column("option_type", String),
    Column("strike", Numeric(18, 6)),
    Column("expiry", Date),
    Column("underlying_price", Numeric(18, 6)),
    Column("underlying_price_date", Date),
    Column("years_to_expiry", Double),
    Column("volatility", Double),
    Column("iv_source", String),
    Column("rate", Double),
    Column("rate_source", String),
    Column("dividend_yield", Double),
    Column("dividend_source", String),
    Column("model", String),
    Column("price", Double),
    Column("delta", Double),
    Column("gamma", Double),
    Column("theta", Double),
    Column("vega", Double),
    Column("rho", Double),
    Column("reason", String),
    Column("quote_mid", Double),
    Column("note", String),
)

# One row per option position and session: unit Greek x quantity x multiplier (signed). Null with
# `reason`.
position_greeks = published_view(
    "greeks",
    "position_greeks",
    Column("position_id", Uuid, primary_key=True),
    Column("as_of", Date, primary_key=True),
    Column("portfolio_id", Uuid),
    Column("contract", String),
    Column("underlying", String),
    Column("quantity", Numeric(20, 6)),
    Column("multiplier", Integer),
    Column("delta", Double),
    Column("gamma", Double),
    Column("theta", Double),
    Column("vega", Double),
    Column("rho", Double),
    Column("reason", String),
)
