"""The parts that a draft's trades have in what they change."""

from shared.database import Database
from tests.builders import AS_OF
from tests.integration.gateway.people import HEADER, Person
from tests.integration.gateway.test_drafts import SESSIONS
from tests.pipeline import Pipeline, nothing_runs

BOOK = HEADER + "AAPL,4000,140,2022-06-01,\nXOM,2500,90,2022-06-01,\n"


async def test_parts_add_up_where_a_trade_leaves_a_few_shares(
    ann: Person, pipeline: Pipeline, admin: Database
) -> None:
    uploaded = await ann.upload(BOOK.encode(), equity_balance="900000", as_of=str(AS_OF))
    await nothing_runs(admin)
    await pipeline.run([AS_OF])
    base = {"portfolio_id": uploaded.json()["portfolio"]["portfolio_id"]}
    path = f"{SESSIONS}/{(await ann.post(SESSIONS, base)).json()['draft_id']}"
    trades = [{"action": "adjust", "symbol": each, "quantity": 1} for each in ("AAPL", "XOM")]
    await ann.post(f"{path}/trades", {"trades": trades})
    await ann.post(f"{path}/calculate", None)
    await nothing_runs(admin)

    found = (await ann.get(f"{path}/impacts")).json()["impacts"]

    assert len(found["scenarios"]) == 18
    for scenario in found["scenarios"]:
        for method in ("direct", "correlated"):
            parts = [
                each[f"scenarios_{method}"][scenario["scenario_id"]] for each in found["trades"]
            ]
            difference = scenario[method]["difference"]
            assert round(sum(parts), 2) == difference, (scenario["scenario_id"], method)
