"""A replay asks for every session once and waits until no run is open."""

import json
from datetime import date

import httpx2
import pytest

from deploy.local.errors import Explained
from deploy.local.replay import one_session, replay, sessions_between
from sigmasight_client import SigmaSight

FRIDAY, MONDAY = date(2022, 12, 16), date(2022, 12, 19)


class FakePipeline:
    """Answers like the gateway; one run ends at each look."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.open: list[str] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path.removeprefix("/api/v1/")
        if path == "auth/login":
            return httpx2.Response(200, json={"access_token": "t"})
        if path == "admin/batch/market-close":
            self.asked.append(json.loads(request.content)["session_date"])
            self.open.append(f"run-{len(self.asked)}")
            return httpx2.Response(202, json={"run_id": self.open[-1]})
        if path == "admin/batch/runs":
            self.open = self.open[1:]
            return httpx2.Response(200, json={"items": [{"run_id": run} for run in self.open]})
        status = "partial" if path.endswith("run-2") else "completed"
        problems = [{"stage": "greeks", "message": "gave up"}] if status == "partial" else []
        return httpx2.Response(200, json={"status": status, "stages": [], "problems": problems})


def test_replay_follows_every_session_to_its_end() -> None:
    pipeline, seen = FakePipeline(), []

    with SigmaSight("http://api", "a", "b", transport=httpx2.MockTransport(pipeline)) as admin:
        done = replay(admin, [FRIDAY, MONDAY], lambda ended, of: seen.append((ended, of)))

    assert pipeline.asked == ["2022-12-16", "2022-12-19"]
    assert seen == [(0, 2), (1, 2), (2, 2)]
    assert [run.status for run in done.runs] == ["completed", "partial"]
    assert [run.session_date for run in done.unfinished()] == [MONDAY]


def test_weekends_and_holidays_are_left_out_of_a_period() -> None:
    assert sessions_between(FRIDAY, MONDAY) == [FRIDAY, MONDAY]


@pytest.mark.parametrize(
    ("first", "last"),
    [(MONDAY, FRIDAY), (date(2022, 12, 24), date(2022, 12, 26))],
    ids=["swapped", "closed"],
)
def test_a_period_without_sessions_is_explained(first: date, last: date) -> None:
    with pytest.raises(Explained):
        sessions_between(first, last)


def test_a_day_without_session_is_explained() -> None:
    assert one_session(FRIDAY) == [FRIDAY]
    with pytest.raises(Explained, match="not a trading session"):
        one_session(date(2022, 12, 26))
