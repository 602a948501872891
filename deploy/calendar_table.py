"""Write the table of NYSE sessions: `python -m deploy.calendar_table`, or `make calendar`.

The table holds every session from 1990 to two years ahead, from pandas-market-calendars, which is
needed to develop and not to run. Renew it when the exchange announces a closure, or once a year.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple

from shared.calendar import CLOSES, NEW_YORK, OPENS

TABLE = Path(__file__).resolve().parents[1] / "shared" / "calendar" / "table.py"
FIRST_YEAR = 1990
YEARS_AHEAD = 2
_HEAD = '''"""Every NYSE session of these years: written by `make calendar`.

Sessions are the weekdays that are not in `CLOSED` (by year, as month and day). Times are those of
New York. Source: pandas-market-calendars.
"""
'''
_DATES_ON_A_LINE = 8


class Hours(NamedTuple):
    """When a session opens and closes, in UTC."""

    opens: datetime
    closes: datetime


def published_hours(first_year: int, last_year: int) -> dict[date, Hours]:
    """Every session of the years with its hours, from pandas-market-calendars."""
    import pandas_market_calendars

    schedule = pandas_market_calendars.get_calendar("NYSE").schedule(
        f"{first_year}-01-01", f"{last_year}-12-31"
    )
    return {
        day.date(): Hours(opens.to_pydatetime(), closes.to_pydatetime())
        for day, opens, closes in schedule[["market_open", "market_close"]].itertuples()
    }


def render(hours: dict[date, Hours]) -> str:
    """The table's source text."""
    first_year = min(hours).year
    last_year = max(hours).year
    early = {day: _local(found.closes) for day, found in hours.items()}
    late = {day: _local(found.opens) for day, found in hours.items()}
    return "\n".join(
        [
            _HEAD,
            f"FIRST_YEAR = {first_year}",
            f"LAST_YEAR = {last_year}",
            "CLOSED = {",
            *(
                f'    {year}: "{_closed(year, hours)}",'
                for year in range(first_year, last_year + 1)
            ),
            "}",
            *_by_time("EARLY_CLOSES", early, CLOSES),
            *_by_time("LATE_OPENS", late, OPENS),
            "",
        ]
    )


def _local(moment: datetime) -> time:
    return moment.astimezone(NEW_YORK).time()


def _closed(year: int, hours: Iterable[date]) -> str:
    """The year's weekdays without a session, as month and day."""
    open_days = set(hours)
    days = (date(year, 1, 1) + timedelta(days=each) for each in range(366))
    return " ".join(
        f"{day:%m%d}"
        for day in days
        if day.year == year and day.weekday() < 5 and day not in open_days
    )


def _by_time(name: str, times: dict[date, time], usual: time) -> Iterator[str]:
    """Days with unusual hours, by the hour."""
    yield f"{name} = {{"
    for at in sorted(set(times.values()) - {usual}):
        days = [day.isoformat() for day, found in times.items() if found == at]
        if len(days) <= _DATES_ON_A_LINE:
            yield f'    "{at:%H:%M}": "{" ".join(days)}",'
            continue
        yield f'    "{at:%H:%M}": ('
        for first in range(0, len(days), _DATES_ON_A_LINE):
            yield f'        "{" ".join(days[first : first + _DATES_ON_A_LINE])} "'
        yield "    ),"
    yield "}"


if __name__ == "__main__":
    last_year = datetime.now(UTC).year + YEARS_AHEAD
    TABLE.write_text(render(published_hours(FIRST_YEAR, last_year)), encoding="utf-8")
