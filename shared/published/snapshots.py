"""Valuations and daily snapshots as snapshots publishes them."""

from sqlalchemy import Boolean, Date, Double, Integer, Numeric, String, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from shared.published import columns, keys, published_view

# One row per active position and session. price: USD per share (per share of contract for options),
# null with `reason` when nothing was ever known; price_date < as_of means carried forward (stale).
# price_source: "close" | "adjusted_close" | "quote_mid" | "model" | "intrinsic"; a model value is
# as old as the close of the underlying behind it, a quote's mid is of its session. exposures
# in signed USD. delta: per share, 1 for stock. daily_pnl: null on the first snapshot.
position_valuations = published_view(
    "snapshots",
    "position_valuations",
    *keys(Uuid, "position_id"),
    *keys(Date, "as_of"),
    *columns(Uuid, "portfolio_id"),
    *columns(String, "symbol", "underlying", "position_type", "sector"),
    *columns(Numeric(20, 6), "quantity"),
    *columns(Numeric(18, 6), "price"),
    *columns(Date, "price_date"),
    *columns(String, "price_source"),
    *columns(Boolean, "stale"),
    *columns(Numeric(18, 6), "underlying_price"),
    *columns(Date, "underlying_price_date"),
    *columns(
        Numeric(20, 6), "market_value", "cost", "unrealised_pnl", "daily_pnl", "notional_exposure"
    ),
    *columns(Double, "delta"),
    *columns(Numeric(20, 6), "delta_adjusted_exposure"),
    *columns(String, "reason"),
)

# One row per portfolio and session. nav, cash, cumulative_pnl and daily_return are derived by the
# view from the chain of daily P&L and flows, so they are right in whichever order the sessions ran.
# previous_session: the snapshot daily_pnl is measured from (null on the first). closed_pnl: the
# part of daily_pnl earned by positions closed since then, so that daily_pnl = sum of the open
# positions' daily_pnl + closed_pnl. Greeks: of the whole portfolio, a share of stock has delta 1
# and nothing else; null when it holds options and none has Greeks. exposures:
# {"dollar"|"notional"|"delta_adjusted": {"long","short","gross", "net"}} in USD. counts: by
# position type. coverage: share of gross notional exposure with a current price, of the options'
# gross notional with Greeks. warnings: [{"code","message","count","about"}].
portfolio_snapshots = published_view(
    "snapshots",
    "portfolio_snapshots",
    *keys(Uuid, "portfolio_id"),
    *keys(Date, "as_of"),
    *columns(Date, "previous_session"),
    *columns(
        Numeric(20, 6),
        "market_value",
        "nav",
        "cash",
        "daily_pnl",
        "closed_pnl",
        "cumulative_pnl",
        "net_flow",
    ),
    *columns(Double, "daily_return"),
    *columns(Numeric(20, 6), "unrealised_pnl"),
    *columns(JSONB, "exposures"),
    *columns(Double, "delta", "gamma", "theta", "vega", "rho"),
    *columns(JSONB, "counts"),
    *columns(Double, "price_coverage", "greeks_coverage"),
    *columns(JSONB, "warnings"),
)

# One row per portfolio, session, metric and view ("portfolio" | "longs" | "shorts": positions of
# positive, negative quantity). value: in `unit` ("USD" | "decimal" | "decimal per year" | "ratio"),
# null with `reason` ("12 returns, 60 needed"). observations: returns or days of P&L behind it.
# coverage: share of gross delta-adjusted exposure (cost where not known) that had the inputs, 0..1;
# null where there is no such notion. Every view, losses positive: var_95_1d_historical,
# es_95_1d_historical, var_99_.., es_99_.., the same _rescaled (each past day brought to the present
# volatility) and _parametric (normal, from the factor model); market_exposure (dollars per 1.00 of
# market return), beta (market_exposure / NAV), hhi, top_3_weight and top_10_weight. Of the
# portfolio only: volatility_21d and _63d and _252d, sharpe_252d, sortino_252d, max_drawdown (never
# positive), beta_realised_252d and correlation_spy (of daily returns against SPY's), performance_1d
# and _1w, _1m, _3m, _ytd, _1y (time-weighted, flows excluded).
risk_metrics = published_view(
    "snapshots",
    "risk_metrics",
    *keys(Uuid, "portfolio_id"),
    *keys(Date, "as_of"),
    *keys(String, "metric", "view"),
    *columns(Double, "value"),
    *columns(String, "unit"),
    *columns(Integer, "observations"),
    *columns(Double, "coverage"),
    *columns(String, "reason"),
)

# One row per position, session and confidence (95 | 99): its part in USD of the portfolio's
# historical one-day VaR and expected shortfall; the parts of a portfolio's positions add up to the
# metric. Null with `reason` for a position left out of it.
component_var = published_view(
    "snapshots",
    "component_var",
    *keys(Uuid, "position_id"),
    *keys(Date, "as_of"),
    *keys(Integer, "confidence"),
    *columns(Uuid, "portfolio_id"),
    *columns(String, "symbol"),
    *columns(Double, "component_var", "component_es"),
    *columns(String, "reason"),
)

# One row per portfolio, session and active factor, and one for "specific": the rows' pnl add up to
# the snapshot's daily_pnl. pnl = exposure (USD at previous_session) x factor_return (summed over
# the sessions since, model and space market_relative); specific is what is left and has neither.
# Null with `reason`.
pnl_attributions = published_view(
    "snapshots",
    "pnl_attributions",
    *keys(Uuid, "portfolio_id"),
    *keys(Date, "as_of"),
    *keys(String, "factor"),
    *columns(Date, "previous_session"),
    *columns(Numeric(20, 6), "pnl"),
    *columns(Double, "exposure", "factor_return"),
    *columns(String, "reason"),
)
