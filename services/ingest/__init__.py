"""ingest: stores market data and announces that a session's prices are there.

subscribes to  market_close.requested, market.closed, portfolios.changed
answers        fetch_symbols, store_option_quotes, store_prices, store_yields
computes       which sessions are due, which prices are missing, whether a value is plausible, how
               splits and dividends adjust stored prices, and the shards of portfolios to work on
owns           market_sessions, daily_prices, securities, treasury_yields, option_quotes,
               corporate_actions, unadjusted_symbols, fetch_log, quarantined_prices,
               released_prices, data_providers, price_claims, provider_requests
publishes      market.closed, prices.updated, ingest.failed
"""
