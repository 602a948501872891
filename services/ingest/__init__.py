"""ingest: brings market data in and tells the others when a session's prices are there.

hears     market_close.requested, market.closed, portfolios.changed
computes  which sessions are due, which prices are missing, which shards of portfolios to work on
owns      market_sessions, daily_prices, option_quotes, securities, treasury_yields
tells     market.closed, prices.updated
answers   ask.ingest.store_prices, ask.ingest.store_yields, ask.ingest.store_option_quotes
"""
