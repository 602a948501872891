"""The gateway as served, asked by a machine that knows nothing but its OpenAPI document."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from shared.database import Database
from tests.integration.gateway.people import Person
from tests.integration.gateway.seeds import a_stored_book
from tests.pipeline import answering_services
from tests.servers import Servers

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,"
    "response_schema_conformance,unsupported_method,allow_header_conformance,ignored_auth,"
    "missing_required_header,use_after_free,ensure_resource_availability"
)
# One worker: parsing in several threads at once fails now and then in CPython 3.11. Streams never
# end by themselves.
OPTIONS = (
    f"--seed 20221228 --phases examples,coverage,fuzzing --checks {CHECKS} --max-examples 4 "
    "--workers 1 "
    "--generation-database none --no-shrink --continue-on-failure --suppress-health-check all "
    "--warnings off "
    "--output-truncate false --no-color --exclude-path /api/v1/events"
).split()
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
# Which characters an encoding has takes seconds to find out: what other tests stored is read.
STORED = {"HYPOTHESIS_STORAGE_DIRECTORY": str(Path(__file__).parents[3] / ".hypothesis")}
# Two halves of the document, each tested by a separate process.
HALF = "^/api/v1/(portfolio|risk)"
HALVES = ("--include-path-regex", "--exclude-path-regex")


async def schemathesis(url: str, person: Person, reports: Path, *chosen: str) -> tuple[int, str]:
    """Run the command line against the server; its exit status and what it printed."""
    await person.http.get("/openapi.json")  # made, which takes longer than the command line waits
    token = f"Authorization: Bearer {person.tokens['access_token']}"
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "schemathesis.cli",
            f"--config-file={CONFIGURATION}",
            "run",
            f"{url}/openapi.json",
            "--header",
            token,
        ),
        *(*OPTIONS, *chosen),
        cwd=reports,
        env=os.environ | STORED,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    return await process.wait(), printed.decode()


@pytest.mark.usefixtures("market")
async def test_no_request_made_from_the_document_finds_a_failure(
    url: str, servers: Servers, admin: Database, operator: Person, tmp_path: Path
) -> None:
    await a_stored_book(operator, admin)

    async with answering_services(servers, admin):
        ended = await asyncio.gather(
            *(schemathesis(url, operator, tmp_path, half, HALF) for half in HALVES)
        )

    assert [status for status, _ in ended] == [0, 0], "\n".join(printed for _, printed in ended)
