"""Limits, where portfolios stand, and trials, as tables."""

from collections.abc import Iterable, Mapping, Sequence

from rich.markup import escape
from rich.table import Table

from deploy.local.report import UNKNOWN, money
from deploy.terminal.outcome import console, note, say
from sigmasight_client.models import (
    LimitImpact,
    LimitOut,
    LimitSide,
    LimitStanding,
    LimitTemplate,
    LimitTrial,
    LimitWithStandings,
    NewLimit,
)

STYLES = {
    "breached": "red",
    "warning": "yellow",
    "not_measured": "magenta",
    "acknowledged": "cyan",
    "waived": "cyan",
}
STANDING = ("state", "value", "of", "warning", "breach", "room", "room, USD", "sessions")
TEXTS = (
    *("limit", "portfolio", "state", "of", "template", "what it limits"),
    *("before", "after", "change"),
)


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0))
    for column in columns:
        table.add_column(column, justify="left" if column in TEXTS else "right")
    return table


def print_limits(limits: Sequence[LimitOut]) -> None:
    """Print each limit with the portfolio that stands worst in it, and how many are where."""
    if not limits:
        say("there are no limits: `sigmasight limits templates` lists the usual ones")
        return
    table = _table("limit", "portfolio", *STANDING)
    for limit in limits:
        worst = limit["worst"]
        if worst is None:
            table.add_row(escape(limit["name"]), "[dim]not evaluated yet[/dim]")
        else:
            names = (escape(limit["name"]), escape(worst["portfolio_name"]))
            table.add_row(*names, *_standing(limit, worst))
    console.print(table)
    _print_sessions(each["worst"] for each in limits)
    for limit in limits:
        others = {state: count for state, count in limit["states"].items() if count}
        if sum(others.values()) > 1:
            counts = ", ".join(
                f"{count} {state.replace('_', ' ')}" for state, count in others.items()
            )
            say(f"{limit['name']}: {counts}")
        _print_reason(limit["name"], limit["worst"])


def print_standings(limit: LimitWithStandings) -> None:
    """Print one limit with every portfolio, and the largest parts of what is beyond a level."""
    say(f"{limit['name']} ({limit['limit_id']}): {described(limit)}")
    table = _table("portfolio", *STANDING)
    for standing in limit["standings"]:
        table.add_row(escape(standing["portfolio_name"]), *_standing(limit, standing))
    console.print(table)
    _print_sessions(limit["standings"])
    for standing in limit["standings"]:
        parts = ", ".join(
            f"{each['name']} {_part(limit['measure_unit'], each['value'])}"
            for each in standing["contributors"]
        )
        if parts:
            say(f"{standing['portfolio_name']}: {parts}")
        _print_reason(standing["portfolio_name"], standing)


def _part(measure_unit: str, value: float) -> str:
    return f"{value:,.0f}" if measure_unit == "USD" else f"{value:,.6g}"


def _print_sessions(standings: Iterable[LimitStanding | None]) -> None:
    days = sorted({standing["as_of"] for standing in standings if standing is not None})
    if days:
        say(f"as of {', '.join(days)}")


def _print_reason(name: str, standing: LimitStanding | None) -> None:
    if standing is not None and standing["reason"]:
        note(f"{name}: {standing['reason']}")


def _standing(limit: LimitOut | LimitWithStandings, standing: LimitStanding) -> list[str]:
    style = STYLES.get(standing["state"], "green")
    age = standing["age_sessions"]
    dollars = standing["room_usd"]
    return [
        f"[{style}]{standing['state'].replace('_', ' ')}[/{style}]",
        _value(limit, standing["value"]),
        escape(standing["member"] or ""),
        _value(limit, standing["warning"]),
        _value(limit, standing["breach"]),
        _value(limit, standing["room"]),
        "" if dollars is None else money(dollars),
        "" if age is None else str(age),
    ]


def _sessions(count: int) -> str:
    return "1 session" if count == 1 else f"{count} sessions"


def _value(limit: LimitOut | LimitWithStandings, value: float | None) -> str:
    """A value in the limit's unit."""
    return _in_unit(limit["unit"], limit["measure_unit"], value)


def _in_unit(unit: str, measure_unit: str, value: float | None) -> str:
    if value is None:
        return UNKNOWN
    if unit == "share_of_nav":
        return f"{value:.2%}"
    return money(value) if measure_unit == "USD" else f"{value:,.6g}"


def described(limit: NewLimit | LimitOut | LimitWithStandings) -> str:
    """What a limit says, in a sentence."""
    share = limit.get("unit") == "share_of_nav"

    def shown(value: float | None) -> str:
        return "none" if value is None else f"{value:.2%} of NAV" if share else f"{value:,g}"

    per = limit.get("per", "portfolio")
    of = (
        ""
        if per == "portfolio"
        else f" per {per}" + (f" {limit['key']}" if limit.get("key") else "")
    )
    direction = limit.get("direction", "above")
    words = {"above": "above", "below": "below", "outside": "outside ±"}[direction]
    warning = limit.get("warning")
    first = "" if warning is None else f", warning at {shown(warning)}"
    return f"{limit['measure']}{of}, breached {words} {shown(limit['breach'])}{first}"


def print_templates(templates: Iterable[LimitTemplate]) -> None:
    """Print the usual limits."""
    table = _table("template", "what it limits")
    for each in templates:
        table.add_row(each["template"], f"{each['description']} ({described(each['limit'])})")
    console.print(table)


def print_limit_changes(limits: Sequence[LimitImpact]) -> None:
    """Print limits before and after trades: state and value, and what becomes of them."""
    if not limits:
        return
    table = _table("limit", "before", "", "after", " ", "breach", "change")
    for limit in limits:
        cells = [*_side(limit, limit["before"]), *_side(limit, limit["after"])]
        change = limit["change"] or "not measured"
        style = "red" if change == "breached" else "green" if change == "cured" else "none"
        level = _in_unit(limit["unit"], "", limit["breach"])
        table.add_row(escape(limit["name"]), *cells, level, f"[{style}]{change}[/{style}]")
    console.print(table)


def _side(limit: LimitImpact, side: LimitSide | None) -> list[str]:
    if side is None:
        return [UNKNOWN, ""]
    style = STYLES.get(side["state"], "green")
    state = f"[{style}]{side['state'].replace('_', ' ')}[/{style}]"
    return [state, _in_unit(limit["unit"], "", side["value"])]


def print_trial(trial: LimitTrial, portfolios: Mapping[str, str]) -> None:
    """Print how often a limit would have fired, by portfolio."""
    table = _table(
        *("portfolio", "sessions", "warnings", "breaches"),
        *("sessions in breach", "not measured", "longest breach"),
    )
    for tried in trial["portfolios"]:
        breaches = [each["sessions"] for each in tried["episodes"] if each["level"] == "breached"]
        table.add_row(
            escape(portfolios.get(tried["portfolio_id"], tried["portfolio_id"])),
            *(str(tried["sessions"]), str(tried["warnings"]), str(tried["breaches"])),
            *(str(tried["sessions_in_breach"]), str(tried["not_measured"])),
            _sessions(max(breaches)) if breaches else "",
        )
    console.print(table)
    for tried in trial["portfolios"]:
        for reason, count in tried["reasons"].items():
            note(f"{portfolios.get(tried['portfolio_id'], '')}: {reason} ({count}x)")
