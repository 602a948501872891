"""Both engines speak the same units."""

from dataclasses import fields

import numpy as np
import pytest

from services.greeks.calculations.engines import BLACK_SCHOLES_MERTON, MIBIAN, MODELS, Engine
from services.greeks.settings import GreeksSettings
from shared.errors import Misconfigured
from shared.quant.black_scholes import OptionColumns, OptionValues
from shared.quant.dividends import CashDividends
from shared.settings import load
from tests.processes import loaded_by
from tests.unit.shared.builders import uniform_options


def some_options(count: int) -> OptionColumns:
    return uniform_options(
        count,
        seed=3,
        price=(20.0, 400.0),
        days=900,
        volatility=(0.05, 0.9),
        rate=(-0.01, 0.07),
        dividend_yield=(0.0, 0.05),
    )


@pytest.mark.parametrize("name", [field.name for field in fields(OptionValues)])
def test_mibian_engine_agrees_with_the_default(name: str) -> None:
    options = some_options(200)

    default, mibian = (MODELS[model](options, None) for model in (BLACK_SCHOLES_MERTON, MIBIAN))

    np.testing.assert_allclose(getattr(mibian, name), getattr(default, name), rtol=1e-9, atol=1e-9)


def test_mibian_engine_accepts_no_contracts() -> None:
    values = MODELS[MIBIAN](some_options(0), None)

    assert values.price.shape == (0,)


def test_mibian_refuses_cash_dividends() -> None:
    with pytest.raises(ValueError, match="cash dividends"):
        MODELS[MIBIAN](some_options(1), CashDividends.of([[1.0]], [[0.1]]))


def test_each_style_has_its_own_model_by_default() -> None:
    assert Engine(GreeksSettings().engine) is Engine.DEFAULT


@pytest.mark.parametrize("engine", Engine)
def test_every_engine_can_be_configured(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGMASIGHT_GREEKS_ENGINE", engine)

    assert Engine(load(GreeksSettings).engine) is engine


def test_unknown_engine_stops_the_start_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGMASIGHT_GREEKS_ENGINE", "abacus")

    with pytest.raises(Misconfigured, match="SIGMASIGHT_GREEKS_ENGINE"):
        load(GreeksSettings)


def test_service_starts_without_loading_the_oracles() -> None:
    oracles = ("mibian", "QuantLib", "statsmodels", "pandas", "scipy.stats")

    assert loaded_by("import services.greeks.handlers", oracles) == []
