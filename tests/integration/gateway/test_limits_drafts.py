"""Limits through all services: runs wait for them; drafts are evaluated against their base's."""

from typing import Any

import pytest
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
    early = await ann.post(f"{path}/curve", {"spots": [0.0]})
    await ann.post(f"{path}/calculate", None)
    await nothing_runs(admin)
    impacts = (await ann.get(f"{path}/impacts")).json()["impacts"]
    curves = (await ann.post(f"{path}/curve", {"spots": [-0.1, 0.0]})).json()
    of_base = await ann.post("risk/curve", {"spots": [-0.1, 0.0], "portfolio_id": base_id})
    xom = (await ann.post(f"{path}/curve", {"underlying": "xom", "spots": [0.1]})).json()
    nothing = await ann.post(f"{path}/curve", {"underlying": "TSLA"})

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
    assert found["VaR"]["measure_title"] == "Historical VaR, one day, 95 %"
    titles = {each["metric"]: each["title"] for each in impacts["metrics"]}
    assert titles["var_99_1d_historical"] == "Historical VaR, one day, 99 %"
    # the draft's curve next to its base's
    assert (early.status_code, early.json()["code"]) == (409, "draft_not_calculated")
    assert curves["before"] == of_base.json()
    assert curves["after"]["dates"][0]["pnl"][0] != curves["before"]["dates"][0]["pnl"][0]
    before, after = (xom[side]["dates"][0]["pnl"][0] for side in ("before", "after"))
    assert after / before == pytest.approx(1.6, abs=1e-4)
    assert (nothing.status_code, nothing.json()["code"]) == (422, "not_held")
    # a name changes no figure, and what is kept is no longer what a reader holds
    tag = {"If-Match": (await ann.get(path)).headers["etag"]}
    renamed = await ann.request("PATCH", path, json={"name": "Less of one"}, headers=tag)
    held = {"If-None-Match": (await ann.get(path)).headers["etag"]}
    kept = await ann.post(f"{path}/save", {"name": "Kept"})
    read = await ann.request("GET", path, headers=held)
    assert (renamed.json()["state"], kept.json()["state"]) == ("calculated", "saved")
    assert (read.status_code, read.json()["state"], read.json()["name"]) == (200, "saved", "Kept")
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
