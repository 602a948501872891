"""Stress over REST: stored results by position, custom scenarios, what-if runs."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from services.stress.tables import CustomScenario
from shared.contracts.stress import DeleteScenario, EvaluateWhatIf, SaveScenario
from shared.database import Database
from tests.integration.gateway.answering import replying
from tests.integration.gateway.people import Person
from tests.integration.gateway.seeds import CALL, NO_BETAS, StoredBook, a_scenario, a_stored_book

pytestmark = pytest.mark.usefixtures("market")
TERMS: dict[str, Any] = {
    "category": "custom",
    "severity": "moderate",
    "shocks": {"market": -0.08},
    "basis": "absolute",
}


@pytest.fixture
async def book(ann: Person, market: None, admin: Database) -> StoredBook:
    return await a_stored_book(ann, admin)


BESIDE: dict[str, Any] = {"underlying_shocks": {"AAPL": -0.2}, "days_forward": 30}


class Stress:
    """A stress service that gives prepared answers and records the requests."""

    def __init__(self) -> None:
        self.answers: dict[str, dict[str, Any]] = {}
        self.received: list[dict[str, Any]] = []

    async def reply(self, message: Msg) -> None:
        self.received.append(json.loads(message.data))
        await message.respond(json.dumps(self.answers[message.subject]).encode())


@pytest.fixture
async def stress(bus: Client) -> AsyncIterator[Stress]:
    service = Stress()
    async with replying(bus, service.reply, SaveScenario, DeleteScenario, EvaluateWhatIf):
        yield service


def refusal(code: str, problems: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"refusal": {"code": code, "message": "no", "problems": problems or []}}


async def an_own_scenario(admin: Database, ann: Person, scenario_id: str = "oil") -> None:
    """A stored scenario of ann's."""
    user_id = (await ann.get("auth/me")).json()["user_id"]
    terms: dict[str, Any] = {
        "user_id": user_id,
        "scenario_id": scenario_id,
        "name": "Oil",
        "description": "",
        "active": True,
    }
    async with admin.transaction() as session:
        session.add(CustomScenario(**terms, **TERMS))


