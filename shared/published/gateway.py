"""Books as the gateway publishes them: what every calculator reads to know who holds what."""

from sqlalchemy import Column, Date, DateTime, Integer, Numeric, String, Uuid

from shared.published import published_view

# equity_balance: the stated NAV at the first snapshot in USD, null when none was stated.
portfolios = published_view(
    "gateway",
    "portfolios",
    Column("portfolio_id", Uuid, primary_key=True),
    Column("user_id", Uuid),
    Column("name", String),
    Column("equity_balance", Numeric(20, 2)),
    Column("created_at", DateTime(timezone=True)),
)

# symbol: the ticker, or the OCC symbol of an option (no padding). instrument: "stock" | "option".
# underlying: the option's underlying ticker, the symbol itself for stock. strike, expiry, option_type ("C"/"P"):
# options only. quantity is signed. multiplier 100 for options, 1 otherwise. Active on day d when entry_date <= d and
# (exit_date is null or exit_date > d). investment_class: "PUBLIC" | "OPTIONS" | "PRIVATE"; a private symbol is its
# owner's own word, so no provider is asked for it.
positions = published_view(
    "gateway",
    "positions",
    Column("position_id", Uuid, primary_key=True),
    Column("portfolio_id", Uuid),
    Column("symbol", String),
    Column("instrument", String),
    Column("underlying", String),
    Column("option_type", String),
    Column("strike", Numeric(18, 6)),
    Column("expiry", Date),
    Column("multiplier", Integer),
    Column("quantity", Numeric(20, 6)),
    Column("entry_price", Numeric(18, 6)),
    Column("entry_date", Date),
    Column("exit_price", Numeric(18, 6)),
    Column("exit_date", Date),
    Column("investment_class", String),
)

# amount: positive is a deposit into the portfolio, negative a withdrawal, USD.
cash_flows = published_view(
    "gateway",
    "cash_flows",
    Column("cash_flow_id", Uuid, primary_key=True),
    Column("portfolio_id", Uuid),
    Column("flow_date", Date),
    Column("amount", Numeric(20, 2)),
)

# One row per position and tag it carries; a position without tags has none. tag: as its owner spells it.
position_tags = published_view(
    "gateway",
    "position_tags",
    Column("position_id", Uuid, primary_key=True),
    Column("tag", String, primary_key=True),
)
