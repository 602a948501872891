"""A broker's file beside a portfolio: what differs, and the lines that remove it."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated
from uuid import UUID

from fastapi import File, Form, Query, UploadFile

from services.gateway.books.booking import follow_lines
from services.gateway.books.dependencies import owned_portfolio, refuse_draft
from services.gateway.books.files import Sheet
from services.gateway.books.keeping import FILE, write_lines
from services.gateway.books.profiles import MAPPING, chosen_profiles
from services.gateway.books.queries import portfolios
from services.gateway.books.queries.reconciliation import load_lines_of
from services.gateway.books.queries.transactions import load_entered
from services.gateway.books.reconciling.comparing import Difference, Proposal, Side
from services.gateway.books.reconciling.plan import (
    Reconciliation,
    chosen,
    differences_of,
    prefix_of,
    reconcile,
    written,
)
from services.gateway.books.schemas.reconciliations import (
    ApplyOptions,
    CashOut,
    DifferenceOut,
    ProposedLine,
    ReconciledOut,
    ReconcileOptions,
    ReconciliationOut,
    SideOut,
)
from services.gateway.books.schemas.uploads import (
    FileTotalsOut,
    RestatedSessions,
    SkippedLine,
    UploadOptions,
)
from services.gateway.books.statements import lines
from services.gateway.books.uploading.reading import ONE_UPLOAD, read_sheet
from services.gateway.edge import shapes as edge_shapes
from services.gateway.edge.audit import record
from services.gateway.edge.dependencies import (
    Caller,
    CallersDatabase,
    Gateway,
    GatewayParts,
)
from services.gateway.edge.idempotency import once_router
from services.gateway.edge.problems import FieldError, Problem
from services.gateway.edge.values import Warned
from services.gateway.tables import User
from shared.database import Database, Session

router = once_router("/reconcile", "reconcile", 401, 404, 409, 413, 422)
ANY_FILE = Annotated[UploadFile, File(description="positions, as an upload takes them")]
SentMapping = Annotated[str | None, Form(description=MAPPING, max_length=100_000)]


@router.post("", dependencies=[ONE_UPLOAD])
async def reconcile_file(
    caller: Caller,
    gateway: GatewayParts,
    database: CallersDatabase,
    options: Annotated[ReconcileOptions, Query()],
    file: ANY_FILE,
    mapping: SentMapping = None,
) -> ReconciliationOut:
    """Compare a file of positions with a portfolio on the file's day; nothing is written.

    What is missing, extra, of another quantity or cost, and cash, each with the transactions that
    would remove it. Lines with problems are compared with nothing, and are in the totals.
    """
    sheet = await _sheet(caller, gateway, database, options, file, mapping)
    async with database.transaction() as session:
        await owned_portfolio(session, caller, options.portfolio_id)
        plan = await reconcile(
            session, options.portfolio_id, sheet, _as_upload(options), options.lines
        )
    return await asyncio.to_thread(_shown, plan)


@router.post("/apply", dependencies=[ONE_UPLOAD])
async def apply_differences(
    caller: Caller,
    gateway: GatewayParts,
    database: CallersDatabase,
    options: Annotated[ApplyOptions, Query()],
    file: ANY_FILE,
    mapping: SentMapping = None,
) -> ReconciledOut:
    """Enter the chosen differences as transactions, with the hash of what was shown.

    All of them or none. The same request again enters nothing, and shows what was entered. 409
    when the comparison is another one by now.
    """
    sheet = await _sheet(caller, gateway, database, options, file, mapping)
    async with database.transaction() as session:
        answer = await _applied(session, caller, sheet, options)
    gateway.relay.wake()
    return answer


async def _sheet(
    caller: User,
    gateway: Gateway,
    database: Database,
    options: ReconcileOptions,
    file: UploadFile,
    mapping: str | None,
) -> Sheet:
    """The file's cells; 404 before it is read when the portfolio is not the caller's."""
    async with database.transaction() as session:
        await owned_portfolio(session, caller, options.portfolio_id)
        profiles = await chosen_profiles(session, caller, options.profile_id, mapping)
    data = await file.read(edge_shapes.MAX_BYTES + 1)
    return await read_sheet(gateway.workers, data, profiles)


def _as_upload(options: ReconcileOptions) -> UploadOptions:
    return UploadOptions(as_of=options.as_of, stated_on=options.stated_on)


async def _applied(
    session: Session, caller: User, sheet: Sheet, options: ApplyOptions
) -> ReconciledOut:
    portfolio_id = options.portfolio_id
    mark = options.comparison
    await refuse_draft(session, portfolio_id)
    await portfolios.lock_portfolio(session, portfolio_id)
    await owned_portfolio(session, caller, portfolio_id)
    if not options.difference:
        message = "name at least one difference of those that were shown"
        error = {"field": "difference", "code": "missing_value", "message": message}
        raise Problem(422, "invalid_difference", message, [error])
    before = await load_lines_of(session, portfolio_id, prefix_of(mark))
    if before:
        if differences_of(before.values()) != set(options.difference):
            detail = "other differences of this comparison were entered already: compare again"
            raise Problem(409, "reconciliation_changed", detail)
        return await _answer(session, portfolio_id, mark, list(before), None, repeated=True)
    plan = await reconcile(session, portfolio_id, sheet, _as_upload(options), options.lines)
    if plan.hash != mark:
        detail = (
            "the file or the portfolio is another one since the comparison was shown: compare again"
        )
        raise Problem(409, "reconciliation_changed", detail)
    entered = written(plan, chosen(plan, options.difference), mark)
    rows = [line for each in entered for line in each.lines]
    if not rows:
        raise Problem(409, "nothing_to_apply", "the chosen differences need no transaction")
    await write_lines(session, portfolio_id, entered, FILE)
    identities = [row.transaction_id for row in rows]
    first = min(row.trade_date for row in rows)
    booked = await follow_lines(session, caller, portfolio_id, identities, first)
    await record(
        session,
        "portfolio.reconciled",
        portfolio_id,
        hash=mark,
        transactions=len(rows),
    )
    started = (booked.run_id, RestatedSessions.of(booked.restated))
    return await _answer(session, portfolio_id, mark, identities, started, repeated=False)


async def _answer(
    session: Session,
    portfolio_id: UUID,
    mark: str,
    identities: Sequence[UUID],
    started: tuple[UUID | None, RestatedSessions | None] | None,
    *,
    repeated: bool,
) -> ReconciledOut:
    found = await load_entered(session, portfolio_id, identities)
    run_id, restated = started or (None, None)
    warnings: list[Warned] = []
    content = {
        "hash": mark,
        "repeated": repeated,
        "transactions": [lines.entered_line(line) for line in found],
        "skipped": [],
        "run_id": run_id,
        "restated": restated,
        "warnings": warnings,
    }
    return ReconciledOut.model_validate(content, from_attributes=True)


# --- what is shown ---


def _shown(plan: Reconciliation) -> ReconciliationOut:
    sheet = plan.sheet
    totals = plan.totals
    problems = [FieldError.model_validate(asdict(each)) for each in plan.holdings.problems]
    warnings = [FieldError.model_validate(asdict(each)) for each in plan.holdings.warnings]
    skipped = sheet.export.skipped if sheet.export else ()
    return ReconciliationOut(
        portfolio_id=plan.portfolio_id,
        day=plan.day,
        stated_on=plan.stated_on,
        format=sheet.source,
        layout=sheet.layout,
        lines=plan.entry,
        hash=plan.hash,
        agreeing=plan.agreeing,
        differences=[_difference(each, plan) for each in plan.found],
        cash=_cash(plan),
        totals=FileTotalsOut.model_validate(
            {**vars(totals), "difference": totals.difference, "reason": totals.reason}
        ),
        rows=sheet.count,
        refused=len({each.line for each in plan.holdings.problems}),
        problems=problems,
        warnings=warnings,
        skipped=[SkippedLine.model_validate(asdict(line)) for line in skipped],
    )


def _difference(each: Difference, plan: Reconciliation) -> DifferenceOut:
    correction = plan.corrections.get(each.key)
    shown = [_proposed(line) for line in each.proposals]
    if correction is not None:
        undone = next(iter(correction.reversed), None)
        shown = [
            ProposedLine.model_validate(
                {
                    **{name: getattr(line, name) for name in _LINE},
                    "amount": None,
                    "cash": 0,
                    "reverses": undone,
                }
            )
            for line in correction.lines
        ]
    file = each.file
    ours = each.portfolio
    instruments = file or ours
    costs = (file.cost if file else 0, ours.cost if ours else 0)
    return DifferenceOut.model_validate(
        {
            "id": each.key,
            "kind": each.aspect,
            "symbol": each.symbol,
            "file": _side(file),
            "portfolio": _side(ours),
            "quantity": (
                (file.quantity if file else 0) - (ours.quantity if ours else 0)
                if instruments
                else None
            ),
            "cost": (
                costs[0] - costs[1]
                if instruments and costs[0] is not None and costs[1] is not None
                else None
            ),
            "transactions": shown,
            "reason": each.reason,
        }
    )


_LINE = ("kind", "symbol", "quantity", "price")


def _side(side: Side | None) -> SideOut | None:
    return None if side is None else SideOut.model_validate(vars(side))


def _proposed(line: Proposal) -> ProposedLine:
    return ProposedLine.model_validate(
        {
            "kind": line.kind,
            "symbol": line.instrument.symbol if line.instrument else None,
            "quantity": line.quantity,
            "price": line.price,
            "amount": line.amount,
            "cash": line.cash,
            "reverses": None,
        }
    )


def _cash(plan: Reconciliation) -> CashOut:
    file = plan.totals.cash
    own = plan.cash
    reason = None
    if file is None:
        reason = "the file does not say its cash"
    elif own is None:
        reason = "the portfolio has no snapshot by that day"
    return CashOut.model_validate(
        {
            "file": file,
            "portfolio": own.cash if own else None,
            "portfolio_as_of": own.as_of if own else None,
            "difference": file - own.cash if file is not None and own is not None else None,
            "reason": reason,
        }
    )
