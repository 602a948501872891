"""What a file is, and the mappings that users save for files that no layout reads."""

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

from fastapi import File, Query, Response, UploadFile

from services.gateway.books.files.mapping import Separator
from services.gateway.books.files.recognising import Recognised, recognise_or_problem
from services.gateway.books.profiles import (
    MOST_PROFILES,
    checked_terms,
    load_own,
    owned_profile,
)
from services.gateway.books.queries import imports as queries
from services.gateway.books.queries.imports import StoredProfile
from services.gateway.books.schemas.imports import (
    MOST_HEADER_LINE,
    NewProfile,
    ProfileOut,
    RecognisedFile,
)
from services.gateway.books.uploading.reading import ONE_UPLOAD, unreadable
from services.gateway.edge import shapes as edge_shapes
from services.gateway.edge.audit import record
from services.gateway.edge.dependencies import (
    Caller,
    CallersDatabase,
    ChosenPage,
    GatewayParts,
    OpenSession,
)
from services.gateway.edge.idempotency import once_router
from services.gateway.edge.problems import Problem, documented
from services.gateway.edge.values import Page

router = once_router("/import", "import", 401, 422)


@router.post("/recognise", responses=documented(413), dependencies=[ONE_UPLOAD])
async def recognise_file(
    caller: Caller,
    gateway: GatewayParts,
    database: CallersDatabase,
    file: Annotated[UploadFile, File(description="any file of lines and cells, Flex XML or OFX")],
    separator: Annotated[
        Separator | None, Query(description="what separates cells; default: by the header")
    ] = None,
    header_line: Annotated[
        int | None, Query(ge=1, le=MOST_HEADER_LINE, description="default: as it is found")
    ] = None,
) -> RecognisedFile:
    """What a file is: the layout or profile that reads it, else its columns to be mapped.

    Nothing is written. With `separator` or `header_line` the columns are those of that header, and
    no layout is looked for. `suggested` is a mapping to begin with: `portfolio/upload` takes it as
    `mapping`, also in a dry run, and `import/profiles` saves it.
    """
    async with database.transaction() as session:
        profiles = await load_own(session, caller)
    data = await file.read(edge_shapes.MAX_BYTES + 1)
    found = await gateway.workers.run(recognise_or_problem, data, profiles, separator, header_line)
    if not isinstance(found, Recognised):
        raise unreadable(found)
    return _shown(found)


def _shown(found: Recognised) -> RecognisedFile:
    sheet = found.sheet
    answer = {
        "format": sheet.source if sheet else None,
        "layout": sheet.layout if sheet else None,
        "profile_id": sheet.profile if sheet else None,
        "lists": (sheet.lists or [sheet.use]) if sheet else [],
        "fingerprint": found.fingerprint,
        "line": found.line,
        "separator": found.separator,
        "first_lines": [vars(line) for line in found.first_lines],
        "header": [column.name for column in found.columns],
        "columns": [vars(column) for column in found.columns],
        "suggested": vars(found.suggested) if found.suggested else None,
        "rows": sheet.count if sheet else None,
        "problem": asdict(found.problem) if found.problem else None,
    }
    return RecognisedFile.model_validate(answer)


def _out(profile: StoredProfile) -> ProfileOut:
    return ProfileOut.model_validate(vars(profile))


@router.get("/profiles")
async def list_profiles(
    caller: Caller,
    session: OpenSession,
    page: ChosenPage,
    fingerprint: Annotated[
        str | None, Query(max_length=64, description="of the header of a file")
    ] = None,
) -> Page[ProfileOut]:
    """The caller's saved mappings, by name."""
    rows = await queries.load_profiles(session, caller.user_id, fingerprint)
    return Page[ProfileOut].model_validate(page.of([_out(row) for row in rows]))


@router.post("/profiles", status_code=201, responses=documented(409))
async def create_profile(wanted: NewProfile, caller: Caller, session: OpenSession) -> ProfileOut:
    """Save a mapping: files with this header are read by it from then on."""
    terms = await checked_terms(session, caller, wanted, None)
    if len(await queries.load_profiles(session, caller.user_id)) >= MOST_PROFILES:
        detail = f"you have {MOST_PROFILES} profiles: delete one first"
        raise Problem(409, "too_many_profiles", detail)
    profile_id = await queries.save_profile(session, caller.user_id, terms)
    await record(session, "import_profile.created", profile_id, name=wanted.name)
    return _out(await owned_profile(session, caller, profile_id))


@router.get("/profiles/{profile_id}", responses=documented(404))
async def get_profile(profile_id: UUID, caller: Caller, session: OpenSession) -> ProfileOut:
    """One saved mapping."""
    return _out(await owned_profile(session, caller, profile_id))


@router.put("/profiles/{profile_id}", responses=documented(404, 409))
async def edit_profile(
    profile_id: UUID, wanted: NewProfile, caller: Caller, session: OpenSession
) -> ProfileOut:
    """Replace a saved mapping; what was imported by it stays as it is."""
    await owned_profile(session, caller, profile_id)
    terms = await checked_terms(session, caller, wanted, profile_id)
    await queries.save_profile_terms(session, caller.user_id, profile_id, terms)
    await record(session, "import_profile.edited", profile_id, name=wanted.name)
    return _out(await owned_profile(session, caller, profile_id))


@router.delete("/profiles/{profile_id}", status_code=204, responses=documented(404))
async def delete_profile(profile_id: UUID, caller: Caller, session: OpenSession) -> Response:
    """Delete a saved mapping; what was imported by it stays as it is."""
    profile = await owned_profile(session, caller, profile_id)
    await queries.delete_profile(session, caller.user_id, profile_id)
    await record(session, "import_profile.deleted", profile_id, name=profile.name)
    return Response(status_code=204)
