"""What an alert says has the names that users gave and know, and none of the API's."""

from datetime import date
from uuid import UUID, uuid4

import pytest

from services.limits.calculations.evaluation import Evaluated
from services.limits.calculations.messages import message
from services.limits.calculations.states import Standing
from services.limits.inputs import (
    Before,
    Direction,
    Level,
    Limit,
    Per,
    State,
    Terms,
    Unit,
    Valued,
    Watched,
    measure_named,
)

DAY = date(2022, 12, 28)
OWNER = UUID(int=1)
SCENARIOS = {
    (None, "dotcom_crash_2000"): "Dot-com crash 2000",
    (OWNER, "oil_shock"): "Oil shock",
    (UUID(int=2), "oil_shock"): "Another user's shock",
}


def a_breach(measure: str, member: str | None, value: float = -0.2) -> Evaluated:
    found = measure_named(measure)
    assert found is not None
    terms = Terms(since=DAY, breach=-0.15)
    limit = Limit(
        limit_id=uuid4(),
        user_id=OWNER,
        portfolio_id=None,
        name="Worst case",
        measure=found,
        measure_unit="USD",
        per=Per.PORTFOLIO,
        member=None,
        unit=Unit.SHARE_OF_NAV,
        direction=Direction.BELOW,
        terms=(terms,),
    )
    portfolio = uuid4()
    standing = Standing(DAY, State.BREACHED, Before(Level.BREACHED, DAY), Level.BREACHED)
    return Evaluated(
        Watched(limit, portfolio, portfolio), Valued(DAY, value, member), terms, standing
    )


@pytest.mark.parametrize(
    ("measure", "member", "said"),
    [
        ("worst_scenario", "dotcom_crash_2000", "Dot-com crash 2000 is -20.00% of NAV"),
        ("worst_scenario.direct", "oil_shock", "Oil shock is -20.00% of NAV"),
        ("worst_scenario", "long_deleted", "long_deleted is -20.00% of NAV"),
        ("market_value", "AAPL", "AAPL is -20.00% of NAV"),
        ("dollar_delta", None, "-20.00% of NAV"),
    ],
)
def test_an_alert_names_the_limit_and_whose_value_it_is(
    measure: str, member: str | None, said: str
) -> None:
    text = message(a_breach(measure, member), SCENARIOS)

    assert text == f"Worst case: {said}, below its breach level of -15.00% of NAV"
