"""The commands of users, in process against the served gateway."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from deploy.local.cli import app as command_line
from deploy.terminal import outcome
from shared.database import Database
from tests.integration.gateway.people import GOOD_FILE, HEADER, PASSWORD, Person
from tests.integration.gateway.seeds import a_stored_book
from tests.integration.gateway.test_drafts import book, priced
from tests.integration.gateway.test_second_factor import enrolled
from tests.pipeline import Pipeline, answering_services
from tests.servers import Servers

__all__ = ["book", "priced"]
Terminal = Callable[..., Awaitable[Result]]
BOOK = HEADER + "AAPL,100,120,2022-06-01,tech\nXOM,-30,90,2022-06-01,\n"


@pytest.fixture
def terminal(url: str, ann: Person, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Runs a command as Ann; by default against the served gateway."""
    monkeypatch.setattr(outcome.console, "width", 160)

    async def run(*words: str, **environ: str) -> Result:
        env = {
            "SIGMASIGHT_URL": url,
            "SIGMASIGHT_EMAIL": ann.email,
            "SIGMASIGHT_PASSWORD": PASSWORD,
        }
        return await asyncio.to_thread(CliRunner().invoke, command_line, words, env=env | environ)

    return run


def saved(tmp_path: Path, text: str | bytes) -> str:
    file = tmp_path / "Book of Ann.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(file)


def answer(result: Result) -> Any:
    assert result.exit_code in (0, 3), result.output
    return json.loads(result.stdout)


async def test_a_portfolio_is_uploaded_reported_and_changed(
    terminal: Terminal, ann: Person, pipeline: Pipeline, tmp_path: Path
) -> None:
    file = saved(tmp_path, BOOK)

    uploaded = await terminal("upload", file, "--equity", "50000", "--as-of", "2022-12-28")
    shown = await terminal("report")
    report = answer(await terminal("report", "--portfolio", "book", "--json"))
    lost = await terminal("whatif", "--scenario", "market crash", "--factor", "market=-12%")
    traded = await terminal(
        *("whatif", "--trade", "hedge beta SPY", "--trade", "close 30 XOM"),
        *("--factor", "market=-12%", "--json"),
    )
    vague = await terminal("whatif", "--scenario", "rates")
    misspelt = await terminal("whatif", "--scenario", "market crush 35")
    early = await terminal("whatif", "--target", "delta")
    await terminal("limits", "add", "net_delta", "--breach", "10%", "--name", "Delta")
    cured = await terminal("whatif", "--target", "delta", "--candidate", "SPY")
    drafts = (await ann.get("modelling/sessions")).json()["total"]
    await terminal("limits", "add", "gross", "--breach", "40%", "--name", "Gross")
    breached = await terminal("whatif", "-t", "buy 5000usd KO", "--keep", "--name", "More", "--all")

    assert (uploaded.exit_code, shown.exit_code) == (0, 0), uploaded.output + shown.output
    assert "five columns as of 2022-12-28, into 'Book of Ann'" in uploaded.stdout
    assert "its run is completed" in uploaded.stdout
    assert "Book of Ann" in shown.stdout
    assert report["snapshot"]["nav"] is not None
    assert lost.exit_code == 0, lost.output
    assert "`sigmasight limits add` sets one" in early.stderr
    assert "'rates' may be any of 'Rates up 25 bp', 'Rates down 25 bp'" in vague.stderr
    assert "is unknown: choose one of 'Market crash 35 %'" in misspelt.stderr
    found = answer(traded)
    market = {
        each["factor"]: each["dollar_exposure"] for each in found["impacts"]["impacts"]["factors"]
    }["market"]
    assert abs(market["after"]) < abs(market["before"])
    before, after = (
        found[name]["scenarios"][0]["direct"]["total_pnl"] for name in ("what_if", "what_if_after")
    )
    assert before < after
    assert (cured.exit_code, breached.exit_code, drafts) == (0, 4, 0), cured.output
    assert re.search(r"Delta +breached +18\.\d\d% +\w+ +9\.\d\d% +10\.00% +cured", cured.stdout)
    assert re.search(r"Gross +\w+ +31\.\d\d% +breached +41\.\d\d% ", breached.stdout)
    page = (await ann.get("modelling/sessions")).json()["items"]
    assert [each["name"] for each in page] == ["More"]
    assert page[0]["draft_id"] in breached.stdout
    cells = set(re.split(r"\s{2,}", breached.stdout))
    assert {"dollar_delta", "dollar gross", "effective positions"} <= cells


