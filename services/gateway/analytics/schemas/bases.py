"""The fields that most answers about a portfolio begin with."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.edge.shapes import View
from services.gateway.edge.values import SOME_ID, example

ABOUT_EXAMPLE = {"portfolio_id": SOME_ID, "as_of": "2022-12-28"}


class OfPortfolio(BaseModel):
    """A portfolio on the last session at or before the requested date, null when there is none."""

    portfolio_id: UUID
    as_of: date | None


class OfView(OfPortfolio):
    """The same for the whole portfolio or one side of it."""

    view: View


BASIS_EXAMPLE = {
    "matrix": "shrunk",
    "shrinkage": 0.0612,
    "price_run": "2022-12-28.r12",
    "decay": 0.94,
    "lookback": 252,
    "observations": 252,
}


class CovarianceBasis(BaseModel):
    """The factor covariance from which correlated results infer the other factors' moves.

    The matrix itself is in `correlations/factors/matrix`.
    """

    model_config = example(**BASIS_EXAMPLE)

    matrix: Literal["shrunk", "measured"] = Field(
        description="measured: of sessions from before the intensity was estimated"
    )
    shrinkage: float | None = Field(
        description="the intensity, 0 to 1: covariances of different factors times 1 - shrinkage"
    )
    price_run: str
    decay: float = Field(description="weight of a day relative to the day after it")
    lookback: int = Field(description="returns in the window")
    observations: int = Field(description="of them, days on which every factor has a return")


CorrelatedBy = Annotated[
    CovarianceBasis | None,
    Field(description="behind the correlated results; null when there is no covariance"),
]
