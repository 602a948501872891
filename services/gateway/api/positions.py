"""A portfolio's positions: filtered, sorted, by the page."""

from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query

from services.gateway.api.dependencies import ChosenPortfolio, Limit, Offset, OpenSession
from services.gateway.api.idempotency import OnceRoute
from services.gateway.api.problems import documented
from services.gateway.api.schemas import Page, PositionOut
from services.gateway.repository import books
from services.gateway.repository.books import PositionFilter
from shared.instruments import PositionType, position_type

router = APIRouter(
    prefix="/positions", tags=["positions"], responses=documented(401, 404, 422), route_class=OnceRoute
)


class TagMatch(StrEnum):
    """Whether a position must carry one of the tags or all of them."""

    ANY = "any"
    ALL = "all"


Sort = StrEnum("Sort", [sign + column for column in books.SORT_COLUMNS for sign in ("", "-")])  # type: ignore[misc]


@router.get("", response_model=Page[PositionOut])
async def list_positions(
    portfolio: ChosenPortfolio,
    session: OpenSession,
    types: Annotated[list[PositionType], Query(alias="type", description="LONG, SHORT, LC, SC, LP, SP")] = [],  # noqa: B006
    tags: Annotated[list[str], Query(alias="tag", max_length=20)] = [],  # noqa: B006
    match: Annotated[TagMatch, Query(description="a position carries any or all of the tags")] = TagMatch.ANY,
    underlying: Annotated[str | None, Query(max_length=24)] = None,
    search: Annotated[str | None, Query(max_length=50, description="a part of the symbol")] = None,
    sort: Annotated[Sort, Query(description="a leading '-' sorts downwards")] = Sort("symbol"),
    limit: Limit = 100,
    offset: Offset = 0,
) -> dict[str, Any]:
    """The positions that meet every condition given."""
    wanted = PositionFilter([kind.value for kind in types], tags, match is TagMatch.ALL, underlying, search)
    rows, total = await books.load_positions(
        session, portfolio["portfolio_id"], wanted, sort.value, limit, offset
    )
    items = [{**row, "position_type": position_type(row["option_type"], row["quantity"])} for row in rows]
    return {"items": items, "total": total, "limit": limit, "offset": offset}