@pytest.mark.usefixtures("market")
async def test_limits_are_set_watched_tested_and_acknowledged(
    terminal: Terminal, ann: Person, servers: Servers, admin: Database
) -> None:
    await a_stored_book(ann, admin)
    async with answering_services(servers, admin, ["limits"]):
        none = await terminal("limits")
        tried = await terminal("limits", "test", "--template", "conc", "--breach", "25%")
        added = await terminal("limits", "add", "conc", "--breach", "28%", "--warning", "20%")
        loose = answer(await terminal("limits", "add", "vega", "--json"))
        watched = await terminal("limits")
        shown = await terminal("limits", "show", "concentration")
        taken = answer(await terminal("limits", "acknowledge", "conc", "--reason", "x", "--json"))
        quiet = answer(await terminal("limits", "--portfolio", "book", "--json"))
        again = await terminal("limits", "test", "concentration")
        waived = await terminal(
            *("limits", "waive", "conc", "--reason", "Approved", "--until", "2023-01-31")
        )
        deleted = await terminal("limits", "delete", "vega")
        unclear = await terminal("limits", "test", "conc", "--template", "vega")

    assert "there are no limits: `sigmasight limits templates`" in none.stdout
    assert [each.exit_code for each in (none, tried, added, shown, again)] == [0] * 5
    assert "breached" in added.stdout, added.output
    assert re.search(r"book +2 +0 +1 +1 +0 +1 session", tried.stdout), tried.output
    assert loose["name"] == "Vega 0.5 %"
    assert (watched.exit_code, "28.00%" in watched.stdout) == (4, True)
    assert "AAPL 15,000" in shown.stdout
    assert taken["worst"]["state"] == "acknowledged"
    assert {each["name"] for each in quiet} == {"Concentration 28%", "Vega 0.5 %"}
    assert "waived" in waived.stdout, waived.output
    assert [each["name"] for each in (await ann.get("limits")).json()["items"]] == [
        "Concentration 28%"
    ]
    assert (deleted.exit_code, unclear.exit_code) == (0, 2)


@pytest.mark.usefixtures("market")
async def test_rows_that_cannot_be_used_are_listed_by_line(
    terminal: Terminal, ann: Person, tmp_path: Path
) -> None:
    file = saved(tmp_path, GOOD_FILE + b"XOM,0,90,2022-06-01,\n")

    tried = await terminal("upload", file, "--dry-run")
    nothing = (await ann.get("portfolios")).json()["total"]
    loaded = answer(await terminal("upload", file, "--no-wait", "--json"))
    strict = await terminal("upload", file, "--all-or-nothing", "--name", "Other")

    assert (tried.exit_code, nothing) == (3, 0)
    assert "dry run: nothing is stored" in tried.stdout
    assert "line 4, quantity: " in tried.stderr
    assert (loaded["receipt"]["new"], loaded["receipt"]["refused"]) == (2, 1)
    assert (strict.exit_code, (await ann.get("portfolios")).json()["total"]) == (1, 1)
    assert "line 4, quantity: " in strict.stderr


@pytest.mark.usefixtures("market")
async def test_refusals_name_what_to_do(terminal: Terminal, ann: Person, tmp_path: Path) -> None:
    empty = await terminal("report")
    for name in ("Growth", "Income"):
        await ann.post("portfolios", {"name": name})

    said = {
        "which": await terminal("report"),
        "unknown": await terminal("report", "--portfolio", "Value"),
        "scenario": await terminal("whatif", "-p", "Growth", "--scenario", "market crush"),
        "file": await terminal("upload", str(tmp_path / "none.csv")),
        "password": await terminal("report", SIGMASIGHT_PASSWORD="wrong"),
        "half": await terminal("report", SIGMASIGHT_PASSWORD=""),
        "token": await terminal("report", SIGMASIGHT_TOKEN="over"),
    }

    assert "`sigmasight upload FILE` makes one" in empty.stderr
    assert {name: result.exit_code for name, result in said.items()} == dict.fromkeys(said, 1)
    assert "--portfolio: 'Growth', 'Income'" in said["which"].stderr
    assert "'Value' is unknown: choose one of 'Growth', 'Income'" in said["unknown"].stderr
    assert "'market crush' is unknown: there is none yet" in said["scenario"].stderr
    assert "name a file of positions" in said["file"].stderr
    assert "`sigmasight register` creates one" in said["password"].stderr
    assert "set both" in said["half"].stderr
    assert "get another one" in said["token"].stderr


