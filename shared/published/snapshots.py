"""Valuations and daily snapshots as snapshots publishes them."""

from sqlalchemy import Boolean, Date, Double, Integer, Numeric, String, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from shared.published import columns, keys, published_view

# One row per active position and session. price: USD per share (per share of contract for options),
# null with `reason` when nothing was ever known; price_date < as_of means carried forward (stale).
# price_source: "close" | "adjusted_close" | "quote_mid" | "model" | "intrinsic"; a model value is
# as old as the close of the underlying behind it, a quote's mid is of its session. exposures
# in signed USD. delta: per share, 1 for stock. daily_pnl: null on the first snapshot; of what was
# sold of the position since the snapshot before too, and of `income`, the dividends that it
# received (a short pays: negative) for ex-dates since then.
position_valuations = published_view(
    "snapshots",
    "position_valuations",
    *keys(position_id=Uuid, as_of=Date),
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
        Numeric(20, 6),
        "market_value",
        "cost",
        "unrealised_pnl",
        "daily_pnl",
        "income",
        "notional_exposure",
    ),
    *columns(Double, "delta"),
    *columns(Numeric(20, 6), "delta_adjusted_exposure"),
    *columns(String, "reason"),
)

# One row per position that is gone since the snapshot before, and session: daily_pnl as above, of
# which `income` are dividends. They add up to the snapshot's closed_pnl.
closed_positions = published_view(
    "snapshots",
    "closed_positions",
    *keys(position_id=Uuid, as_of=Date),
    *columns(Uuid, "portfolio_id"),
    *columns(Numeric(20, 6), "daily_pnl", "income"),
)

# One row per portfolio and session. What follows from the chain of daily P&L and flows is derived
# by the view, so it is right in whichever order the sessions ran: nav, cash, cumulative_pnl,
# daily_return, unexplained, large_flow, chained_from and the warning chain_restarted.
# previous_session: the snapshot daily_pnl is measured from (null on the first). closed_pnl: the
# part of daily_pnl earned by positions closed since then, so that daily_pnl = sum of the open
# positions' daily_pnl + closed_pnl + what was entered of dividends, interest, borrow fees and fees.
# By cause, daily_pnl = P&L of the previous snapshot's holdings had they been held to the close +
# trades_pnl (trading away from the close: q x m x (close - price) of what was bought since, q x m x
# (price - close) of what was sold) + income (dividends, interest, borrow fees) + fees (negative).
# inflow (>= 0) and outflow (<= 0): capital that came in and left since then; net_flow is their sum.
# nav: on the session of an equity statement (stated_equity) what it says, carried from there by
# daily_pnl and net_flow; before the first one carried backward; without any, market value plus all
# flows so far on the portfolio's valued_from, carried both ways. unexplained: a statement less the
# NAV carried to its session (null on the first). daily_return: daily_pnl / (NAV before + inflow),
# null where that is not positive, which ends the chain of returns; chained_from: the last session
# without a return, which the present chain starts from. large_flow: inflow or -outflow is above a
# tenth of NAV before.
# Greeks: of the whole portfolio, a share of stock has delta 1 and nothing else; null when it holds
# options and none has Greeks. exposures: {"dollar"|"notional"|"delta_adjusted":
# {"long","short","gross", "net"}} in USD. counts: by position type. coverage: share of gross
# notional exposure with a current price, of the options' gross notional with Greeks. warnings:
# [{"code","message","count","about"}].
portfolio_snapshots = published_view(
    "snapshots",
    "portfolio_snapshots",
    *keys(portfolio_id=Uuid, as_of=Date),
    *columns(Date, "previous_session"),
    *columns(
        Numeric(20, 6),
        "market_value",
        "nav",
        "cash",
        "daily_pnl",
        "closed_pnl",
        "trades_pnl",
        "income",
        "fees",
        "cumulative_pnl",
        "net_flow",
        "inflow",
        "outflow",
    ),
    *columns(Numeric(20, 2), "stated_equity"),
    *columns(Numeric(20, 6), "unexplained"),
    *columns(Double, "daily_return"),
    *columns(Date, "chained_from"),
    *columns(Boolean, "large_flow"),
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
# and _1w, _1m, _3m, _ytd, _1y (time-weighted); all of them of the returns since the snapshot's
# chained_from.
risk_metrics = published_view(
    "snapshots",
    "risk_metrics",
    *keys(portfolio_id=Uuid, as_of=Date, metric=String, view=String),
    *columns(Double, "value"),
    *columns(String, "unit"),
    *columns(Integer, "observations"),
    *columns(Double, "coverage"),
    *columns(String, "reason"),
    *columns(Date, "first_day", "last_day"),
)

# One row per position, session and confidence (95 | 99): its part in USD of the portfolio's
# smoothed one-day VaR and expected shortfall, and (plain_) of the historical ones; the parts of a
# portfolio's positions add up to the metric. Null with `reason` for a position left out of it.
# days: on how many of the window's days its P&L is known; it counts nothing on the others.
component_var = published_view(
    "snapshots",
    "component_var",
    *keys(position_id=Uuid, as_of=Date, confidence=Integer),
    *columns(Uuid, "portfolio_id"),
    *columns(String, "symbol"),
    *columns(Double, "component_var", "component_es"),
    *columns(String, "reason"),
    *columns(Double, "plain_component_var", "plain_component_es"),
    *columns(Integer, "days"),
)

# One row per portfolio, session and active factor, and one each for "income", "fees", "trades" (as
# in the snapshot) and "specific": the rows' pnl add up to the snapshot's daily_pnl. Of a factor,
# pnl = exposure (USD at previous_session) x factor_return (summed over the sessions since, model
# and space market_relative); specific is what is left. Null with `reason`.
pnl_attributions = published_view(
    "snapshots",
    "pnl_attributions",
    *keys(portfolio_id=Uuid, as_of=Date, factor=String),
    *columns(Date, "previous_session"),
    *columns(Numeric(20, 6), "pnl"),
    *columns(Double, "exposure", "factor_return"),
    *columns(String, "reason"),
)
