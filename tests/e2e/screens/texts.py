"""How the page writes numbers, and the texts of its tables."""

from decimal import ROUND_HALF_UP, Decimal

from playwright.sync_api import Locator

MILLION = 1_000_000


def compact(value: float | None, *, plus: bool = True) -> str:
    """USD without cents, millions with two decimals."""
    if value is None:
        return "–"
    size = abs(Decimal(str(value)))
    if size >= MILLION:
        text = f"{_rounded(size / MILLION, '0.01'):.2f}M"
    else:
        text = f"{_rounded(size, '1'):,}"
    return _signed(f"${text}", value, plus)


def cents(value: float | None, *, plus: bool = True) -> str:
    """USD with cents."""
    if value is None:
        return "–"
    return _signed(f"${_rounded(abs(Decimal(str(value))), '0.01'):,}", value, plus)


def percent(value: float | None, *, plus: bool = False) -> str:
    """A share or a decimal with two decimals of a percent."""
    if value is None:
        return "–"
    return _signed(f"{_rounded(abs(Decimal(str(value))) * 100, '0.01'):,}%", value, plus)


def thousands(value: float) -> str:
    """Thousand USD with one decimal."""
    return _signed(f"{_rounded(abs(Decimal(str(value))) / 1000, '0.1'):,}", value, plus=True)


def _signed(text: str, value: float, plus: bool) -> str:
    """What is rounded to zero has no sign."""
    if not set(text) & set("123456789"):
        return text
    return f"{'−' if value < 0 else '+' if plus else ''}{text}"


def _rounded(value: Decimal, step: str) -> Decimal:
    return value.quantize(Decimal(step), ROUND_HALF_UP)


def rows_of(table: Locator, part: str = "tbody") -> list[list[str]]:
    """The texts of the cells of a table, row by row."""
    found: list[list[str]] = table.locator(f"{part} tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.innerText.trim()))"
    )
    return found
