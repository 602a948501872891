"""How the floor of an evening compares its rows with the product's."""

from decimal import Decimal

import pytest

from tests.bench.floor import close

STORED = {"net": [1_000_000.0, None], "warnings": [{"code": "price_missing", "count": 2}]}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (1_000_000.0, 1_000_000.0005),
        (Decimal("12.340000"), 12.34),
        ([1.0, float("nan")], [1.0 + 1e-10, float("nan")]),
        (STORED, STORED | {"net": [1_000_000.0005, None]}),
    ],
)
def test_numbers_within_a_billionth_are_the_same_at_any_depth(ours: object, theirs: object) -> None:
    assert close(ours, theirs)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (1_000_000.0, 1_000_000.002),
        (0.0, None),
        (1.0, float("nan")),
        (True, False),
        (1e-15, 2e-15),
        ([1.0], [1.0, 2.0]),
        ("AAPL", "MSFT"),
        (STORED, STORED | {"net": [1_000_000.0, 0.0]}),
        (STORED, {"net": STORED["net"]}),
    ],
)
def test_another_number_null_length_or_key_is_different(ours: object, theirs: object) -> None:
    assert not close(ours, theirs)
