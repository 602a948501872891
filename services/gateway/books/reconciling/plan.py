"""A file met with the portfolio it is compared with: differences, cash, totals, and their hash."""

import asyncio
import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID, uuid4

from services.gateway.books import files
from services.gateway.books.files import Holding, Holdings, Sheet, Source
from services.gateway.books.files.totals import FileTotals, file_totals
from services.gateway.books.keeping import load_lines
from services.gateway.books.lot_rows import lot_row
from services.gateway.books.lots import LotLines, Written, corrected
from services.gateway.books.queries import reconciliation as queries
from services.gateway.books.queries.ledger import TransactionRow
from services.gateway.books.queries.reconciliation import CashOnDay, HeldLot
from services.gateway.books.reconciling.comparing import (
    Aspect,
    Difference,
    Entry,
    Proposal,
    cash_difference,
    differences,
    sides_of_file,
    sides_of_portfolio,
)
from services.gateway.books.schemas.uploads import UploadOptions
from services.gateway.books.uploading.plan import rules_of
from services.gateway.edge.problems import Problem
from shared.database import Session

ASSUMED_COST = "entry_price_from_market"
_HASH_DIGITS = 24  # of what lines are named by


@dataclass(frozen=True)
class Reconciliation:
    """What differs on a day. `stated_on`: the day in whose shares the file is.

    `agreeing`: how many instruments do not differ; `corrections`: the lots whose cost differs, and
    what gives each the file's, by the key of the difference.
    """

    portfolio_id: UUID
    sheet: Sheet
    holdings: Holdings
    day: date
    stated_on: date
    entry: Entry
    found: Sequence[Difference]
    agreeing: int
    cash: CashOnDay | None
    totals: FileTotals
    corrections: dict[str, Written]

    @property
    def hash(self) -> str:
        """That of everything that is shown, and of what it is about."""
        about = [str(self.portfolio_id), str(self.day), self.entry.value]
        lines = [
            [each.key, each.reason, [_written(line) for line in each.proposals]]
            for each in self.found
        ]
        corrected_lots = [
            [key, [str(line.price) for line in written.lines]]
            for key, written in self.corrections.items()
        ]
        text = json.dumps([about, lines, corrected_lots], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def _written(line: Proposal) -> list[str]:
    symbol = line.instrument.symbol if line.instrument else ""
    numbers = (line.quantity, line.price, line.amount)
    return [line.kind, symbol, *(f"{each:f}" if each is not None else "" for each in numbers)]


def prefix_of(mark: str) -> str:
    """What the ids of all lines begin with that were entered by this hash."""
    return f"reconcile:{mark[:_HASH_DIGITS]}:"


def differences_of(external_ids: Collection[str]) -> set[str]:
    """Which differences were entered, by the external ids that `written` gave their lines."""
    return {each.split(":", 2)[2].rpartition(":")[0] for each in external_ids}


async def reconcile(
    session: Session, portfolio_id: UUID, sheet: Sheet, options: UploadOptions, entry: Entry
) -> Reconciliation:
    """The file beside the portfolio on the file's day; 422 for a file of transactions."""
    if sheet.source is Source.TRANSACTIONS:
        detail = (
            "the file lists transactions: upload it, lines that the portfolio has by their id are "
            "left out; a file of positions can be compared"
        )
        raise Problem(422, "not_positions", detail)
    rules, _ = await rules_of(session, sheet, options)
    holdings = await asyncio.to_thread(files.holdings_of, sheet, rules)
    exported_on = sheet.export.exported_on if sheet.export else None
    day = min(exported_on or rules.as_of, rules.as_of)
    stated_on = rules.stated_on or day
    lots = await queries.load_held_lots(session, portfolio_id, day, stated_on)
    prices = await queries.load_last_prices(session, portfolio_id, day)
    cash = await queries.load_cash(session, portfolio_id, day)
    assumed = [each.line for each in holdings.warnings if each.code == ASSUMED_COST]
    theirs = sides_of_file(_as_listed(holdings, lots), assumed)
    ours = sides_of_portfolio(lots, prices)
    found = await asyncio.to_thread(differences, theirs, ours, entry)
    lines: dict[UUID, LotLines] = {}
    if any(each.aspect is Aspect.COST for each in found):
        lines = await load_lines(session, portfolio_id)
    costs = {each.key: _correction(portfolio_id, each, lines) for each in found}
    corrections = {key: each for key, each in costs.items() if isinstance(each, Written)}
    found = [_with_reason(each, costs[each.key]) for each in found]
    moved = [line for each in found for line in each.proposals]
    of_cash = cash_difference(_file_cash(sheet), cash.cash if cash else None, moved)
    return Reconciliation(
        portfolio_id,
        sheet,
        holdings,
        day,
        stated_on,
        entry,
        [*found, *([of_cash] if of_cash else [])],
        len({*theirs, *ours}) - len(found),
        cash,
        file_totals(sheet, holdings),
        corrections,
    )


def _as_listed(holdings: Holdings, lots: Sequence[HeldLot]) -> list[Holding]:
    """The rows with contracts of split shares by the names that they are held by."""
    held = {lot.instrument.symbol for lot in lots}
    split = {lot.instrument.symbol for lot in lots if lot.was_split}
    return files.as_listed(holdings.accepted, held, split)


def _file_cash(sheet: Sheet) -> Decimal | None:
    return sheet.export.cash if sheet.export else None


def _with_reason(difference: Difference, correction: Written | str | None) -> Difference:
    return replace(difference, reason=correction) if isinstance(correction, str) else difference


def _correction(
    portfolio_id: UUID, difference: Difference, lines: dict[UUID, LotLines]
) -> Written | str | None:
    """What gives a lot the cost of the file, or why nothing can; None where no cost differs."""
    ours = difference.portfolio
    file = difference.file
    if difference.aspect is not Aspect.COST or ours is None or file is None:
        return None
    if len(ours.lots) != 1:
        return f"its cost is that of {len(ours.lots)} lots: correct the one that is wrong"
    lot = lines.get(ours.lots[0])
    refusal = lot.refusal({"entry_price"}) if lot else None
    if lot is None or refusal is not None or not ours.cost or file.cost is None:
        return refusal.message if refusal else "its lot has no cost to correct"
    row = lot_row(portfolio_id, lot.lot)
    price = round(row.entry_price * file.cost / ours.cost, 6)
    return corrected(lot, replace(row, entry_price=price), {"entry_price"}, "file")


def chosen(plan: Reconciliation, keys: Collection[str]) -> list[Difference]:
    """The differences of these keys, cash with what the others leave; 422 for one that cannot be.

    Every key must be one of those shown.
    """
    known = {each.key: each for each in plan.found}
    errors = [_refused(key, known.get(key), plan) for key in dict.fromkeys(keys)]
    wrong = [error for error in errors if error is not None]
    if wrong:
        raise Problem(422, "invalid_difference", wrong[0]["message"], wrong)
    picked = [known[key] for key in dict.fromkeys(keys)]
    others = [each for each in picked if each.aspect is not Aspect.CASH]
    if len(others) == len(picked):
        return others
    moved = [line for each in others for line in each.proposals]
    own = plan.cash.cash if plan.cash else None
    of_cash = cash_difference(_file_cash(plan.sheet), own, moved)
    return [*others, *([of_cash] if of_cash else [])]


def _refused(
    key: str, difference: Difference | None, plan: Reconciliation
) -> dict[str, str] | None:
    if difference is None:
        message = f"{key!r} is none of the differences"
    elif difference.proposals or key in plan.corrections or difference.aspect is Aspect.CASH:
        return None
    else:
        message = f"{key}: {difference.reason}"
    return {"field": "difference", "code": "unexpected", "message": message}


def written(plan: Reconciliation, picked: Sequence[Difference], mark: str) -> list[Written]:
    """The lines of the differences, each with an id that makes it known by the hash."""
    found = []
    for each in picked:
        correction = plan.corrections.get(each.key)
        lines = [_row(plan, line) for line in each.proposals]
        undone: Sequence[UUID] = ()
        if correction is not None:
            lines = list(correction.lines)
            undone = correction.reversed
        named = [
            replace(line, external_id=f"{prefix_of(mark)}{each.key}:{place}", note=NOTE)
            for place, line in enumerate(lines)
        ]
        found.append(Written(undone, named))
    return found


NOTE = "reconciled with a file"


def _row(plan: Reconciliation, line: Proposal) -> TransactionRow:
    own = line.instrument
    terms = vars(own) if own else {}
    return TransactionRow(
        uuid4(),
        plan.portfolio_id,
        line.kind,
        plan.day,
        plan.stated_on if own else plan.day,
        "file",
        **terms,
        quantity=line.quantity,
        price=line.price,
        amount=line.amount,
    )
