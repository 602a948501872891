"""Positions as their owners enter them and as they were measured, alone and in groups."""

from datetime import date
from typing import Annotated, Any, Generic
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.books.schemas.portfolios import (
    GREEKS_EXAMPLE,
    SNAPSHOT_EXAMPLE,
    Exposure,
    GreekSet,
)
from services.gateway.books.schemas.uploads import RestatedSessions
from services.gateway.books.shapes import GroupBy
from services.gateway.edge.values import (
    SOME_ID,
    Coverage,
    Entry,
    Greek,
    LeftOut,
    Money,
    Page,
    PlainDecimal,
    Price,
    Quantity,
    RequestBody,
    Warned,
    body_example,
    example,
)

POSITION_EXAMPLE = {
    "position_id": SOME_ID,
    "portfolio_id": SOME_ID,
    "symbol": "AAPL230616C00150000",
    "name": "Apple Inc.",
    "sector": "Technology",
    "position_type": "LC",
    "instrument": "option",
    "underlying": "AAPL",
    "option_type": "C",
    "strike": 150.0,
    "expiry": "2023-06-16",
    "multiplier": 100,
    "investment_class": "OPTIONS",
    "investment_subtype": None,
    "quantity": 10.0,
    "opened_quantity": 10.0,
    "opened_by": SOME_ID,
    "entry_price": 8.45,
    "entry_date": "2022-11-01",
    "exit_price": None,
    "exit_date": None,
    "stated_on": "2022-11-01",
    "split_factor": 1.0,
    "tags": ["income"],
    "valued_on": "2022-12-28",
    "price": 4.12,
    "price_date": "2022-12-28",
    "price_source": "model",
    "stale": False,
    "underlying_price": 126.04,
    "cost": 8450.0,
    "market_value": 4120.0,
    "weight": 0.0821,
    "unrealised_pnl": -4330.0,
    "unrealised_return": -0.512426,
    "realised_pnl": None,
    "daily_pnl": -512.0,
    "income": 0.0,
    "notional_exposure": 126040.0,
    "delta": 0.2341,
    "delta_adjusted_exposure": 29505.96,
    "greeks": {"delta": 234.1, "gamma": 12.25, "theta": -31.07, "vega": 302.05, "rho": 118.1},
    "reason": None,
}


class PositionOut(BaseModel):
    """A holding with value, P&L, exposures and Greeks at the close of `valued_on`.

    Splits since it was entered are applied. What was not measured is null with a `reason`: after an
    edit, until the run that the edit started has ended.
    """

    model_config = example(**POSITION_EXAMPLE)

    position_id: UUID
    portfolio_id: UUID
    symbol: str
    name: str | None = Field(description="of the security or the underlying, where it is known")
    sector: str | None
    position_type: str = Field(description="LONG, SHORT, LC, SC, LP or SP")
    instrument: str
    underlying: str
    option_type: str | None
    strike: Price | None
    expiry: date | None
    multiplier: int
    investment_class: str = Field(description="PUBLIC, OPTIONS or PRIVATE")
    investment_subtype: str | None
    quantity: Quantity = Field(
        description="of the lot on valued_on, else what is left of it; once closed, what was opened"
    )
    opened_quantity: Quantity = Field(description="what its transaction opened")
    opened_by: UUID | None = Field(description="the transaction that opened it")
    entry_price: Price
    entry_date: date
    exit_price: Price | None
    exit_date: date | None
    stated_on: date = Field(description="the day in whose shares its owner entered it")
    split_factor: Quantity = Field(
        description=(
            "shares of valued_on for one of stated_on: symbol, strike, quantity and prices are "
            "adjusted by it"
        )
    )
    tags: list[str]
    valued_on: date | None = Field(
        description="the session of the numbers below; null when there are none"
    )
    price: Price | None
    price_date: date | None = Field(
        description="before valued_on when the price was carried forward"
    )
    price_source: str | None = Field(
        description="close, adjusted_close, quote_mid, model or intrinsic"
    )
    stale: bool | None
    underlying_price: Price | None
    cost: Money = Field(description="quantity x multiplier x entry price")
    market_value: Money | None = Field(
        description="and dollar exposure: quantity x multiplier x price"
    )
    weight: float | None = Field(description="share (0 to 1) of the portfolio's gross value")
    unrealised_pnl: Money | None
    unrealised_return: float | None = Field(description="unrealised P&L per dollar of cost")
    realised_pnl: Money | None = Field(
        description="of all that was closed of it: quantity x multiplier x (price - entry)"
    )
    daily_pnl: Money | None = Field(
        description="since the snapshot before; of a position closed since then too"
    )
    income: Money | None = Field(description="of daily_pnl: dividends received, or paid if short")
    notional_exposure: Money | None
    delta: Greek | None = Field(description="per share; 1 for stock")
    delta_adjusted_exposure: Money | None
    greeks: GreekSet = Field(description="of the whole position: unit x quantity x multiplier")
    reason: str | None


class OfValuedPortfolio(BaseModel):
    """A portfolio on the last session that it was valued on, null when there is none."""

    portfolio_id: UUID
    valued_on: date | None = Field(description="the session of every number")


class ValuedPage(Page[Entry], OfValuedPortfolio, Generic[Entry]):
    """A page of what a portfolio holds."""

    reason: str | None = Field(description="why nothing is measured")


