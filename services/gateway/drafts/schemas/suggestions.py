"""Models of suggestions: targets and candidates as sent, and the drafts that come of them."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.drafts.schemas.trades import DraftWithTrades
from services.gateway.edge.values import (
    SOME_ID,
    Money,
    Name,
    Price,
    RequestBody,
    Warned,
    body_example,
    example,
)
from shared.contracts.stress import MOST_TARGETS

MOST_NAMED = 100
LARGEST = 1e13
Bound = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
Lots = Annotated[int, Field(ge=0, le=10**9)]
Positive = Annotated[float, Field(gt=0, le=LARGEST, allow_inf_nan=False)]
Unit = Literal["own", "share_of_nav"]


class CandidateSet(StrEnum):
    """Where candidates come from that are not named."""

    MARKET = "market"
    FACTORS = "factors"
    SECTORS = "sectors"
    PUTS = "puts"
    OWN_POSITIONS = "own_positions"


class WantedTarget(RequestBody):
    """Where a measure shall be: `equal`, or `at_least`, `at_most` or between both.

    Measures by the names of the series: `beta`, `market_exposure`, `dollar_delta`,
    `dollar_delta_beta_weighted`, `dollar_gamma_1pct`, `dollar_theta_1d`, `dollar_vega_1pt`,
    `dollar_rho_1pct`, `factor.<id>`, `scenario.<id>` (correlated) or `scenario.<id>.<method>`; and,
    `at_most` only, `var_95_1d_historical`, `var_99_..`, `es_95_..`, `es_99_..`. Or a limit of the
    portfolio by its `limit_id`, in place of measure, bounds and unit: its `level` is kept to.
    """

    model_config = body_example(measure="beta", equal=0)

    measure: Annotated[str, Field(max_length=120)] = ""
    limit_id: UUID | None = None
    level: Literal["warning", "breach"] = Field(
        default="breach", description="of the limit, which is to be kept to"
    )
    equal: Bound | None = None
    at_least: Bound | None = None
    at_most: Bound | None = None
    unit: Unit = Field(default="own", description="share_of_nav: 0.02 is 2 % of NAV")
    tolerance: Annotated[float, Field(ge=0, le=LARGEST, allow_inf_nan=False)] | None = Field(
        default=None,
        description="how far from `equal` is near enough, in the same unit; default: what rounding "
        "to whole lots makes",
    )


class WantedCandidate(RequestBody):
    """What may be traded, and how much of it at most, in shares or contracts and in dollars."""

    model_config = body_example(symbol="SPY", most_bought=0, most_sold=500)

    symbol: Annotated[str, Field(max_length=64)] = Field(description="a ticker or an OCC symbol")
    most_bought: Lots | None = Field(
        default=None,
        description="default: what twice the NAV, or the gross exposure if larger, is worth by its "
        "notional",
    )
    most_sold: Lots | None = Field(default=None, description="default: as of `most_bought`")
    most_dollars: Positive | None = Field(
        default=None, description="paid or received for it at most"
    )


class WantedSuggestions(RequestBody):
    """Bring measures to targets with the fewest dollars traded (quantity x multiplier x price)."""

    model_config = body_example(
        targets=[{"measure": "beta", "equal": 0}], candidates=[{"symbol": "SPY"}]
    )

    targets: Annotated[list[WantedTarget], Field(min_length=1, max_length=MOST_TARGETS)]
    candidates: Annotated[list[WantedCandidate], Field(max_length=MOST_NAMED)] = Field(default=[])
    candidate_sets: list[CandidateSet] | None = Field(
        default=None,
        description="more candidates: SPY, the factors' ETFs, the sector ETFs, the ten puts quoted "
        "with the narrowest spread on SPY and what is held, what is held itself; default: all of "
        "them where no candidate is named, else none",
    )
    reduce_only: bool = Field(
        default=False, description="what is held may only be brought nearer to zero"
    )
    most_dollars: Positive | None = Field(default=None, description="traded in all trades together")
    seconds: Annotated[float, Field(gt=0, le=10)] = Field(
        default=2.0, description="how long the search for something cheaper may take"
    )
    gap: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.001, description="a search ends when at most this share might still be saved"
    )
    name: Name | None = Field(
        default=None, description="of the new draft; default: that of this one, suggested"
    )


class SuggestedTrade(BaseModel):
    """Shares or contracts of one instrument, sold below 0."""

    model_config = example(symbol="SPY", quantity=-21, price=376.66, dollars=-7909.86)

    symbol: str
    quantity: int
    price: Price
    dollars: Money = Field(description="quantity x multiplier x price: paid, received below 0")


class MeasureMoved(BaseModel):
    """A measure before and after; null where it is not known."""

    model_config = example(measure="beta", before=0.52, after=0.0003, tolerance=0.0011)

    measure: str
    before: float | None
    after: float | None
    tolerance: float | None = Field(
        default=None, description="of a target that says `equal`, as it was applied"
    )


_MOVED: dict[str, Any] = {"measure": "beta", "before": 0.52, "after": 0.0003, "tolerance": 0.0011}


class SuggestionOut(BaseModel):
    """Trades that meet every target, as a new draft, with what they cost and what they leave."""

    model_config = example(
        draft=None,
        trades=[{"symbol": "SPY", "quantity": -21, "price": 376.66, "dollars": -7909.86}],
        dollars_traded=7909.86,
        least_dollars=7909.86,
        gap=0.0,
        cash=7909.86,
        targets=[_MOVED],
        leaves=[{"measure": "dollar_delta", "before": 26000.0, "after": 18090.14}],
    )

    draft: DraftWithTrades | None = Field(
        description="with the trades of this one and these; null where nothing has to be traded"
    )
    trades: list[SuggestedTrade]
    dollars_traded: Money
    least_dollars: Money = Field(description="fewer are proven to be impossible")
    gap: float = Field(description="the share of `dollars_traded` that might be saved, 0: none")
    cash: Money = Field(description="what the trades do to cash")
    targets: list[MeasureMoved] = Field(description="in the unit of each target")
    leaves: list[MeasureMoved] = Field(description="what else moves, in the measures' own units")


class SuggestionsOut(BaseModel):
    """Suggestions for a draft."""

    model_config = example(
        draft_id=SOME_ID, as_of="2022-12-28", candidates=1, suggestions=[], left_out=[]
    )

    draft_id: UUID = Field(description="the draft that they start from")
    as_of: date = Field(description="its session")
    candidates: int = Field(description="how many were considered")
    suggestions: list[SuggestionOut]
    left_out: list[Warned] = Field(description="candidates that could not be considered, and why")
