"""Asking again: how often, after how long, and when not."""

from itertools import pairwise

import pytest

from services.ingest.providers.patience import (
    Patience,
    Refused,
    TryAgain,
    retry_after_seconds,
    retrying,
    scrubbed,
)

PATIENCE = Patience(attempts=5, first_pause_seconds=1.0, longest_pause_seconds=4.0)


def pauses_of(error: Exception, patience: Patience = PATIENCE) -> list[float]:
    """The pauses of a call that always fails like this."""
    pauses: list[float] = []

    def failing() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        retrying(patience, pauses.append)(failing)
    assert raised.value is error
    return pauses


def test_pauses_double_with_jitter_up_to_the_longest() -> None:
    pauses = pauses_of(TryAgain("fails"))

    assert len(pauses) == 4
    for pause, bound in zip(pauses, (1.0, 2.0, 4.0, 4.0), strict=True):
        assert bound / 2 <= pause <= bound
    assert all(pauses_of(TryAgain("fails")) != pauses for _ in range(3))


def test_named_wait_is_kept_and_a_little_more() -> None:
    for pause in pauses_of(TryAgain("limits", 3.0)):
        assert 3.0 <= pause <= 3.5


def test_wait_beyond_the_longest_gives_up_at_once() -> None:
    assert pauses_of(TryAgain("limits", 4.1)) == []


def test_refusal_is_not_asked_again() -> None:
    assert pauses_of(Refused(401, "refuses")) == []


def test_success_after_failures_comes_back() -> None:
    outcomes = iter([TryAgain("fails"), TryAgain("fails"), None])

    def flaky() -> str:
        if error := next(outcomes):
            raise error
        return "answer"

    assert retrying(PATIENCE, lambda seconds: None)(flaky) == "answer"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("Wed, 28 Dec 2022 21:00:30 GMT", 30.0),
        ("Wed, 28 Dec 2022 20:00:00 GMT", 0.0),
        ("soon", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, "Wed, 28 Dec 2022 21:00:00 GMT") == seconds


def test_retry_after_date_without_a_date_header_counts_from_now() -> None:
    far, near = (
        retry_after_seconds(f"Wed, 01 Jan {year} 00:00:00 GMT", None) for year in (2999, 2022)
    )

    assert far is not None
    assert far > 1e9
    assert near == 0.0


def test_secret_is_scrubbed_plain_and_as_in_a_url() -> None:
    assert (
        scrubbed("bad key a+b/c= in ?apiKey=a%2Bb%2Fc%3D", "a+b/c=") == "bad key *** in ?apiKey=***"
    )


def test_long_reasons_are_cut() -> None:
    assert [len(scrubbed("x" * size, "key")) for size in (10, 10_000)] == [10, 200]


def test_bounds_grow_with_the_first_pause() -> None:
    slow = Patience(attempts=4, first_pause_seconds=10.0, longest_pause_seconds=1000.0)

    pauses = pauses_of(TryAgain("fails"), slow)

    assert all(later >= earlier for earlier, later in pairwise(pauses))
