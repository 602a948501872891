"""Option values and sensitivities as greeks publishes them."""

from sqlalchemy import Date, Double, Integer, Numeric, String, Uuid

from shared.published import columns, keys, published_view

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
    *keys(String, "contract"),
    *keys(Date, "as_of"),
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
    *columns(String, "dividend_source", "model"),
    *columns(Double, "price", "delta", "gamma", "theta", "vega", "rho"),
    *columns(String, "reason"),
    *columns(Double, "quote_mid"),
    *columns(String, "note"),
)

# One row per option position and session: unit Greek x quantity x multiplier (signed). Null with
# `reason`.
position_greeks = published_view(
    "greeks",
    "position_greeks",
    *keys(Uuid, "position_id"),
    *keys(Date, "as_of"),
    *columns(Uuid, "portfolio_id"),
    *columns(String, "contract", "underlying"),
    *columns(Numeric(20, 6), "quantity"),
    *columns(Integer, "multiplier"),
    *columns(Double, "delta", "gamma", "theta", "vega", "rho"),
    *columns(String, "reason"),
)