def outcome_of(report: dict[str, Any], scenario_id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(s for s in report["scenarios"] if s["scenario_id"] == scenario_id)
    return found


# --- stored results ---


async def test_each_scenario_names_what_it_leaves_out(ann: Person, book: StoredBook) -> None:
    report = (await ann.get(f"risk/stress-testing/results/{book.portfolio_id}")).json()

    for scenario in report["scenarios"]:
        [left_out] = scenario["direct"]["left_out"]
        assert (left_out["symbol"], left_out["code"]) == ("XOM", "no_betas")


async def test_results_compare_full_repricing_and_flag_losses_beyond_nav(
    ann: Person, book: StoredBook
) -> None:
    report = (await ann.get(f"risk/stress-testing/results/{book.portfolio_id}")).json()

    crash = outcome_of(report, "crash")["direct"]
    doom = outcome_of(report, "doom")["direct"]
    assert (crash["total_pnl"], crash["delta_gamma_pnl"], crash["delta_gamma_difference"]) == (
        -3000.0,
        -3050.0,
        50.0,
    )
    assert (crash["loss_exceeds_nav"], doom["loss_exceeds_nav"]) == (False, True)
    assert doom["total_pnl"] == -57_000.0
    assert report["direct"]["worst"]["scenario_id"] == "doom"
    assert [(g["group"], g["method"], g["scenarios"]) for g in report["by_category"]] == [
        ("market", "correlated", 2)
    ]


async def test_positions_add_up_to_each_result_when_asked_for(
    ann: Person, book: StoredBook
) -> None:
    path = f"risk/stress-testing/results/{book.portfolio_id}"

    plain = (await ann.get(path)).json()
    detailed = (await ann.get(path, include="positions")).json()

    parts = outcome_of(detailed, "crash")["direct"]["positions"]
    assert outcome_of(plain, "crash")["direct"]["positions"] is None
    assert [(part["symbol"], part["pnl"]) for part in parts] == [
        ("AAPL", -4000.0),
        (CALL, -2000.0),
        ("MSFT", 3000.0),
        ("XOM", None),
    ]
    for scenario in detailed["scenarios"]:
        for result in (scenario["direct"], scenario["correlated"]):
            assert sum(part["pnl"] or 0 for part in result["positions"]) == result["total_pnl"]


async def test_positions_without_a_result_are_named_with_the_reason(
    ann: Person, book: StoredBook
) -> None:
    report = (await ann.get(f"risk/stress-testing/results/{book.portfolio_id}")).json()
    ladder = (await ann.get("risk/market-scenarios")).json()

    reasons = f"{NO_BETAS}; no sensitivity to the 10Y yield"
    assert [(each["symbol"], each["reason"]) for each in report["left_out"]] == [("XOM", reasons)]
    assert ladder["left_out"] == report["left_out"]


async def test_market_risk_moves_have_a_separate_route(ann: Person, book: StoredBook) -> None:
    ladder = (await ann.get("risk/market-scenarios")).json()

    assert (ladder["total"], ladder["as_of"], ladder["nav"]) == (1, "2022-12-28", 50_000)
    assert (ladder["items"][0]["shock"], ladder["items"][0]["pnl"]) == (-0.1, -1500.0)


async def test_plain_moves_before_the_first_run_have_a_reason(ann: Person) -> None:
    await ann.post("portfolios", {"name": "A"})

    ladder = (await ann.get("risk/market-scenarios")).json()

    assert (ladder["items"], ladder["as_of"]) == ([], None)
    assert "no stress results" in ladder["reason"]


# --- scenarios ---


async def test_measured_shocks_are_shown_next_to_the_scenarios(
    ann: Person, book: StoredBook
) -> None:
    listed = (await ann.get("risk/stress-testing/scenarios")).json()["items"]

    assert listed[0]["shocks"] == {"market": -0.2}
    assert listed[0]["measured_shocks"] == {"market": -0.3372}
    assert (listed[0]["window_start"], listed[0]["window_end"]) == ("2020-02-19", "2020-03-23")
    assert listed[1]["measured_shocks"] is None


async def test_own_scenarios_are_listed_for_their_owner_alone(
    ann: Person, bob: Person, book: StoredBook, admin: Database
) -> None:
    await an_own_scenario(admin, ann)

    own = (await ann.get("risk/stress-testing/scenarios")).json()
    others = (await bob.get("risk/stress-testing/scenarios")).json()

    assert [(each["scenario_id"], each["custom"]) for each in own["items"]] == [
        ("crash", False),
        ("doom", False),
        ("oil", True),
    ]
    assert [each["scenario_id"] for each in others["items"]] == ["crash", "doom"]


async def test_a_scenario_is_saved_for_the_caller(
    ann: Person, stress: Stress, admin: Database
) -> None:
    await an_own_scenario(admin, ann, "oil_shock_mild")
    stress.answers[SaveScenario.subject] = {
        "answer": {"scenario_id": "oil_shock_mild", "created": True}
    }

    body = {"name": "Oil shock (mild)", "shocks": {"market": -0.08}, "rate_shock": 0.005}
    answer = await ann.post("risk/stress-testing/scenarios", body)

    (asked,) = stress.received
    assert (answer.status_code, answer.json()["custom"]) == (201, True)
    assert asked["user_id"] == (await ann.get("auth/me")).json()["user_id"]
    assert asked["definition"] == {
        **TERMS,
        "scenario_id": "oil_shock_mild",
        "name": "Oil shock (mild)",
        "description": "Oil shock (mild)",
        "rate_shock": 0.005,
        "volatility_shock": None,
    }


async def test_saving_again_replaces(ann: Person, stress: Stress, admin: Database) -> None:
    await an_own_scenario(admin, ann)
    stress.answers[SaveScenario.subject] = {"answer": {"scenario_id": "oil", "created": False}}

    answer = await ann.post(
        "risk/stress-testing/scenarios", {"name": "Oil", "shocks": {"market": -0.1}}
    )

    assert answer.status_code == 200


async def test_what_is_wrong_with_a_scenario_is_passed_on(ann: Person, stress: Stress) -> None:
    problem = {"field": "shocks.Oil", "message": "unknown factor"}
    stress.answers[SaveScenario.subject] = refusal("invalid_scenario", [problem])

    answer = await ann.post(
        "risk/stress-testing/scenarios", {"name": "Oil", "shocks": {"Oil": -0.1}}
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_scenario")
    assert [(each["field"], each["message"]) for each in answer.json()["errors"]] == [
        ("shocks.Oil", "unknown factor")
    ]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "A", "scenario_id": "A b"},
        {"name": "A", "shocks": {"market": "x"}},
        {"name": "油价", "shocks": {"market": -0.1}},
        {"name": "A", "shocks": {f"f{number}": 0.1 for number in range(21)}},
        {"name": "A", "category": "x" * 65, "shocks": {"market": -0.1}},
    ],
)
async def test_unusable_scenarios_never_leave_the_gateway(
    ann: Person, stress: Stress, body: dict[str, Any]
) -> None:
    answer = await ann.post("risk/stress-testing/scenarios", body)

    assert (answer.status_code, stress.received) == (422, [])


async def test_a_scenario_is_deleted_by_its_owner(ann: Person, stress: Stress) -> None:
    stress.answers[DeleteScenario.subject] = {"answer": {"scenario_id": "oil"}}

    answer = await ann.request("DELETE", "risk/stress-testing/scenarios/oil")

    assert answer.status_code == 204
    assert stress.received[0]["scenario_id"] == "oil"


async def test_deleting_what_is_not_ones_own_is_not_found(ann: Person, stress: Stress) -> None:
    stress.answers[DeleteScenario.subject] = refusal("unknown_scenario")

    answer = await ann.request("DELETE", "risk/stress-testing/scenarios/crash")

    assert (answer.status_code, answer.json()["code"]) == (404, "scenario_not_found")


# --- what if ---


