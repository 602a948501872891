"""The container files agree with the topology, the settings and each other."""

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.bootstrap import BootstrapSettings
from deploy.compose import COMPOSE_FILE, PASSWORDS, SECRETS, compose_text, write_secrets
from deploy.local.doctor import settings_of
from deploy.local.nats import bundled_server
from deploy.local.postgres import bundled_installation
from shared.settings import (
    known_variables,
    misspelt_variables,
)
from shared.topology import TOPOLOGY

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
WORDS = list(TOPOLOGY)
Entry = dict[str, Any]


def compose() -> dict[str, Any]:
    described: dict[str, Any] = yaml.safe_load(
        (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    )
    return described


def entry(name: str) -> Entry:
    found: Entry = compose()["services"][name]
    return found


def secret_files(service: Entry) -> list[str]:
    """The secrets that the environment points to, by name."""
    values = [value for key, value in service["environment"].items() if key.endswith("_FILE")]
    assert all(value.startswith("/run/secrets/") for value in values)
    return [value.removeprefix("/run/secrets/") for value in values]


def test_the_compose_file_is_the_generated_one() -> None:
    assert COMPOSE_FILE.read_text(encoding="utf-8") == compose_text(), "run `make compose`"


def test_the_readme_gives_the_commands_of_the_compose_file() -> None:
    commands = re.findall(
        r"^#   ((?:make|docker compose) [\w -]+?)(?:  +#|$)", compose_text(), re.M
    )
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    assert commands == ["make compose", "docker compose up --build --detach"]
    assert all(re.search(rf"^{command}(  |$)", readme, re.M) for command in commands)
    assert re.search(
        r"^compose: install .*\n\t\$\(BIN\)/python -m deploy\.compose$", makefile, re.M
    )


def test_compose_runs_the_servers_the_bootstrap_and_every_service() -> None:
    assert set(compose()["services"]) == {"postgres", "nats", "bootstrap", *WORDS}


@pytest.mark.parametrize("word", WORDS)
def test_every_service_is_built_checked_and_waits(word: str) -> None:
    service = entry(word)

    assert service["build"]["target"] == "service"
    assert service["build"]["args"] == {"SERVICE": word}
    assert (ROOT / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    assert "/health/live" in service["healthcheck"]["test"][-1]
    assert service["depends_on"] == {
        "bootstrap": {"condition": "service_completed_successfully"},
        "postgres": {"condition": "service_healthy"},
        "nats": {"condition": "service_healthy"},
    }


@pytest.mark.parametrize("word", WORDS)
def test_a_service_has_its_own_passwords_and_no_others(word: str) -> None:
    service = entry(word)
    environment = service["environment"]

    assert environment["SIGMASIGHT_DATABASE_PASSWORD_FILE"] == f"/run/secrets/database_{word}"
    assert environment["SIGMASIGHT_NATS_PASSWORD_FILE"] == f"/run/secrets/bus_{word}"
    assert sorted(secret_files(service)) == sorted(service["secrets"])


@pytest.mark.parametrize("word", WORDS)
def test_every_variable_of_a_service_is_one_it_reads(word: str) -> None:
    environment = entry(word)["environment"]
    own = settings_of(word)

    mine = {name for name in environment if name.startswith(f"SIGMASIGHT_{word.upper()}_")}
    assert misspelt_variables(environment, own, word) == []
    assert mine <= (known_variables(own) if own else set())


def test_bootstrap_gets_every_password_that_it_sets() -> None:
    service = entry("bootstrap")
    prefix = "SIGMASIGHT_BOOTSTRAP_"

    given = {name for name in service["environment"] if name.startswith(prefix)}
    passwords = {
        f"{prefix}{field.upper()}_FILE"
        for field in BootstrapSettings.model_fields
        if "password" in field
    }
    assert given == passwords
    assert sorted(secret_files(service)) == sorted(service["secrets"])


def test_every_secret_is_made_declared_and_used() -> None:
    declared = compose()["secrets"]
    used = {
        name for service in compose()["services"].values() for name in service.get("secrets", [])
    }

    assert declared == {name: {"file": f"./.sigmasight/compose/{name}"} for name in SECRETS}
    assert used == set(SECRETS)


def test_only_the_gateway_is_published_and_only_on_loopback() -> None:
    published = {
        name: service["ports"]
        for name, service in compose()["services"].items()
        if "ports" in service
    }

    assert list(published) == ["gateway"]
    assert all(port.startswith("127.0.0.1:") for port in published["gateway"])


def test_both_servers_have_healthchecks_and_keep_their_data() -> None:
    volumes = compose()["volumes"]

    for server, place in (("postgres", "/var/lib/postgresql"), ("nats", "/data")):
        assert entry(server)["healthcheck"]["test"]
        assert f"{server}:{place}" in entry(server)["volumes"]
        assert server in volumes


def test_mounted_configuration_files_exist() -> None:
    mounts = [
        m
        for service in compose()["services"].values()
        for m in service.get("volumes", [])
        if m.startswith("./")
    ]

    assert mounts
    assert all((ROOT / mount.split(":")[0]).is_file() for mount in mounts)


def test_secrets_are_made_once_and_then_kept(tmp_path: Path) -> None:
    new = write_secrets(tmp_path / "compose")
    first = {path.name: path.read_text() for path in (tmp_path / "compose").iterdir()}

    again = write_secrets(tmp_path / "compose")

    assert set(first) == set(SECRETS)
    assert len({first[name] for name in PASSWORDS}) == len(PASSWORDS)
    assert len(new) == len(SECRETS) - 1
    assert again == []
    assert {path.name: path.read_text() for path in (tmp_path / "compose").iterdir()} == first
    assert (tmp_path / "compose").stat().st_mode & 0o777 == 0o700


def test_nats_accepts_its_configuration_with_the_made_users(tmp_path: Path) -> None:
    configuration = tmp_path / "etc" / "nats" / "nats-server.conf"
    configuration.parent.mkdir(parents=True)
    configuration.write_text((ROOT / "deploy" / "nats" / "nats-server.conf").read_text())
    write_secrets(tmp_path / "run" / "secrets")

    checked = subprocess.run(
        [str(bundled_server()), "-t", "--config", str(configuration)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stderr
    assert "sync_interval: always" in configuration.read_text()


def test_postgres_accepts_its_configuration(tmp_path: Path) -> None:
    configuration = ROOT / "deploy" / "postgres" / "postgresql.conf"
    postgres = bundled_installation() / "bin" / "postgres"

    # `-C` comes first: only then does Postgres let root ask.
    question = [str(postgres), "-C", "password_encryption", "-D", str(tmp_path)]
    checked = subprocess.run(
        [*question, "-c", f"config_file={configuration}"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (checked.returncode, checked.stdout.strip()) == (0, "scram-sha-256"), checked.stderr


@pytest.mark.parametrize("word", WORDS)
def test_the_image_starts_the_right_server(word: str, tmp_path: Path) -> None:
    command = json.loads(DOCKERFILE.rsplit("CMD ", 1)[1])
    for program in ("uvicorn", "faststream"):
        stand_in = tmp_path / program
        stand_in.write_text('#!/bin/sh\necho "$(basename "$0") $*"\n')
        stand_in.chmod(0o755)

    environment = {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "SERVICE": word,
        "SIGMASIGHT_LISTEN_HOST": "0.0.0.0",
    }
    started = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()

    server = "uvicorn" if word == "gateway" else "faststream run"
    assert started == f"{server} services.{word}.main:app --host 0.0.0.0 --port 8000"


def test_images_install_verified_pins_and_run_without_root() -> None:
    installs = [
        line for line in DOCKERFILE.replace("\\\n", " ").splitlines() if "uv pip install" in line
    ]
    last_users = [
        re.findall(r"^USER (\S+)", stage, re.M)
        for stage in re.split(r"^FROM ", DOCKERFILE, flags=re.M)
    ]

    assert len(installs) == 3  # of what all services need, of Node, and of what one needs
    assert all("--constraint requirements.txt" in line for line in installs)
    assert [users for users in last_users if users] == [["10001"], ["10001"]]
    assert '--extra "${SERVICE}"' in installs[2]


def test_every_service_has_an_extra_and_every_pin_a_hash() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    pins = re.split(r"\n(?=[a-z0-9])", (ROOT / "requirements.txt").read_text(), flags=re.I)

    assert set(WORDS) <= set(extras)
    assert all("--hash=sha256:" in pin for pin in pins if "==" in pin)


def test_no_library_holds_the_certificates_of_all_at_an_old_year() -> None:
    pin = re.search(r"^certifi==(\d{4})\.", (ROOT / "requirements.txt").read_text(), re.M)

    assert pin
    assert int(pin[1]) >= 2026
