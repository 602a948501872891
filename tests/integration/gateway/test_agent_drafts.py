"""An agent's what-if, from a question to a hedge: every figure is the API's."""

from typing import Any

from fastapi import FastAPI

from tests.integration.gateway.people import HEADER, Person
from tests.integration.gateway.test_agents import connected, token_of
from tests.pipeline import Pipeline

SESSIONS = "modelling/sessions"
BOOK = HEADER + "AAPL,100,120,2022-06-01,tech\nXOM,-30,90,2022-06-01,\n"


async def test_a_draft_is_tried_and_scenarios_are_run_as_over_the_api(
    app: FastAPI, ann: Person, pipeline: Pipeline
) -> None:
    answer = await ann.upload(BOOK.encode(), equity_balance="50000", as_of="2022-12-28")
    portfolio_id = answer.json()["portfolio"]["portfolio_id"]
    await pipeline.finished([answer.json()["run_id"]])
    shocks = {"portfolio_id": portfolio_id, "shocks": {"market": -0.12}, "positions_shown": 5}
    options = {"options": [{"contract": "AAPL230616C00130000"}], "as_of": "2022-12-28"}
    async with connected(app, await token_of(ann)) as client:

        async def content(tool: str, /, **arguments: object) -> dict[str, Any]:
            result = await client.call_tool(tool, dict(arguments))
            assert not result.is_error, result.content
            found: dict[str, Any] = result.structured_content
            return found

        lost = await content("run_scenario", **shocks)
        priced = await content("price_options", **options)
        branched = await content("create_draft", portfolio_id=portfolio_id, name="Less")
        draft_id = branched["draft_id"]
        trade = {"action": "open", "symbol": "AAPL", "quantity": -50}
        traded = await content("add_trades", draft_id=draft_id, trades=[trade])
        calculated = await content("calculate_draft", draft_id=draft_id)
        again = await content("calculate_draft", draft_id=draft_id, seconds=0)
        target, candidate = {"measure": "beta", "equal": 0}, {"symbol": "SPY"}
        wanted = {"targets": [target], "candidates": [candidate]}
        hedged = await content("suggest_hedge", draft_id=draft_id, **wanted)

    api = await ann.post("risk/stress-testing/comprehensive", shocks)
    assert lost["report"] == api.json()
    assert priced["report"] == (await ann.post("risk/greeks/calculate", options)).json()
    entered = (await ann.get(f"{SESSIONS}/{draft_id}")).json()
    assert traded["draft"]["trades"] == entered["trades"]
    impacts = (await ann.get(f"{SESSIONS}/{draft_id}/impacts")).json()["impacts"]
    metrics = {each["metric"]: each for each in impacts["metrics"]} | {"nav": impacts["nav"]["nav"]}
    shown = {each["id"]: each for each in calculated["figures"]}
    for name in ("nav", "beta", "var_95_1d_historical"):
        for side in ("before", "after", "difference"):
            assert shown[name][side] == metrics[name][side], (name, side)
    assert again == calculated
    assert (calculated["state"], entered["state"]) == ("calculated", "calculated")
    assert abs(hedged["report"]["suggestions"][0]["targets"][0]["after"]) < 0.02
    assert entered["booked_at"] is None
