"""gateway: the one door for people. REST in, one aggregated risk report out.

hears    market.closed, prices.updated, greeks.computed, factors.computed, snapshots.created, stress.computed,
         risk.measured, correlations.computed and every *.failed: each becomes one row of run tracking
computes nothing about markets: reads CSV files, derives a run's status from its rows, lays reports out
owns     users, refresh_tokens, portfolios, positions, cash_flows, tags, position_tags, batch_runs,
         batch_items, outbox, idempotency_keys
tells    portfolios.changed, market_close.requested, correlations.requested, through the outbox: one transaction
         with their rows
asks     ingest to store prices and yields that an operator sent; stress to save and delete users' scenarios and
         to evaluate what-ifs
"""
