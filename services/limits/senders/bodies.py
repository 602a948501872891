"""The body of a webhook's message."""

import json
from collections.abc import Mapping
from datetime import datetime

ALERTS = "alerts.raised"
WITHDRAWN = "alerts.withdrawn"
TEST = "channel.test"


def webhook_body(kind: str, created_at: datetime, data: Mapping[str, object]) -> str:
    """`{"type", "timestamp", "data"}` as the Standard Webhooks specification describes them."""
    return json.dumps({"type": kind, "timestamp": created_at.isoformat(), "data": data})
