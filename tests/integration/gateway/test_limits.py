"""Limits over REST, answered by the service limits from what the calculators stored."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from services.limits.handlers.evaluate_limits import evaluate_limits
from services.snapshots.tables import PortfolioSnapshot
from shared.contracts.limits import LimitsEvaluated
from shared.contracts.snapshots import RiskMeasured, SnapshotsCreated
from shared.database import Database
from tests.builders import AS_OF, a_snapshot, save
from tests.integration.gateway.people import Person
from tests.integration.gateway.seeds import BEFORE, StoredBook, a_stored_book
from tests.pipeline import answering_services
from tests.servers import Role, Servers

pytestmark = pytest.mark.usefixtures("market", "limits")
NEXT = date(2022, 12, 29)
CONCENTRATION: dict[str, Any] = {
    "name": "Concentration",
    "measure": "market_value",
    "per": "underlying",
    "unit": "share_of_nav",
    "direction": "outside",
    "warning": 0.25,
    "breach": 0.28,
    "owner": "Risk",
}


@pytest.fixture(scope="module")
async def limits(servers: Servers, admin: Database) -> AsyncIterator[None]:
    """The service limits answers; tests evaluate by themselves."""
    async with answering_services(servers, admin, ["limits"]):
        yield


@pytest.fixture
async def book(ann: Person, market: None, admin: Database) -> StoredBook:
    return await a_stored_book(ann, admin)


async def evaluated(
    role: Role, portfolio_id: str, day: date = AS_OF, run_id: UUID | None = None
) -> list[LimitsEvaluated]:
    """What the service publishes after both halves of a run."""
    found = []
    for kind in (SnapshotsCreated, RiskMeasured):
        event = kind.new(
            run_id or UUID(int=7),
            day,
            price_run="1",
            shard=0,
            shards=1,
            portfolio_ids=(UUID(portfolio_id),),
        )
        async with role("limits").transaction() as session:
            found.append(await evaluate_limits(event, session))
    return found


async def created(person: Person, **changes: Any) -> dict[str, Any]:
    answer = await person.post("limits", CONCENTRATION | changes)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def alerts(admin: Database) -> list[Any]:
    query = text("select level, as_of, member, withdrawn, message from limits.alerts order by 2, 1")
    async with admin.transaction() as session:
        return list(await session.execute(query))


async def test_a_limit_is_evaluated_when_it_is_set_and_names_what_drives_it(
    ann: Person, book: StoredBook, admin: Database
) -> None:
    limit = await created(ann)

    (standing,) = limit["standings"]
    assert limit["states"] == {"breached": 1}
    assert (standing["state"], standing["member"]) == ("breached", "AAPL")
    assert (standing["value"], standing["room_usd"]) == (pytest.approx(0.3), -1000.0)
    assert standing["contributors"] == [
        {"name": "AAPL", "value": 15000.0},
        {"name": "MSFT", "value": -12000.0},
        {"name": "XOM", "value": 1000.0},
    ]
    assert (standing["since"], standing["age_sessions"]) == (str(AS_OF), 1)
    ((level, day, member, withdrawn, message),) = await alerts(admin)
    assert (level, day, member, withdrawn) == ("breached", AS_OF, "AAPL", False)
    assert message == (
        "Concentration: AAPL is 30.00% of NAV, outside its breach level of 28.00% of NAV"
    )


async def test_every_template_can_be_set_and_what_is_not_stored_is_not_measured(
    ann: Person, book: StoredBook
) -> None:
    templates = (await ann.get("limits/templates")).json()["items"]

    found = {each["template"]: (await created(ann, **each["limit"]))["worst"] for each in templates}

    values = {name: (each["state"], each["value"], each["member"]) for name, each in found.items()}
    assert values == {
        "concentration": ("breached", pytest.approx(0.3), "AAPL"),
        "gross_exposure": ("ok", pytest.approx(0.56), None),
        "var_99": ("not_measured", None, None),
        "worst_scenario": ("breached", pytest.approx(-1.14), "doom"),
        "net_delta": ("not_measured", None, None),
        "vega": ("not_measured", None, None),
    }
    assert found["worst_scenario"]["contributors"][0] == {"name": "AAPL", "value": -40000.0}
    assert "is not stored" in found["var_99"]["reason"]


# A limit, and what is stored for it: the value and the member, of which the worst counts.
STORED: list[tuple[dict[str, Any], float | None, str | None]] = [
    ({"measure": "exposure.dollar.gross", "per": "sector"}, 28_000.0, "unclassified"),
    ({"measure": "market_value", "per": "position", "direction": "below"}, -12_000.0, "MSFT"),
    ({"measure": "market_value", "per": "underlying", "key": "XOM"}, 1_000.0, "XOM"),
    ({"measure": "market_value", "per": "position", "key": " xom "}, 1_000.0, "XOM"),
    ({"measure": "market_value", "per": "sector", "key": "Unclassified"}, 4e3, "unclassified"),
    ({"measure": "market_value", "per": "underlying", "key": "TSLA"}, 0.0, "TSLA"),
    ({"measure": "market_value", "per": "tag"}, 0.0, None),
    ({"measure": "component_var_95", "per": "position"}, 400.0, "AAPL"),
    ({"measure": "scenario.crash", "per": "underlying", "direction": "below"}, -6000.0, "AAPL"),
    ({"measure": "dollar_vega_1pt", "per": "underlying"}, 50.0, "AAPL"),
    ({"measure": "factor.market", "per": "underlying"}, 31_200.0, "AAPL"),
    ({"measure": "factor.market"}, None, None),
    ({"measure": "nav"}, 50_000.0, None),
    ({"measure": "var_95_1d_historical.longs"}, 800.0, None),
    ({"measure": "scenario.doom.direct"}, -57_000.0, None),
    ({"measure": "sharpe_252d"}, None, None),
]


async def test_a_measure_is_read_as_it_is_stored(ann: Person, book: StoredBook) -> None:
    own = {"per": "portfolio", "unit": "own", "direction": "above", "warning": None}
    series = await ann.get(f"portfolios/{book.portfolio_id}/series", measures="factor.market")
    market = series.json()["series"][0]["values"][-1]

    standings = [
        (await created(ann, **{**own, "breach": 1e9, "name": f"Limit {number}", **limit}))["worst"]
        for number, (limit, *_) in enumerate(STORED)
    ]

    for (limit, stored, member), standing in zip(STORED, standings, strict=True):
        value = market if limit == {"measure": "factor.market"} else stored
        assert standing["value"] == (None if value is None else pytest.approx(value, abs=0.01)), (
            limit
        )
        assert standing["member"] == member, limit
        assert (standing["state"] == "not_measured") == (value is None), limit


async def test_a_limit_on_what_is_not_held_says_so(ann: Person, book: StoredBook) -> None:
    limit = await created(ann, key="TSLA")

    assert limit["worst"]["reason"] == "nothing of it is held"


async def test_a_member_says_which_of_its_positions_have_no_value(
    ann: Person, book: StoredBook, admin: Database
) -> None:
    async with admin.transaction() as session:
        await session.execute(
            text(
                "update snapshots.position_valuations set market_value = null where symbol = 'XOM'"
            )
        )

    sector = (await created(ann, per="sector"))["worst"]
    xom = (await created(ann, key="XOM"))["worst"]

    assert sector["value"] == pytest.approx(3_000 / 50_000)
    assert sector["reason"] == "1 of its positions have no value"
    assert (xom["state"], xom["value"]) == ("not_measured", None)


@pytest.mark.parametrize("field", ["name", "key", "owner", "note"])
async def test_a_zero_byte_in_a_limit_is_the_callers_mistake(
    ann: Person, book: StoredBook, field: str
) -> None:
    answer = await ann.post("limits", CONCENTRATION | {field: "a\0b"})

    code = "invalid_request" if field == "name" else "invalid_text"
    assert (answer.status_code, answer.json()["code"]) == (422, code)


async def test_a_breach_is_acknowledged_waived_and_cleared(
    ann: Person, book: StoredBook, role: Role, admin: Database
) -> None:
    limit = await created(ann)
    path = f"limits/{limit['limit_id']}"
    own = {"portfolio_id": book.portfolio_id}

    known = await ann.post(f"{path}/acknowledge", {**own, "reason": "Reduced this week"})
    waived = await ann.post(f"{path}/waive", {**own, "reason": "Approved", "until": "2022-12-28"})
    await save(admin, PortfolioSnapshot, [a_snapshot(UUID(book.portfolio_id), NEXT)])
    await evaluated(role, book.portfolio_id, NEXT)
    history = (await ann.get(f"{path}/history", **own)).json()

    assert known.json()["worst"]["state"] == "acknowledged"
    assert waived.json()["worst"]["state"] == "waived"
    assert [(each["as_of"], each["state"]) for each in history["items"]] == [
        (str(NEXT), "cleared"),
        (str(AS_OF), "waived"),
    ]
    assert [(each["kind"], each["reason"]) for each in history["actions"]] == [
        ("waived", "Approved"),
        ("acknowledged", "Reduced this week"),
    ]
    assert [each[:3] for each in await alerts(admin)] == [
        ("breached", AS_OF, "AAPL"),
        ("cleared", NEXT, None),
    ]
    refused = await ann.post(f"{path}/acknowledge", {**own, "reason": "Again"})
    assert (refused.status_code, refused.json()["code"]) == (422, "not_breached")


async def test_a_restated_session_restates_the_state_and_adds_no_alert(
    ann: Person, book: StoredBook, role: Role, admin: Database
) -> None:
    limit = await created(ann)
    calmer = text(
        "update snapshots.position_valuations set market_value = market_value / 10 "
        "where as_of = :day"
    )
    back = text(
        "update snapshots.position_valuations set market_value = market_value * 10 "
        "where as_of = :day"
    )
    states = []
    for change in (calmer, back, back, calmer):
        async with admin.transaction() as session:
            await session.execute(change, {"day": AS_OF})
        first, second = await evaluated(role, book.portfolio_id, run_id=uuid4())
        assert (first.more_follow, second.more_follow) == (True, False)
        assert first.event_id != second.event_id
        found = (await ann.get(f"limits/{limit['limit_id']}")).json()["worst"]
        states.append((found["state"], [each[3] for each in await alerts(admin)]))

    assert states == [
        ("ok", [True]),
        ("breached", [False]),
        ("breached", [False]),
        ("breached", [False]),
    ]


async def test_levels_change_from_the_last_session_on_and_what_it_is_about_does_not(
    ann: Person, book: StoredBook
) -> None:
    limit = await created(ann)
    path = f"limits/{limit['limit_id']}"

    changed = await ann.request("PUT", path, json=CONCENTRATION | {"breach": 0.5, "note": "wider"})
    refused = await ann.request("PUT", path, json=CONCENTRATION | {"per": "position"})

    assert changed.status_code == 200, changed.text
    assert (changed.json()["breach"], changed.json()["note"]) == (0.5, "wider")
    assert changed.json()["states"] == {"warning": 1}
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_limit")
    assert [error["field"] for error in refused.json()["errors"]] == ["per"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"measure": "nav"}, "per"),
        ({"measure": "navv"}, "measure"),
        ({"measure": "component_var_95", "per": "portfolio"}, "per"),
        ({"measure": "beta", "per": "portfolio"}, "unit"),
        ({"per": "portfolio", "key": "AAPL"}, "key"),
        ({"key": "  "}, "key"),
        ({"hysteresis": 0.26}, "hysteresis"),
        ({"warning": 0.9}, "warning"),
        ({"breach": -0.1}, "breach"),
        ({"hysteresis": -1}, "hysteresis"),
        ({"sessions": 0}, "sessions"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_what_is_wrong_with_a_limit_is_named_by_field_with_the_fix(
    ann: Person, book: StoredBook, changes: dict[str, Any], field: str
) -> None:
    answer = await ann.post("limits", CONCENTRATION | changes)

    assert answer.status_code == 422, answer.text
    assert field in [error["field"] for error in answer.json()["errors"]], answer.text


async def test_deleting_a_limit_leaves_nothing(
    ann: Person, book: StoredBook, admin: Database
) -> None:
    limit = await created(ann)
    path = f"limits/{limit['limit_id']}"
    own = {"portfolio_id": book.portfolio_id, "reason": "known"}
    await ann.post(f"{path}/acknowledge", own)

    answers = [await ann.request("DELETE", path) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 404]
    tables = ("limits", "limit_states", "limit_events", "alerts")
    async with admin.transaction() as session:
        for table in tables:
            assert await session.scalar(text(f"select count(*) from limits.{table}")) == 0


async def test_a_repeated_request_sets_one_limit(ann: Person, book: StoredBook) -> None:
    headers = {"Idempotency-Key": "once"}

    first, second = [
        await ann.request("POST", "limits", json=CONCENTRATION, headers=headers) for _ in range(2)
    ]

    assert first.json()["limit_id"] == second.json()["limit_id"]
    assert (await ann.get("limits")).json()["total"] == 1


async def test_what_is_about_a_deleted_portfolio_is_shown_no_longer(
    ann: Person, book: StoredBook
) -> None:
    everywhere = await created(ann)
    there = await created(ann, portfolio_id=book.portfolio_id)
    before = (await ann.get("alerts")).json()["items"]

    deleted = await ann.request("DELETE", f"portfolios/{book.portfolio_id}")

    assert deleted.status_code == 204, deleted.text
    shown = (await ann.get("limits")).json()["items"]
    assert [each["limit_id"] for each in shown] == [everywhere["limit_id"]]
    assert (await ann.get(f"limits/{there['limit_id']}")).status_code == 404
    assert len(before) == 2
    assert (await ann.get("alerts")).json()["items"] == []


async def test_a_key_on_a_change_is_no_mistake(ann: Person, book: StoredBook) -> None:
    path = f"limits/{(await created(ann))['limit_id']}"
    wider = CONCENTRATION | {"breach": 0.5}

    answers = [
        await ann.request("PUT", path, json=wider, headers={"Idempotency-Key": "once"})
        for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert [answer.json()["breach"] for answer in answers] == [0.5, 0.5]


async def test_a_list_shows_the_limits_of_a_portfolio_and_of_a_state(
    ann: Person, bob: Person, book: StoredBook
) -> None:
    everywhere = await created(ann)
    other = (await ann.post("portfolios", {"name": "Empty"})).json()["portfolio_id"]
    await created(ann, name="There", portfolio_id=other)

    def names(answer: Any) -> list[str]:
        return [each["name"] for each in answer.json()["items"]]

    assert names(await ann.get("limits")) == ["Concentration", "There"]
    assert names(await ann.get("limits", portfolio_id=book.portfolio_id)) == ["Concentration"]
    assert names(await ann.get("limits", state="breached")) == ["Concentration"]
    assert names(await ann.get("limits", state="ok")) == []
    assert names(await bob.get("limits")) == []
    theirs = await bob.get(f"limits/{everywhere['limit_id']}")
    assert (theirs.status_code, theirs.json()["code"]) == (404, "limit_not_found")


async def test_a_trial_writes_nothing_and_says_how_often_it_would_have_fired(
    ann: Person, book: StoredBook, admin: Database
) -> None:
    await save(admin, PortfolioSnapshot, [a_snapshot(UUID(book.portfolio_id), NEXT)])

    trial = (await ann.post("limits/test", CONCENTRATION)).json()

    (found,) = trial["portfolios"]
    assert (found["first"], found["last"], found["sessions"]) == (str(BEFORE), str(NEXT), 3)
    assert (found["breaches"], found["sessions_in_breach"], found["state"]) == (1, 1, "cleared")
    assert [(each["first"], each["last"]) for each in found["episodes"]] == [(str(AS_OF),) * 2]
    assert found["episodes"][0]["worst"] == pytest.approx(0.3)
    assert (await ann.get("limits")).json()["total"] == 0
    assert await alerts(admin) == []
