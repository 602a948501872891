"""FRED's API as the provider uses it, from the bundled yields.

docs/market-data.md has its shapes.
"""

from datetime import date, timedelta
from functools import lru_cache
from xml.sax.saxutils import quoteattr

from services.ingest.providers.bundled import MATURITY_OF_SERIES
from tests import panel
from tests.wire.server import Reply, Request, StandIn

KEY = "0123456789abcdef0123456789abcdef"


def fred(key: str = KEY) -> StandIn:
    """A stand-in that knows the bundled yields, holidays as "."."""
    return StandIn(lambda request: _answer(request, key))


def refusal(status: int, message: str, **headers: str) -> Reply:
    """An error as FRED words them."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = (
        '<?xml version="1.0" encoding="utf-8" ?>\n'
        f'<error code="{status}" message={quoteattr(message)} />'
    )
    return Reply(status, body.encode(), {"Content-Type": "text/xml; charset=utf-8"} | named)


def _answer(request: Request, key: str) -> Reply:
    if request.query.get("api_key") != key:
        return refusal(400, "Bad Request.  The value for variable api_key is not registered.")
    series = request.query.get("series_id", "")
    if request.path != "/fred/series/observations" or series not in MATURITY_OF_SERIES:
        return refusal(400, "Bad Request.  The series does not exist.")
    first = date.fromisoformat(request.query["observation_start"])
    last = date.fromisoformat(request.query["observation_end"])
    rows = "".join(
        f'<observation realtime_start="{last}" realtime_end="{last}" date="{day}" value="{value}"/>'
        for day, value in _values(series, first, last)
    )
    head = (
        f'<observations observation_start="{first}" observation_end="{last}" '
        'units="lin" limit="100000">'
    )
    body = f'<?xml version="1.0" encoding="utf-8" ?>\n{head}{rows}</observations>'
    return Reply(200, body.encode(), {"Content-Type": "text/xml; charset=utf-8"})


def _values(series: str, first: date, last: date) -> list[tuple[date, str]]:
    """Every weekday has an observation; "." where the market was closed."""
    known = _known(series)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [
        (day, f"{known[day]:.2f}" if day in known else ".") for day in days if day.weekday() < 5
    ]


@lru_cache
def _known(series: str) -> dict[date, float]:
    days, percents = panel.yields(series)
    return {day: float(percent) for day, percent in zip(days, percents, strict=True)}
