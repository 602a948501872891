"""Scenarios and their results as stress publishes them."""

from sqlalchemy import ARRAY, Boolean, Column, Date, Double, Integer, Numeric, String, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from shared.published import published_view

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
    Column("scenario_id", String, primary_key=True),
    Column("name", String),
    Column("description", String),
    Column("category", String),
    Column("severity", String),
    Column("shocks", JSONB),
    Column("rate_shock", Double),
    Column("basis", String),
    Column("display_order", Integer),
    Column("active", Boolean),
    Column("volatility_shock", Double),
    Column("window_start", Date),
    Column("window_end", Date),
    Column("measured_shocks", JSONB),
    Column("measured_returns", JSONB),
    Column("measured_rate_change", Double),
    Column("measured_source", String),
)

# Scenarios that users saved; they are evaluated for their owner's portfolios only, and
# their results are in stress_results and position_scenario_pnl. active: false once deleted (older
# results name it).
custom_scenarios = published_view(
    "stress",
    "custom_scenarios",
    Column("user_id", Uuid, primary_key=True),
    Column("scenario_id", String, primary_key=True),
    Column("name", String),
    Column("description", String),
    Column("category", String),
    Column("severity", String),
    Column("shocks", JSONB),
    Column("rate_shock", Double),
    Column("volatility_shock", Double),
    Column("basis", String),
    Column("active", Boolean),
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
    Column("portfolio_id", Uuid, primary_key=True),
    Column("as_of", Date, primary_key=True),
    Column("scenario_id", String, primary_key=True),
    Column("method", String, primary_key=True),
    Column("total_pnl", Numeric(20, 6)),
    Column("factor_impacts", JSONB),
    Column("nonlinear", Numeric(20, 6)),
    Column("correlation_effect", Numeric(20, 6)),
    Column("effective_shocks", JSONB),
    Column("option_valuation", String),
    Column("coverage", Double),
    Column("warnings", JSONB),
    Column("delta_gamma_pnl", Numeric(20, 6)),
    Column("left_out", JSONB),
)

# kind: "market" (shock is a decimal return) | "rates" (shock_bp basis points). pnl in USD, null
# with reason.
market_risk_scenarios = published_view(
    "stress",
    "market_risk_scenarios",
    Column("portfolio_id", Uuid, primary_key=True),
    Column("as_of", Date, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("shock", Double, primary_key=True),
    Column("exposure", Double),
    Column("pnl", Numeric(20, 6)),
    Column("coverage", Double),
    Column("reason", String),
)

# The store of profit and loss: one row per position and session. historical_pnl: USD (whole cents)
# that the holding of `as_of` would have made on each of the last 252 daily moves of its underlying,
# oldest first, on the dates of pnl_dates; options repriced in full with volatility and rate as they
# are and no time passing. NaN on a day without a return; null (`reason` says why) when no day could
# be measured. A vector with some days missing has a reason too.
position_pnl_vectors = published_view(
    "stress",
    "position_pnl_vectors",
    Column("position_id", Uuid, primary_key=True),
    Column("as_of", Date, primary_key=True),
    Column("portfolio_id", Uuid),
    Column("symbol", String),
    Column("historical_pnl", ARRAY(Double)),
    Column("reason", String),
)

# The sessions that the elements of every historical_pnl of `as_of` belong to, ascending.
pnl_dates = published_view(
    "stress",
    "pnl_dates",
    Column("as_of", Date, primary_key=True),
    Column("session_dates", ARRAY(Date)),
)

# Each position's part of its portfolio's stress_results: USD, whole cents, so that they add up to
# the cent. Null when an input of the scenario is missing for the position (the result's warnings
# name it and say why).
position_scenario_pnl = published_view(
    "stress",
    "position_scenario_pnl",
    Column("position_id", Uuid, primary_key=True),
    Column("as_of", Date, primary_key=True),
    Column("scenario_id", String, primary_key=True),
    Column("method", String, primary_key=True),
    Column("pnl", Numeric(20, 2)),
    Column("portfolio_id", Uuid),
    Column("symbol", String),
)
