"""Limits through all services: runs wait for them; drafts are evaluated against their base's."""

from typing import Any

from sqlalchemy import text

from shared.database import Database
from tests.builders import AS_OF
from tests.integration.gateway.people import HEADER, Person
from tests.pipeline import Pipeline, nothing_runs

BOOK = HEADER + "AAPL,100,140,2022-06-01,\nXOM,100,90,2022-06-01,\n"
SHARE: dict[str, Any] = {
    "measure": "market_value",
    "per": "underlying",
    "unit": "share_of_nav",
    "direction": "outside",
}
LIMITS: list[dict[str, Any]] = [
    SHARE | {"name": "AAPL 20 %", "key": "AAPL", "breach": 0.2},
    SHARE | {"name": "XOM 30 %", "key": "XOM", "breach": 0.3},
    {"name": "VaR", "measure": "var_95_1d_historical", "unit": "share_of_nav", "breach": 0.9},
]


async def test_a_draft_breaches_one_limit_and_cures_another(
    ann: Person, pipeline: Pipeline, admin: Database
) -> None:
    uploaded = await ann.upload(BOOK.encode(), equity_balance="50000", as_of=str(AS_OF))
    base_id = uploaded.json()["portfolio"]["portfolio_id"]
    await nothing_runs(admin)
    await pipeline.run([AS_OF])
    for limit in LIMITS:
        assert (await ann.post("limits", limit)).status_code == 201
    await pipeline.run([AS_OF])
    listed = (await ann.get("portfolios")).json()["items"][0]
    report = (await ann.get(f"portfolios/{base_id}/report")).json()

    draft = await ann.post("modelling/sessions", {"portfolio_id": base_id})
    path = f"modelling/sessions/{draft.json()['draft_id']}"
    trades = [
        {"action": "open", "symbol": "AAPL", "quantity": -50},
        {"action": "open", "symbol": "XOM", "quantity": 60},
    ]
    await ann.post(f"{path}/trades", {"trades": trades})
    await ann.post(f"{path}/calculate", None)
    await nothing_runs(admin)
    impacts = (await ann.get(f"{path}/impacts")).json()["impacts"]

    assert listed["limits"] == report["limits"] == {"breached": 1, "ok": 2}
    states = report["limit_states"]
    assert [each["state"] for each in states] == ["breached", "ok", "ok"]
    assert states[0]["room"] < 0 < states[1]["room"]
    assert all(each["value"] is not None and each["measure_unit"] for each in states)
    found = {each["name"]: each for each in impacts["limits"]}
    assert [(each["name"], each["change"]) for each in impacts["limits"]] == [
        ("XOM 30 %", "breached"),
        ("AAPL 20 %", "cured"),
        ("VaR", "unchanged"),
    ]
    assert found["XOM 30 %"]["before"]["room"] > 0 > found["XOM 30 %"]["after"]["room"]
    assert found["AAPL 20 %"]["after"]["state"] == "ok"
    assert found["VaR"]["before"]["value"] > found["VaR"]["after"]["value"] / 2 > 0
    # the draft is in no list of limits or alerts
    (limit,) = [
        each for each in (await ann.get("limits")).json()["items"] if "AAPL" in each["name"]
    ]
    assert limit["states"] == {"breached": 1}
    async with admin.transaction() as session:
        alerts = await session.execute(text("select name, level, portfolio_id from limits.alerts"))
        assert [(name, level, str(which)) for name, level, which in alerts] == [
            ("AAPL 20 %", "breached", base_id)
        ]
