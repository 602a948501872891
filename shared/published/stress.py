"""Scenarios and their results as stress publishes them."""

from sqlalchemy import ARRAY, Boolean, Date, Double, Integer, Numeric, String, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from shared.published import columns, keys, published_view

# shocks: {"Market": -0.35, ...} decimal returns of the proxies by factor name; rate_shock: change
# of yield in decimals (0.01 is +100 bp), null when rates are not shocked; volatility_shock: added
# to every option's volatility, in decimals (0.10 is ten points), null when it is not shocked.
# basis: "relative" (a style's shock is its return over the market) | "absolute". Historical
# scenarios whose window the data cover say what the proxies did from the close of window_start to
# the close of window_end: measured_returns their own returns, measured_shocks the same in the
# scenario's basis (beside `shocks`), measured_rate_change the change of the 10-year yield in
# decimals, measured_source whence.
stress_scenarios = published_view(
    "stress",
    "stress_scenarios",
    *keys(scenario_id=String),
    *columns(String, "name", "description", "category", "severity"),
    *columns(JSONB, "shocks"),
    *columns(Double, "rate_shock"),
    *columns(String, "basis"),
    *columns(Integer, "display_order"),
    *columns(Boolean, "active"),
    *columns(Double, "volatility_shock"),
    *columns(Date, "window_start", "window_end"),
    *columns(JSONB, "measured_shocks", "measured_returns"),
    *columns(Double, "measured_rate_change"),
    *columns(String, "measured_source"),
)

# What defines a scenario, of the house or of a user.
SCENARIO_TERMS = (
    "scenario_id",
    "name",
    "description",
    "category",
    "severity",
    "shocks",
    "rate_shock",
    "volatility_shock",
    "basis",
)

# Scenarios that users saved; they are evaluated for their owner's portfolios only, and
# their results are in stress_results and position_scenario_pnl. active: false once deleted (older
# results name it).
custom_scenarios = published_view(
    "stress",
    "custom_scenarios",
    *keys(user_id=Uuid, scenario_id=String),
    *columns(String, "name", "description", "category", "severity"),
    *columns(JSONB, "shocks"),
    *columns(Double, "rate_shock", "volatility_shock"),
    *columns(String, "basis"),
    *columns(Boolean, "active"),
)

# One row per portfolio, session, scenario and method ("direct" | "correlated"). All USD, whole
# cents. total_pnl = the sum of the portfolio's rows in position_scenario_pnl = factor_impacts +
# nonlinear. factor_impacts: {"Market": -1234.5, ..., "Interest Rate": ...}; nonlinear: what full
# repricing of the options adds to their delta; delta_gamma_pnl: the total with options by delta and
# gamma instead, to compare. correlation_effect: correlated - direct (on the correlated row, null on
# the direct one). left_out: [{"symbol", "code", "reason"}, ...], every symbol that this scenario
# leaves out, wholly or in part. effective_shocks: the shocks every factor really took.
# option_valuation: "delta_gamma" | "full". coverage: 0..1.
stress_results = published_view(
    "stress",
    "stress_results",
    *keys(portfolio_id=Uuid, as_of=Date, scenario_id=String, method=String),
    *columns(Numeric(20, 6), "total_pnl"),
    *columns(JSONB, "factor_impacts"),
    *columns(Numeric(20, 6), "nonlinear", "correlation_effect"),
    *columns(JSONB, "effective_shocks"),
    *columns(String, "option_valuation"),
    *columns(Double, "coverage"),
    *columns(JSONB, "warnings"),
    *columns(Numeric(20, 6), "delta_gamma_pnl"),
    *columns(JSONB, "left_out"),
)

# kind: "market" (shock is a decimal return) | "rates" (shock_bp basis points). pnl in USD, null
# with reason.
market_risk_scenarios = published_view(
    "stress",
    "market_risk_scenarios",
    *keys(portfolio_id=Uuid, as_of=Date, kind=String, shock=Double),
    *columns(Double, "exposure"),
    *columns(Numeric(20, 6), "pnl"),
    *columns(Double, "coverage"),
    *columns(String, "reason"),
)

# The store of profit and loss: one row per position and session. historical_pnl: USD (whole cents)
# that the holding of `as_of` would have made on each of the last 252 daily moves of its underlying,
# oldest first, on the dates of pnl_dates; options repriced in full with volatility and rate as they
# are and no time passing. NaN on a day without a return; null (`reason` says why) when no day could
# be measured. A vector with some days missing has a reason too.
position_pnl_vectors = published_view(
    "stress",
    "position_pnl_vectors",
    *keys(position_id=Uuid, as_of=Date),
    *columns(Uuid, "portfolio_id"),
    *columns(String, "symbol"),
    *columns(ARRAY(Double), "historical_pnl"),
    *columns(String, "reason"),
)

# The sessions that the elements of every historical_pnl of `as_of` belong to, ascending.
pnl_dates = published_view(
    "stress",
    "pnl_dates",
    *keys(as_of=Date),
    *columns(ARRAY(Date), "session_dates"),
)

# Each position's part of its portfolio's stress_results: USD, whole cents, so that they add up to
# the cent. Null when an input of the scenario is missing for the position (the result's warnings
# name it and say why).
position_scenario_pnl = published_view(
    "stress",
    "position_scenario_pnl",
    *keys(position_id=Uuid, as_of=Date, scenario_id=String, method=String),
    *columns(Numeric(20, 2), "pnl"),
    *columns(Uuid, "portfolio_id"),
    *columns(String, "symbol"),
)
