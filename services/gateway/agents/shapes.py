"""Figures in sentences that can be quoted: what, how much, of which portfolio, on which session."""

from datetime import date


def amount(value: float | None, unit: str) -> str:
    """A value as a reader writes it: dollars in cents, shares in percent, six digits of the rest.

    `unit`: as definitions have it: `USD`, `USD per point`, `decimal per year`, `ratio, 0 to 1`.
    """
    if value is None:
        return "not known"
    if unit.startswith("USD"):
        return f"{value:,.2f} {unit}"
    kind, _, per = unit.partition(" per ")
    if kind.startswith(("decimal", "share")):
        return f"{100 * value:.4g} %{f' per {per}' if per else ''}"
    return f"{value:.6g}"


def level(value: float, unit: str, measure_unit: str) -> str:
    """A value or level of a limit, whose `unit` is `share_of_nav` or `own`: of the measure."""
    if unit == "share_of_nav":
        return f"{amount(value, 'share')} of NAV"
    return amount(value, measure_unit)


def sentence(
    title: str, name: str, day: date | None, value: float | None, unit: str, reason: str | None
) -> str:
    """One figure of the portfolio `name` on a session, or why there is none."""
    on = f" on {day}" if day else ""
    why = f": {reason}" if value is None and reason else ""
    return f"{title} of '{name}'{on}: {amount(value, unit)}{why}."


def moved(title: str, before: float | None, after: float | None, unit: str) -> str:
    """One figure before and after."""
    both = f"{title}: {amount(before, unit)} before, {amount(after, unit)} after"
    if before is None or after is None:
        return f"{both}."
    sign = "+" if after > before else ""
    return f"{both} ({sign}{amount(after - before, unit)})."


def counted(number: int, what: str) -> str:
    """A number of things: `1 limit`, `2 limits`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"