async def test_scripts_read_refusals_as_json_and_by_exit_code(terminal: Terminal) -> None:
    refused = await terminal("report", "--portfolio", "x", "--json")
    silent = await terminal("report", "--json", SIGMASIGHT_URL="http://127.0.0.1:1")
    unclear = await terminal("whatif", "--trade", "dump SPY")
    nothing = await terminal("whatif")

    assert json.loads(refused.stderr)["error"]["code"] == "failed"
    assert (silent.exit_code, json.loads(silent.stderr)["error"]["code"]) == (5, "unreachable")
    assert (refused.exit_code, unclear.exit_code, nothing.exit_code) == (1, 2, 2)
    assert (refused.stdout, silent.stdout) == ("", "")


async def test_a_user_registers_and_a_token_is_enough(terminal: Terminal, ann: Person) -> None:
    new = {"SIGMASIGHT_EMAIL": "new@example.com", "SIGMASIGHT_PASSWORD": "correct horse battery"}

    registered = await terminal("register", **new, SIGMASIGHT_TOKEN="of another user")
    shown = await terminal(
        *("report", "--json"),
        SIGMASIGHT_EMAIL="",
        SIGMASIGHT_PASSWORD="",
        SIGMASIGHT_TOKEN=ann.tokens["access_token"],
    )

    assert registered.stdout == "new@example.com can log in.\n"
    assert "you have no portfolio" in shown.stderr


async def test_a_personal_token_is_enough_within_its_scopes(
    terminal: Terminal, ann: Person
) -> None:
    await ann.post("portfolios", {"name": "Growth"})
    wanted = {"name": "Script", "scopes": ["portfolio:read", "risk:read"]}
    token = (await ann.post("me/tokens", wanted)).json()
    only = {"SIGMASIGHT_EMAIL": "", "SIGMASIGHT_PASSWORD": "", "SIGMASIGHT_TOKEN": token["token"]}

    report = answer(await terminal("report", "--json", **only))
    drafted = await terminal("whatif", "--trade", "buy 1 SPY", **only)
    await ann.request("DELETE", f"me/tokens/{token['token_id']}")
    revoked = await terminal("report", **only)

    assert report["portfolio"]["name"] == "Growth"
    assert "no scope draft:write" in drafted.stderr
    assert (revoked.exit_code, "under Settings" in revoked.stderr) == (1, True)


async def test_a_code_comes_from_the_environment(terminal: Terminal, ann: Person) -> None:
    her = await enrolled(ann)

    without = await terminal("report")
    code = her.code()
    given = await terminal("report", SIGMASIGHT_CODE=code)
    again = await terminal("report", "--json", SIGMASIGHT_CODE=code)

    assert "set SIGMASIGHT_CODE to a code of it, or SIGMASIGHT_TOKEN" in without.stderr
    assert "you have no portfolio" in given.stderr
    assert json.loads(again.stderr)["error"]["code"] == "second_factor_wrong"


async def test_exports_are_files_that_the_history_knows(
    terminal: Terminal, ann: Person, priced: str, tmp_path: Path
) -> None:
    folder = ("--output", str(tmp_path), "--json")
    sell = ("--trade", "sell 130 AAPL", "--format", "fix")

    written = [
        answer(await terminal("export", "trades", *sell, "--target", "BROKER", *folder)),
        answer(await terminal("export", "positions", *folder)),
        answer(await terminal("export", "series", "-m", "nav", *folder)),
    ]
    printed = await terminal("export", "transactions", "--from", "2022-01-01", "-o", "-")
    contradicting = await terminal("export", "trades", "--draft", priced, *sell)
    refused = await terminal("export", "trades", *sell, "--account", "Öl")

    items = (await ann.get("export/history")).json()["items"]
    assert [one["sha256"] for one in written] == [each["sha256"] for each in items[:0:-1]]
    assert [Path(one["file"]).name for one in written] == [
        each["file_name"] for each in items[:0:-1]
    ]
    assert all(Path(one["file"]).stat().st_size == one["byte_count"] for one in written)
    assert Path(written[0]["file"]).read_bytes().count(b"8=FIX.4.4\x01") == 2  # sold, sold short
    assert printed.stdout.splitlines()[0].startswith("date,type,symbol,quantity,price")
    assert (contradicting.exit_code, refused.exit_code) == (2, 1)
    assert "fix.account: Account (1) has 'Ö'" in refused.stderr
