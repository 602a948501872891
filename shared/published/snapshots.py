"""Valuations and daily snapshots as snapshots publishes them."""

from sqlalchemy import Boolean, Column, Date, Double, Numeric, String, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from shared.published import published_view

# One row per active position and session. price: USD per share (per share of contract for options), null with
# `reason` when nothing was ever known; price_date < as_of means carried forward (stale). price_source:
# "close" | "adjusted_close" | "model" | "intrinsic"; a model value is as old as the close of the underlying
# it rests on. exposures in signed USD. delta: per share, 1 for stock. daily_pnl: null on the first snapshot.
position_valuations = published_view(
    "snapshots",
    "position_valuations",
    Column("position_id", Uuid, primary_key=True),
    Column("as_of", Date, primary_key=True),
    Column("portfolio_id", Uuid),
    Column("symbol", String),
    Column("underlying", String),
    Column("position_type", String),
    Column("sector", String),
    Column("quantity", Numeric(20, 6)),
    Column("price", Numeric(18, 6)),
    Column("price_date", Date),
    Column("price_source", String),
    Column("stale", Boolean),
    Column("underlying_price", Numeric(18, 6)),
    Column("underlying_price_date", Date),
    Column("market_value", Numeric(20, 6)),
    Column("cost", Numeric(20, 6)),
    Column("unrealised_pnl", Numeric(20, 6)),
    Column("daily_pnl", Numeric(20, 6)),
    Column("notional_exposure", Numeric(20, 6)),
    Column("delta", Double),
    Column("delta_adjusted_exposure", Numeric(20, 6)),
    Column("reason", String),
)

# One row per portfolio and session. nav, cash, cumulative_pnl and daily_return are derived by the view from
# the chain of daily P&L and flows, so they are right whatever the order the sessions ran in.
# previous_session: the snapshot daily_pnl is measured from (null on the first). closed_pnl: the part of
# daily_pnl earned by positions closed since then, so that daily_pnl = sum of the open positions' daily_pnl +
# closed_pnl. Greeks: of the whole portfolio, a share of stock has delta 1 and nothing else; null when it holds
# options and none has Greeks. exposures: {"dollar"|"notional"|"delta_adjusted": {"long","short","gross",
# "net"}} in USD. counts: by position type. coverage: share of gross notional exposure with a current price,
# of the options' gross notional with Greeks. warnings: [{"code","message","count","about"}].
portfolio_snapshots = published_view(
    "snapshots",
    "portfolio_snapshots",
    Column("portfolio_id", Uuid, primary_key=True),
    Column("as_of", Date, primary_key=True),
    Column("previous_session", Date),
    Column("market_value", Numeric(20, 6)),
    Column("nav", Numeric(20, 6)),
    Column("cash", Numeric(20, 6)),
    Column("daily_pnl", Numeric(20, 6)),
    Column("closed_pnl", Numeric(20, 6)),
    Column("cumulative_pnl", Numeric(20, 6)),
    Column("net_flow", Numeric(20, 6)),
    Column("daily_return", Double),
    Column("unrealised_pnl", Numeric(20, 6)),
    Column("exposures", JSONB),
    Column("delta", Double),
    Column("gamma", Double),
    Column("theta", Double),
    Column("vega", Double),
    Column("rho", Double),
    Column("counts", JSONB),
    Column("price_coverage", Double),
    Column("greeks_coverage", Double),
    Column("warnings", JSONB),
)
