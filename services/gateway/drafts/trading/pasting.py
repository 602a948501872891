"""Trades that are pasted as rows of a file."""

import csv
from decimal import Decimal, InvalidOperation
from io import StringIO

from pydantic import ValidationError

from services.gateway.drafts.schemas.trades import MOST_TRADES, NewTrade, TradeAction
from services.gateway.drafts.trading.resolving import Errors, Wanted
from services.gateway.edge.problems import field_error

_NAMES = {
    "symbol": "symbol",
    "ticker": "symbol",
    "quantity": "quantity",
    "qty": "quantity",
    "shares": "quantity",
    "contracts": "quantity",
    "exposure": "exposure",
    "price": "price",
    "fees": "fees",
    "side": "side",
    "action": "side",
}
_SIDES = {"buy": 1, "long": 1, "buy to cover": 1, "sell": -1, "short": -1, "sell short": -1}
_NUMBERS = ("quantity", "exposure", "price", "fees")
_DELIMITERS = "\t;,"  # a spreadsheet's lines have tabs; the first of these in a header counts
_WITHOUT_HEADER = ["symbol", "quantity", "price"]


def pasted_trades(text: str, errors: Errors) -> list[Wanted]:
    """A trade that opens per row; what cannot be read is added to `errors`, by physical line.

    A column that is not known is refused: it might turn a sign or a unit. Lines without a header
    are a symbol, a quantity, and a price if there is a third column.
    """
    text = text.lstrip("\ufeff")
    rows = csv.reader(StringIO(text), delimiter=_delimiter(text))
    header: list[str] | None = None
    found: list[Wanted] = []
    for cells in rows:
        if not any(cell.strip() for cell in cells) or cells[0].lstrip().startswith("#"):
            continue
        if header is None and _is_trade(cells):
            header = _WITHOUT_HEADER
        elif header is None:
            header = _header(cells, errors)
            if not header:
                return []
            continue
        if len(found) == MOST_TRADES:
            _complain(errors, "csv", "too_many_rows", f"more than {MOST_TRADES} rows: split them")
            return found
        label = f"csv.line {rows.line_num}"
        trade = _trade(label, dict(zip(header, map(str.strip, cells), strict=False)), errors)
        found += [Wanted(label, trade)] if trade else []
    if not found and not errors:
        _complain(errors, "csv", "empty", "there are no rows under a header")
    return found


def _complain(errors: Errors, field: str, code: str, message: str) -> None:
    errors.append({"field": field, "code": code, "message": message})


def _delimiter(text: str) -> str:
    """What separates the cells: what the first line that is no remark has."""
    lines = (line for line in text.splitlines() if line.strip() and line.lstrip()[0] != "#")
    first = next(lines, "")
    return next((each for each in _DELIMITERS if each in first), ",")


def _is_trade(cells: list[str]) -> bool:
    """Whether a first line is no header: a symbol, and a number or two."""
    names = {cell.strip().lower() for cell in cells}
    numbers = cells[1 : len(_WITHOUT_HEADER)]
    if not numbers or len(cells) > len(_WITHOUT_HEADER) or names & _NAMES.keys():
        return False
    return all(_number(cell.strip()).is_finite() for cell in numbers if cell.strip())


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("NaN")


def _header(cells: list[str], errors: Errors) -> list[str]:
    given = [cell.strip().lower().replace("_", " ") for cell in cells]
    unknown = [cell for cell in given if cell not in _NAMES]
    for cell in unknown:
        _complain(errors, "csv", "unknown_column", f"no column is called {cell!r}: remove it")
    names = [_NAMES.get(cell, cell) for cell in given]
    twice = sorted({name for name in names if names.count(name) > 1})
    for name in twice:
        _complain(errors, "csv", "duplicate_column", f"two columns are the {name}: remove one")
    if "symbol" not in names or not {"quantity", "exposure"} & set(names):
        message = "the header needs symbol, and quantity or exposure"
        _complain(errors, "csv", "missing_column", message)
    return [] if errors else names


def _trade(label: str, cells: dict[str, str], errors: Errors) -> NewTrade | None:
    numbers: dict[str, Decimal] = {}
    for name in _NUMBERS:
        text = cells.get(name, "")
        if not text:
            continue
        numbers[name] = _number(text)
        if not numbers[name].is_finite() or len(text) > 30:
            _complain(errors, f"{label}.{name}", "not_a_number", f"{text[:30]!r} is not a number")
            return None
    side = cells.get("side", "").lower().replace("_", " ")
    if side and side not in _SIDES:
        words = ", ".join(_SIDES)
        _complain(errors, f"{label}.side", "invalid_value", f"{side!r} is none of {words}")
        return None
    for name in ("quantity", "exposure"):
        if side and name in numbers:
            numbers[name] = abs(numbers[name]) * _SIDES[side]
    terms = {"action": TradeAction.OPEN, "symbol": cells.get("symbol", ""), **numbers}
    try:
        return NewTrade.model_validate(terms)
    except ValidationError as error:
        for each in error.errors():
            refused = field_error(each, terms, label)
            _complain(errors, str(refused.field), refused.code, refused.message)
        return None
