"""The chart, rendered by Helm for every kind of installation, is valid: `make chart` runs this."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from deploy.bootstrap import BootstrapSettings
from deploy.chart import CHART, fewest_replicas
from deploy.local.doctor import settings_of
from deploy.local.nats import bundled_server
from shared.bus import nats_authorization
from shared.messaging import durables_of
from shared.settings import known_variables, misspelt_variables
from shared.topology import TOPOLOGY
from tests.architecture.test_observability import rules
from tests.integration.deploy.charting import HELM, PYTHON

pytestmark = pytest.mark.skipif(not HELM.exists(), reason="`make chart` installs Helm first")

WORDS = list(TOPOLOGY)
KUBERNETES = "1.37.0"
ALL = {
    "autoscaling.enabled": "true",
    "ingress.enabled": "true",
    "ingress.host": "risk.example.com",
    "ingress.tlsSecret": "certificate",
    "ingress.className": "nginx",
    "ingress.proxies": "{10.244.0.0/16,192.0.2.7}",
    "monitoring.enabled": "true",
    "monitoring.labels.release": "prometheus",
    "image.registry": "registry.example.com/risk",
    "image.tag": "1.2.3",
    "image.pullSecrets[0].name": "registry",
    "nats.storageClass": "fast",
    "networkPolicies.traces.ports[0].port": "4318",
}
EXTERNAL = {"postgres.host": "db.example.com"}
CLOUDNATIVE = {
    "postgres.cloudnative.enabled": "true",
    "postgres.cloudnative.storageClass": "fast",
}
INSTALLATIONS: Mapping[str, tuple[Mapping[str, str], Sequence[str]]] = {
    "external": (EXTERNAL, ()),
    "external-upgrade": (EXTERNAL, ("--is-upgrade",)),
    "external-all": (EXTERNAL | ALL, ()),
    "cloudnative": (CLOUDNATIVE, ()),
    "cloudnative-all": (CLOUDNATIVE | ALL, ("--is-upgrade",)),
    "one-database": (CLOUDNATIVE | {"postgres.cloudnative.instances": "1"}, ()),
    "open-network": (EXTERNAL | {"networkPolicies.enabled": "false"}, ()),
}
# Kinds that come with operators: Kubernetes' own schemas do not have them.
OF_OPERATORS = ("ScaledObject", "ServiceMonitor", "PrometheusRule", "Cluster")

# The part of KEDA's ScaledObject that we use, from its CustomResourceDefinition
# (kedacore/keda, config/crd/bases/keda.sh_scaledobjects.yaml) and the parameters its scaler reads
# (pkg/scalers/nats_jetstream_scaler.go): a field that is not here is a slip of ours.
COUNT = {"type": "integer", "minimum": 0}
TEXT = {"type": "string", "minLength": 1}
NUMBER_AS_TEXT = {"type": "string", "pattern": "^[0-9]+$"}


def closed(required: Mapping[str, Any], **optional: Any) -> dict[str, Any]:
    """The schema of an object without any other field."""
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
        "additionalProperties": False,
    }


TRIGGER = closed(
    {
        "type": {"const": "nats-jetstream"},
        "metadata": closed(
            {
                "natsServerMonitoringEndpoint": {"type": "string", "pattern": r"^[\w.-]+:8222$"},
                "account": {"const": "$G"},
                "stream": TEXT,
                "consumer": TEXT,
                "lagThreshold": NUMBER_AS_TEXT,
                "activationLagThreshold": NUMBER_AS_TEXT,
            }
        ),
    }
)
SCALED_OBJECT = closed(
    {
        "apiVersion": {"const": "keda.sh/v1alpha1"},
        "kind": {"const": "ScaledObject"},
        "metadata": closed({"name": TEXT, "labels": {"type": "object"}}),
        "spec": closed(
            {
                "scaleTargetRef": closed({"name": TEXT}),
                "triggers": {"type": "array", "items": TRIGGER, "minItems": 1},
            },
            minReplicaCount=COUNT,
            maxReplicaCount=COUNT,
            pollingInterval=COUNT,
            cooldownPeriod=COUNT,
            fallback=closed({"failureThreshold": COUNT, "replicas": COUNT}),
        ),
    }
)


def helm(*arguments: str) -> str:
    done = subprocess.run(
        [str(HELM), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"HOME": "/nonexistent"},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@cache
def rendered(installation: str) -> str:
    sets, more = INSTALLATIONS[installation]
    chosen = [part for pair in sets.items() for part in ("--set", "=".join(pair))]
    return helm("template", "sigmasight", str(CHART), "--namespace", "risk", *chosen, *more)


@cache
def documents(installation: str) -> list[dict[str, Any]]:
    """Every rendered object."""
    return [each for each in yaml.load_all(rendered(installation), yaml.CSafeLoader) if each]


def objects(installation: str, kind: str) -> dict[str, dict[str, Any]]:
    """The rendered objects of a kind, by name."""
    found = [each for each in documents(installation) if each["kind"] == kind]
    return {each["metadata"]["name"]: each for each in found}


def pods(installation: str) -> dict[str, dict[str, Any]]:
    """The specification of every pod, by the name of what makes it."""
    makers = [objects(installation, kind) for kind in ("Deployment", "StatefulSet", "Job")]
    return {
        name: each["spec"]["template"]["spec"] for found in makers for name, each in found.items()
    }


def environment(pod: Mapping[str, Any]) -> dict[str, str]:
    [container] = pod["containers"]
    return {each["name"]: each.get("value", "") for each in container["env"]}


@pytest.mark.parametrize("installation", INSTALLATIONS)
def test_helm_finds_no_fault(installation: str) -> None:
    sets, _ = INSTALLATIONS[installation]
    chosen = [part for pair in sets.items() for part in ("--set", "=".join(pair))]

    said = helm("lint", "--strict", str(CHART), *chosen)

    assert "0 chart(s) failed" in said


def test_everything_rendered_is_valid(tmp_path: Path) -> None:
    every = [each for name in INSTALLATIONS for each in documents(name)]
    own = {json.dumps(each): each for each in every if each["kind"] not in OF_OPERATORS}
    path = tmp_path / "rendered.yaml"
    path.write_text("\n---\n".join(own))

    command = ["-m", "kubernetes_validate", "--strict", "-k", KUBERNETES, str(path)]
    done = subprocess.run(
        [str(PYTHON), *command], capture_output=True, text=True, check=False, env={}
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert len(own) > 60


@pytest.mark.parametrize("installation", INSTALLATIONS)
def test_no_two_objects_of_a_kind_share_a_name(installation: str) -> None:
    names = [(each["kind"], each["metadata"]["name"]) for each in documents(installation)]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("postgres.port=5432", "postgres.host: name the server"),
        (
            "postgres.host=db,env.SIGMASIGHT_RETENTION_DAYS=1000000",
            "SIGMASIGHT_RETENTION_DAYS of factors: write the value in quotes",
        ),
        (
            "postgres.host=db,ingress.enabled=true,ingress.proxies={10.244.0.0/16}",
            "ingress.host: name the address",
        ),
        (
            "postgres.host=db,ingress.enabled=true,ingress.host=risk.example.com",
            "ingress.proxies: name the addresses",
        ),
    ],
)
def test_a_value_that_is_missing_or_of_a_wrong_kind_is_named(value: str, said: str) -> None:
    done = subprocess.run(
        [str(HELM), "template", "sigmasight", str(CHART), "--set", value],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert said in done.stderr


@pytest.mark.parametrize("word", [word for word in WORDS if word != "gateway"])
def test_the_scaler_asks_for_every_consumer(word: str) -> None:
    scaled = objects("external-all", "ScaledObject")[f"sigmasight-{word}"]

    jsonschema.validate(scaled, SCALED_OBJECT)
    spec = scaled["spec"]
    asked = {
        (each["metadata"]["stream"], each["metadata"]["consumer"]) for each in spec["triggers"]
    }
    assert asked == {(each.stream, each.name) for each in durables_of(word)}
    assert spec["minReplicaCount"] == fewest_replicas(word)
    assert "replicas" not in objects("external-all", "Deployment")[f"sigmasight-{word}"]["spec"]


def test_the_scaler_finds_each_server_by_its_name() -> None:
    """It asks `<server name>.<endpoint>` for the consumers that the server leads."""
    [endpoint] = {
        trigger["metadata"]["natsServerMonitoringEndpoint"]
        for scaled in objects("external-all", "ScaledObject").values()
        for trigger in scaled["spec"]["triggers"]
    }
    [nats] = objects("external-all", "StatefulSet").values()
    service, namespace, *_ = endpoint.partition(":")[0].split(".")

    assert (service, namespace) == (nats["spec"]["serviceName"], "risk")
    assert environment(nats["spec"]["template"]["spec"])["POD_NAME"] == '"$(POD)"'
    assert objects("external-all", "Service")[service]["spec"]["clusterIP"] == "None"


@pytest.mark.parametrize("installation", INSTALLATIONS)
def test_pods_are_never_root_never_write_it_and_have_limits(installation: str) -> None:
    found = pods(installation)

    assert len(found) == len(WORDS) + 2
    for name, pod in found.items():
        [container] = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"], name
        assert container["securityContext"]["readOnlyRootFilesystem"], name
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}, name
        assert {"cpu", "memory"} <= container["resources"]["requests"].keys(), name
        assert "memory" in container["resources"]["limits"], name
        assert pod["automountServiceAccountToken"] is False, name


@pytest.mark.parametrize("word", WORDS)
def test_a_service_mounts_its_own_secrets_and_reads_its_own_variables(word: str) -> None:
    pod = pods("external-all")[f"sigmasight-{word}"]
    given = environment(pod)
    own = settings_of(word)

    [volume] = [each["secret"] for each in pod["volumes"] if "secret" in each]
    mounted = {item["key"] for item in volume["items"]}
    files = {value.rpartition("/")[2] for name, value in given.items() if name.endswith("_FILE")}
    assert mounted == files
    assert {f"database_{word}", f"bus_{word}"} <= mounted
    assert misspelt_variables(given, own, word) == []


def test_bootstrap_gets_every_password_that_it_sets() -> None:
    given = environment(pods("cloudnative")["sigmasight-bootstrap"])
    prefix = "SIGMASIGHT_BOOTSTRAP_"

    passwords = {
        name
        for name in known_variables(BootstrapSettings)
        if name.startswith(prefix) and name.endswith("PASSWORD_FILE")
    }

    assert {name for name in given if name.endswith("_FILE")} == passwords
    assert given[f"{prefix}STREAM_REPLICAS"] == "3"


def test_bootstrap_runs_before_anything_of_a_new_version() -> None:
    [installed] = objects("external", "Job").values()
    [upgraded] = objects("external-upgrade", "Job").values()

    assert "annotations" not in installed["metadata"]
    assert upgraded["metadata"]["annotations"]["helm.sh/hook"] == "pre-upgrade"


def test_the_databases_password_is_the_one_its_operator_generates() -> None:
    [job] = [
        each["spec"]["template"]["spec"] for each in objects("cloudnative-all", "Job").values()
    ]
    [sources] = [each["projected"]["sources"] for each in job["volumes"] if "projected" in each]
    [cluster] = objects("cloudnative-all", "Cluster")

    assert sources[1]["secret"]["name"] == f"{cluster}-superuser"
    assert environment(job)["SIGMASIGHT_DATABASE_HOST"] == f"{cluster}-rw"


def test_strangers_reach_neither_metrics_nor_readiness() -> None:
    [ingress] = objects("external-all", "Ingress").values()
    [rule] = ingress["spec"]["rules"]
    leads = {each["path"]: each["backend"]["service"]["name"] for each in rule["http"]["paths"]}

    assert leads == {
        "/metrics": "sigmasight-closed",
        "/health/ready": "sigmasight-closed",
        "/": "sigmasight-gateway",
    }
    assert "selector" not in objects("external-all", "Service")["sigmasight-closed"]["spec"]


def test_prometheus_gets_the_rules_and_grafana_the_dashboards() -> None:
    [rule] = objects("external-all", "PrometheusRule").values()
    boards = objects("external-all", "ConfigMap")["sigmasight-dashboards"]
    monitors = objects("external-all", "ServiceMonitor")
    token = {"credentials": {"name": "sigmasight", "key": "metrics"}}

    assert [each for group in rule["spec"]["groups"] for each in group["rules"]] == rules()
    assert rule["metadata"]["labels"]["release"] == "prometheus"
    assert all(json.loads(text)["panels"] for text in boards["data"].values())
    assert set(monitors) == {f"sigmasight-{word}" for word in WORDS}
    assert all(each["spec"]["endpoints"][0]["authorization"] == token for each in monitors.values())


def test_the_gateway_trusts_the_proxies_that_are_named_and_no_others() -> None:
    trusted = {
        installation: environment(pods(installation)["sigmasight-gateway"])["FORWARDED_ALLOW_IPS"]
        for installation in ("external", "external-all")
    }

    assert trusted == {"external": "127.0.0.1", "external-all": "10.244.0.0/16,192.0.2.7"}


def test_expressions_of_the_rules_are_promql() -> None:
    expressions = json.dumps([rule["expr"] for rule in rules()])
    program = (
        "import json, sys, promql_parser\n"
        "for each in json.load(sys.stdin): promql_parser.parse(each)"
    )

    done = subprocess.run(
        [str(PYTHON), "-c", program], input=expressions, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_nats_accepts_its_rendered_configuration(tmp_path: Path) -> None:
    text = objects("external", "ConfigMap")["sigmasight-nats"]["data"]["nats-server.conf"]
    configuration = tmp_path / "etc" / "nats" / "nats-server.conf"
    secret = tmp_path / "run" / "secrets" / "nats_authorization"
    for path in (configuration, secret):
        path.parent.mkdir(parents=True)
    configuration.write_text(text)
    secret.write_text(nats_authorization(dict.fromkeys(("bootstrap", *WORDS), "1e5")))
    given = environment(pods("external")["sigmasight-nats"])
    filled = {
        name: value.replace("$(POD)", "sigmasight-nats-0").replace("$(PASSWORD)", "1e5-x_y")
        for name, value in given.items()
    }

    done = subprocess.run(
        [str(bundled_server()), "-t", "--config", str(configuration)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | filled,
    )

    assert done.returncode == 0, done.stderr
