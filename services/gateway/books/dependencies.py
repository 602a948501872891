"""Portfolios and positions as routes require them: of the caller, or 404."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from services.gateway.books.queries import portfolios, positions
from services.gateway.edge.dependencies import Caller, OpenSession
from services.gateway.edge.problems import Problem, not_found
from services.gateway.edge.queries import Row
from services.gateway.tables import User
from shared.database import Session


async def owned_portfolio(session: Session, caller: User, portfolio_id: UUID) -> Row:
    """The caller's portfolio; 404 when there is none, or when it is another user's."""
    portfolio = await portfolios.load_portfolio(session, caller.user_id, portfolio_id)
    if portfolio is None:
        raise not_found("portfolio", portfolio_id)
    return portfolio


async def refuse_draft(session: Session, portfolio_id: UUID) -> None:
    """409 when a portfolio that is to be edited is a draft."""
    if await portfolios.is_draft(session, portfolio_id):
        detail = (
            f"{portfolio_id} is a draft: change its trades under modelling/sessions/{portfolio_id}"
        )
        raise Problem(409, "is_draft", detail)


async def named_portfolio(portfolio_id: UUID, caller: Caller, session: OpenSession) -> Row:
    """The portfolio of the path, read in the transaction of the endpoint."""
    return await owned_portfolio(session, caller, portfolio_id)


async def chosen_portfolio(
    caller: Caller,
    session: OpenSession,
    portfolio_id: Annotated[
        UUID | None, Query(description="default: the caller's only or first portfolio")
    ] = None,
) -> Row:
    """The portfolio of the query, or the caller's first."""
    return await owned_or_first(session, caller, portfolio_id)


async def owned_or_first(session: Session, caller: User, portfolio_id: UUID | None) -> Row:
    """The caller's portfolio of this id (default: the first); 404 when there is none."""
    if portfolio_id is not None:
        return await owned_portfolio(session, caller, portfolio_id)
    first = await portfolios.first_portfolio(session, caller.user_id)
    if first is None:
        raise Problem(404, "no_portfolio", "you have no portfolio yet: upload one")
    return first


NamedPortfolio = Annotated[Row, Depends(named_portfolio)]
ChosenPortfolio = Annotated[Row, Depends(chosen_portfolio)]


async def owning_portfolio(session: Session, caller: User, position_id: UUID) -> UUID:
    """The portfolio of the caller's position; 404 when there is none or it is another user's."""
    portfolio_id = await positions.portfolio_of(session, caller.user_id, position_id)
    if portfolio_id is None:
        raise not_found("position", position_id)
    return portfolio_id


def name_taken(name: str, portfolio_id: UUID | None) -> Problem:
    """A 409 that says which portfolio has the name."""
    detail = f"you have a portfolio named {name!r} already: {portfolio_id}"
    return Problem(409, "name_taken", detail)
