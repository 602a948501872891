"""Mappings of files as users save them, and as the reader of files has them."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from uuid import UUID

from pydantic import ValidationError

from services.gateway.books.files.mapping import Profile, fingerprint, problems_of
from services.gateway.books.queries import imports as queries
from services.gateway.books.queries.imports import StoredProfile
from services.gateway.books.schemas.imports import FileMapping, NewProfile
from services.gateway.edge.problems import Problem, field_error, not_found
from services.gateway.tables import User
from shared.database import Session
from shared.texts import folded

MOST_PROFILES = 100
MAPPING = "JSON, as in `import/profiles`: read the file by this mapping, which is not saved"


def as_profile(row: StoredProfile) -> Profile:
    """A stored row as the reader of files has it."""
    mapping = FileMapping.model_validate(row.mapping).as_mapping()
    return Profile(row.name, tuple(row.header), mapping, str(row.profile_id), exact=True)


async def load_own(session: Session, caller: User, profile_id: UUID | None = None) -> list[Profile]:
    """The caller's profiles, or the one that is named; 404 when it is not the caller's.

    One that is named reads any file with the columns that it maps.
    """
    if profile_id is None:
        return [as_profile(row) for row in await queries.load_profiles(session, caller.user_id)]
    named = as_profile(await owned_profile(session, caller, profile_id))
    return [replace(named, header=tuple(named.mapping.columns), exact=False)]


async def owned_profile(session: Session, caller: User, profile_id: UUID) -> StoredProfile:
    """The caller's profile; 404 when there is none."""
    row = await queries.load_profile(session, caller.user_id, profile_id)
    if row is None:
        raise not_found("profile", profile_id)
    return row


async def checked_terms(
    session: Session, caller: User, wanted: NewProfile, besides: UUID | None
) -> dict[str, object]:
    """What is to be stored; 422 for a mapping that cannot be used, 409 for a name or header taken.

    `besides`: the profile that is changed. Other changes of the caller's profiles wait.
    """
    refuse_unusable(wanted.mapping, wanted.header)
    mark = fingerprint(wanted.header)
    await queries.lock_profiles(session, caller.user_id)
    taken = await queries.load_taken(session, caller.user_id, wanted.name, mark, besides)
    if taken is not None:
        field = "name" if folded(taken) == folded(wanted.name) else "header"
        detail = f"your profile {taken!r} has this {field} already: change that one, or delete it"
        error = {"field": field, "code": "repeated", "message": detail}
        raise Problem(409, "profile_exists", detail, [error])
    return {
        "name": wanted.name,
        "fingerprint": mark,
        "header": wanted.header,
        "mapping": wanted.mapping.model_dump(mode="json"),
    }


def refuse_unusable(mapping: FileMapping, header: Sequence[str]) -> None:
    """422 with everything that makes a mapping unusable for files with this header."""
    errors = [asdict(each) for each in problems_of(mapping.as_mapping(), header)]
    if errors:
        named = [{**error, "field": f"mapping.{error['field']}"} for error in errors]
        raise Problem(422, "invalid_mapping", str(errors[0]["message"]), named)


async def chosen_profiles(
    session: Session, caller: User, profile_id: UUID | None, mapping: str | None
) -> list[Profile]:
    """What the caller's file may be read by: a mapping that is sent, a profile named, or any own.

    422 for a mapping that cannot be used.
    """
    if mapping is None:
        return await load_own(session, caller, profile_id)
    if profile_id is not None:
        detail = "send mapping or profile_id, not both: a profile is a mapping that is saved"
        errors = [{"field": "mapping", "code": "unexpected", "message": detail}]
        raise Problem(422, "invalid_mapping", detail, errors)
    try:
        sent = FileMapping.model_validate_json(mapping)
    except ValidationError as error:
        raise _not_a_mapping(error, mapping) from None
    header = tuple(sent.columns)
    refuse_unusable(sent, header)
    return [Profile("the mapping sent", header, sent.as_mapping())]


def _not_a_mapping(error: ValidationError, mapping: str) -> Problem:
    found = error.errors()
    sent = None if found[0]["type"] == "json_invalid" else json.loads(mapping)
    errors = [field_error(each, sent, "mapping").model_dump() for each in found]
    return Problem(422, "invalid_mapping", f"mapping: {errors[0]['message']}", errors)
