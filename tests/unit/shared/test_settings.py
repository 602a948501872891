"""Settings.

Misspellings, secret files, and the refusal to listen in public with default secrets.
"""

from pathlib import Path

import pytest
from pydantic import SecretStr

from services.ingest.settings import IngestSettings
from shared.errors import Misconfigured
from shared.settings import Settings, check_spelling, load, misspelt_variables


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("SIGMASIGHT_"):
            monkeypatch.delenv(name)


def test_misspelt_variable_stops_the_start_and_names_the_right_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SIGMASIGHT_DATABSE_HOST", "db")

    with pytest.raises(
        Misconfigured, match="SIGMASIGHT_DATABSE_HOST: did you mean SIGMASIGHT_DATABASE_HOST"
    ):
        check_spelling("greeks")


def test_variables_of_another_service_are_its_own_to_check() -> None:
    environment = {"SIGMASIGHT_INGEST_SHARD_SIZE": "9", "SIGMASIGHT_INGEST_SHRD_SIZE": "9"}

    assert misspelt_variables(environment, None, "greeks") == []
    [problem] = misspelt_variables(environment, IngestSettings, "ingest")
    assert (
        problem == "unknown variable SIGMASIGHT_INGEST_SHRD_SIZE: "
        "did you mean SIGMASIGHT_INGEST_SHARD_SIZE?"
    )


def test_other_programs_variables_are_none_of_our_business() -> None:
    assert misspelt_variables({"PATH": "/bin", "SIGMA": "x"}, None, "greeks") == []


def test_bad_value_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGMASIGHT_DATABASE_PORT", "many")

    with pytest.raises(Misconfigured, match="SIGMASIGHT_DATABASE_PORT"):
        load(Settings)


def test_secret_comes_from_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "db"
    secret.write_text("from-file\n")
    monkeypatch.setenv("SIGMASIGHT_DATABASE_PASSWORD_FILE", str(secret))

    assert load(Settings).database_password.get_secret_value() == "from-file"
    assert misspelt_variables({"SIGMASIGHT_DATABASE_PASSWORD_FILE": "x"}, None, "greeks") == []


def test_unreadable_secret_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SIGMASIGHT_NATS_PASSWORD_FILE", str(tmp_path / "absent"))

    with pytest.raises(Misconfigured, match="SIGMASIGHT_NATS_PASSWORD_FILE"):
        load(Settings)


@pytest.mark.parametrize("alias", ["POLYGON_API_KEY", "FRED_API_KEY"])
def test_provider_keys_have_their_usual_names(
    alias: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_text("k-123\n")
    monkeypatch.setenv(f"{alias}_FILE", str(key))

    assert getattr(load(IngestSettings), alias.lower()).get_secret_value() == "k-123"


def test_public_listener_with_default_secrets_is_refused() -> None:
    with pytest.raises(
        Misconfigured, match="SIGMASIGHT_DATABASE_PASSWORD and SIGMASIGHT_NATS_PASSWORD"
    ):
        Settings(listen_host="0.0.0.0")


def test_public_listener_with_secrets_set_is_allowed() -> None:
    settings = Settings(
        listen_host="0.0.0.0", database_password=SecretStr("a"), nats_password=SecretStr("b")
    )

    assert settings.listen_host == "0.0.0.0"


def test_secrets_are_never_printed() -> None:
    assert "hidden-value" not in repr(Settings(database_password=SecretStr("hidden-value")))


def test_production_refuses_default_secrets_wherever_it_listens() -> None:
    with pytest.raises(Misconfigured, match="SIGMASIGHT_DATABASE_PASSWORD"):
        Settings(production=True)
