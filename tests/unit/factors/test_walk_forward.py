"""What shrinkage is worth out of sample: the claims of docs/walk-forward.md and of decisions 0003
and 0008.
"""

from pathlib import Path

import numpy as np

from services.factors.calculations.covariance import ewma_covariance
from services.stress.calculations.shocks import conditional_shocks
from tests import bench
from tests.bench import walk_forward

DOCUMENT = Path(bench.__file__).parents[2] / "docs" / "walk-forward.md"
LEAST_SQUARES, _, PRIOR_ALONE, SHRUNK = walk_forward.ESTIMATES
ROTATION = {"value_rotation_20": walk_forward.SHOCKED["value_rotation_20"]}


def test_shrunk_betas_predict_the_next_month_better_on_every_second_name() -> None:
    for window, margin in ((252, 0.01), (60, 0.04)):
        found = walk_forward.monthly_forecasts(walk_forward.stocks()[::2], window)

        assert found[SHRUNK].unexplained < found[LEAST_SQUARES].unexplained - margin
        assert found[SHRUNK].unexplained < found[PRIOR_ALONE].unexplained - 0.1
        assert found[SHRUNK].correlation > found[LEAST_SQUARES].correlation
        assert abs(found[SHRUNK].slope - 1.0) < abs(found[LEAST_SQUARES].slope - 1.0)


def test_documented_beta_tables_are_what_the_panel_gives() -> None:
    document = DOCUMENT.read_text(encoding="utf-8")

    for table in (
        walk_forward.beta_table(),
        walk_forward.prior_table(),
        walk_forward.intensity_table(),
    ):
        assert table in document


def test_shrunk_covariance_predicts_the_other_factors_better_on_days_of_large_rotation() -> None:
    for horizon, margin in ((5, 0.1), (21, 0.1)):
        measured, shrunk, none = walk_forward.covariance_errors(horizon, ROTATION)[
            "value_rotation_20"
        ]

        assert shrunk < measured - margin
        assert shrunk < none - margin


def test_documented_covariance_errors_are_what_the_panel_gives() -> None:
    found = [
        walk_forward.covariance_errors(horizon, ROTATION)["value_rotation_20"]
        for horizon in (1, 5, 21)
    ]

    cells = " | ".join(f"{error:.3f}" for errors in found for error in errors)
    assert f"| value, growth (value_rotation_20) | {cells} |" in DOCUMENT.read_text(
        encoding="utf-8"
    )


def test_value_rotation_never_implies_an_impossible_market() -> None:
    given = np.array([np.nan, 0.20, -0.10, *[np.nan] * 4])
    returns = walk_forward.factor_returns()

    implied = np.array(
        [
            [conditional_shocks(matrix, given)[0] for matrix in (found.covariance, found.shrunk)]
            for end in range(len(returns), 251, -5)
            for found in [ewma_covariance(returns[end - 252 : end], 0.94, 252)]
        ]
    )

    assert implied[:, 0].min() < -1.0
    assert implied[:, 1].min() > -0.6
    np.testing.assert_allclose(implied[0], [-0.662, -0.341], atol=0.001)
