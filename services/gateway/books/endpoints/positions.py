"""A portfolio's positions: filtered, sorted, by the page; in groups; one by one."""

from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query

from services.gateway.books.answers import ChosenRevision
from services.gateway.books.dependencies import owning_portfolio
from services.gateway.books.queries import positions
from services.gateway.books.queries.positions import PositionFilter
from services.gateway.books.reading import (
    book_on,
    grouped_positions,
    position_on,
    position_page,
)
from services.gateway.books.schemas.positions import GroupedPositions, PositionOut, PositionPage
from services.gateway.books.shapes import GroupBy, Status
from services.gateway.edge.dependencies import AsOf, Caller, ChosenPage, ChosenView, OpenSession
from services.gateway.edge.routers import api_router
from services.gateway.edge.shapes import View
from services.gateway.market import queries as market_queries
from shared.database import Session
from shared.instruments import PositionType

router = api_router("/positions", "positions", 401, 404, 422)


class TagMatch(StrEnum):
    """Whether a position must carry one of the tags or all of them."""

    ANY = "any"
    ALL = "all"


_ORDERS = [sign + column for column in positions.SORT_COLUMNS for sign in ("", "-")]
Sort = StrEnum("Sort", _ORDERS)  # type: ignore[misc]
ChosenStatus = Annotated[Status, Query(description="held on the day, closed by it, or all")]


def position_filter(
    types: Annotated[
        list[PositionType], Query(alias="type", description="LONG, SHORT, LC, SC, LP, SP")
    ] = [],  # noqa: B006
    tags: Annotated[list[str], Query(alias="tag", max_length=20)] = [],  # noqa: B006
    match: Annotated[
        TagMatch, Query(description="a position carries any or all of the tags")
    ] = TagMatch.ANY,
    underlying: Annotated[str | None, Query(max_length=24)] = None,
    sector: Annotated[str | None, Query(max_length=60)] = None,
    search: Annotated[
        str | None, Query(max_length=50, description="a part of symbol or name")
    ] = None,
    view: ChosenView = View.PORTFOLIO,
) -> PositionFilter:
    """The conditions of the query, of which all hold."""
    return PositionFilter(
        types=[kind.value for kind in types],
        tags=tags,
        all_tags=match is TagMatch.ALL,
        underlying=underlying,
        sector=sector,
        search=search,
        long=None if view is View.PORTFOLIO else view is View.LONGS,
    )


Wanted = Annotated[PositionFilter, Depends(position_filter)]


async def with_status(
    session: Session, wanted: PositionFilter, status: Status, as_of: date | None
) -> PositionFilter:
    """The conditions with the status on the requested day.

    Before any session is known, every position counts as held.
    """
    if status is Status.ALL:
        return wanted
    day = as_of or await market_queries.latest_session(session)
    return replace(wanted, open_on=day) if status is Status.OPEN else replace(wanted, closed_by=day)


@router.get("")
async def list_positions(
    page: ChosenPage,
    portfolio: ChosenRevision,
    session: OpenSession,
    wanted: Wanted,
    status: ChosenStatus = Status.ALL,
    as_of: AsOf = None,
    sort: Annotated[Sort, Query(description="a leading '-' sorts downwards")] = Sort("symbol"),
) -> PositionPage:
    """The positions that meet all conditions, with price, value, P&L, exposures and Greeks."""
    book = await book_on(session, portfolio["portfolio_id"], as_of)
    chosen = await with_status(session, wanted, status, as_of)
    return await position_page(session, book, chosen, sort.value, page)


@router.get("/grouped")
async def group_positions(
    page: ChosenPage,
    portfolio: ChosenRevision,
    session: OpenSession,
    wanted: Wanted,
    by: Annotated[GroupBy, Query(description="what the positions of a group share")] = GroupBy.TYPE,
    as_of: AsOf = None,
) -> GroupedPositions:
    """The open positions that meet all conditions, summed in the three exposure measures."""
    book = await book_on(session, portfolio["portfolio_id"], as_of)
    held = await with_status(session, wanted, Status.OPEN, as_of)
    return await grouped_positions(session, book, held, by, page)


@router.get("/{position_id:uuid}", response_model=PositionOut)
async def get_position(
    position_id: UUID, caller: Caller, session: OpenSession, as_of: AsOf = None
) -> dict[str, Any]:
    """One position with price, value, P&L, exposures and Greeks."""
    portfolio_id = await owning_portfolio(session, caller, position_id)
    return await position_on(session, portfolio_id, position_id, as_of)
