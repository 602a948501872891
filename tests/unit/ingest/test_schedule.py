"""The fewest requests, against every other choice of requests."""

from datetime import date, timedelta
from itertools import chain, combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.providers.schedule import Requests, fewest_requests
from shared.calendar import sessions

DAYS = [date(2022, 12, 1) + timedelta(days=number) for number in range(5)]
YEAR = sessions(date(2021, 12, 29), date(2022, 12, 28))
missing_closes = st.dictionaries(
    st.sampled_from("ABCDEF"), st.sets(st.sampled_from(DAYS)), max_size=6
)


def brings_all(symbols: set[str], days: set[date], missing: dict[str, set[date]]) -> bool:
    return all(symbol in symbols or wanted <= days for symbol, wanted in missing.items())


def fewest_by_trying(missing: dict[str, set[date]]) -> int:
    """The size of the first set of requests, small ones first, that brings every close."""
    symbols, days = sorted(missing), sorted({day for wanted in missing.values() for day in wanted})
    everything = [*symbols, *days]
    tried = chain.from_iterable(
        combinations(everything, size) for size in range(len(everything) + 1)
    )
    return next(
        len(chosen)
        for chosen in tried
        if brings_all(
            {s for s in chosen if isinstance(s, str)},
            {d for d in chosen if isinstance(d, date)},
            missing,
        )
    )


@settings(deadline=None)
@given(missing_closes)
def test_requests_bring_every_missing_close(missing: dict[str, set[date]]) -> None:
    requests = fewest_requests(missing)

    assert brings_all(set(requests.symbols), set(requests.sessions), missing)


@settings(deadline=None)
@given(missing_closes)
def test_no_other_choice_takes_fewer_requests(missing: dict[str, set[date]]) -> None:
    assert len(fewest_requests(missing)) == fewest_by_trying(missing)


def test_a_book_of_thirty_takes_thirty_requests() -> None:
    assert len(YEAR) == 252
    book = {f"S{number}": YEAR for number in range(30)}

    requests = fewest_requests(book)

    assert (len(requests.symbols), len(requests.sessions)) == (30, 0)


def test_five_thousand_symbols_take_a_request_per_session() -> None:
    market = {f"S{number}": YEAR for number in range(5000)}

    assert fewest_requests(market) == Requests((), tuple(YEAR))


def test_a_new_symbol_and_a_new_session_take_one_request_each() -> None:
    held = {f"S{number}": YEAR[-1:] for number in range(100)}

    requests = fewest_requests(held | {"NEW": YEAR})

    assert requests == Requests(("NEW",), (YEAR[-1],))


def test_nothing_missing_takes_no_request() -> None:
    assert fewest_requests({"A": []}) == fewest_requests({}) == Requests((), ())
