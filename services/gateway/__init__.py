"""gateway: the one door for people. REST in, one aggregated risk report out, and progress as it happens.

hears    market.closed, prices.updated, greeks.computed, factors.computed, snapshots.created, stress.computed,
         risk.measured, correlations.computed and every *.failed: each becomes one row of run tracking, and is told to
         whoever follows; and every dead letter, to be looked at and told again
computes nothing about markets: reads CSV files, derives a run's status from its rows, lays reports out
owns     users, refresh_tokens, login_attempts, audit_log, portfolios, portfolio_revisions, positions, cash_flows, tags,
         position_tags, batch_runs, batch_items, run_events, event_tickets, dead_letters, outbox, idempotency_keys
tells    portfolios.changed, market_close.requested, correlations.requested, snapshots.requested, risk.requested,
         and what an operator has told again, through the outbox: one transaction with their rows
asks     ingest to store prices and yields that an operator sent; stress to save and delete users' scenarios and
         to evaluate what-ifs; greeks to price options; factors to correlate the factors another way
"""
