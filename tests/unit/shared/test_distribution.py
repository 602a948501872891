"""How past P&L is distributed: every session in one class, losses apart from gains."""

import numpy as np
import pytest
from scipy import stats

from shared.quant.distribution import MOST_CLASSES, classes, distribution

PNL = (np.random.default_rng(7).standard_t(4, 252) * 1_300.0).tolist()


def test_moments_are_those_of_scipy() -> None:
    found = distribution(PNL)

    assert found is not None
    assert found.deviation == pytest.approx(np.std(PNL, ddof=1))
    assert found.skewness == pytest.approx(stats.skew(PNL))
    assert found.kurtosis == pytest.approx(stats.kurtosis(PNL, fisher=False))
    assert (found.worst_pnl, found.best_pnl) == (min(PNL), max(PNL))


def test_every_session_is_in_the_class_of_its_bounds() -> None:
    found = classes(PNL)

    assert sum(each.sessions for each in found) == len(PNL)
    for each in found:
        assert each.sessions == sum(each.low <= value < each.high for value in PNL)
    assert [each.high for each in found[:-1]] == [each.low for each in found[1:]]


@pytest.mark.parametrize("scale", [1e-3, 1.0, 37.0, 2.5e6])
def test_no_class_has_losses_and_gains(scale: float) -> None:
    found = classes([value * scale for value in PNL])

    assert all(each.low >= 0.0 or each.high <= 0.0 for each in found)
    assert 5 < len(found) <= MOST_CLASSES + 2


def test_one_far_day_does_not_make_thousands_of_classes() -> None:
    found = classes([*PNL, -5e6])

    assert len(found) <= MOST_CLASSES + 2


def test_pnl_that_never_varies_is_one_class() -> None:
    found = distribution([0.0] * 60)

    assert found is not None
    assert [(each.low, each.high, each.sessions) for each in found.classes] == [(0.0, 1.0, 60)]
    assert (found.deviation, found.skewness, found.kurtosis) == (0.0, None, None)


def test_one_session_has_no_distribution() -> None:
    assert distribution([5.0]) is None
