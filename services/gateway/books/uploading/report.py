"""The report on an upload."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from fastapi import Response

from services.gateway.books import files
from services.gateway.books.files import OTHER_SECTION, Change, Entry, Sheet
from services.gateway.books.files import Problem as RowProblem
from services.gateway.books.files.instruments import symbol_of
from services.gateway.books.files.mapping import Use
from services.gateway.books.files.totals import file_totals
from services.gateway.books.queries.portfolios import OpenTotals
from services.gateway.books.schemas.uploads import (
    SHARES_OF_ENTRY_DATE,
    Mode,
    RestatedSessions,
    UploadOptions,
    UploadReport,
)
from services.gateway.books.uploading.plan import Plan, Started
from services.gateway.edge.queries import Row
from services.gateway.edge.shapes import half_away
from services.gateway.edge.written import Written, rows_written, written
from shared.instruments import position_type


def change_counts(plan: Plan) -> dict[str, int]:
    kinds = [*(change.kind for change in plan.changes), *("new" for _ in plan.entries)]
    return {kind: kinds.count(kind) for kind in ("new", "updated", "unchanged")}


async def upload_answer(
    plan: Plan,
    options: UploadOptions,
    portfolio: Row | None,
    started: Started,
    totals: OpenTotals | None,
) -> Response:
    """The report as an answer, serialized in a thread; `totals` of the portfolio, if there is one.

    It has a line for each of thousands of rows, which would hold up the event loop.
    """
    created = plan.portfolio is None and portfolio is not None
    body = await asyncio.to_thread(_report, plan, options, portfolio, started, totals)
    return Response(body, 201 if created else 200, media_type="application/json")


def _report(
    plan: Plan,
    options: UploadOptions,
    portfolio: Row | None,
    started: Started,
    totals: OpenTotals | None,
) -> Written:
    return written(
        UploadReport,
        {
            "portfolio": portfolio,
            "source": _source(plan),
            "dry_run": bool(options.dry_run),
            "mode": options.mode or Mode.PARTIAL,
            "as_of": plan.rules.as_of,
            "stated_on": SHARES_OF_ENTRY_DATE
            if plan.rules.shares_of_entry_date
            else plan.stated_on,
            "rows": plan.sheet.count,
            **change_counts(plan),
            "rejected": len(plan.rejected_lines),
            "receipt": _receipt(plan),
            "totals": {
                "file": vars(_totals(plan)),
                "portfolio": totals and vars(totals),
                "export": _export_totals(plan),
            },
            "changes": [_change_row(change) for change in plan.changes],
            "transactions": entry_rows(plan.entries),
            "problems": [vars(problem) for problem in plan.holdings.problems],
            "warnings": [vars(warning) for warning in _warnings(plan, options)],
            "restated": RestatedSessions.of(started.restated),
            "run_id": started.run_id,
        },
    )


def _receipt(plan: Plan) -> dict[str, int]:
    """What became of every line of the file.

    Skipped are those of a broker's export that are no position, or a part of one on another line.
    """
    counts = change_counts(plan)
    refused = len(plan.rejected_lines)
    passed = len(plan.sheet.export.skipped) if plan.sheet.export else 0
    rows = plan.sheet.count + passed
    skipped = rows - sum(counts.values()) - refused
    return {"rows": rows, **counts, "refused": refused, "skipped": skipped}


def _totals(plan: Plan) -> OpenTotals:
    """What the file holds open, of the rows that were not refused."""
    held = [each for each in plan.holdings.accepted if each.exit_date is None]
    costs = [each.quantity * each.multiplier * each.entry_price for each in held]
    export = plan.sheet.export
    return OpenTotals(
        len(held),
        sum((cost for cost in costs if cost > 0), Decimal(0)),
        sum((cost for cost in costs if cost < 0), Decimal(0)),
        export.cash if export else None,
    )


def _export_totals(plan: Plan) -> dict[str, Decimal | None] | None:
    """The export's own total beside its lines, of which some may be refused."""
    sheet = plan.sheet
    if sheet.export is None or sheet.use is not Use.POSITIONS:
        return None
    found = file_totals(sheet, plan.holdings)
    return {**vars(found), "difference": found.difference, "reason": found.reason}


def _source(plan: Plan) -> dict[str, Any]:
    export = plan.sheet.export
    described = (
        asdict(export)
        if export
        else {"accounts": [], "exported_on": None, "cash": None, "skipped": []}
    )
    entered = files.entry_date(plan.sheet, plan.rules) if plan.sheet.undated else None
    skipped = [*described["skipped"], *map(asdict, plan.skipped)]
    return {
        **described,
        "skipped": skipped,
        "ignored": plan.sheet.ignored,
        "format": plan.sheet.source,
        "layout": plan.sheet.layout,
        "profile_id": plan.sheet.profile,
        "lists": plan.sheet.lists or [plan.sheet.use],
        "entry_date": entered,
        "equity_balance": plan.exported_equity,
    }


def _warnings(plan: Plan, options: UploadOptions) -> list[RowProblem]:
    """What the rows' reader should know, after what concerns the file as a whole."""
    whole = []
    if options.entry_date and not plan.sheet.undated:
        message = "the file has entry dates: the entry_date you sent is not used"
        whole.append(RowProblem(plan.sheet.line, "entry_date", "entry_date_unused", message))
    return [*whole, *_tables_not_read(plan.sheet), *plan.holdings.warnings]


def _tables_not_read(sheet: Sheet) -> list[RowProblem]:
    """A warning for each part of the file that is skipped, at its first line: how to read it."""
    skipped = sheet.export.skipped if sheet.export else ()
    found: dict[str, list[int]] = {}
    for each in skipped:
        if each.code == OTHER_SECTION:
            found.setdefault(each.message, []).append(each.line)
    return [
        RowProblem(
            lines[0],
            None,
            "table_not_read",
            f"a table ({len(lines)} lines, {lines[0]} to {lines[-1]}) was not read: {message}",
        )
        for message, lines in found.items()
    ]


def entry_rows(entries: Sequence[Entry]) -> Written:
    """The lines as a list of `EntryOut`: there may be a hundred thousand."""
    six = _Rounded(6)
    two = _Rounded(2)
    return rows_written(
        [
            {
                "line": entry.line,
                "kind": entry.kind,
                "trade_date": entry.trade_date,
                "symbol": None if entry.instrument is None else symbol_of(entry.instrument),
                "quantity": six[entry.quantity],
                "price": six[entry.price],
                "amount": two[entry.amount],
                "fees": two[entry.fees],
                "external_id": entry.external_id,
            }
            for entry in entries
        ]
    )


class _Rounded(dict[Decimal | None, float | None]):
    """Numbers with so many decimals, each rounded once on however many lines it is."""

    def __init__(self, decimals: int) -> None:
        super().__init__({None: None})
        self._decimals = decimals

    def __missing__(self, number: Decimal) -> float:
        rounded = self[number] = half_away(number, self._decimals)
        return rounded


def _change_row(change: Change) -> dict[str, Any]:
    holding = change.holding
    option_type = holding.option.option_type if holding.option else None
    return {
        "line": holding.line,
        "symbol": holding.symbol,
        "position_type": position_type(option_type, holding.quantity),
        "entry_date": holding.entry_date,
        "tags": list(holding.tags),
        "kind": change.kind,
        "was": vars(change.was.terms) if change.was else None,
        **vars(change.terms),
    }
