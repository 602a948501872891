"""Portfolios and positions as routes require them: of the caller, or shared, else 404 or 403."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from services.gateway.books.queries import portfolios, positions, shares
from services.gateway.edge.audit import note_shared, role_wanted
from services.gateway.edge.dependencies import Caller, OpenSession
from services.gateway.edge.problems import Problem, not_found
from services.gateway.edge.queries import Row
from services.gateway.tables import EDITOR, OWNER, VIEWER, User
from shared.database import Session


async def owned_portfolio(
    session: Session, caller: User, portfolio_id: UUID, role: str | None = None
) -> Row:
    """The caller's portfolio, or one that is shared with the caller as the route needs it.

    `role`: what the caller has to be to it, where that does not follow from the route.

    404 when there is none, or when it is another user's; 403 when it is shared for less. An
    editor's share does not end, nor change, before the transaction does.
    """
    needed = role or role_wanted(session)
    portfolio = await portfolios.load_portfolio(session, caller.user_id, portfolio_id)
    if portfolio is not None and needed == EDITOR and portfolio["access"] == EDITOR:
        await shares.hold_shares(session, portfolio_id)
        portfolio = await portfolios.load_portfolio(session, caller.user_id, portfolio_id)
    if portfolio is None:
        raise not_found("portfolio", portfolio_id)
    refuse_less(portfolio, needed)
    if portfolio["access"] != OWNER:
        note_shared(session, portfolio_id, needed)
    elif portfolio["shared_with"] is not None:  # a draft, which depends on its base's share
        note_shared(session, portfolio["base_id"], VIEWER)
    return portfolio


_RANKS = (VIEWER, EDITOR, OWNER)


def refuse_less(portfolio: Row, role: str) -> None:
    """403 when the caller is less to a portfolio than a role; the detail says whom to ask."""
    if _RANKS.index(portfolio["access"]) >= _RANKS.index(role):
        return
    name = portfolio["name"]
    owner = portfolio["owner_name"]
    if role == OWNER:
        detail = f"only the owner of the portfolio {name!r} does this: ask {owner}"
        raise Problem(403, "owner_only", detail)
    detail = f"you may read the portfolio {name!r}, not edit it: ask {owner} to share it as editor"
    raise Problem(403, "editor_only", detail)


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
        UUID | None,
        Query(description="default: the caller's only or first portfolio, then one shared"),
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
    if first["access"] == OWNER:
        return first
    return await owned_portfolio(session, caller, first["portfolio_id"])


NamedPortfolio = Annotated[Row, Depends(named_portfolio)]
ChosenPortfolio = Annotated[Row, Depends(chosen_portfolio)]


async def owning_portfolio(session: Session, caller: User, position_id: UUID) -> UUID:
    """The portfolio of a position that the caller may do with what the route does.

    404 when there is none, or it is another user's; 403 when it is shared for less.
    """
    portfolio_id = await positions.portfolio_of(session, caller.user_id, position_id)
    if portfolio_id is None:
        raise not_found("position", position_id)
    if role_wanted(session) != VIEWER:
        await owned_portfolio(session, caller, portfolio_id)
    return portfolio_id


def name_taken(name: str, portfolio_id: UUID | None) -> Problem:
    """A 409 that says which portfolio has the name."""
    detail = f"you have a portfolio named {name!r} already: {portfolio_id}"
    return Problem(409, "name_taken", detail)
