"""A user saves or deletes a custom scenario."""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from services.stress import repository
from services.stress.calculations.requested import underlying_returns
from services.stress.calculations.scenarios import InvalidScenarios, custom_scenario
from services.stress.calculations.what_if import WHAT_IF
from services.stress.inputs import Catalogue, Scenario, ScenarioIds
from services.stress.settings import get_settings
from shared.contracts.stress import DeleteScenario, SaveScenario, ScenarioDeleted, ScenarioSaved
from shared.database import Session
from shared.errors import InvalidScenario, Unanswerable
from shared.messaging import ServiceRouter

router = ServiceRouter("stress")


@router.answers(SaveScenario)
async def save_scenario(request: SaveScenario, session: Session) -> ScenarioSaved:
    """Store a user's custom scenario, or refuse it with every problem it has."""
    scenario = described_scenario(request.definition)
    ids = await repository.claim_ids(session, request.user_id)
    if conflicts := tuple(_conflicts(scenario, ids, request.id_is_given)):
        raise InvalidScenario(conflicts)
    await repository.save_custom_scenario(session, request.user_id, scenario)
    created = scenario.scenario_id not in ids.saved
    return ScenarioSaved(scenario_id=scenario.scenario_id, created=created)


@router.answers(DeleteScenario)
async def delete_scenario(request: DeleteScenario, session: Session) -> ScenarioDeleted:
    """Stop evaluating a user's custom scenario; the results it has stay."""
    if not await repository.delete_custom_scenario(session, request.user_id, request.scenario_id):
        raise Unanswerable("unknown_scenario", f"you have no scenario {request.scenario_id!r}")
    return ScenarioDeleted(scenario_id=request.scenario_id)


def described_scenario(definition: Mapping[str, object]) -> Scenario:
    """The scenario that a user describes. Raises `InvalidScenario` with every problem it has."""
    try:
        return custom_scenario(definition)
    except InvalidScenarios as error:
        raise _refused(error) from error


def stored_scenarios(
    catalogue: Catalogue, portfolio_id: UUID, scenario_ids: Sequence[str]
) -> list[Scenario]:
    """The catalogue's scenarios of these ids, each once; refuses unknown ones."""
    if portfolio_id not in catalogue.owners:
        raise Unanswerable("unknown_portfolio", "there is no such portfolio")
    custom = [each for saved in catalogue.custom.values() for each in saved]
    known = {each.scenario_id: each for each in [*custom, *catalogue.house]}
    if unknown := sorted(set(scenario_ids) - set(known)):
        names = ", ".join(unknown)
        message = f"no scenario {names} is stored"
        raise Unanswerable("unknown_scenario", message)
    return [known[each] for each in dict.fromkeys(scenario_ids)]


def described_returns(shocks: Mapping[str, float]) -> dict[str, float]:
    """Given returns of underlyings by canonical symbol. Raises `InvalidScenario` likewise."""
    try:
        return underlying_returns(shocks)
    except InvalidScenarios as error:
        raise _refused(error) from error


def _refused(error: InvalidScenarios) -> InvalidScenario:
    return InvalidScenario([(each.field or None, each.message) for each in error.problems])


def _conflicts(
    scenario: Scenario, ids: ScenarioIds, id_is_given: bool
) -> Iterator[tuple[str | None, str]]:
    scenario_id = scenario.scenario_id
    most = get_settings().custom_scenarios_per_user
    if scenario_id in ids.house or scenario_id == WHAT_IF:
        yield "scenario_id", f"{scenario_id!r} is one of the house's: choose another"
    named = ids.saved.get(scenario_id, scenario.name)
    if named != scenario.name and not id_is_given:
        yield (
            "scenario_id",
            f"the id made from the name, {scenario_id!r}, is that of your scenario {named!r}: give "
            "another id, or this one to replace that",
        )
    if scenario_id not in ids.saved and len(ids.saved) >= most:
        yield None, f"you have {len(ids.saved)} scenarios, and {most} is the most: delete one first"
