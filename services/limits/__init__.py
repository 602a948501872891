"""limits: how portfolios stand against the limits that their users set, and what to alert them of.

subscribes to  snapshots.created, risk.measured
answers        save_limit, delete_limit, acknowledge_limit, waive_limit, try_limit
computes       for every session the state of each limit of each portfolio: ok, warning, breached,
               acknowledged, waived, cleared or not measured, with the room left and what drives it
owns           limits, limit_states, limit_events, alerts, evaluated_halves
publishes      limits.evaluated, limits.failed
"""
