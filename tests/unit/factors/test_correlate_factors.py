"""The request's handler alone, on a plain fake."""

from datetime import date

import numpy as np
import pytest

from services.factors.handlers import correlate_factors as use_case
from services.factors.inputs import FactorCloses, Factors
from shared.contracts.factors import CorrelateFactors, FactorCorrelations
from shared.database import Session
from tests import panel

AS_OF = date(2022, 12, 28)


class Repository:
    """Replaces the database: the bundled closes, of as many returns as are asked for."""

    async def load_factor_closes(self, session: Session, as_of: date, returns: int) -> FactorCloses:
        factors = Factors(panel.FACTORS, panel.PROXIES)
        return FactorCloses(factors, panel.closes(*panel.PROXIES, last=returns + 1))


async def asked(
    request: CorrelateFactors, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> FactorCorrelations:
    monkeypatch.setattr(use_case, "repository", repository)
    no_session: Session = None  # type: ignore[assignment]
    return await use_case.correlate_factors(request, no_session)


async def test_lookback_is_the_number_of_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    found = await asked(CorrelateFactors(as_of=AS_OF, lookback=100), Repository(), monkeypatch)

    assert found.observations == 100
    assert found.factors == panel.FACTORS
    assert [row[place] for place, row in enumerate(found.correlations)] == [1.0] * 7


async def test_unmeasured_covariances_are_null(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gaps(Repository):
        async def load_factor_closes(
            self, session: Session, as_of: date, returns: int
        ) -> FactorCloses:
            known = await super().load_factor_closes(session, as_of, returns)
            return FactorCloses(known.factors, np.full_like(known.closes, np.nan))

    found = await asked(CorrelateFactors(as_of=AS_OF), Gaps(), monkeypatch)

    assert {value for row in found.covariances for value in row} == {None}
    assert found.observations == 0
