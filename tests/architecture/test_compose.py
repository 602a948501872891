"""The container files agree with the topology, the settings and each other."""

import ipaddress
import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.bootstrap import BootstrapSettings
from deploy.compose import COMPOSE_FILE, EXAMPLE, FIXED, PROMETHEUS, compose_text, generated
from deploy.container_secrets import SECRETS, assigned, fill_volume
from deploy.local.doctor import settings_of
from deploy.local.nats import bundled_server
from deploy.local.postgres import bundled_installation
from deploy.local.stack import BOUNDED_CONNECTIONS
from shared.settings import (
    TOOL_VARIABLES,
    Settings,
    known_variables,
    misspelt_variables,
)
from shared.topology import TOPOLOGY

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
CADDYFILE = (ROOT / "deploy" / "proxy" / "Caddyfile").read_text(encoding="utf-8")
WORDS = list(TOPOLOGY)
OURS = ["secrets", "bootstrap", "demo", *WORDS]
Entry = dict[str, Any]


def compose() -> dict[str, Any]:
    described: dict[str, Any] = yaml.safe_load(
        (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    )
    return described


def entry(name: str) -> Entry:
    found: Entry = compose()["services"][name]
    return found


def environment_of(name: str) -> dict[str, str | None]:
    found: dict[str, str | None] = entry(name).get("environment", {})
    return found


def seen_secrets(name: str) -> tuple[str, ...]:
    """The secrets that are mounted into a container."""
    (mount,) = [
        each
        for each in entry(name)["volumes"]
        if isinstance(each, dict) and each["source"] == "secrets"
    ]
    assert (mount["target"], mount["read_only"]) == ("/run/secrets", True)
    return assigned()[mount["volume"]["subpath"]]


def secret_files(name: str) -> list[str]:
    """The secrets that the environment points to, by name."""
    given = environment_of(name).items()
    files = [value for key, value in given if key.endswith("_FILE") and value]
    assert all(str(file).startswith("/run/secrets/") for file in files)
    return [str(file).removeprefix("/run/secrets/") for file in files]


def default_of(text: str) -> str:
    """The value of `${NAME:-value}` where the variable is not set."""
    found = re.fullmatch(r"\$\{\w+:-(.+)\}", text)
    assert found, text
    return found[1]


def test_the_files_of_compose_are_the_generated_ones() -> None:
    for path, text in generated().items():
        assert path.read_text(encoding="utf-8") == text, "run `make compose`"


def test_the_readme_gives_the_command_of_the_compose_file() -> None:
    commands = re.findall(r"^#   (docker compose .+)$", compose_text(), re.M)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert commands == ["docker compose up --build --detach --wait"]
    assert all(re.search(rf"^{command}(  |$)", readme, re.M) for command in commands)


def test_compose_runs_secrets_servers_bootstrap_services_and_proxy() -> None:
    found = compose()["services"]

    without = {name for name, service in found.items() if "profiles" not in service}
    assert without == {"secrets", "postgres", "nats", "bootstrap", "proxy", *WORDS}
    profiles = {name: service["profiles"] for name, service in found.items() if name not in without}
    assert profiles == {
        "demo": ["demo"],
        "prometheus": ["observability"],
        "grafana": ["observability"],
    }


@pytest.mark.parametrize("word", WORDS)
def test_every_service_is_built_and_waits(word: str) -> None:
    service = entry(word)

    assert service["build"]["target"] == "service"
    assert service["build"]["args"] == {"SERVICE": word}
    assert (ROOT / service["build"]["context"] / service["build"]["dockerfile"]).is_file()
    assert service["depends_on"] == {
        "bootstrap": {"condition": "service_completed_successfully"},
        "postgres": {"condition": "service_healthy"},
        "nats": {"condition": "service_healthy"},
    }


def test_a_services_image_is_checked_for_life_and_the_servers_wait_for_secrets() -> None:
    assert re.search(r"^HEALTHCHECK .*\n.*/health/live", DOCKERFILE, re.M)
    for server in ("postgres", "nats", "prometheus"):
        assert entry(server)["depends_on"] == {
            "secrets": {"condition": "service_completed_successfully"}
        }


@pytest.mark.parametrize("name", [*OURS, "nats", "proxy", "prometheus", "grafana"])
def test_a_container_has_no_rights_and_limits(name: str) -> None:
    container = entry(name)

    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert container["logging"]["options"]["max-size"] == "10m"
    assert container["mem_limit"]
    assert container["pids_limit"]


@pytest.mark.parametrize("word", WORDS)
def test_a_service_sees_its_own_secrets_and_no_others(word: str) -> None:
    given = environment_of(word)

    assert given["SIGMASIGHT_DATABASE_PASSWORD_FILE"] == f"/run/secrets/database_{word}"
    assert given["SIGMASIGHT_NATS_PASSWORD_FILE"] == f"/run/secrets/bus_{word}"
    assert sorted(secret_files(word)) == sorted(seen_secrets(word))


@pytest.mark.parametrize("word", WORDS)
def test_every_setting_reaches_its_service_and_no_other(word: str) -> None:
    given = environment_of(word)
    own = settings_of(word)

    read = known_variables(Settings, *([own] if own else [])) - TOOL_VARIABLES - FIXED
    assert read - {f"{name}_FILE" for name in read | FIXED} <= given.keys()
    assert misspelt_variables(dict.fromkeys(given, ""), own, word) == []
    others = tuple(f"SIGMASIGHT_{other.upper()}_" for other in WORDS if other != word)
    assert not [name for name in given if name.startswith(others)]


def test_the_example_names_every_variable_that_the_compose_file_reads() -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    given = {name for word in WORDS for name, value in environment_of(word).items() if not value}
    written = re.findall(r"\$\{(\w+)", COMPOSE_FILE.read_text(encoding="utf-8"))
    tls = re.findall(r"\$\{(\w+)", (ROOT / "deploy/proxy/tls.yml").read_text(encoding="utf-8"))

    named = set(re.findall(r"^#(\w+)=", text, re.M))
    assert {*given, *written, *tls} <= named
    assert str(ROOT) not in text


def test_bootstrap_gets_every_password_that_it_sets() -> None:
    prefix = "SIGMASIGHT_BOOTSTRAP_"

    given = {name for name in environment_of("bootstrap") if name.startswith(prefix)}
    passwords = {
        f"{prefix}{field.upper()}_FILE"
        for field in BootstrapSettings.model_fields
        if "password" in field
    }
    assert given == passwords
    assert sorted(secret_files("bootstrap")) == sorted(seen_secrets("bootstrap"))


def test_every_secret_is_generated_and_used() -> None:
    used = {name for container in assigned() for name in seen_secrets(container)}

    assert used == set(SECRETS)
    assert "secrets" not in compose(), "they are in a volume, which a container fills"


def test_only_proxy_and_grafana_are_published_and_only_on_loopback() -> None:
    published = {
        name: service["ports"]
        for name, service in compose()["services"].items()
        if "ports" in service
    }

    assert list(published) == ["proxy", "grafana"]
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_the_gateway_trusts_the_address_of_the_proxy_alone() -> None:
    (pool,) = compose()["networks"]["front"]["ipam"]["config"]
    address = ipaddress.ip_address(default_of(entry("proxy")["networks"]["front"]["ipv4_address"]))

    assert environment_of("gateway")["FORWARDED_ALLOW_IPS"] == "${PROXY_ADDRESS:-" + f"{address}}}"
    assert address in ipaddress.ip_network(default_of(pool["subnet"]))
    assert address not in ipaddress.ip_network(default_of(pool["ip_range"])), "Docker assigns these"
    assert "trusted_proxies_strict" in CADDYFILE
    assert "header_up X-Forwarded-For {client_ip}" in CADDYFILE


def test_what_operators_read_is_not_served_by_the_proxy() -> None:
    hidden = re.search(r"@inside path (.+)\n\s+respond @inside 404", CADDYFILE)

    assert hidden
    assert {"/metrics", "/health/ready"} <= set(hidden[1].split())


def test_prometheus_sends_the_token_that_every_service_demands() -> None:
    (job,) = yaml.safe_load(generated()[PROMETHEUS])["scrape_configs"]

    assert job["authorization"] == {"credentials_file": "/run/secrets/metrics"}
    assert seen_secrets("prometheus") == ("metrics",)
    for word in WORDS:
        assert environment_of(word)["SIGMASIGHT_METRICS_TOKEN_FILE"] == "/run/secrets/metrics"


def test_only_what_reaches_out_has_a_way_out() -> None:
    networks = {
        name: set(service.get("networks", ())) for name, service in compose()["services"].items()
    }

    assert compose()["networks"]["inside"] == {"internal": True}
    reaching = {name for name, found in networks.items() if "outside" in found}
    of_topology = {word for word, wiring in TOPOLOGY.items() if wiring.reaches}
    assert reaching == of_topology - {"gateway"} | {"grafana"}, "Grafana is published"
    assert {name for name, found in networks.items() if "front" in found} == {
        *("gateway", "proxy", "demo")
    }
    assert entry("secrets")["network_mode"] == "none"


def test_both_servers_have_healthchecks_and_keep_their_data() -> None:
    volumes = compose()["volumes"]

    for server, place in (("postgres", "/var/lib/postgresql"), ("nats", "/data")):
        assert entry(server)["healthcheck"]["test"]
        assert f"{server}:{place}" in entry(server)["volumes"]
        assert server in volumes


def test_mounted_configuration_files_exist() -> None:
    mounts = [
        mount
        for service in compose()["services"].values()
        for mount in service.get("volumes", [])
        if isinstance(mount, str) and mount.startswith("./")
    ]

    assert mounts
    assert all((ROOT / mount.split(":")[0]).exists() for mount in mounts)


def test_what_an_image_copies_is_in_the_builds_context() -> None:
    ignored = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text(encoding="utf-8")
    sent = [line[1:] for line in ignored.splitlines() if line.startswith("!")]
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", DOCKERFILE, re.M)
    bound = re.findall(r"--mount=type=bind,source=([^,]+)", DOCKERFILE)

    sources = [source.rstrip("/") for line in (*copied, *bound) for source in line.split()]
    assert len(sources) >= 8
    for source in sources:
        assert any(source == each or source.startswith(f"{each}/") for each in sent), source


def test_nats_accepts_its_configuration_with_the_made_users(tmp_path: Path) -> None:
    configuration = tmp_path / "etc" / "nats" / "nats-server.conf"
    configuration.parent.mkdir(parents=True)
    configuration.write_text((ROOT / "deploy" / "nats" / "nats-server.conf").read_text())
    fill_volume(tmp_path / "volume")
    shutil.copytree(tmp_path / "volume" / "nats", tmp_path / "run" / "secrets")

    checked = subprocess.run(
        [str(bundled_server()), "-t", "--config", str(configuration)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert checked.returncode == 0, checked.stderr
    assert "sync_interval: always" in configuration.read_text()
    assert "max_file_store: 1TB" in configuration.read_text()


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
    stand_in = tmp_path / "uvicorn"
    stand_in.write_text('#!/bin/sh\necho "$(basename "$0") $*" "$UVICORN_HTTP"\n')
    stand_in.chmod(0o755)

    environment = {
        "PATH": f"{tmp_path}:/usr/bin:/bin",
        "SERVICE": word,
        "SIGMASIGHT_LISTEN_HOST": "0.0.0.0",
    }
    started = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    ).stdout.strip()

    app = f"services.{word}.main:app"
    plain = f"uvicorn {app} --host 0.0.0.0 --port 8000 --no-access-log"
    assert started == (f"{plain} {BOUNDED_CONNECTIONS}" if word == "gateway" else plain)


def test_images_install_verified_pins_and_run_without_root() -> None:
    installs = [
        line for line in DOCKERFILE.replace("\\\n", " ").splitlines() if "uv pip install" in line
    ]
    last_users = [
        re.findall(r"^USER (\S+)", stage, re.M)
        for stage in re.split(r"^FROM ", DOCKERFILE, flags=re.M)
    ]

    (project,) = [line for line in installs if "--no-deps" in line]
    packages = [line for line in installs if line != project]
    assert all("--constraint requirements.txt" in line for line in packages)
    assert "--no-build-isolation" in project
    assert [users for users in last_users if users] == [["10001:10001"]] * 3
    assert any('--extra "${SERVICE}"' in line for line in packages)


def test_every_service_has_an_extra_and_every_pin_a_hash() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    pins = re.split(r"\n(?=[a-z0-9])", (ROOT / "requirements.txt").read_text(), flags=re.I)

    assert {*WORDS, "bootstrap", "demo"} <= set(extras)
    assert all("--hash=sha256:" in pin for pin in pins if "==" in pin)


def test_no_library_holds_the_certificates_of_all_at_an_old_year() -> None:
    pin = re.search(r"^certifi==(\d{4})\.", (ROOT / "requirements.txt").read_text(), re.M)

    assert pin
    assert int(pin[1]) >= 2026
