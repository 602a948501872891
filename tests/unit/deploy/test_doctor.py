"""The doctor names what is wrong and what to do; a healthy machine has no problem."""

import os
from pathlib import Path

import pytest

from deploy.local.doctor import findings, settings_of, spelling_mistakes
from deploy.local.stack import WORDS
from deploy.local.state import StateDirectory


def test_every_service_has_settings_that_can_be_checked() -> None:
    assert all(settings_of(word) is not None for word in WORDS)


def test_misspelt_variable_of_any_service_is_found_with_the_right_name() -> None:
    mistakes = spelling_mistakes(
        {"SIGMASIGHT_GREEKS_ENGIN": "mibian", "SIGMASIGHT_LOG_LEVLE": "INFO"}
    )

    assert len(mistakes) == 2
    assert any("SIGMASIGHT_GREEKS_ENGINE" in mistake for mistake in mistakes)
    assert any("SIGMASIGHT_LOG_LEVEL" in mistake for mistake in mistakes)


def test_known_variables_are_no_mistakes() -> None:
    known = {"SIGMASIGHT_LOG_LEVEL": "INFO", "SIGMASIGHT_GREEKS_ENGINE": "mibian", "HOME": "/"}

    assert spelling_mistakes(known) == []


def test_findings_cover_programs_data_keys_and_stack(tmp_path: Path) -> None:
    environment = {"FRED_API_KEY": "given"}

    found = list(findings(StateDirectory(tmp_path / "state"), environment))

    assert [finding for finding in found if finding.is_problem] == []
    said = {f"{finding.subject}: {finding.message}" for finding in found}
    assert "provider keys: FRED_API_KEY is set: Treasury yields come from FRED" in said
    assert any(
        line.startswith("provider keys: POLYGON_API_KEY is not set: closes come from files")
        for line in said
    )
    assert any("57 names, 2264 sessions, 2014-01-02 to 2022-12-28" in line for line in said)
    assert "stack: not running" in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anything")
def test_unwritable_state_directory_is_a_problem(tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("")
    occupied.chmod(0o400)

    found = list(findings(StateDirectory(occupied), {}))

    assert any(finding.is_problem and finding.subject == "state directory" for finding in found)
