"""How far one day goes: tails of past P&L and of past moves; and which quotes a smile is of."""

from datetime import date

import numpy as np
import pytest

from services.gateway.analytics.shapes.bands import bands, returns_of
from services.gateway.analytics.shapes.smile import nearest_the_money
from services.snapshots.calculations.tail import TAIL_MEASURES, tail_weights
from shared.quant.tail import tail_losses

PNL = np.random.default_rng(5).normal(0.0, 100.0, 252)


@pytest.mark.parametrize("confidence", [95, 99])
def test_losses_are_those_of_the_stored_value_at_risk(confidence: int) -> None:
    stored = dict(zip(TAIL_MEASURES, -(PNL @ tail_weights(PNL)), strict=True))

    found = tail_losses(PNL.tolist(), confidence)

    assert found == pytest.approx((stored[f"var_{confidence}"], stored[f"es_{confidence}"]))
    assert found[0] == pytest.approx(-np.quantile(PNL, 1.0 - confidence / 100.0))


def test_one_day_is_its_own_tail() -> None:
    assert tail_losses([-7.0], 99) == (7.0, 7.0)


def test_moves_are_quantiles_of_both_sides() -> None:
    moves = (PNL / 10_000.0).tolist()

    found = bands(PNL.tolist(), moves)

    assert [each.confidence for each in found] == [95, 99]
    assert found[1].move_down == pytest.approx(np.quantile(moves, 0.01))
    assert found[1].move_up == pytest.approx(np.quantile(moves, 0.99))
    assert found[1].value_at_risk == pytest.approx(-np.quantile(PNL, 0.01))


def test_returns_leave_out_what_touches_a_gap() -> None:
    assert returns_of([100.0, 110.0, None, 99.0, 0.0, 50.0, 60.0]) == pytest.approx([0.1, 0.2])


def test_too_few_days_have_no_band() -> None:
    found = bands(PNL[:59].tolist(), PNL.tolist())

    assert [each.value_at_risk for each in found] == [None, None]
    assert None not in [each.move_down for each in found]


def test_a_long_chain_keeps_as_many_of_each_expiry_nearest_the_money() -> None:
    march = date(2023, 3, 17)
    june = date(2023, 6, 16)
    strikes = [(march, each) for each in (80.0, 90.0, 100.0, 110.0)] + [(june, 50.0), (june, 101.0)]

    assert nearest_the_money(strikes, 104.0, 4) == [2, 3, 4, 5]
    assert nearest_the_money(strikes, None, 2) == [0, 4]
    assert nearest_the_money(strikes, 104.0, 100) == [0, 1, 2, 3, 4, 5]
    assert nearest_the_money([], 104.0, 10) == []
