"""Cells as a mapping says they are written, turned into the spelling of our own columns."""

import re
from datetime import date

from services.gateway.books.files.mapping import DateFormat, DecimalMark

NOTHING = ("", "-", "--", "---", "n/a", "na", "none", "null")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME = r"([T ,;].*)?"
_YEAR = r"(?P<year>\d{4}|\d{2})"
_DAY = r"(?P<day>\d{1,2})"
_MONTH = r"(?P<month>\d{1,2})"
_NAMED_MONTH = r"(?P<month>[A-Za-z]{3})[a-z]*\.?"
_FORMS = {
    DateFormat.ISO: rf"(?P<year>\d{{4}})[-/]{_MONTH}[-/]{_DAY}",
    DateFormat.COMPACT: r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
    DateFormat.MONTH_FIRST: rf"{_MONTH}/{_DAY}/{_YEAR}",
    DateFormat.DAY_FIRST: rf"{_DAY}/{_MONTH}/{_YEAR}",
    DateFormat.POINTS: rf"{_DAY}\.{_MONTH}\.{_YEAR}",
    DateFormat.DASHES: rf"{_DAY}-{_MONTH}-{_YEAR}",
    DateFormat.NAMED: rf"{_DAY}[- ]{_NAMED_MONTH}[- ,]+{_YEAR}",
}
_DATES = {form: re.compile(pattern + _TIME, re.ASCII) for form, pattern in _FORMS.items()}
_WITHIN = re.compile(rf"\b{_NAMED_MONTH}[- ]{_DAY}[-, ]+(?P<year>\d{{4}})\b", re.ASCII)
_NUMBERS = {
    DecimalMark.POINT: re.compile(r"(\d{1,3}(,\d{3})+|\d*)(\.\d*)?", re.ASCII),
    DecimalMark.COMMA: re.compile(r"(\d{1,3}(\.\d{3})+|\d*)(,\d*)?", re.ASCII),
}
_OUTSIDE = re.compile(r"[\s'$\u00a0\u202f\u2019]|USD|US\$")


def number_text(text: str, mark: DecimalMark) -> str | None:
    """The number in a cell with a point and no separators; None where it is not so written.

    Dollar signs, spaces and apostrophes are left out; brackets and a minus behind are below 0.
    """
    bare = _OUTSIDE.sub("", text.replace("\u2212", "-"))
    negative = bare.startswith("(") and bare.endswith(")")
    bare = bare.strip("()") if negative else bare
    if bare.startswith("-") or bare.endswith("-"):
        negative = not negative
        bare = bare.removeprefix("-") if bare.startswith("-") else bare.removesuffix("-")
    bare = bare.removeprefix("+")
    if not _NUMBERS[mark].fullmatch(bare) or not any(map(str.isdigit, bare)):
        return None
    group = "," if mark is DecimalMark.POINT else "."
    digits = bare.replace(group, "").replace(",", ".")
    return f"-{digits}" if negative else digits


def day_of(text: str, form: DateFormat) -> date | None:
    """The day in a cell; None where it is not so written, or does not exist."""
    match = _DATES[form].fullmatch(text.strip())
    return _day(match) if match else None


def day_within(text: str) -> date | None:
    """The day that a sentence names, such as "Date downloaded Dec-28-2022 6:41 p.m ET"."""
    match = _WITHIN.search(text)
    return _day(match) if match else None


def _day(match: re.Match[str]) -> date | None:
    month = match["month"].lower()
    year = match["year"]
    try:
        number = int(month) if month.isdigit() else _MONTHS.index(month) + 1
        return date(int(year if len(year) == 4 else f"20{year}"), number, int(match["day"]))
    except ValueError:
        return None