class PositionPage(ValuedPage[PositionOut]):
    """A part of the positions that meet the conditions; `total` is how many do."""

    model_config = example(
        portfolio_id=SOME_ID,
        valued_on="2022-12-28",
        items=[POSITION_EXAMPLE],
        total=1,
        limit=100,
        offset=0,
        reason=None,
    )


class PositionSaved(PositionOut):
    """The position after the edit, and the run that measures it (null when none is needed)."""

    model_config = example(
        **{**POSITION_EXAMPLE, "valued_on": None, "reason": "not valued since its terms changed"},
        changed=True,
        run_id=SOME_ID,
        restated={"first": "2022-12-23", "last": "2022-12-27", "count": 2},
        warnings=[],
    )

    changed: bool = Field(description="false when the edit changes nothing: then nothing was saved")
    run_id: UUID | None
    restated: RestatedSessions | None = Field(description="null when there are none")
    warnings: list[Warned] = Field(
        description="what is unusual about the position without being wrong"
    )


Number = Annotated[PlainDecimal, Field(max_digits=400)]
Day = Annotated[str, Field(max_length=64, json_schema_extra={"format": "date"})]
Word = Annotated[str, Field(max_length=64)]
TagNames = Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=200)]


class PositionTerms(RequestBody):
    """What a position is, checked against the rules of position files.

    Every problem names its field. An option is named by its OCC symbol, or by underlying, strike,
    expiry and option type without a symbol.
    """

    symbol: Word | None = None
    underlying: Word | None = None
    option_type: Word | None = Field(default=None, description="CALL or PUT, or C or P")
    strike: Number | None = None
    expiry: Day | None = None
    investment_class: Word | None = Field(default=None, description="PUBLIC, OPTIONS or PRIVATE")
    investment_subtype: str | None = Field(default=None, max_length=200)
    quantity: Number | None = Field(default=None, description="signed: below 0 is short")
    entry_price: Number | None = Field(
        default=None, description="USD per share, above 0 also for shorts"
    )
    entry_date: Day | None = None
    exit_date: Day | None = Field(default=None, description="closes the position, with exit_price")
    exit_price: Number | None = None
    tags: TagNames | None = Field(default=None, description="created where you do not have them")


_TERMS = {"symbol": "AAPL", "quantity": 100, "entry_price": 148.71, "entry_date": "2022-06-01"}


class NewPosition(PositionTerms):
    """A position to be entered into a portfolio (default: the caller's only or first)."""

    model_config = body_example(portfolio_id=SOME_ID, **_TERMS, tags=["tech"])

    portfolio_id: UUID | None = None


class PositionEdit(PositionTerms):
    """What is to change: what is left out stays as it is, null takes an exit or a subtype back."""

    model_config = body_example(quantity=150, tags=["tech", "core"])


class TagsOfPosition(RequestBody):
    """All the tags a position is to carry: those it has beyond them are taken off."""

    model_config = body_example(tags=["tech", "strategy:income"])

    tags: TagNames


class GroupExposures(BaseModel):
    """The three measures: q·m·P; options at q·m·S; options at q·m·S·delta."""

    dollar: Exposure | None
    notional: Exposure | None
    delta_adjusted: Exposure | None


class PositionGroup(BaseModel):
    """What some positions add up to, null where none of them has the number."""

    key: str | None = Field(description="null: the positions that belong to no group")
    name: str
    positions: int
    position_ids: list[UUID]
    cost: Money
    market_value: Money | None
    unrealised_pnl: Money | None
    realised_pnl: Money | None = Field(description="of what was closed of them")
    daily_pnl: Money | None
    weight: float | None = Field(description="share (0 to 1) of the portfolio's gross value")
    exposures: GroupExposures
    greeks: GreekSet
    coverage: Coverage
    left_out: list[LeftOut] = Field(
        description="positions that some exposure measure does not contain"
    )


GROUP_EXAMPLE: dict[str, Any] = {
    "positions": 2,
    "position_ids": [SOME_ID, SOME_ID],
    "cost": 580290.25,
    "market_value": 610500.25,
    "unrealised_pnl": 30210.0,
    "realised_pnl": 1200.5,
    "daily_pnl": -4210.1,
    "weight": 0.5031,
    "exposures": SNAPSHOT_EXAMPLE["exposures"],
    "greeks": GREEKS_EXAMPLE,
    "coverage": {"prices": 1.0, "greeks": 1.0},
    "left_out": [],
}


class GroupedPositions(OfValuedPortfolio):
    """A page of groups, the largest first, and the sums over all matching positions.

    A position counts fully in each of its tags and strategies, once in `everything`.
    """

    model_config = example(
        portfolio_id=SOME_ID,
        valued_on="2022-12-28",
        by="tag",
        everything={"key": None, "name": "everything", **GROUP_EXAMPLE},
        items=[{"key": "tech", "name": "tech", **GROUP_EXAMPLE}],
        total=1,
        limit=100,
        offset=0,
        reason=None,
    )

    by: GroupBy
    everything: PositionGroup
    items: list[PositionGroup]
    total: int
    limit: int
    offset: int
    reason: str | None = Field(description="why nothing is measured")
