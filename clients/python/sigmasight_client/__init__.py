"""The typed Python client of SigmaSight's API: `SigmaSight(url, email,
password).get_report(portfolio_id)`.

Needs nothing but httpx2. `operations` and `models` are made from the OpenAPI document and never
edited.
"""

from sigmasight_client.operations import SigmaSight
from sigmasight_client.session import ApiError, Session

__all__ = ["ApiError", "Session", "SigmaSight"]
