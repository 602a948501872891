"""What tools take and give: the API's own models, with a sentence to quote before them."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.gateway.analytics.schemas.changes import ChangesReport, PartOut
from services.gateway.analytics.schemas.definitions import Definition
from services.gateway.analytics.schemas.greeks import GreeksCalculated
from services.gateway.analytics.schemas.impacts import LimitImpact
from services.gateway.analytics.schemas.market_data import Feasibility
from services.gateway.analytics.schemas.metrics import MetricOut
from services.gateway.analytics.schemas.series import SeriesReport
from services.gateway.analytics.schemas.what_if import WhatIf, WhatIfReport
from services.gateway.books.schemas.portfolios import LimitCounts, ListedPortfolio, WorstScenario
from services.gateway.drafts.schemas.drafts import DraftOut
from services.gateway.drafts.schemas.suggestions import SuggestionsOut, WantedSuggestions
from services.gateway.drafts.schemas.trades import DraftWithTrades, NewTrades
from services.gateway.edge.values import Money, Price, Quantity, RequestBody, Warned
from services.gateway.limits.schemas import LimitStanding
from shared.contracts.event import Day
from shared.contracts.limits import StateWord

MOST_MEASURES = 20
MOST_LISTED = 100
SECONDS_WAITED = 20.0  # less than a request may take, with room for its answer
PortfolioId = Annotated[
    UUID | None, Field(description="default: the user's only or first portfolio; a draft's id too")
]
AsOf = Annotated[Day | None, Field(description="the last session at or before; default: the last")]
Measures = Annotated[
    list[Annotated[str, Field(max_length=120)]],
    Field(
        max_length=MOST_MEASURES,
        description="var_95_1d_historical, beta, exposure.dollar.gross, factor.<id>, "
        "scenario.<id> and other names of get_definition",
    ),
]


class _OfPortfolio(RequestBody):
    portfolio_id: PortfolioId = None
    as_of: AsOf = None


class WantedPortfolios(RequestBody):
    """Which portfolios."""

    search: str | None = Field(default=None, max_length=100, description="a part of the name")
    limit: int = Field(default=20, ge=1, le=MOST_LISTED)


class WantedRisk(_OfPortfolio):
    """Which figures of which portfolio."""

    measures: Measures = Field(default=[])


class WantedPositions(_OfPortfolio):
    """Which positions."""

    underlying: str | None = Field(default=None, max_length=24)
    sector: str | None = Field(default=None, max_length=60)
    limit: int = Field(default=20, ge=1, le=1000, description="the largest first")


class WantedExplanation(_OfPortfolio):
    """Which figure."""

    measure: str = Field(max_length=120, description="as answers name it: var_95_1d_historical")
    parts: int = Field(default=5, ge=1, le=20, description="how many positions of each list")


class WantedChanges(_OfPortfolio):
    """Between which sessions."""

    since: Day | None = Field(default=None, description="default: the session before")
    measures: Measures = Field(default=[])
    parts: int = Field(default=5, ge=1, le=20, description="how many positions of each figure")


class WantedHistory(RequestBody):
    """Which measures over which sessions."""

    portfolio_id: PortfolioId = None
    measures: Measures = Field(default=[])
    start: Day | None = Field(default=None, description="default: six weeks before the last one")
    end: Day | None = None


class WantedScenario(WhatIf):
    """Stored scenarios by id, one described by its shocks, or both."""

    positions_shown: int = Field(default=5, ge=0, le=50, description="largest impacts first")


class WantedTrades(NewTrades):
    """Trades to add to a draft."""

    draft_id: UUID


class WantedCalculation(RequestBody):
    """Which draft, and how long to wait for its run."""

    draft_id: UUID
    seconds: float = Field(
        default=15.0, ge=0, le=SECONDS_WAITED, description="how long to wait for its figures"
    )


class WantedHedge(WantedSuggestions):
    """Targets for a draft, and what may be traded."""

    draft_id: UUID


class WantedLimits(RequestBody):
    """Which limits."""

    portfolio_id: UUID | None = Field(default=None, description="default: in all portfolios")
    state: StateWord | None = Field(default=None, description="those in this state only")


class WantedCoverage(_OfPortfolio):
    """Of which portfolio."""


class WantedDefinition(RequestBody):
    """Which name."""

    measure: str = Field(min_length=1, max_length=60, description="as answers name it")


class Answer(BaseModel):
    """What every tool gives: first a sentence that can be quoted as it is."""

    quote: str = Field(description="the answer in a sentence, to quote")


class Figured(BaseModel):
    """One figure with its unit, its session and a sentence."""

    id: str = Field(description="the measure's name: explain_number and get_definition take it")
    title: str
    value: float | None
    unit: str
    as_of: date | None
    sentence: str
    reason: str | None = Field(description="why there is no value")


class Portfolios(Answer):
    """The user's portfolios, each as `GET portfolios` has it."""

    total: int
    portfolios: list[ListedPortfolio]


