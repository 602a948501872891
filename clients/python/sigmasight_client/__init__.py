"""The typed Python client of SigmaSight's API.

`SigmaSight(url, email, password).get_report(portfolio_id)` logs in, waits and repeats as needed.
`new_draft(client, portfolio_id)` shows what trades would change. Depends on httpx2 alone.
`operations` and `models` are generated from the OpenAPI document.
"""

from sigmasight_client.answers import ApiError, Download
from sigmasight_client.drafts import Draft, NotCalculated, new_draft
from sigmasight_client.operations import SigmaSight
from sigmasight_client.session import Event, FinishedRun, Session

__all__ = [
    "ApiError",
    "Download",
    "Draft",
    "Event",
    "FinishedRun",
    "NotCalculated",
    "Session",
    "SigmaSight",
    "new_draft",
]
