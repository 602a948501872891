"""A user's runs: what became of each for the user's portfolios, stage by stage."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from services.gateway.edge.dependencies import Gateway
from shared.contracts.event import Event, PortfolioFailure
from shared.contracts.factors import FactorsComputed
from shared.contracts.greeks import GreeksComputed
from shared.contracts.ingest import PricesUpdated
from tests.integration.gateway.people import Person
from tests.integration.gateway.test_runs import STAGES, a_stage, deliver

pytestmark = pytest.mark.usefixtures("market")


async def runs_of(person: Person, **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await person.get("me/runs", **query)).json()["items"]
    return [item for item in items if item["portfolios"]]


async def a_portfolio_of(person: Person) -> UUID:
    created = await person.post("portfolios", {"name": uuid4().hex})
    return UUID(created.json()["portfolio_id"])


async def test_a_run_has_its_stages_in_the_order_of_the_pipeline(
    gateway: Gateway, ann: Person
) -> None:
    portfolio_id, run_id = await a_portfolio_of(ann), uuid4()
    about: dict[str, Any] = {"shards": 1, "portfolio_ids": (portfolio_id,)}

    await deliver(gateway, [a_stage(kind, run_id, **about) for kind, _ in reversed(STAGES)])
    (run,) = await runs_of(ann, portfolio_id=str(portfolio_id))

    (part,) = run["portfolios"]
    assert (run["run_id"], run["status"], run["requested"]) == (str(run_id), "completed", False)
    assert (part["portfolio_id"], part["status"]) == (str(portfolio_id), "completed")
    assert [stage["stage"] for stage in part["stages"]] == [name for _, name in STAGES]
    assert [stage["seconds"] for stage in part["stages"]] == [0.5] * len(STAGES)
    assert part["stages"][2]["after_seconds"] == 1.5
    assert run["elapsed_seconds"] == 6.0


async def test_a_shared_run_shows_each_user_only_their_own(
    gateway: Gateway, ann: Person, bob: Person
) -> None:
    hers, his, run_id = await a_portfolio_of(ann), await a_portfolio_of(bob), uuid4()
    both: dict[str, Any] = {"shards": 1, "portfolio_ids": (hers, his)}
    alone = both | {"portfolio_ids": (his,)}
    failure = PortfolioFailure(
        portfolio_id=hers, reason="too large", error="DataError", detail="row 7 of positions"
    )
    events: list[Event] = [
        a_stage(PricesUpdated, run_id, **both),
        a_stage(GreeksComputed, run_id, **alone, failed_portfolios=(failure,)),
        *(a_stage(kind, run_id, **alone) for kind, _ in STAGES[2:]),
    ]

    await deliver(gateway, events)
    (run_of_ann,) = await runs_of(ann)
    (run_of_bob,) = await runs_of(bob)

    assert (run_of_ann["status"], run_of_bob["status"]) == ("failed", "completed")
    (part,) = run_of_ann["portfolios"]
    assert [stage["status"] for stage in part["stages"]] == ["ok", "failed"]
    assert [problem["message"] for problem in part["problems"]] == ["too large"]
    assert "row 7" not in str(run_of_ann)
    assert str(hers) not in str(run_of_bob)


async def test_runs_come_newest_first_and_by_the_page(gateway: Gateway, ann: Person) -> None:
    portfolio_id = await a_portfolio_of(ann)
    about: dict[str, Any] = {"shards": 1, "portfolio_ids": (portfolio_id,)}
    for kind in (PricesUpdated, FactorsComputed):
        await deliver(gateway, [a_stage(kind, uuid4(), **about)])

    both = (await ann.get("me/runs", portfolio_id=str(portfolio_id))).json()
    second = (await ann.get("me/runs", portfolio_id=str(portfolio_id), limit=1, offset=1)).json()
    other_day = (await ann.get("me/runs", as_of="2022-12-27")).json()

    started = [item["started_at"] for item in both["items"]]
    assert started == sorted(started, reverse=True)
    assert (both["total"], second["total"], other_day["total"]) == (2, 2, 0)
    assert [item["run_id"] for item in second["items"]] == [both["items"][1]["run_id"]]
    assert [item["status"] for item in both["items"]] == ["running", "running"]


async def test_another_users_portfolio_has_no_runs(ann: Person, bob: Person) -> None:
    answer = await bob.get("me/runs", portfolio_id=str(await a_portfolio_of(ann)))

    assert (answer.status_code, answer.json()["code"]) == (404, "portfolio_not_found")
