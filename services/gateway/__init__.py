"""gateway: the REST API. It stores portfolios, tracks runs and reports risk and progress.

subscribes to  every event of every other service
answers        nothing
computes       nothing about markets: it reads position files, derives a run's status from its
               rows, and lays out reports
owns           users, user_preferences, personal_tokens, refresh_tokens, second_factors,
               recovery_codes, linked_accounts, sign_on_attempts, login_attempts, audit_log,
               portfolios, portfolio_shares, portfolio_revisions, transactions, positions,
               position_spans,
               drafts, draft_trades, tags, position_tags, import_profiles, batch_runs,
               batch_items, run_events, event_tickets, dead_letters, outbox, idempotency_keys,
               report_requests, report_schedules
publishes      portfolios.changed, market_close.requested, correlations.requested,
               snapshots.requested, risk.requested, reports.requested
"""
