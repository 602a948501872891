"""Scenarios and their results as stress publishes them."""

from sqlalchemy import ARRAY, Boolean, Date, Double, Integer, Numeric, String, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from shared.published import columns, keys, published_view

# shocks: {"market": -0.35, ...} decimal returns of the proxies by factor id; rate_shock: change of
# yield in decimals (0.01 is +100 bp), null when rates are not shocked; volatility_shock: relative
# change of one-month implied volatility (1.50: to 2.5 times what it was), applied to an option
# with T days to expiry with the weight min(1, sqrt(30 / T)), null when it is not shocked. basis:
# "absolute" (a shock is the proxy's own return) | "over_market" (a style's over the market's).
# Historical
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
# nonlinear. factor_impacts: {"market": -1234.5, ..., "interest_rate": ..., "volatility": ...};
# volatility_pnl: what the move of implied volatility makes, one of them; nonlinear: what full
# repricing of the options adds to their delta, and what prices that stop at zero take away
# (floored: those dollars by symbol); delta_gamma_pnl: the total with options by delta and
# gamma instead, to compare. correlation_effect: correlated - direct (on the correlated row, null on
# the direct one). left_out: [{"symbol", "code", "reason"}, ...], every symbol that this scenario
# leaves out, wholly or in part. headline: "measured" (by the moves of the scenario's window; the
# last column is then the result by the shocks it specifies: {total_pnl, volatility_pnl, nonlinear,
# factor_impacts, effective_shocks, implied_moves, plausibility}) | "specified" (by those; the last
# column is null). effective_shocks: the market-relative shocks every factor really took, of the
# yield and of one-month volatility; implied_moves: the proxies' own returns; plausibility:
# Mahalanobis distance of the shocked factors in yearly deviations, null without a covariance or a
# shocked factor.
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
    *columns(String, "headline"),
    *columns(Numeric(20, 6), "volatility_pnl"),
    *columns(JSONB, "implied_moves"),
    *columns(Double, "plausibility"),
    *columns(JSONB, "floored", "stated"),
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
# What historical_pnl is made of, for readers of many rows: repriced_pnl, a vector that is stored,
# or, where that is null, exposure (USD) x the returns that past_returns has under returns_id.
position_pnl_vectors = published_view(
    "stress",
    "position_pnl_vectors",
    *keys(position_id=Uuid, as_of=Date),
    *columns(Uuid, "portfolio_id"),
    *columns(String, "symbol"),
    *columns(ARRAY(Double), "historical_pnl"),
    *columns(String, "reason"),
    *columns(ARRAY(Double), "repriced_pnl"),
    *columns(Double, "exposure"),
    *columns(Uuid, "returns_id"),
)

# The daily returns that the P&L vectors of `as_of` are of, on the dates of pnl_dates; NaN where
# missing. Rows never change: other returns have another returns_id, made of them.
past_returns = published_view(
    "stress",
    "past_returns",
    *keys(symbol=String, as_of=Date, returns_id=Uuid),
    *columns(ARRAY(Double), "returns"),
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
