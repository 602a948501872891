"""The handlers alone, on plain fakes: what they load, what they save, what they answer."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import numpy as np
import pytest

from services.stress import repository as real
from services.stress.handlers import (
    evaluate_curve,
    evaluate_grid,
    evaluate_what_if,
    manage_scenarios,
    mirror_scenarios,
    stress_portfolios,
)
from services.stress.inputs import (
    STOCK,
    Catalogue,
    Factors,
    Holdings,
    Move,
    Past,
    Scenario,
    ScenarioIds,
    ShardBook,
    Window,
    Work,
)
from shared.contracts.event import EVENT_NAMESPACE
from shared.contracts.factors import FactorsComputed
from shared.contracts.stress import (
    DeleteScenario,
    EvaluateCurve,
    EvaluateGrid,
    EvaluateWhatIf,
    SaveScenario,
    StressComputed,
)
from shared.database import Session
from shared.errors import InvalidScenario, Unanswerable
from shared.rows import Row
from tests.unit.builders import AS_OF, NO_SESSION, PORTFOLIO, a_shard
from tests.unit.stress.builders import a_definition, no_contracts

USER = uuid5(EVENT_NAMESPACE, "unit/user")
POSITIONS = [uuid5(EVENT_NAMESPACE, f"unit/position/{number}") for number in range(2)]
COVARIANCE = np.array([[0.04, 0.01], [0.01, 0.02]])


def a_scenario(scenario_id: str = "fall", **shocks: float) -> Scenario:
    return Scenario(scenario_id, "A", "A test.", "custom", "mild", shocks or {"market": -0.10})


def some_holdings(value_beta: float = 0.5) -> Holdings:
    """100,000 of AAPL with a market beta of 1.2, and 40,000 of XOM short with one of 0.8."""
    book = ShardBook(
        portfolios=1,
        portfolio=np.zeros(2, dtype=np.intp),
        symbols=["AAPL", "XOM"],
        exposure=np.array([100_000.0, -40_000.0]),
        betas=np.array([[1.2, value_beta], [0.8, 0.0]]),
        rate_beta=np.array([-4.0, -2.0]),
        gamma=np.zeros(2),
        underlying_price=np.zeros(2),
        contract=np.full(2, STOCK, dtype=np.intp),
        units=np.zeros(2),
        contracts=no_contracts(),
    )
    factors = Factors(("market", "value"))
    return Holdings(AS_OF, [PORTFOLIO], POSITIONS, ["AAPL", "XOM"], book, factors, COVARIANCE)


def a_catalogue(*house: Scenario, custom: Sequence[Scenario] = ()) -> Catalogue:
    return Catalogue(tuple(house), {PORTFOLIO: USER}, {USER: tuple(custom)})


class Repository:
    """Replaces the database: returns what it was given and records what is saved."""

    Tables = real.Tables

    def __init__(self, work: Work, ids: ScenarioIds | None = None) -> None:
        self.work = work
        self.ids = ids or ScenarioIds(frozenset({"fall"}), {"mine": "Mine"})
        self.windows: dict[str, Window] = {}
        self.definitions: list[object] = []
        self.calculated = True
        self.saved: Any = None

    async def claim_work(
        self, session: Session, ids: Sequence[UUID], as_of: date, maturity: str
    ) -> Work:
        return self.work

    async def save_results(
        self, session: Session, ids: Sequence[UUID], as_of: date, tables: real.Tables
    ) -> None:
        self.saved = tables

    async def load_catalogue(self, session: Session, ids: Sequence[UUID]) -> Catalogue:
        return self.work.catalogue

    async def load_catalogue_for(
        self, session: Session, user_id: UUID, portfolio_id: UUID
    ) -> Catalogue:
        return self.work.catalogue

    async def load_calculated_holdings(
        self, session: Session, portfolio_id: UUID, as_of: date, maturity: str
    ) -> Holdings | None:
        return self.work.holdings if self.calculated else None

    async def load_price(self, session: Session, symbol: str, as_of: date) -> float | None:
        return 125.0

    async def claim_ids(self, session: Session, user_id: UUID) -> ScenarioIds:
        return self.ids

    async def save_custom_scenario(
        self, session: Session, user_id: UUID, scenario: Scenario
    ) -> None:
        self.saved = scenario

    async def delete_custom_scenario(
        self, session: Session, user_id: UUID, scenario_id: str
    ) -> bool:
        return scenario_id in self.ids.saved

    def load_definitions(self, files: Sequence[Path]) -> list[object]:
        return self.definitions

    async def load_windows(
        self, session: Session, scenarios: Sequence[Scenario], maturity: str
    ) -> dict[str, Window]:
        return self.windows

    async def save_scenarios(self, session: Session, scenarios: Sequence[Scenario]) -> None:
        self.saved = list(scenarios)


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch) -> Repository:
    """One portfolio, one scenario of the house and one of its owner, and two past days."""
    days, returns = [date(2022, 12, 27), AS_OF], np.array([[0.01, 0.02], [0.0, np.nan]])
    past = Past(days, ["AAPL", "XOM"], returns, np.arange(2))
    catalogue = a_catalogue(a_scenario(), custom=[a_scenario("mine", value=0.10)])
    fake = Repository(Work(some_holdings(), catalogue, past))
    for use_case in (
        *(stress_portfolios, manage_scenarios, evaluate_what_if, mirror_scenarios),
        *(evaluate_grid, evaluate_curve),
    ):
        monkeypatch.setattr(use_case, "repository", fake)
    return fake


async def stress() -> StressComputed:
    return await stress_portfolios.stress_portfolios(a_shard(FactorsComputed), NO_SESSION)


def result_rows(repository: Repository) -> list[Row]:
    columns = repository.saved.results
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


async def test_every_scenario_is_saved_by_both_methods(repository: Repository) -> None:
    event = await stress()

    rows = result_rows(repository)
    assert event.counts == {"scenarios": 1, "results": 4, "positions": 2}
    assert [(row["scenario_id"], row["method"]) for row in rows] == [
        ("fall", "direct"),
        ("fall", "correlated"),
        ("mine", "direct"),
        ("mine", "correlated"),
    ]
    # -10 % x (100,000 x 1.2 - 40,000 x 0.8), and +10 % x 100,000 x 0.5.
    assert [row["total_pnl"] for row in rows if row["method"] == "direct"] == [-8_800.0, 5_000.0]


async def test_vectors_and_axes_are_saved_with_the_reason_of_a_gap(repository: Repository) -> None:
    event = await stress()

    vectors = repository.saved.position_pnl
    assert vectors["historical_pnl"] == [None, None]
    assert vectors["exposure"] == [100_000.0, -40_000.0]
    past = repository.saved.past_returns
    returns = dict(zip(past["returns_id"], past["returns"], strict=True))
    complete, gappy = (returns[each] for each in vectors["returns_id"])
    assert complete == [0.01, 0.02]
    np.testing.assert_array_equal(gappy, [0.0, np.nan])
    assert vectors["reason"] == [None, "no return of XOM on 1 of the last 2 sessions"]
    assert repository.saved.pnl_axes["session_dates"] == [[date(2022, 12, 27), AS_OF]]
    assert [(notice.code, notice.about) for notice in event.warnings] == [
        ("history_incomplete", ("XOM",))
    ]


async def test_without_covariance_the_event_names_what_is_missing(repository: Repository) -> None:
    holdings = replace(some_holdings(value_beta=np.nan), covariance=None)
    repository.work = replace(repository.work, holdings=holdings)

    event = await stress()

    assert {row["method"] for row in result_rows(repository)} == {"direct"}
    assert [(notice.code, notice.count) for notice in event.warnings] == [
        ("no_betas", 1),
        ("no_covariance", 1),
        ("history_incomplete", 1),
    ]


async def save(definition: dict[str, Any]) -> bool:
    request = SaveScenario(user_id=USER, definition=definition)
    return (await manage_scenarios.save_scenario(request, NO_SESSION)).created


async def test_saving_says_whether_a_scenario_was_replaced(repository: Repository) -> None:
    assert await save(a_definition(scenario_id="other")) is True
    assert await save(a_definition()) is False
    assert repository.saved == Scenario(**a_definition())


@pytest.mark.parametrize("scenario_id", ["fall", "what_if"])
async def test_an_id_of_the_house_is_refused_and_nothing_saved(
    repository: Repository, scenario_id: str
) -> None:
    with pytest.raises(InvalidScenario) as caught:
        await save(a_definition(scenario_id=scenario_id))

    assert [problem["field"] for problem in caught.value.problems] == ["scenario_id"]
    assert repository.saved is None


async def test_an_id_made_from_a_name_replaces_no_scenario_of_another_name(
    repository: Repository,
) -> None:
    repository.ids = ScenarioIds(frozenset(), {"mine": "Mine!"})
    made = SaveScenario(user_id=USER, definition=a_definition(name="Mine?"), id_is_given=False)
    with pytest.raises(InvalidScenario, match="is that of your scenario 'Mine!'"):
        await manage_scenarios.save_scenario(made, NO_SESSION)
    assert repository.saved is None

    again = made.model_copy(update={"definition": a_definition(name="Mine!")})
    assert (await manage_scenarios.save_scenario(again, NO_SESSION)).created is False
    assert await save(a_definition(name="Mine?")) is False


async def test_one_scenario_too_many_is_refused(repository: Repository) -> None:
    repository.ids = ScenarioIds(frozenset(), {f"s{number}": "S" for number in range(50)})

    with pytest.raises(InvalidScenario, match="50 is the most"):
        await save(a_definition())

    assert await save(a_definition(scenario_id="s7")) is False


async def test_an_unknown_scenario_cannot_be_deleted(repository: Repository) -> None:
    delete = DeleteScenario(user_id=USER, scenario_id="mine")
    unknown = DeleteScenario(user_id=USER, scenario_id="none")

    assert (await manage_scenarios.delete_scenario(delete, NO_SESSION)).scenario_id == "mine"
    with pytest.raises(Unanswerable) as caught:
        await manage_scenarios.delete_scenario(unknown, NO_SESSION)
    assert caught.value.code == "unknown_scenario"


def a_request(**changes: Any) -> EvaluateWhatIf:
    return EvaluateWhatIf(**{"user_id": USER, "portfolio_id": PORTFOLIO, "as_of": AS_OF, **changes})


async def test_a_what_if_answers_scenario_by_scenario_and_saves_nothing(
    repository: Repository,
) -> None:
    request = a_request(scenario_ids=("mine", "fall"), rate_shock=0.01, positions_shown=1)

    found = await evaluate_what_if.evaluate_what_if(request, NO_SESSION)

    direct = [each for each in found.outcomes if each.method == "direct"]
    assert len(found.outcomes) == 6
    assert [each.scenario_id for each in direct] == ["mine", "fall", "what_if"]
    assert [each.total_pnl for each in direct] == [
        Decimal("5000.00"),
        Decimal("-8800.00"),
        Decimal("-3200.00"),  # 1 % x (100,000 x -4 + 40,000 x 2)
    ]
    assert [each.symbol for each in direct[1].positions] == ["AAPL"]
    assert (direct[1].positions_not_shown, direct[1].pnl_not_shown) == (1, Decimal("3200.00"))
    assert repository.saved is None


async def test_direct_results_are_as_plausible_as_those_of_both_methods(
    repository: Repository,
) -> None:
    wanted = {"scenario_ids": ("fall",), "positions_shown": 0}

    direct = await evaluate_what_if.evaluate_what_if(
        a_request(**wanted, method="direct"), NO_SESSION
    )
    both = await evaluate_what_if.evaluate_what_if(a_request(**wanted), NO_SESSION)

    assert [each.method for each in direct.outcomes] == ["direct"]
    found = [each.plausibility for each in [*direct.outcomes, *both.outcomes]]
    assert found == pytest.approx([0.10 / (0.2 * 252**0.5)] * 3)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"portfolio_id": USER}, "unknown_portfolio"),
        ({"scenario_ids": ("none",)}, "unknown_scenario"),
        ({"scenario_ids": ("fall",), "method": "correlated"}, "no_covariance"),
    ],
)
async def test_what_cannot_be_evaluated_is_refused_with_a_code(
    repository: Repository, changes: dict[str, Any], code: str
) -> None:
    holdings = replace(some_holdings(), covariance=None)
    repository.work = replace(repository.work, holdings=holdings)

    with pytest.raises(Unanswerable) as caught:
        await evaluate_what_if.evaluate_what_if(a_request(**changes), NO_SESSION)

    assert caught.value.code == code


async def test_a_portfolio_without_exposures_is_not_calculated(repository: Repository) -> None:
    repository.calculated = False

    with pytest.raises(Unanswerable, match="run the session first") as caught:
        await evaluate_what_if.evaluate_what_if(a_request(scenario_ids=("fall",)), NO_SESSION)

    assert caught.value.code == "not_calculated"


async def test_a_grid_sorts_its_axes_and_moves_a_book_by_beta(repository: Repository) -> None:
    request = EvaluateGrid(
        portfolio_id=PORTFOLIO, as_of=AS_OF, spots=(0.1, -0.1, 0.1), days_forward=(5, 0)
    )

    found = await evaluate_grid.evaluate_grid(request, NO_SESSION)

    axes = (found.spot_mode, found.spots, found.volatilities)
    assert axes == ("beta_weighted", (-0.1, 0.1), (0.0,))
    assert [each.until for each in found.dates] == [AS_OF, AS_OF + timedelta(days=5)]
    # 10 % x (100,000 x 1.2 - 40,000 x 0.8)
    assert found.pnl == (((-8_800.0, 8_800.0),),) * 2
    assert [row[0][0] for row in found.break_evens] == pytest.approx([0.0, 0.0], abs=1e-6)
    assert (found.coverage, found.left_out, repository.saved) == (1.0, (), None)


async def test_a_curve_of_one_underlying_is_in_shares_too(repository: Repository) -> None:
    request = EvaluateCurve(
        portfolio_id=PORTFOLIO, as_of=AS_OF, underlying="AAPL", spots=(-0.2, 0.0)
    )

    found = await evaluate_curve.evaluate_curve(request, NO_SESSION)

    [today] = found.dates
    assert (found.spot_mode, today.pnl) == ("parallel", (-20_000.0, 0.0))
    assert today.underlying_prices == (100.0, 125.0)
    assert (today.dollar_delta, today.delta) == ((80_000.0, 100_000.0), (800.0, 800.0))
    assert today.dollar_delta_beta_weighted is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"underlying": "ZZZ"}, "not_held"),
        ({"spots": [0.001 * step for step in range(200)]}, "too_many_points"),
    ],
)
async def test_a_grid_that_cannot_be_made_is_refused_with_a_code(
    repository: Repository, changes: dict[str, Any], code: str
) -> None:
    days = tuple(range(11))
    asked = {"portfolio_id": PORTFOLIO, "as_of": AS_OF, "spots": (0.1,), "days_forward": days}

    with pytest.raises(Unanswerable) as caught:
        await evaluate_grid.evaluate_grid(EvaluateGrid(**asked | changes), NO_SESSION)

    assert caught.value.code == code


async def test_mirrored_scenarios_carry_what_their_window_shows(repository: Repository) -> None:
    names = ("market", "value", "growth", "momentum", "quality", "size", "low_volatility")
    closes = {name: Move(100.0, 70.0) for name in names}
    window = {"window_start": "2020-02-19", "window_end": "2020-03-23"}
    repository.definitions = [a_definition(**window), a_definition(scenario_id="other")]
    repository.windows = {"mine": Window(closes, None)}

    await mirror_scenarios.mirror_scenarios(NO_SESSION)

    mine, other = repository.saved
    assert mine.measured_returns == dict.fromkeys(names, -0.3)
    assert mine.measured_rate_change is None
    assert other.measured_returns is None
