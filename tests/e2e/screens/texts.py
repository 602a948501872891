"""How the page writes numbers, and the texts of its tables."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from playwright.sync_api import Locator, Page

from sigmasight_client import SigmaSight
from sigmasight_client.models import PortfolioReport

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


_TEXTS = """() => [...document.querySelectorAll('body *')].flatMap(place =>
  [...place.childNodes].filter(each => each.nodeType === Node.TEXT_NODE).map(each => each.data))"""


def published_names(client: SigmaSight, report: PortfolioReport) -> dict[str, str]:
    """What the API calls figures, factors, scenarios and kinds of limits, by their ids."""
    metrics = [each for group in report["metrics"]["groups"] for each in group["metrics"]]
    return {
        **{each["metric"]: each["title"] for each in metrics},
        **{each["factor"]: each["name"] for each in report["factors"]["factors"]},
        **{each["scenario_id"]: each["name"] for each in report["stress"]["scenarios"]},
        **{each["template"]: each["title"] for each in client.list_templates()["items"]},
    }


def machine_names(page: Page, names: Mapping[str, str]) -> list[str]:
    """Texts of the page with an id in them, as it is or with blanks, where it has a name."""
    known = " ".join(names.values()).lower()
    ids = [each for each in names if "_" in each]
    wrong = {*ids, *(each.replace("_", " ") for each in ids)}
    wrong = {each for each in wrong if each not in known}
    texts: list[str] = page.evaluate(_TEXTS)
    return [text for text in texts if any(each in text.lower() for each in wrong)]
