"""A user's tags: words for positions, with a colour; deleting one takes it off every position."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response

from services.gateway.books.editing import cleaned, refuse_too_many, wrong_tags
from services.gateway.books.queries import portfolios, tags
from services.gateway.books.schemas.tags import NewTag, TagEdit, TagOut
from services.gateway.books.shapes import strategies
from services.gateway.edge.audit import record
from services.gateway.edge.dependencies import Caller, ChosenPage, OpenSession
from services.gateway.edge.idempotency import once_router
from services.gateway.edge.problems import Problem, documented, not_found
from services.gateway.edge.queries import Row
from services.gateway.edge.values import Page
from services.gateway.runs.queries import revisions
from services.gateway.tables import User
from shared.database import Session
from shared.texts import folded

router = once_router("/tags", "tags", 401, 422)


@router.get("", response_model=Page[TagOut])
async def list_tags(
    caller: Caller,
    session: OpenSession,
    page: ChosenPage,
    search: Annotated[str | None, Query(max_length=50, description="a part of the name")] = None,
) -> dict[str, Any]:
    """The caller's tags by name, with how many positions carry each."""
    rows, total = await tags.load_tags(session, caller.user_id, search, page.limit, page.offset)
    return page.page([_tag(row) for row in rows], total)


@router.post("", status_code=201, response_model=TagOut, responses=documented(409))
async def create_tag(wanted: NewTag, caller: Caller, session: OpenSession) -> dict[str, Any]:
    """Create a tag. One named `strategy:<name>` groups a strategy."""
    name = _usable(wanted.name)
    await tags.lock_tags(session, caller.user_id)
    known = await portfolios.load_tag_names(session, caller.user_id)
    refuse_too_many(known, [folded(name)], is_shared=False)
    tag_id = await tags.save_tag(session, caller.user_id, name, wanted.colour.lower())
    if tag_id is None:
        raise _taken(name, await tags.tag_named(session, caller.user_id, name))
    await record(session, "tag.created", tag_id, name=name)
    return _tag(await _owned(session, caller, tag_id))


@router.get("/{tag_id}", response_model=TagOut, responses=documented(404))
async def get_tag(tag_id: UUID, caller: Caller, session: OpenSession) -> dict[str, Any]:
    """One tag."""
    return _tag(await _owned(session, caller, tag_id))


@router.put("/{tag_id}", response_model=TagOut, responses=documented(404, 409))
async def edit_tag(
    tag_id: UUID, wanted: TagEdit, caller: Caller, session: OpenSession
) -> dict[str, Any]:
    """Rename a tag or give it another colour: what is left out stays."""
    await tags.lock_tags(session, caller.user_id)
    before = await _owned(session, caller, tag_id)
    name = before["name"] if wanted.name is None else _usable(wanted.name)
    after = {"name": name, "colour": (wanted.colour or before["colour"]).lower()}
    holder = await tags.tag_named(session, caller.user_id, name)
    if holder not in (None, tag_id):
        raise _taken(name, holder)
    changes = {key: value for key, value in after.items() if before[key] != value}
    if changes:
        await tags.save_tag_terms(session, caller.user_id, tag_id, changes)
        await record(
            session, "tag.edited", tag_id, was={key: before[key] for key in changes}, now=changes
        )
        await revisions.raise_revision(session, await tags.portfolios_with(session, tag_id))
    return _tag(await _owned(session, caller, tag_id))


@router.delete("/{tag_id}", status_code=204, responses=documented(404))
async def delete_tag(tag_id: UUID, caller: Caller, session: OpenSession) -> Response:
    """Delete a tag: it is taken off every position, and the positions stay."""
    await tags.lock_tags(session, caller.user_id)
    before = await _owned(session, caller, tag_id)
    concerned = await tags.portfolios_with(session, tag_id)
    await tags.delete_tag(session, caller.user_id, tag_id)
    await record(session, "tag.deleted", tag_id, name=before["name"], positions=before["positions"])
    await revisions.raise_revision(session, concerned)
    return Response(status_code=204)


async def _owned(session: Session, caller: User, tag_id: UUID) -> Row:
    row = await tags.load_tag(session, caller.user_id, tag_id)
    if row is None:
        raise not_found("tag", tag_id)
    return row


def _tag(row: Row) -> dict[str, Any]:
    return {**row, "strategy": next(iter(strategies([row["name"]])), None)}


def _usable(name: str) -> str:
    """The name without white space around it; 422 when it breaks the rules of tags."""
    if errors := wrong_tags([name]):
        named = [{**error, "field": "name"} for error in errors]
        raise Problem(422, "invalid_tag", errors[0]["message"], named)
    return cleaned(name)


def _taken(name: str, tag_id: UUID | None) -> Problem:
    return Problem(409, "tag_exists", f"you have a tag named {name!r} already: {tag_id}")
