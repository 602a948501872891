"""One user's upload beside another user's history of 254 sessions, on the real stack.

`python -m tests.bench.bench_fairness`. Seconds from an upload to its full report, alone and while
the history is calculated, as a ratio: at most twice as long.
"""

import statistics
from datetime import date
from typing import Any

import httpx2

from shared.calendar import sessions
from tests.bench.bench_upload_to_report import AS_OF, a_book, enter, timed
from tests.bench.measuring import Measurement, within
from tests.stack import RunningStack, running_stack

SESSIONS, UPLOADS, MOST_TIMES = 254, 5, 2.0


def run() -> list[dict[str, Any]]:
    """The median of some uploads alone, beside the history, and how often the one fits the other.

    The sessions of the history that ended meanwhile are counted: it must go on all the time.
    """
    with running_stack() as stack:
        timed(stack, 0)
        alone = [timed(stack, number).reported for number in range(1, UPLOADS + 1)]
        _start_history(stack)
        later = range(UPLOADS + 1, 2 * UPLOADS + 1)
        beside = [timed(stack, number).reported for number in later]
        done = SESSIONS - _open_runs(stack)
        assert 0 < done < SESSIONS, "the history stood still, or was over before the uploads"
    return _rows(statistics.median(alone), statistics.median(beside), max(beside), done)


def _start_history(stack: RunningStack) -> None:
    """Ask for a year's sessions of a portfolio of another user."""
    days = sessions(date(2021, 1, 4), date.fromisoformat(AS_OF))[-SESSIONS:]
    with httpx2.Client(base_url=f"{stack.state.gateway_url}/api/v1/", timeout=60) as http:
        enter(http, "history@example.com")
        answer = http.post(
            "portfolio/upload",
            data={"portfolio_name": "History", "as_of": AS_OF, "mode": "all_or_nothing"},
            files={"file": ("book.csv", a_book(99).encode(), "text/csv")},
        )
        portfolio_id = answer.json()["portfolio"]["portfolio_id"]
        span = {"first_session": str(days[0]), "last_session": str(days[-1])}
        answer = http.post(f"portfolios/{portfolio_id}/snapshots", json=span)
        assert len(answer.json()["runs"]) == SESSIONS, answer.text


def _open_runs(stack: RunningStack) -> int:
    return int(stack.api.list_runs(status="running", limit=1)["total"])


def _rows(alone: float, beside: float, slowest: float, done: int) -> list[Measurement]:
    allowed = f"at most {MOST_TIMES:g} times alone ({alone:.2f} s)"
    name = f"upload to report beside a history of {SESSIONS} sessions"
    return [
        within(MOST_TIMES * alone, allowed, f"{name}, median of {UPLOADS}", beside),
        within(MOST_TIMES * alone, allowed, f"{name}, slowest ({done} sessions ended)", slowest),
    ]


if __name__ == "__main__":
    for row in run():
        print(f"{row['name']}: {row['value']:.2f} {row['unit']} ({row['peer']})")
