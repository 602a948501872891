"""What an export says it is worth beside what its lines add up to."""

from dataclasses import dataclass
from decimal import Decimal

from services.gateway.books.files.brokers import money
from services.gateway.books.files.holdings import Holdings, Sheet


@dataclass(frozen=True)
class FileTotals:
    """What an export says it is worth beside what its lines add up to, USD.

    `refused`: of the lines with problems, as far as they say it. `difference`: what is left of the
    total; None without one.
    """

    total: Decimal | None
    positions: Decimal
    refused: Decimal
    cash: Decimal | None

    @property
    def difference(self) -> Decimal | None:
        """The total less positions, refused lines and cash."""
        if self.total is None:
            return None
        return self.total - self.positions - self.refused - (self.cash or Decimal(0))


def file_totals(sheet: Sheet, holdings: Holdings) -> FileTotals:
    """The market values of a file of positions, beside its own total."""
    refused = {problem.line for problem in holdings.problems}
    values = (money(row.cells.get("market_value", "")) for row in sheet.rows if row.line in refused)
    export = sheet.export
    return FileTotals(
        export.total if export else None,
        sum((each.market_value or Decimal(0) for each in holdings.accepted), Decimal(0)),
        sum((value for value in values if value is not None), Decimal(0)),
        export.cash if export else None,
    )
