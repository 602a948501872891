"""A backfill reports what is stored, symbol by symbol, follows its run, and says what stays missing
and why.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import httpx2
import pytest
import typer
from rich.console import Console

from deploy.local import backfill, cli
from deploy.local.backfill import Progress
from sigmasight_client import SigmaSight

DAY = date(2022, 12, 28)
LIVE = [{"name": "polygon", "live": True}, {"name": "bundled", "live": False}]
FILES = [{"name": "bundled", "live": False}]
MATURITIES = ("3M", "10Y")


def a_symbol(name: str, state: str, prices: int, reason: str | None = None) -> dict[str, Any]:
    return {
        "symbol": name,
        "state": state,
        "prices": prices,
        "sources": ["polygon"] if prices else [],
        "reason": reason,
    }


def a_history(
    *symbols: dict[str, Any], providers: Sequence[Any] = (), yields: int = 9
) -> dict[str, Any]:
    states = [each["state"] for each in symbols]
    return {
        "as_of": DAY.isoformat(),
        "sessions": 10,
        "symbols": list(symbols),
        "yields": [{"maturity": maturity, "stored": yields} for maturity in MATURITIES],
        "providers": {"prices": list(providers or LIVE)},
        "progress": {
            "sessions_wanted": 10 * len(symbols),
            "sessions_stored": sum(each["prices"] for each in symbols),
            **{state: states.count(state) for state in backfill.STATES},
        },
    }


def a_run(status: str = "running", *problems: Mapping[str, Any]) -> dict[str, Any]:
    return {"status": status, "problems": list(problems), "as_of": DAY.isoformat()}


def a_problem(code: str) -> dict[str, str]:
    return {"stage": "prices", "code": code, "message": f"polygon: {code}"}


class FakeStack:
    """Answers like the gateway; each look at the history is the next one given."""

    def __init__(
        self, *looks: tuple[dict[str, Any], dict[str, Any]], open_runs: Sequence[Any] = ()
    ) -> None:
        self.looks = list(looks)
        self.open_runs = list(open_runs)
        self.posted = 0

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path.removeprefix("/api/v1/")
        if path == "auth/login":
            return httpx2.Response(200, json={"access_token": "t"})
        if path == "admin/batch/runs":
            return httpx2.Response(200, json={"items": self.open_runs})
        if path == "admin/batch/market-data":
            self.posted += 1
            return httpx2.Response(202, json={"run_id": "new"})
        if path == "admin/market-data/progress":
            return httpx2.Response(200, json=self.looks.pop(0)[0])
        return httpx2.Response(200, json=self.looks[0][1])

    def client(
        self, asked: Callable[[httpx2.Request], httpx2.Response] | None = None
    ) -> SigmaSight:
        return SigmaSight("http://api", "a", "b", transport=httpx2.MockTransport(asked or self))


def followed(stack: FakeStack, first: dict[str, Any], *, width: int = 100) -> tuple[Progress, str]:
    """What is printed away from a terminal, and the last look."""
    paper = io.StringIO()
    with backfill.display(Console(file=paper, width=width), Progress(first, a_run())) as show:
        last = backfill.follow(stack.client(), "run", show, poll_seconds=0.0)
    return last, paper.getvalue()


NOTHING = a_history(a_symbol("AAPL", "waiting", 0), a_symbol("NOPE", "waiting", 0))
HALF = a_history(
    a_symbol("AAPL", "fetching", 5), a_symbol("NOPE", "settled", 0, "unknown to polygon")
)
WHOLE = a_history(
    a_symbol("AAPL", "complete", 10), a_symbol("NOPE", "settled", 0, "unknown to polygon")
)


def test_each_symbol_is_reported_once_when_it_is_done() -> None:
    stack = FakeStack(
        (NOTHING, a_run()), (HALF, a_run()), (HALF, a_run()), (WHOLE, a_run("completed"))
    )

    last, text = followed(stack, NOTHING)

    assert last.run["status"] == "completed"
    assert text.splitlines() == [
        "NOPE: 0 of 10 sessions (unknown to polygon)",
        "5 of 20 sessions stored; 1 of 2 symbols done",
        "AAPL: 10 of 10 sessions from polygon",
        "10 of 20 sessions stored; 2 of 2 symbols done",
    ]


def test_what_was_done_before_is_not_reported_again() -> None:
    _, text = followed(FakeStack((WHOLE, a_run("completed"))), WHOLE)

    assert text == ""


def test_a_run_given_up_while_it_fetches_is_followed_on() -> None:
    overdue = a_run("failed", a_problem("overdue"))
    stack = FakeStack((HALF, overdue), (WHOLE, a_run("completed")))

    last, _ = followed(stack, NOTHING)

    assert last.run["status"] == "completed"
    assert Progress(WHOLE, overdue).is_over(quiet_seconds=61)
    assert not Progress(WHOLE, overdue).is_over(quiet_seconds=1)


def test_the_table_names_what_is_not_complete_and_why() -> None:
    bare = a_history(*WHOLE["symbols"], a_symbol("NEW", "fetching", 3), yields=0)

    assert list(backfill.incomplete(Progress(bare, a_run()))) == [
        ("NOPE", "0 of 10", "unknown to polygon"),
        ("NEW", "3 of 10", "is being fetched"),
        ("yields 3M, 10Y", "none", "no provider has sent any"),
    ]
    assert (
        backfill.incomplete_table(Progress(a_history(a_symbol("AAPL", "complete", 10)), a_run()))
        is None
    )


@pytest.mark.parametrize(
    ("run", "reasons"),
    [
        (a_run("completed"), 0),
        (a_run("partial", a_problem("price_quarantined")), 0),
        (a_run("partial", a_problem("price_quarantined"), a_problem("provider_unavailable")), 1),
        (a_run("failed"), 1),
    ],
    ids=["completed", "quarantined", "unavailable", "failed"],
)
def test_only_what_can_be_acted_on_is_a_reason(run: dict[str, Any], reasons: int) -> None:
    assert len(backfill.to_act_on(Progress(WHOLE, run))) == reasons


def test_bundled_files_that_are_stored_leave_nothing_to_fetch() -> None:
    stored = a_history(a_symbol("AAPL", "complete", 10), providers=FILES)
    waiting = a_history(a_symbol("AAPL", "waiting", 0), providers=FILES)

    assert backfill.nothing_to_fetch(Progress(stored, a_run()))
    assert not backfill.nothing_to_fetch(Progress(waiting, a_run()))
    assert not backfill.nothing_to_fetch(Progress(WHOLE, a_run()))
    assert not backfill.nothing_to_fetch(Progress(a_history(providers=FILES), a_run()))


def test_a_fetch_that_is_under_way_is_gone_on_with() -> None:
    ours = {"run_id": "ours", "trigger": "market_data"}
    other = {"run_id": "other", "trigger": "clock"}

    assert backfill.start(FakeStack(open_runs=[other, ours]).client(), DAY) == ("ours", True)
    assert backfill.start(FakeStack(open_runs=[other]).client(), None) == ("new", False)


def test_interrupting_says_that_the_stack_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    stack = FakeStack((HALF, a_run()))

    def interrupted(request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith("progress"):
            raise KeyboardInterrupt
        return stack(request)

    with pytest.raises(typer.Exit) as left:
        cli.follow_backfill(stack.client(interrupted), Progress(NOTHING, a_run()), DAY)

    assert left.value.exit_code == 130
    assert "goes on fetching" in capsys.readouterr().out
    assert stack.posted == 1
