"""What an export says it is worth beside what its lines add up to."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from services.gateway.books.files.brokers import money
from services.gateway.books.files.holdings import Holdings, Sheet


@dataclass(frozen=True)
class FileTotals:
    """What an export says it is worth beside what its lines add up to, USD.

    `positions` and `refused` (of the lines with problems): of the lines that say their value; None
    where none does. `difference`: what is left of the total; None without one.
    """

    total: Decimal | None
    positions: Decimal | None
    refused: Decimal | None
    cash: Decimal | None

    @property
    def difference(self) -> Decimal | None:
        """The total less positions, refused lines and cash."""
        if self.total is None:
            return None
        parts = (self.positions, self.refused, self.cash)
        return self.total - sum((part for part in parts if part is not None), Decimal(0))

    @property
    def reason(self) -> str | None:
        """What the file does not say."""
        missing = [
            name
            for name, value in (("total", self.total), ("market values", self.positions))
            if value is None
        ]
        return f"the file has no {' and no '.join(missing)}" if missing else None


def file_totals(sheet: Sheet, holdings: Holdings) -> FileTotals:
    """The market values of a file of positions, beside its own total."""
    refused = {problem.line for problem in holdings.problems}
    values = (money(row.cells.get("market_value", "")) for row in sheet.rows if row.line in refused)
    export = sheet.export
    return FileTotals(
        export.total if export else None,
        _sum_of(each.market_value for each in holdings.accepted),
        _sum_of(values),
        export.cash if export else None,
    )


def _sum_of(values: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of what is known; None where there is something, and nothing of it is."""
    found = list(values)
    known = [value for value in found if value is not None]
    return sum(known, Decimal(0)) if known or not found else None
