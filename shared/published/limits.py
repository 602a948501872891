"""Limits, how portfolios stand against them, and alerts as the service limits publishes them."""

from sqlalchemy import ARRAY, Boolean, Date, DateTime, Double, Integer, String, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from shared.published import columns, keys, published_view

MOMENT = DateTime(timezone=True)

# portfolio_id: null for a limit in every portfolio of the user. measure: by the names of
# portfolios/{id}/series, and "worst_scenario". measure_unit: as definitions have it. per:
# "portfolio" | "position" | "underlying" | "sector" | "tag". member: the one that counts, by name;
# null: the worst of them. unit: "own" (the measure's) | "share_of_nav". direction: "above" |
# "below" | "outside" (the absolute value, above). terms: [{"since", "warning", "breach",
# "hysteresis", "sessions"}], each in force from the session "since" on, ascending: the last ones
# are in force now.
limits = published_view(
    "limits",
    "limits",
    *keys(limit_id=Uuid),
    *columns(Uuid, "user_id", "portfolio_id"),
    *columns(String, "name", "measure", "measure_unit"),
    *columns(String, "per", "member", "unit", "direction"),
    *columns(JSONB, "terms"),
    *columns(String, "owner", "note"),
    *columns(MOMENT, "created_at"),
)

# One row per limit, portfolio and session from the limit's first terms on; drafts have rows too,
# of their session. value: in the limit's unit, null with reason. member: whose value it
# is; of worst_scenario the scenario's id. warning, breach: the levels in force. room: what is left
# to the breach level in the limit's unit, negative beyond it; room_usd the same in USD where the
# measure is in USD. state: "ok" | "warning" | "breached" | "acknowledged" | "waived" | "cleared" |
# "not_measured". level: "ok" | "warning" | "breached", which missing data do not move, reached on
# the session since (null when ok). contributors: [{"name", "value"}], the largest first, at most
# five; null when the level is ok.
limit_states = published_view(
    "limits",
    "limit_states",
    *keys(limit_id=Uuid, portfolio_id=Uuid, as_of=Date),
    *columns(Double, "value"),
    *columns(String, "member", "reason"),
    *columns(Double, "warning", "breach", "room", "room_usd"),
    *columns(String, "state", "level"),
    *columns(Date, "since"),
    *columns(Integer, "over_warning", "over_breach"),
    *columns(Boolean, "acknowledged"),
    *columns(JSONB, "contributors"),
)

# What users did about limits: kind "acknowledged" | "waived" (until that day).
limit_events = published_view(
    "limits",
    "limit_events",
    *keys(event_id=Uuid),
    *columns(Uuid, "limit_id", "portfolio_id"),
    *columns(Date, "as_of"),
    *columns(String, "kind"),
    *columns(Date, "until"),
    *columns(String, "reason"),
    *columns(MOMENT, "recorded_at"),
)

# One row per limit, portfolio, session on which an episode began, and level ("warning" | "breached"
# | "cleared"): a session that is restated or run again adds none. value, threshold: in the limit's
# unit. message: a sentence for its owner. contributors as above. group_id: the alerts of one user
# and run. withdrawn: a restatement of the session says otherwise; changed_at: when that was found,
# or found no longer.
alerts = published_view(
    "limits",
    "alerts",
    *keys(alert_id=Uuid),
    *columns(Uuid, "user_id", "portfolio_id", "limit_id"),
    *columns(Date, "as_of"),
    *columns(String, "level", "name", "measure", "per", "member"),
    *columns(Double, "value", "threshold"),
    *columns(String, "unit", "message"),
    *columns(JSONB, "contributors"),
    *columns(Uuid, "run_id", "group_id"),
    *columns(Boolean, "withdrawn"),
    *columns(MOMENT, "raised_at", "changed_at"),
)

# Where users' alerts are sent: kind "webhook" | "email". levels: of which alerts. enabled: false
# while it is paused, by its user or (paused_because) by the service. confirmed_at: null for an
# e-mail address that is not confirmed.
channels = published_view(
    "limits",
    "channels",
    *keys(channel_id=Uuid),
    *columns(Uuid, "user_id"),
    *columns(String, "kind", "name", "address"),
    *columns(ARRAY(String), "levels"),
    *columns(Boolean, "enabled"),
    *columns(String, "paused_because"),
    *columns(MOMENT, "confirmed_at", "created_at"),
)

# Messages to channels. kind: "alerts" | "withdrawn" (alerts that were sent before) | "test" |
# "code"; state: "pending" | "delivered" | "failed". next_attempt_at: of those pending. reason: why
# the last attempt failed.
notifications = published_view(
    "limits",
    "notifications",
    *keys(notification_id=Uuid),
    *columns(Uuid, "channel_id", "user_id"),
    *columns(String, "kind"),
    *columns(Integer, "alerts"),
    *columns(String, "state", "reason"),
    *columns(MOMENT, "created_at", "next_attempt_at"),
)

# Attempts to deliver them. status: what the receiver answered (HTTP or SMTP), null if nothing.
deliveries = published_view(
    "limits",
    "deliveries",
    *keys(notification_id=Uuid, attempt=Integer),
    *columns(Uuid, "user_id"),
    *columns(MOMENT, "sent_at"),
    *columns(Double, "seconds"),
    *columns(Boolean, "delivered"),
    *columns(Integer, "status"),
    *columns(String, "error"),
)

# Which alerts a message is about.
sent_alerts = published_view("limits", "sent_alerts", *keys(notification_id=Uuid, alert_id=Uuid))
