"""What published names mean, over REST."""

import pytest

from services.gateway.analytics.reading.definitions import definitions
from shared.database import Database
from tests.integration.gateway.people import Person
from tests.integration.gateway.seeds import a_stored_book

pytestmark = pytest.mark.usefixtures("market")


async def test_every_name_is_listed_with_formula_unit_and_sign(ann: Person) -> None:
    listed = (await ann.get("definitions")).json()

    assert listed["total"] == len(listed["items"]) == len(definitions())
    by_name = {each["measure"]: each for each in listed["items"]}
    assert by_name["effective_positions"]["formula"].startswith("1 / (w'ρw)")
    assert by_name["max_drawdown"]["sign"] == "never positive"
    assert by_name["sharpe_252d"]["source"] == "Sharpe 1994"


async def test_one_name_has_its_meaning(ann: Person) -> None:
    found = (await ann.get("definitions/var_99_1d_smoothed")).json()

    assert (found["measure"], found["unit"]) == ("var_99_1d_smoothed", "USD")
    assert found["section"] == "Value at risk and expected shortfall"
    assert "component VaR adds up to it" in found["meaning"]


async def test_what_an_answer_calls_a_metric_can_be_looked_up(ann: Person, admin: Database) -> None:
    await a_stored_book(ann, admin)

    report = (await ann.get("risk/metrics")).json()

    names = [each["metric"] for group in report["groups"] for each in group["metrics"]]
    assert names
    for name in names:
        assert (await ann.get(f"definitions/{name}")).status_code == 200


async def test_an_unknown_name_is_404_by_its_name(ann: Person) -> None:
    answer = await ann.get("definitions/alpha")

    assert (answer.status_code, answer.json()["code"]) == (404, "definition_not_found")
    assert "alpha" in answer.json()["detail"]