def an_outcome(book: StoredBook, method: str, pnl: str, **more: Any) -> dict[str, Any]:
    missing = {
        "code": "no_betas",
        "message": "no factor betas: left out of the factor shocks",
        "about": ["XOM"],
    }
    impacts = [("AAPL", pnl), ("XOM", None)]
    return {
        **{
            "scenario_id": "what_if",
            "name": "What if",
            "category": "custom",
            "severity": "moderate",
        },
        **{
            "shocks": {"market": -0.12},
            "rate_shock": None,
            "volatility_shock": None,
            "basis": "absolute",
        },
        "method": method,
        "headline": "specified",
        "total_pnl": pnl,
        "volatility_pnl": "0.00",
        "factor_impacts": {"market": pnl},
        "nonlinear": "0.00",
        "delta_gamma_pnl": pnl,
        "correlation_effect": None,
        "effective_shocks": {"market": -0.12},
        "implied_moves": {"market": -0.12, "value": -0.12},
        "plausibility": 0.75,
        "floored": {},
        "stated": None,
        "option_valuation": "full",
        "coverage": 0.97,
        "left_out": [missing],
        "positions": [
            {"position_id": str(book.positions[symbol]), "symbol": symbol, "pnl": part}
            for symbol, part in impacts
        ],
        "positions_not_shown": 2,
        "pnl_not_shown": "0.00",
    } | more


@pytest.mark.parametrize(
    ("path", "method", "methods"),
    [
        ("direct-impact", "direct", ["direct"]),
        ("correlated-impact", "correlated", ["correlated"]),
        ("comprehensive", "comprehensive", ["direct", "correlated"]),
    ],
)
async def test_a_what_if_is_evaluated_by_stress_and_laid_out_like_results(
    ann: Person, book: StoredBook, stress: Stress, path: str, method: str, methods: list[str]
) -> None:
    outcomes = [an_outcome(book, each, "-60000.00") for each in methods]
    applied = {**BESIDE, "until": "2023-01-27"}
    about: dict[str, Any] = {"portfolio_id": book.portfolio_id, "as_of": "2022-12-28"}
    evaluated = about | {"outcomes": outcomes, "applied": applied}
    stress.answers[EvaluateWhatIf.subject] = {"answer": evaluated}

    body = {"portfolio_id": book.portfolio_id, "shocks": {"market": -0.12}, "positions_shown": 2}
    answer = await ann.post(f"risk/stress-testing/{path}", body | BESIDE)

    report = answer.json()
    assert answer.status_code == 200, answer.text
    assert (stress.received[0]["as_of"], stress.received[0]["method"]) == ("2022-12-28", method)
    assert {name: stress.received[0][name] for name in BESIDE} == BESIDE
    assert report["applied"]["until"] == "2023-01-27"
    scenario = outcome_of(report, "what_if")
    assert [name for name in ("direct", "correlated") if scenario[name]] == methods
    result = scenario[methods[0]]
    assert (result["total_pnl"], result["loss_exceeds_nav"]) == (-60_000.0, True)
    assert [part["symbol"] for part in result["positions"]] == ["AAPL", "XOM"]
    assert result["positions_not_shown"] == 2
    assert [(each["symbol"], each["reason"]) for each in report["left_out"]] == [("XOM", NO_BETAS)]


async def test_a_what_if_without_a_named_portfolio_is_about_the_first(
    ann: Person, book: StoredBook, stress: Stress
) -> None:
    stress.answers[EvaluateWhatIf.subject] = refusal("unknown_scenario")

    answer = await ann.post("risk/stress-testing/comprehensive", {"scenario_ids": ["nothing"]})

    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_scenario")
    assert stress.received[0]["portfolio_id"] == book.portfolio_id


async def test_a_what_if_before_the_first_run_is_refused(ann: Person, stress: Stress) -> None:
    await ann.post("portfolios", {"name": "A"})

    answer = await ann.post("risk/stress-testing/direct-impact", {"shocks": {"market": -0.1}})

    assert (answer.status_code, answer.json()["code"], stress.received) == (
        422,
        "not_calculated",
        [],
    )


async def test_without_stress_a_what_if_is_unavailable_and_results_still_are_not(
    ann: Person, book: StoredBook
) -> None:
    answer = await ann.post("risk/stress-testing/direct-impact", {"shocks": {"market": -0.1}})
    results = await ann.get(f"risk/stress-testing/results/{book.portfolio_id}")

    assert (answer.status_code, answer.json()["code"]) == (503, "service_unavailable")
    assert results.status_code == 200


async def test_a_stranger_cannot_ask_about_anothers_book(
    bob: Person, book: StoredBook, stress: Stress
) -> None:
    answers = [
        await bob.post("risk/stress-testing/direct-impact", {"portfolio_id": portfolio_id})
        for portfolio_id in (book.portfolio_id, str(uuid4()))
    ]

    assert {answer.json()["code"] for answer in answers} == {"portfolio_not_found"}
    assert stress.received == []


async def test_a_house_scenario_that_is_switched_off_is_not_listed(
    ann: Person, admin: Database
) -> None:
    switched_off = a_scenario("gone")
    switched_off.active = False
    async with admin.transaction() as session:
        session.add(switched_off)

    assert (await ann.get("risk/stress-testing/scenarios")).json() == {"items": [], "total": 0}
