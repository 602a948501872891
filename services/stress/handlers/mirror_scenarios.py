"""Before the first message: the stored scenarios become those of the files."""

from services.stress import repository
from services.stress.calculations.scenarios import scenarios
from services.stress.calculations.windows import with_measurements
from services.stress.settings import get_settings
from shared.database import Session


async def mirror_scenarios(session: Session) -> None:
    """Store the scenarios of the files, with what stored prices say about their windows.

    Raises `InvalidScenarios` for a wrong one, which stops the start.
    """
    settings = get_settings()
    every = scenarios(repository.load_definitions(settings.scenario_files()))
    windows = await repository.load_windows(session, every, settings.rate_maturity)
    measured = [with_measurements(each, windows.get(each.scenario_id)) for each in every]
    await repository.save_scenarios(session, measured)
