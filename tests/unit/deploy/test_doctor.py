"""The doctor names what is wrong and what to do; a healthy machine has no problem."""

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local import doctor
from deploy.local.doctor import checks, findings, settings_of, spelling_mistakes
from deploy.local.finding import Finding
from deploy.local.stack import WORDS
from deploy.local.state import StackState, StateDirectory


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


def problems(found: Iterable[Finding]) -> list[Finding]:
    return [each for each in found if each.is_problem]


def test_every_check_has_another_command_for_unknown_faults(tmp_path: Path) -> None:
    every = checks(StateDirectory(tmp_path / "state"), {})
    fixes = [each.fix for each in every]

    assert len(set(fixes)) == len(fixes)
    assert all(each.count("`") >= 2 for each in fixes)


@pytest.mark.parametrize("place", range(10))
def test_a_check_that_fails_is_a_finding_with_its_command(place: int, tmp_path: Path) -> None:
    check = checks(StateDirectory(tmp_path / "state"), {})[place]

    def failing() -> list[Finding]:
        raise RuntimeError("an unknown fault")

    (found,) = replace(check, find=failing).findings()

    assert found == Finding(
        check.subject, "RuntimeError: an unknown fault", check.fix, is_problem=True
    )


@pytest.mark.parametrize(
    ("script", "sentence", "fix"),
    [
        ("#!/bin/sh\necho libssl is missing >&2; exit 127", "libssl is missing", "`ldd "),
        (None, "may not be run", "`chmod +x "),
        ("#!/bin/sh\nsleep 5", "does not say its version within", "--version`"),
    ],
    ids=["a library", "not executable", "hangs"],
)
def test_a_program_that_does_not_run_says_why_and_what_to_do(
    script: str | None, sentence: str, fix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "postgres"
    program.write_text(script or "")
    program.chmod(0o700 if script else 0o600)
    monkeypatch.setattr(doctor, "VERSION_SECONDS", 0.5)

    (found,) = doctor._program("Postgres", lambda: tmp_path, "postgres")

    assert found.is_problem
    assert str(program) in found.message
    assert sentence in found.message
    assert fix in found.fix


def test_a_program_that_a_variable_names_wrongly_is_fixed_by_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGMASIGHT_NATS_SERVER", str(tmp_path / "nothing"))

    found = problems(findings(StateDirectory(tmp_path / "state"), os.environ))

    (nats,) = [each for each in found if each.subject == "NATS"]
    assert "nothing" in nats.message
    assert "`unset SIGMASIGHT_NATS_SERVER`" in nats.fix


def test_a_wrong_value_and_a_misspelt_name_are_fixed_by_their_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGMASIGHT_GATEWAY_REQUESTS_PER_MINUTE", "many")
    environment = {"SIGMASIGHT_LOG_LEVLE": "INFO"}

    found = problems(findings(StateDirectory(tmp_path / "state"), environment))

    fixes = {each.fix for each in found if each.subject == "settings"}
    assert any("`unset SIGMASIGHT_GATEWAY_REQUESTS_PER_MINUTE`" in fix for fix in fixes)
    assert any("`unset SIGMASIGHT_LOG_LEVLE`" in fix for fix in fixes)


def test_a_damaged_state_is_one_finding(tmp_path: Path) -> None:
    directory = StateDirectory(tmp_path)
    directory.file.write_text("{")

    (found,) = problems(findings(directory, {}))

    assert (found.subject, found.fix) == (
        "state directory",
        f"`rm -r {tmp_path}`, or a copy of it",
    )
    assert "is damaged" in found.message


def test_damaged_data_is_restored_from_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in doctor._DATA_FILES:
        (tmp_path / name).write_text("no data")
    monkeypatch.setattr(doctor, "DATA", tmp_path)

    (found,) = problems(findings(StateDirectory(tmp_path / "state"), {}))

    assert found.subject == "bundled data"
    assert "BadGzipFile" in found.message
    assert found.fix == f"`git checkout -- {tmp_path}` restores the files"


def test_the_last_start_that_failed_is_named(tmp_path: Path) -> None:
    directory = StateDirectory(tmp_path)
    directory.save(StackState(phase="failed", failure="Postgres ended"))

    found = [each for each in findings(directory, {}) if each.subject == "stack"]

    assert found[0].message == "the last start failed: Postgres ended"
    assert found[0].fix == "see `sigmasight logs supervisor`"
