"""Tags on positions: created where they are missing, within the limits."""

from collections.abc import Sequence
from uuid import UUID

from services.gateway.api.position_terms import cleaned, wrong_tags
from services.gateway.api.problems import Problem
from services.gateway.repository import books, tags
from services.gateway.tables import User
from shared.database import Session

MAX_TAGS_PER_USER = 100


async def tag_position(
    session: Session, caller: User, position_id: UUID, carried: Sequence[str], names: Sequence[str]
) -> bool:
    """Let a position that carries some tags carry just these; whether that changes anything. 422
    for unusable ones.
    """
    if errors := wrong_tags(names):
        raise Problem(422, "invalid_tags", "; ".join(error["message"] for error in errors), errors)
    wanted = {
        name.lower(): name for name in reversed([*map(cleaned, names)])
    }  # the first spelling counts
    if {name.lower() for name in carried} == set(wanted):
        return False
    await tags.lock_tags(session, caller.user_id)
    known = await books.load_tag_names(session, caller.user_id)
    refuse_too_many(len(known | set(wanted)))
    tag_ids = await tags.save_tags(session, caller.user_id, wanted.values())
    await tags.save_carried(session, position_id, set(tag_ids.values()))
    return True


def refuse_too_many(count: int) -> None:
    """422 when a user would have more tags than allowed."""
    if count > MAX_TAGS_PER_USER:
        raise Problem(422, "too_many_tags", f"a user may have at most {MAX_TAGS_PER_USER} tags")
