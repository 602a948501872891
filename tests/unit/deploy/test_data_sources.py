"""The doctor reports the providers of market data, and what is wrong with a chain or a folder of
files.
"""

from pathlib import Path

import pytest

from deploy.local.data_sources import CHAINS, FOLDER, KEYS, market_data_findings
from deploy.local.finding import Finding
from services.ingest.settings import IngestSettings
from shared.settings import known_variables

KEY = "not-to-be-shown"
GOOD = "symbol,session_date,close\nAAPL,2022-12-28,126.04\n"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the machine that runs the tests does not matter."""
    for variable in known_variables(IngestSettings):
        monkeypatch.delenv(variable, raising=False)


def found(subject: str, monkeypatch: pytest.MonkeyPatch, **environment: str) -> list[Finding]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    findings = list(market_data_findings(environment))
    assert not any(KEY in f"{each.message} {each.fix}" for each in findings)
    return [each for each in findings if each.subject == subject]


def test_without_keys_the_files_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    chains = found(CHAINS, monkeypatch)

    assert [each.message for each in chains] == [
        "closes: bundled (files)",
        "splits and dividends: no provider",
        "Treasury yields: bundled (files)",
        "names and sectors: bundled (files)",
        "option quotes: no provider",
    ]
    assert not [each for each in chains if each.is_problem or each.fix]


def test_a_key_puts_its_provider_first_and_names_its_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    chains = found(CHAINS, monkeypatch, POLYGON_API_KEY=KEY, FRED_API_KEY=KEY)

    said = [each.message for each in chains]
    assert said[0] == "closes: polygon (live), then yahoo (live), then bundled (files)"
    assert said[2] == "Treasury yields: fred (live), then bundled (files)"
    assert said[-1] == "Polygon's plan is assumed to be free: 5 requests a minute"
    assert "SIGMASIGHT_INGEST_POLYGON_PLAN" in chains[-1].fix


@pytest.mark.parametrize("name", ["POLYGON_API_KEY", "MASSIVE_API_KEY"])
def test_a_key_is_taken_under_the_old_name_of_polygon_and_the_new(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key"
    file.write_text(KEY)

    chains = found(CHAINS, monkeypatch, **{f"{name}_FILE": str(file)})
    keys = found(KEYS, monkeypatch, **{name: KEY})

    assert chains[0].message.startswith("closes: polygon (live)")
    assert keys[0].message.startswith(f"{name} is set")


@pytest.mark.parametrize(
    ("chain", "missing"),
    [("polygon", "POLYGON_API_KEY"), ("csv", "SIGMASIGHT_INGEST_CSV_DIRECTORY")],
)
def test_a_provider_without_key_or_folder_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, chain: str, missing: str
) -> None:
    (finding,) = found(CHAINS, monkeypatch, SIGMASIGHT_INGEST_PRICES=f'["{chain}"]')

    assert finding.is_problem
    assert missing in finding.message
    assert finding.fix.startswith("set it")


def test_files_with_mistakes_are_named_with_line_and_field(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "prices.csv").write_text(GOOD)
    (tmp_path / "yields.csv").write_text(
        "maturity,observation_date,yield_percent\n10Y,2022-12-28,high\n"
    )

    mistake, readable = found(FOLDER, monkeypatch, SIGMASIGHT_INGEST_CSV_DIRECTORY=str(tmp_path))

    assert mistake.is_problem
    assert "yields.csv, line 2, field yield_percent" in mistake.message
    assert readable.message.startswith("readable: prices.csv in")


def test_a_folder_that_is_not_there_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (absent,) = found(FOLDER, monkeypatch, SIGMASIGHT_INGEST_CSV_DIRECTORY=str(tmp_path / "none"))
    (empty,) = found(FOLDER, monkeypatch, SIGMASIGHT_INGEST_CSV_DIRECTORY=str(tmp_path))

    assert absent.is_problem
    assert not empty.is_problem
    assert "prices.csv" in empty.fix
