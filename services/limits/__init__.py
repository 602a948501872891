"""limits: how portfolios stand against the limits that their users set, and what to alert them of.

subscribes to  snapshots.created, risk.measured
answers        save_limit, delete_limit, acknowledge_limit, waive_limit, try_limit, add_channel,
               change_channel, delete_channel, replace_secret, confirm_channel, send_code,
               send_test, repeat_notification
computes       for every session the state of each limit of each portfolio: ok, warning, breached,
               acknowledged, waived, cleared or not measured, with the room left and what drives it;
               one message about the alerts of a user and run, which it sends by webhook or e-mail
owns           limits, limit_states, limit_events, alerts, evaluated_halves, channels,
               notifications, deliveries, sent_alerts, code_requests
publishes      limits.evaluated, limits.failed
"""
