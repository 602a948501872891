"""The commands of a stack's operators, in process against the served gateway."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from prometheus_client import CollectorRegistry
from typer.testing import CliRunner, Result

from deploy.local.cli import app as command_line
from deploy.local.finding import Finding
from deploy.local.printing import console
from deploy.local.state import VARIABLE, ProgramState, StackState, StateDirectory
from deploy.local.work import work_findings
from services.gateway.edge.dependencies import Gateway
from services.gateway.operators.observing import Observer
from services.ingest.tables import QuarantinedPrice
from shared.contracts.event import utc_now
from shared.database import Database
from shared.settings import Settings
from shared.telemetry import metrics_page
from tests.builders import save
from tests.integration.gateway.people import PASSWORD, Person
from tests.integration.gateway.test_dead_letters import a_letter, kept
from tests.integration.gateway.test_observing import a_rejected_price
from tests.serving import serving

Terminal = Callable[..., Awaitable[Result]]
ANOTHER = "staple of another colour"


@pytest.fixture
def stack(url: str, operator: Person, tmp_path: Path) -> Iterator[StateDirectory]:
    """The state directory of a stack that runs: the served gateway, with the operator's secrets."""
    directory = StateDirectory(tmp_path)
    directory.create()
    directory.save(
        StackState(
            phase="ready",
            programs={"gateway": ProgramState(address=url, ready=True)},
            secrets={"admin_email": operator.email, "admin": PASSWORD},
        )
    )
    with directory.claim() as claimed:
        assert claimed
        yield directory


@pytest.fixture
def terminal(stack: StateDirectory, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Runs a command as the stack's operator."""
    monkeypatch.setattr(console, "width", 200)

    async def run(*words: str) -> Result:
        env = {VARIABLE: str(stack.path)}
        return await asyncio.to_thread(CliRunner().invoke, command_line, words, env=env)

    return run


async def logs_in(http: httpx2.AsyncClient, email: str, password: str) -> bool:
    body = {"email": email, "password": password}
    return (await http.post("/api/v1/auth/login", json=body)).status_code == 200


async def test_administrators_are_created_and_listed(
    terminal: Terminal, http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    file = tmp_path / "password"
    file.write_text(f"{ANOTHER}\n")

    made = await terminal("admin", "create", "grace@example.com", "--password-file", str(file))
    shown = await terminal("admin", "create", "alan@example.com")
    listed = await terminal("admin", "--json")

    assert made.exit_code == shown.exit_code == 0, made.output + shown.output
    assert ANOTHER not in made.output
    assert await logs_in(http, "grace@example.com", ANOTHER)
    assert await logs_in(http, "alan@example.com", shown.stdout.rpartition(": ")[2].strip())
    found = {user["email"]: user["role"] for user in json.loads(listed.stdout)["items"]}
    assert {"grace@example.com", "alan@example.com"} <= found.keys()
    assert set(found.values()) == {"admin"}


async def test_a_user_is_promoted_demoted_disabled_and_enabled(
    terminal: Terminal, http: httpx2.AsyncClient, ann: Person, operator: Person
) -> None:
    async def standing() -> tuple[str, bool]:
        page = (await operator.get("admin/users", search=ann.email)).json()
        (user,) = page["items"]
        return user["role"], user["disabled_at"] is not None

    seen = []
    for word in ("promote", "demote", "disable", "enable"):
        done = await terminal("admin", word, ann.email.upper())
        assert done.exit_code == 0, done.output
        seen.append((*await standing(), await logs_in(http, ann.email, PASSWORD)))

    assert seen == [
        ("admin", False, True),
        ("user", False, True),
        ("user", True, False),
        ("user", False, True),
    ]


async def test_a_password_is_reset_and_shown_once(
    terminal: Terminal, http: httpx2.AsyncClient, ann: Person
) -> None:
    done = await terminal("admin", "reset-password", ann.email)
    password = done.stdout.rpartition(": ")[2].strip()

    assert not await logs_in(http, ann.email, PASSWORD)
    assert await logs_in(http, ann.email, password)
    assert (await ann.get("auth/me")).status_code == 401


async def test_what_may_not_be_done_is_a_sentence(
    terminal: Terminal, ann: Person, operator: Person
) -> None:
    unknown = await terminal("admin", "promote", "grace@example.com")
    last = await terminal("admin", "demote", operator.email)
    without = await terminal("admin", "remove-second-factor", ann.email)
    unreadable = await terminal("admin", "create", "a@example.com", "--password-file", "/nothing")

    answers = (unknown, last, without, unreadable)
    assert [each.exit_code for each in answers] == [1, 1, 1, 1]
    assert "there is no user grace@example.com" in unknown.stderr
    assert "is the only administrator" in last.stderr
    assert "has no second factor" in without.stderr
    assert "name a text file" in unreadable.stderr


async def test_a_letter_is_shown_with_its_message(
    terminal: Terminal, operator: Person, gateway: Gateway
) -> None:
    letter = a_letter()
    await kept(gateway, letter)

    shown = await terminal("dead-letters", "show", str(letter.letter_id))
    as_json = json.loads(
        (await terminal("dead-letters", "show", str(letter.letter_id), "--json")).stdout
    )
    missing = await terminal("dead-letters", "show", "00000000-0000-0000-0000-000000000001")

    assert shown.exit_code == 0, shown.output
    assert str(letter.run_id) in shown.stdout
    assert as_json["payload"] == letter.payload
    assert (missing.exit_code, "no dead_letter" in missing.stderr) == (1, True)


async def test_rejected_closes_are_listed_with_their_reason(
    terminal: Terminal, admin: Database, empty: None
) -> None:
    await save(admin, QuarantinedPrice, [a_rejected_price()])
    symbol = a_rejected_price()["symbol"]

    listed = await terminal("quarantine")
    of_symbol = json.loads((await terminal("quarantine", symbol.lower(), "--json")).stdout)
    of_another = json.loads((await terminal("quarantine", "NOSUCH", "--json")).stdout)

    assert a_rejected_price()["reason"] in listed.stdout
    assert (of_symbol["total"], of_another["total"]) == (1, 0)
    assert of_symbol["items"][0]["session_date"] == str(a_rejected_price()["session_date"])


async def test_the_doctor_looks_at_the_work(gateway: Gateway, admin: Database, empty: None) -> None:
    registry = CollectorRegistry()
    observer = Observer(registry, 1.0)

    async def found() -> list[Finding]:
        await observer.observe(gateway.runtime, utc_now())
        async with serving(metrics_page(registry, Settings())) as place:
            return await asyncio.to_thread(lambda: list(work_findings(f"http://{place}")))

    calm = await found()
    await kept(gateway, a_letter())
    await save(admin, QuarantinedPrice, [a_rejected_price()])
    busy = await found()

    assert [each.fix for each in calm] == [""]
    assert [each.message for each in busy] == [
        "greeks gave up 1 messages",
        "1 closes were rejected as implausible",
    ]


async def test_the_doctor_of_a_running_stack_says_how_its_work_stands(terminal: Terminal) -> None:
    said = await terminal("doctor")

    assert "work" in said.stdout
    assert "/metrics does not answer" not in said.stdout