class PortfolioRisk(Answer):
    """A few figures of a portfolio on a session."""

    portfolio_id: UUID
    name: str
    as_of: date | None
    figures: list[Figured]
    worst_scenario: WorstScenario | None = Field(description="of the portfolio's last session")
    limits: LimitCounts
    reason: str | None = Field(description="why there are no figures")


class HeldPosition(BaseModel):
    """A position, in the words of `GET positions`."""

    model_config = ConfigDict(from_attributes=True)

    position_id: UUID
    symbol: str
    position_type: str
    sector: str | None
    quantity: Quantity
    price: Price | None
    market_value: Money | None
    weight: float | None = Field(description="share (0 to 1) of the portfolio's gross value")
    unrealised_pnl: Money | None
    daily_pnl: Money | None
    delta_adjusted_exposure: Money | None
    reason: str | None


class Positions(Answer):
    """Positions of a portfolio, the largest first; money in USD."""

    portfolio_id: UUID
    as_of: date | None
    total: int = Field(description="how many meet the conditions")
    positions: list[HeldPosition]
    reason: str | None


class Contribution(BaseModel):
    """A position's part of a figure, USD; of VaR negative for a hedge."""

    position_id: UUID
    symbol: str
    value: Money


class Explanation(Answer):
    """What a figure is, what it is made of, and what moved it since the session before."""

    portfolio_id: UUID
    as_of: date | None
    figure: Figured
    definition: Definition | None
    metric: MetricOut | None = Field(description="its window and coverage, of a risk metric")
    contributions: list[Contribution] = Field(
        description="of VaR, expected shortfall, exposures and scenarios; largest first"
    )
    since: date | None
    difference: float | None
    by_position: list[PartOut] = Field(description="parts of the difference")
    by_factor: list[PartOut]
    reason: str | None


class Changes(Answer):
    """As `GET portfolios/{portfolio_id}/changes` has them."""

    portfolio_id: UUID
    as_of: date | None
    report: ChangesReport


class History(Answer):
    """As `GET portfolios/{portfolio_id}/series` has it."""

    portfolio_id: UUID
    as_of: date | None
    report: SeriesReport


class Scenarios(Answer):
    """As `POST risk/stress-testing/comprehensive` has them."""

    portfolio_id: UUID
    as_of: date
    report: WhatIfReport


class PricedOptions(Answer):
    """As `POST risk/greeks/calculate` has them."""

    as_of: date
    report: GreeksCalculated


class NewBranch(Answer):
    """The draft, as `POST modelling/sessions` has it."""

    draft_id: UUID
    as_of: date
    draft: DraftOut


class Traded(Answer):
    """The draft with its trades, as `POST modelling/sessions/{draft_id}/trades` has it."""

    draft_id: UUID
    as_of: date
    draft: DraftWithTrades


class MovedFigure(BaseModel):
    """A figure of a draft's base and of the draft."""

    id: str
    title: str
    unit: str
    before: float | None
    after: float | None
    difference: float | None
    sentence: str


class CalculatedDraft(Answer):
    """What a draft changes; all of it is in `GET modelling/sessions/{draft_id}/impacts`."""

    draft_id: UUID
    base_id: UUID
    as_of: date
    state: str = Field(description="calculated, or draft while its run goes on: call again")
    figures: list[MovedFigure]
    limits: list[LimitImpact] = Field(description="those that the trades move")
    warnings: list[Warned]
    reason: str | None = Field(description="why there are no figures")


class Suggested(Answer):
    """As `POST modelling/sessions/{draft_id}/suggestions` has it."""

    draft_id: UUID
    as_of: date
    report: SuggestionsOut


class CheckedLimit(BaseModel):
    """A limit, and the portfolio that stands worst in it."""

    model_config = ConfigDict(from_attributes=True)

    limit_id: UUID
    name: str
    measure: str
    measure_title: str
    unit: str = Field(description="own: of the measure; share_of_nav: decimals of NAV")
    measure_unit: str
    states: dict[str, int] = Field(description="how many portfolios are in each state")
    worst: LimitStanding | None


class CheckedLimits(Answer):
    """The user's limits and how portfolios stand."""

    portfolio_id: UUID | None
    as_of: date | None
    total: int
    limits: list[CheckedLimit]


class UncoveredSymbol(BaseModel):
    """A symbol whose prices are not complete."""

    model_config = ConfigDict(from_attributes=True)

    symbol: str
    status: str
    last_session: date | None
    missing: int = Field(description="sessions of the window without a price")
    reason: str | None


class Covered(Answer):
    """Whether the market data suffice for a portfolio's figures."""

    portfolio_id: UUID
    as_of: date | None
    complete: int = Field(description="symbols with a price of the session itself")
    stale: int
    missing: int
    figures: list[Figured]
    symbols: list[UncoveredSymbol] = Field(description="not complete, at most 20")
    infeasible: list[Feasibility] = Field(description="calculations for which something is missing")
    reason: str | None


class Defined(Answer):
    """As `GET definitions/{measure}` has it."""

    definition: Definition
