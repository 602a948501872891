"""The fields that most answers about a portfolio begin with."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel

from services.gateway.edge.shapes import View
from services.gateway.edge.values import SOME_ID

ABOUT_EXAMPLE = {"portfolio_id": SOME_ID, "as_of": "2022-12-28"}


class OfPortfolio(BaseModel):
    """A portfolio on the last session at or before the requested date, null when there is none."""

    portfolio_id: UUID
    as_of: date | None


class OfView(OfPortfolio):
    """The same for the whole portfolio or one side of it."""

    view: View
