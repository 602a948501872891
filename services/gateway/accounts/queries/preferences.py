"""SQL of users' preferences."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.gateway.tables import Portfolio, UserPreferences
from shared.database import Session, lock, sql_table

portfolios = sql_table(Portfolio)
preferences = sql_table(UserPreferences)


async def lock_preferences(session: Session, user_id: UUID) -> UserPreferences | None:
    """A user's preferences, if any; other changes of them wait until the transaction ends."""
    await lock(session, "preferences", user_id)
    return await load_preferences(session, user_id)


async def load_preferences(session: Session, user_id: UUID) -> UserPreferences | None:
    """A user's preferences; None until the user has saved any."""
    return await session.get(UserPreferences, user_id, populate_existing=True)


async def is_readable(session: Session, portfolio_id: UUID) -> bool:
    """Whether the transaction's user may read a portfolio."""
    named = select(portfolios.c.portfolio_id).where(portfolios.c.portfolio_id == portfolio_id)
    return await session.scalar(named) is not None


async def save_preferences(session: Session, user_id: UUID, terms: Mapping[str, object]) -> None:
    """Replace a user's preferences, and raise their version."""
    new = insert(preferences).values(user_id=user_id, version=1, **terms)
    changed = {**terms, "version": preferences.c.version + 1}
    await session.execute(
        new.on_conflict_do_update(index_elements=[preferences.c.user_id], set_=changed)
    )
