"""Portfolios by hand: create, rename, delete; cash flows."""

import pytest

from shared.database import Database
from tests.integration.gateway.people import Person


async def test_a_portfolio_is_created_renamed_and_deleted(ann: Person) -> None:
    created = await ann.post("portfolios", {"name": " Retirement ", "equity_balance": 1000})
    path = f"portfolios/{created.json()['portfolio_id']}"

    renamed = await ann.request("PATCH", path, json={"name": "Old age"})
    gone = await ann.request("DELETE", path)

    assert (created.status_code, created.json()["name"], created.json()["positions"]) == (
        201,
        "Retirement",
        0,
    )
    assert (renamed.json()["name"], renamed.json()["equity_balance"]) == ("Old age", 1000.0)
    assert gone.status_code == 204
    assert (await ann.get(path)).status_code == 404


async def test_names_are_unique_per_user_whatever_their_case(ann: Person) -> None:
    await ann.post("portfolios", {"name": "One"})
    other = (await ann.post("portfolios", {"name": "Two"})).json()["portfolio_id"]

    assert (await ann.post("portfolios", {"name": "ONE"})).status_code == 409
    assert (await ann.request("PATCH", f"portfolios/{other}", json={"name": "one"})).status_code == 409
    assert (await ann.request("PATCH", f"portfolios/{other}", json={"name": "TWO"})).status_code == 200


@pytest.mark.parametrize("body", [{"name": "  "}, {"name": "a\nb"}, {"name": "A", "equity_balance": 0}, {}])
async def test_unusable_portfolios_are_refused(ann: Person, body: dict[str, object]) -> None:
    assert (await ann.post("portfolios", body)).status_code == 422


async def test_no_portfolio_is_a_problem_with_a_hint(ann: Person) -> None:
    answer = await ann.get("portfolio")

    assert (answer.status_code, answer.json()["code"]) == (404, "no_portfolio")


async def test_cash_flows_are_listed_newest_first(ann: Person, admin: Database) -> None:
    portfolio_id = (await ann.post("portfolios", {"name": "A"})).json()["portfolio_id"]
    path = f"portfolios/{portfolio_id}/cash-flows"

    first = await ann.post(path, {"flow_date": "2022-12-01", "amount": "100.10", "note": "deposit"})
    await ann.post(path, {"flow_date": "2022-12-05", "amount": -20})

    page = (await ann.get(path)).json()
    assert (first.status_code, first.json()["run_id"]) == (201, None)
    assert [item["amount"] for item in page["items"]] == [-20.0, 100.1]
    assert page["total"] == 2


@pytest.mark.parametrize("amount", [0, "0.001", "1e30", "NaN"])
async def test_unusable_amounts_are_refused(ann: Person, amount: object) -> None:
    portfolio_id = (await ann.post("portfolios", {"name": "A"})).json()["portfolio_id"]

    answer = await ann.post(
        f"portfolios/{portfolio_id}/cash-flows", {"flow_date": "2022-12-01", "amount": amount}
    )

    assert answer.status_code == 422
