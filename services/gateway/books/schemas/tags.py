"""Models of tags and strategies."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from services.gateway.books.schemas.positions import GROUP_EXAMPLE, PositionGroup, ValuedPage
from services.gateway.edge.values import SOME_ID, RequestBody, body_example, example


class TagOut(BaseModel):
    """A user's word for some positions. `positions`: how many carry it."""

    model_config = example(
        tag_id=SOME_ID,
        name="strategy:income",
        colour="#64748b",
        strategy="income",
        positions=3,
        created_at="2022-12-01T15:00:00Z",
    )

    tag_id: UUID
    name: str
    colour: str = Field(description="#rrggbb")
    strategy: str | None = Field(
        description="the strategy it represents when it is named strategy:<name>"
    )
    positions: int
    created_at: datetime


class NewTag(RequestBody):
    """A tag to create.

    Letters, digits, spaces and `_ - :`, at most 50; unique regardless of case.
    """

    model_config = body_example(name="strategy:income", colour="#16a34a")

    name: Annotated[str, Field(max_length=200)]
    colour: Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")] = "#64748b"


class TagEdit(RequestBody):
    """What is to change of a tag; what is left out stays."""

    model_config = body_example(name="income", colour="#16a34a")

    name: Annotated[str, Field(max_length=200)] | None = None
    colour: Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")] | None = None


class StrategyOut(PositionGroup):
    """The positions that carry one tag named `strategy:<name>`, added up."""

    tag_id: UUID
    colour: str
    types: dict[str, int] = Field(description="how many positions of each type")
    symbols: list[str]


class StrategyPage(ValuedPage[StrategyOut]):
    """A page of a portfolio's strategies, by name."""

    model_config = example(
        portfolio_id=SOME_ID,
        valued_on="2022-12-28",
        items=[
            {
                "key": "income",
                "name": "income",
                **GROUP_EXAMPLE,
                "tag_id": SOME_ID,
                "colour": "#16a34a",
                "types": {"LONG": 1, "SC": 1},
                "symbols": ["AAPL", "AAPL230616C00150000"],
            }
        ],
        total=1,
        limit=100,
        offset=0,
        reason=None,
    )
