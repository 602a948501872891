"""Runs of portfolios that hold what no provider knows."""

from typing import Any
from uuid import UUID

import pytest

from shared.database import Database
from tests.builders import AS_OF, a_position, save_positions
from tests.integration.gateway.people import Person
from tests.pipeline import Pipeline


async def ended(operator: Person, pipeline: Pipeline) -> dict[str, Any]:
    """The run of the last session for every portfolio, when it has ended."""
    body = {"session_date": AS_OF.isoformat()}
    started = (await operator.post("admin/batch/market-close", body)).json()
    await pipeline.finished([UUID(started["run_id"])])
    run: dict[str, Any] = (await operator.get(f"admin/batch/runs/{started['run_id']}")).json()
    return run


@pytest.mark.parametrize(
    "symbols", [["NOSUCH"], ["NOSUCH", "NEITHER"], ["AAPL", "NOSUCH230317C00130000"]]
)
async def test_a_run_with_unknown_symbols_is_partial_and_names_them(
    ann: Person,
    operator: Person,
    admin: Database,
    pipeline: Pipeline,
    symbols: list[str],
) -> None:
    book = UUID(await ann.uploaded())
    await save_positions(admin, *(a_position(book, symbol) for symbol in symbols))

    run = await ended(operator, pipeline)

    about = [each for each in run["problems"] if each["code"] == "unknown_symbol"]
    assert (run["status"], len(about)) == ("partial", 1)
    for symbol in set(symbols) - {"AAPL"}:
        assert symbol[:6] in about[0]["message"]
