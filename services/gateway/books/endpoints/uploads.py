"""Upload of a position file."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, File, Form, Query, Request, Response, UploadFile

from services.gateway.books.dependencies import owned_portfolio
from services.gateway.books.files.mapping import Use
from services.gateway.books.profiles import MAPPING, chosen_profiles
from services.gateway.books.queries.portfolios import load_totals
from services.gateway.books.schemas.portfolios import EquityBalance, PortfolioName
from services.gateway.books.schemas.uploads import (
    DayOfShares,
    Duplicates,
    Mode,
    UploadOptions,
    UploadReport,
)
from services.gateway.books.uploading.plan import Started, plan_upload, refuse_unusable
from services.gateway.books.uploading.reading import ONE_UPLOAD, read_sheet
from services.gateway.books.uploading.report import upload_answer
from services.gateway.books.uploading.writing import (
    record_upload,
    save_portfolio,
    start_upload_runs,
    warnings_of_writing,
    write_changes,
)
from services.gateway.edge import shapes as edge_shapes
from services.gateway.edge.dependencies import Caller, CallersDatabase, GatewayParts
from services.gateway.edge.idempotency import (
    BEFORE_ASKING,
    LaterTransaction,
    forget_answer,
    once_router,
)
from services.gateway.edge.problems import Problem
from shared.contracts.event import Day


def upload_options(
    query: Annotated[UploadOptions, Query()],
    portfolio_id: Annotated[UUID | None, Form()] = None,
    profile_id: Annotated[UUID | None, Form()] = None,
    use: Annotated[Use | None, Form()] = None,
    portfolio_name: Annotated[PortfolioName | None, Form()] = None,
    name: Annotated[PortfolioName | None, Form(description="the same as `portfolio_name`")] = None,
    equity_balance: Annotated[EquityBalance | None, Form()] = None,
    mode: Annotated[Mode | None, Form()] = None,
    dry_run: Annotated[bool | None, Form()] = None,
    as_of: Annotated[Day | None, Form()] = None,
    stated_on: Annotated[DayOfShares | None, Form()] = None,
    entry_date: Annotated[Day | None, Form()] = None,
    equity_date: Annotated[Day | None, Form()] = None,
    duplicates: Annotated[Duplicates | None, Form()] = None,
) -> UploadOptions:
    """The form's fields where they are given, else the query's; `name` becomes `portfolio_name`."""
    form = {
        "portfolio_id": portfolio_id,
        "profile_id": profile_id,
        "use": use,
        "portfolio_name": _one_name(portfolio_name, name)
        or _one_name(query.portfolio_name, query.name),
        "equity_balance": equity_balance,
        "mode": mode,
        "dry_run": dry_run,
        "as_of": as_of,
        "stated_on": stated_on,
        "entry_date": entry_date,
        "equity_date": equity_date,
        "duplicates": duplicates,
    }
    given = {key: value for key, value in form.items() if value is not None}
    return query.model_copy(update={**given, "name": None})


def _one_name(portfolio_name: str | None, name: str | None) -> str | None:
    if portfolio_name and name and portfolio_name != name:
        raise Problem(
            422, "two_names", "name and portfolio_name are the same thing: send one of them"
        )
    return portfolio_name or name


FILE = (
    "lines of cells (five columns, twelve columns, the files of brokers that are known, "
    "transactions in the columns of most brokers, or any columns by a mapping), Flex XML, or OFX"
)
router = once_router("/portfolio", "portfolio", 401, 404, 409, 413, 422)


@router.post(
    "/upload",
    response_model=UploadReport,
    responses={201: {"model": UploadReport}},
    dependencies=[ONE_UPLOAD, BEFORE_ASKING],
)
async def upload_positions(
    request: Request,
    caller: Caller,
    gateway: GatewayParts,
    later: LaterTransaction,
    database: CallersDatabase,
    options: Annotated[UploadOptions, Depends(upload_options)],
    file: Annotated[UploadFile, File(description=FILE)],
    mapping: Annotated[str | None, Form(description=MAPPING, max_length=100_000)] = None,
) -> Response:
    """Load a file into a new portfolio (201) or an existing one (200).

    `dry_run` previews and writes nothing. Good rows load and bad rows are reported
    (`mode=partial`), or one bad row keeps all out (`all_or_nothing`). Rows are matched with the
    portfolio's lots by instrument, entry date and entry price, then in order: new, updated or
    unchanged; nothing is ever deleted. A file of transactions is entered line by line, without the
    lines whose id the portfolio has already.
    """
    async with database.transaction() as session:
        if options.portfolio_id is not None:  # before anything is said about the file
            await owned_portfolio(session, caller, options.portfolio_id)
        profiles = await chosen_profiles(session, caller, options.profile_id, mapping)
    data = await file.read(edge_shapes.MAX_BYTES + 1)
    sheet = await read_sheet(gateway.workers, data, profiles, options.use)
    session = await later.open()
    plan = await plan_upload(session, caller, sheet, options, file.filename)
    await refuse_unusable(session, caller, plan, options)
    if options.dry_run:
        forget_answer(request)
        warnings = await warnings_of_writing(session, caller, plan, options, file.filename)
        before = plan.portfolio
        totals = await load_totals(session, before["portfolio_id"]) if before else None
        return await upload_answer(plan.warned(warnings), options, before, Started(), totals)
    portfolio_id = await save_portfolio(session, caller, plan, options, file.filename)
    written = await write_changes(session, caller, portfolio_id, plan)
    started = await start_upload_runs(session, caller, portfolio_id, plan, written.since)
    await record_upload(session, portfolio_id, plan, file.filename)
    portfolio = await owned_portfolio(session, caller, portfolio_id)
    totals = await load_totals(session, portfolio_id)
    return await upload_answer(plan.warned(written.warnings), options, portfolio, started, totals)
