"""How positions, and factors, move together."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.analytics.schemas.bases import OfView
from services.gateway.edge.values import (
    SOME_ID,
    LeftOut,
    Money,
    RequestBody,
    Warned,
    body_example,
    example,
)
from shared.contracts.event import Day
from shared.contracts.gateway import CorrelationParameters

_MEMBERS = [
    {"symbol": "CVX", "value": 52310.0, "weight": 0.12, "positions": 1, "mean_correlation": 0.8612},
    {
        "symbol": "XOM",
        "value": -41250.5,
        "weight": 0.09,
        "positions": 2,
        "mean_correlation": 0.8612,
    },
]
_CLUSTER = {
    "cluster": 1,
    "name": "Energy",
    "value": 93560.5,
    "weight": 0.21,
    "mean_correlation": 0.8612,
    "members": _MEMBERS,
}
_PARAMETERS = CorrelationParameters().model_dump()


class ClusterMember(BaseModel):
    """An underlying in a cluster.

    `mean_correlation`: mean |correlation| with the other members.
    """

    symbol: str
    value: Money = Field(description="signed, delta-adjusted")
    weight: float = Field(description="share of the value kept")
    positions: int
    mean_correlation: float


class ClusterOut(BaseModel):
    """Underlyings linked, directly or not, by a |correlation| at or above the threshold."""

    model_config = example(**_CLUSTER)

    cluster: int
    name: str = Field(
        description="a tag or the sector of 70 % of the members, else the largest's name"
    )
    value: Money = Field(description="gross")
    weight: float
    mean_correlation: float
    members: list[ClusterMember]


class LinkageCluster(BaseModel):
    """Underlyings that are close on average, by the distance √((1 − ρ) / 2)."""

    name: str
    symbols: list[str]
    value: Money = Field(description="gross")
    weight: float


class HedgingPair(BaseModel):
    """Two underlyings of which one gains when the other loses.

    Of one side with a correlation at or below minus the threshold, or a long and a short with one
    at or above it.
    """

    symbol_a: str
    symbol_b: str
    value_a: Money = Field(description="signed, delta-adjusted")
    value_b: Money
    correlation: float


class DataQuality(BaseModel):
    """How many pairs have common returns on all days of the window, on fewer, on too few."""

    full_history: int
    limited_history: int
    insufficient: int


class LeftOutPosition(LeftOut):
    """A position that is not in the matrix.

    Its underlying is left out, or it has no exposure.
    """

    underlying: str
    code: str


class CorrelationReport(OfView):
    """How strongly the positions of the portfolio, or of one side of it, are correlated.

    `overall_correlation`: mean |correlation| over pairs. `concentration`: value in clusters over
    value kept. `effective_positions`: 1 / (w'ρw), the number of equal and uncorrelated positions
    with the same diversification; w are signed shares of gross value, so a hedge diversifies.
    """

    model_config = example(
        portfolio_id=SOME_ID,
        as_of="2022-12-27",
        view="portfolio",
        price_run="2022-12-27.r12",
        parameters=_PARAMETERS,
        overall_correlation=0.4312,
        concentration=0.21,
        effective_positions=2.17,
        coverage=0.97,
        gross_value=455210.0,
        kept_value=441553.7,
        positions=24,
        positions_kept=21,
        symbols_kept=18,
        clusters=[_CLUSTER],
        linkage_clusters=[],
        hedging_pairs=1,
        hedges=[
            {
                "symbol_a": "CVX",
                "symbol_b": "XOM",
                "value_a": 52310.0,
                "value_b": -41250.5,
                "correlation": 0.8612,
            }
        ],
        data_quality={"full_history": 153, "limited_history": 0, "insufficient": 0},
        psd_repaired=False,
        largest_repair=0.0,
        left_out=[
            {
                "position_id": SOME_ID,
                "symbol": "F",
                "underlying": "F",
                "code": "below_value",
                "reason": "F: its value of 3,120.00 USD is below 10,000.00 USD",
            }
        ],
        warnings=[],
        reason=None,
    )

    price_run: str | None = Field(description="the version of the market data")
    parameters: CorrelationParameters | None
    overall_correlation: float | None
    concentration: float | None
    effective_positions: float | None
    coverage: float | None = Field(description="share of the gross value that the figures speak of")
    gross_value: Money | None
    kept_value: Money | None
    positions: int | None
    positions_kept: int | None
    symbols_kept: int | None
    clusters: list[ClusterOut]
    linkage_clusters: list[LinkageCluster] = Field(
        description="by average linkage: close on average, not by a chain of single links"
    )
    hedging_pairs: int | None = Field(description="how many pairs hedge each other")
    hedges: list[HedgingPair] = Field(description="the fifty that offset most")
    data_quality: DataQuality
    psd_repaired: bool | None = Field(
        description="pairs had different windows: the matrix was made definite"
    )
    largest_repair: float | None = Field(
        description="the most that a correlation was changed by it"
    )
    left_out: list[LeftOutPosition]
    warnings: list[Warned]
    reason: str | None


class CorrelatedSymbol(BaseModel):
    """A row and column of the matrix."""

    symbol: str
    value: Money = Field(description="signed, delta-adjusted")
    weight: float
    positions: int
    observations: int = Field(description="returns in the window")


class UnmeasuredPair(BaseModel):
    """Two symbols without a correlation."""

    symbol_a: str
    symbol_b: str
    observations: int
    reason: str


class CorrelationMatrix(OfView):
    """The correlation matrix of the largest underlyings.

    `correlations[i][j]` is of `symbols[i]` and `symbols[j]`.
    """

    model_config = example(
        portfolio_id=SOME_ID,
        as_of="2022-12-27",
        view="portfolio",
        parameters=_PARAMETERS,
        symbols=[
            {"symbol": "CVX", "value": 52310.0, "weight": 0.56, "positions": 1, "observations": 90},
            {
                "symbol": "XOM",
                "value": -41250.5,
                "weight": 0.44,
                "positions": 2,
                "observations": 90,
            },
        ],
        total=2,
        correlations=[[1.0, 0.8612], [0.8612, 1.0]],
        measured=None,
        observations=[[90, 90], [90, 90]],
        quality=[["full_history", "full_history"], ["full_history", "full_history"]],
        data_quality={"full_history": 1, "limited_history": 0, "insufficient": 0},
        unmeasured=[],
        psd_repaired=False,
        reason=None,
    )

    parameters: CorrelationParameters | None
    symbols: list[CorrelatedSymbol] = Field(description="largest value first")
    total: int = Field(description="how many symbols there are without `limit`")
    correlations: list[list[float | None]]
    measured: list[list[float | None]] | None = Field(
        description="before the repair, where there was one"
    )
    observations: list[list[int | None]] = Field(description="common returns")
    quality: list[list[str | None]] = Field(
        description="full_history, limited_history or insufficient"
    )
    data_quality: DataQuality
    unmeasured: list[UnmeasuredPair]
    psd_repaired: bool | None
    reason: str | None


class CorrelationParametersIn(RequestBody, CorrelationParameters):
    """How positions are correlated; an unknown field is refused."""

    model_config = body_example(**_PARAMETERS)


class WantedCorrelations(RequestBody):
    """The portfolio to correlate, at its last exposures at or before a date.

    Default: the caller's first portfolio.
    """

    model_config = body_example(portfolio_id=SOME_ID, as_of="2022-12-28", parameters=_PARAMETERS)

    portfolio_id: UUID | None = None
    as_of: Day | None = None
    parameters: CorrelationParametersIn = CorrelationParametersIn()


class WantedBatch(RequestBody):
    """The session to correlate every portfolio on; default: the last one with exposures."""

    model_config = body_example(session_date="2022-12-28")

    session_date: Day | None = None


class CorrelationsStarted(BaseModel):
    """The calculation has started."""

    model_config = example(
        run_id=SOME_ID, portfolio_id=SOME_ID, as_of="2022-12-28", portfolios=1, status="running"
    )

    run_id: UUID
    portfolio_id: UUID | None = Field(description="null when it is every portfolio")
    as_of: date
    portfolios: int
    status: str


class Space(StrEnum):
    """Which returns: the proxies' own, or those of the default model (styles over the market)."""

    MARKET_RELATIVE = "market_relative"
    ABSOLUTE = "absolute"


class NamedFactor(BaseModel):
    """A row and column of the factor matrix."""

    factor: str
    name: str
    proxy: str | None


class Spread(BaseModel):
    """Of the pairs of different factors."""

    mean: float | None
    min: float | None
    max: float | None


class FactorMatrix(BaseModel):
    """Daily covariances and correlations of factor returns.

    Exponentially weighted, positive semi-definite.
    """

    model_config = example(
        as_of="2022-12-28",
        space="market_relative",
        price_run="2022-12-28.r12",
        factors=[
            {"factor": "market", "name": "Market", "proxy": "SPY"},
            {"factor": "value", "name": "Value", "proxy": "VTV"},
        ],
        correlations=[[1.0, -0.4127], [-0.4127, 1.0]],
        covariances=[[0.000153, -0.000031], [-0.000031, 0.000037]],
        shrunk_covariances=[[0.000153, -0.000029], [-0.000029, 0.000037]],
        shrinkage=0.0612,
        statistics={"mean": -0.4127, "min": -0.4127, "max": -0.4127},
        decay=0.94,
        lookback=252,
        observations=252,
        reason=None,
    )

    as_of: date | None
    space: Space
    price_run: str | None
    factors: list[NamedFactor]
    correlations: list[list[float | None]]
    covariances: list[list[float | None]] = Field(description="as measured")
    shrunk_covariances: list[list[float | None]] = Field(
        description="what correlated stress uses: all but the diagonal times (1 - shrinkage)"
    )
    shrinkage: float | None = Field(
        description="the estimated intensity, 0 to 1; null of sessions before it was estimated"
    )
    statistics: Spread = Field(description="of the correlations")
    decay: float | None
    lookback: int | None
    observations: int | None
    reason: str | None
