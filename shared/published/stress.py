"""Scenarios and their results as stress publishes them."""

from sqlalchemy import Boolean, Column, Date, Double, Integer, Numeric, String, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from shared.published import published_view

# shocks: {"Market": -0.35, ...} decimal returns of the proxies by factor name; rate_shock: change of yield in
# decimals (0.01 is +100 bp), null when rates are not shocked. basis: "relative" (a style's shock is its return
# over the market) | "absolute".
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
)

# One row per portfolio, session, scenario and method ("direct" | "correlated"). All USD. factor_impacts:
# {"Market": -1234.5, ..., "Interest Rate": ...}; nonlinear: the options' second-order part; total_pnl = sum of impacts
# + nonlinear. correlation_effect: correlated - direct (on the correlated row, null on the direct one).
# effective_shocks: the shocks every factor really took. option_valuation: "delta_gamma" | "full". coverage: 0..1.
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
)

# kind: "market" (shock is a decimal return) | "rates" (shock_bp basis points). pnl in USD, null with reason.
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
