"""How far fetching has come, from what is stored and what providers answered."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.gateway.analytics.shapes.progress import (
    COMPLETE,
    FETCHING,
    MATURITIES,
    SETTLED,
    WAITING,
    Asking,
    LastQuery,
    incomplete,
    symbol_progress,
    totals,
    yield_progress,
)
from services.gateway.analytics.shapes.quality import MISSING, PRIVATE, STALE, Known

DAY = date(2022, 12, 28)
WINDOW = [DAY - timedelta(days=ago) for ago in range(10)][::-1]
NOON = datetime(2022, 12, 28, 17, tzinfo=UTC)


def known(stored: int, first: date | None = None, last: date | None = None, **more: Any) -> Known:
    """A symbol with its newest sessions stored, unless specified otherwise."""
    newest = WINDOW[-stored:] if stored else [None]
    counts = {"prices": stored, "recent": stored, "missing": len(WINDOW) - stored, "quarantined": 0}
    dates = {"first_session": first or newest[0], "last_session": last or newest[-1]}
    return Known(
        **{"symbol": "AAPL", "status": STALE if stored else MISSING, **counts, **dates} | more
    )


def an_answer(provider: str = "polygon", stored: int | None = 0, **more: Any) -> LastQuery:
    asked = {"asked_from": WINDOW[0], "asked_until": WINDOW[-1], "asked_at": NOON}
    return LastQuery(**{"provider": provider, "known": True, "stored": stored, **asked} | more)


def asking(
    *answers: LastQuery, live: tuple[str, ...] = ("polygon", "yahoo"), **more: Any
) -> Asking:
    return Asking(live=live, files=("bundled",), answered={"AAPL": answers}, **more)


def state(symbol: Known, who: Asking) -> str:
    return symbol_progress(symbol, who, WINDOW).state


def test_a_stored_window_is_complete_with_any_provider() -> None:
    assert state(known(10), asking()) == COMPLETE
    assert symbol_progress(known(10), asking(claimed={"AAPL"}), WINDOW).reason is None


def test_missing_sessions_wait_until_every_live_provider_answered() -> None:
    half = asking(an_answer("polygon", stored=4))

    assert state(known(4), asking()) == WAITING
    assert state(known(4), half) == WAITING
    assert "yahoo" in (symbol_progress(known(4), half, WINDOW).reason or "")
    assert state(known(4), asking(an_answer("polygon", 4), an_answer("yahoo", 4))) == SETTLED


def test_a_claimed_symbol_is_being_fetched() -> None:
    answers = (an_answer("polygon", 4), an_answer("yahoo", 4))

    assert state(known(4), asking(*answers, claimed={"AAPL"})) == FETCHING


def test_an_answer_about_other_sessions_settles_nothing() -> None:
    older = an_answer("polygon", stored=0, asked_until=WINDOW[3])

    assert state(known(4), asking(older, live=("polygon",))) == WAITING
    assert (
        state(known(4, last=WINDOW[-1]), asking(an_answer(stored=4), live=("polygon",))) == SETTLED
    )


def test_an_answer_about_the_whole_window_needs_no_count() -> None:
    assert state(known(4), asking(an_answer(stored=None), live=("polygon",))) == SETTLED


def test_exactly_the_missing_sessions_have_to_be_asked_for() -> None:
    begin = an_answer("polygon", stored=0, asked_until=WINDOW[5])

    assert state(known(4), asking(begin, live=("polygon",))) == SETTLED
    assert state(known(3), asking(begin, live=("polygon",))) == WAITING


def test_an_unknown_symbol_is_settled_by_each_provider() -> None:
    refused = an_answer("polygon", known=False, asked_from=DAY, asked_until=DAY)

    found = symbol_progress(known(0), asking(refused, live=("polygon",)), WINDOW)

    assert found.state == SETTLED
    assert [(each.provider, each.known, each.asked_at) for each in found.answered] == [
        ("polygon", False, NOON)
    ]
    assert found.reason == "unknown to polygon, bundled"


def test_files_settle_what_they_were_read_for() -> None:
    assert state(known(4), asking(live=())) == WAITING
    assert state(known(4), asking(live=(), files_were_read=True)) == SETTLED


@pytest.mark.parametrize(
    ("symbol", "words"),
    [
        (known(4), [f"none before {WINDOW[6]}", "listed then"]),
        (known(4, first=WINDOW[0], last=WINDOW[3]), [f"none after {WINDOW[3]}"]),
        (known(8, first=WINDOW[0]), ["2 sessions without a close in between"]),
        (
            known(9, first=WINDOW[0], quarantined=1),
            ["1 closes were rejected as implausible", "1 session without"],
        ),
        (known(0, last=date(2020, 1, 2)), ["no close since 2020-01-02"]),
    ],
    ids=["listed", "delisted", "halted", "quarantined", "old"],
)
def test_what_stays_missing_is_said_in_words(symbol: Known, words: list[str]) -> None:
    reason = symbol_progress(symbol, asking(live=(), files_were_read=True), WINDOW).reason or ""

    assert all(word in reason for word in words), reason


def test_totals_count_sessions_and_leave_private_holdings_out() -> None:
    symbols = [known(10), known(4), known(0, status=PRIVATE, missing=0)]
    states = [symbol_progress(symbol, asking(), WINDOW) for symbol in symbols]

    found = totals(symbols, states, len(WINDOW))

    assert (found["sessions_stored"], found["sessions_wanted"]) == (14, 20)
    assert (found[COMPLETE], found[WAITING], found[FETCHING], found[SETTLED]) == (1, 1, 0, 0)
    assert incomplete(symbols) == ["AAPL"]


def test_all_ten_maturities_are_reported() -> None:
    stored = {"10Y": {"maturity": "10Y", "stored": 9, "last_observation": DAY, "sources": ["fred"]}}

    found = yield_progress(stored)

    assert [each["maturity"] for each in found] == list(MATURITIES)
    assert {each["maturity"]: each["stored"] for each in found if each["stored"]} == {"10Y": 9}
