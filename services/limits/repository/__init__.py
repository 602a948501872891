"""Every SQL statement of limits, one file per subject. Nothing here commits."""

from services.limits.repository.alerts import save_alerts
from services.limits.repository.channels import (
    claim_channels,
    claim_code,
    delete_channel,
    load_code,
    lock_channel,
    pause_channel,
    save_channel,
    save_code,
    save_confirmed,
    save_guess,
    save_terms,
)
from services.limits.repository.limits import (
    claim_portfolios,
    claim_user,
    count_limits,
    delete_gone_limits,
    delete_limit,
    load_limit,
    save_action,
    save_limit,
)
from services.limits.repository.notifications import (
    claim_alerts,
    claim_due,
    delete_past,
    load_active_channels,
    load_sent,
    oldest_pending,
    save_attempt,
    save_notifications,
    save_notified,
    save_repeated,
)
from services.limits.repository.progress import claim_progress
from services.limits.repository.readings import load_contributors
from services.limits.repository.sessions import load_last_sessions, load_sessions, load_since
from services.limits.repository.states import LastState, load_last_state, save_states
from services.limits.repository.work import Scope, claim_work, load_readings_of

__all__ = [
    "LastState",
    "Scope",
    "claim_alerts",
    "claim_channels",
    "claim_code",
    "claim_due",
    "claim_portfolios",
    "claim_progress",
    "claim_user",
    "claim_work",
    "count_limits",
    "delete_channel",
    "delete_gone_limits",
    "delete_limit",
    "delete_past",
    "load_active_channels",
    "load_code",
    "load_contributors",
    "load_last_sessions",
    "load_last_state",
    "load_limit",
    "load_readings_of",
    "load_sent",
    "load_sessions",
    "load_since",
    "lock_channel",
    "oldest_pending",
    "pause_channel",
    "save_action",
    "save_alerts",
    "save_attempt",
    "save_channel",
    "save_code",
    "save_confirmed",
    "save_guess",
    "save_limit",
    "save_notifications",
    "save_notified",
    "save_repeated",
    "save_states",
    "save_terms",
]
