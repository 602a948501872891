"""What is in each image, as CycloneDX 1.6: `make sbom` writes `build/sbom/<image>.cdx.json`.

The packages are those that `deploy/Dockerfile` installs: what pyproject.toml asks for and what that
requires, at the versions of this environment, which `make install` takes from requirements.txt, and
which the images have too. Packages of the base image are not in it.
"""

import sys
import tomllib
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from shared import __version__
from shared.topology import TOPOLOGY

ROOT = Path(__file__).resolve().parent.parent
DIRECTORY = ROOT / "build" / "sbom"
IMAGES = (*TOPOLOGY, "bootstrap", "demo")  # named as the extra that each installs


def asked_for(image: str) -> list[Requirement]:
    """What pyproject.toml asks for in an image."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"][image]]
    return [Requirement(each) for each in wanted]


def packages(wanted: Collection[Requirement]) -> Mapping[str, frozenset[str]]:
    """What is installed for these requirements: by package, the packages that it requires."""
    waiting = list(wanted)
    seen: set[tuple[str, str]] = set()
    found: dict[str, set[str]] = {}
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        requires = found.setdefault(name, set())
        for extra in ("", *requirement.extras):
            if (name, extra) not in seen:
                seen.add((name, extra))
                required = _required(name, extra)
                requires.update(canonicalize_name(each.name) for each in required)
                waiting += required
    return {name: frozenset(requires) for name, requires in sorted(found.items())}


@cache  # images share most of their packages
def _required(name: str, extra: str) -> Sequence[Requirement]:
    required = map(Requirement, distribution(name).requires or ())
    return [each for each in required if not each.marker or each.marker.evaluate({"extra": extra})]


def bill_of_materials(image: str) -> str:
    """The document of one image; the same packages give the same serial number."""
    wanted = asked_for(image)
    found = packages(wanted)
    components = {name: _component(name) for name in found}
    root = Component(
        type=ComponentType.CONTAINER,
        name=f"sigmasight-{image}",
        version=__version__,
        bom_ref=f"sigmasight-{image}",
    )
    versions = "\n".join(f"{name}=={each.version}" for name, each in components.items())
    bom = Bom(
        components=components.values(),
        serial_number=uuid5(NAMESPACE_URL, f"{root.bom_ref.value} {__version__}\n{versions}"),
    )
    bom.metadata.component = root
    direct = sorted({canonicalize_name(each.name) for each in wanted})
    bom.register_dependency(root, [components[name] for name in direct])
    for name, requires in found.items():
        bom.register_dependency(components[name], [components[each] for each in sorted(requires)])
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


@cache
def _component(name: str) -> Component:
    installed = distribution(name)
    licence = next(iter(installed.metadata.get_all("License-Expression") or ()), None)
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        version=installed.version,
        purl=PackageURL("pypi", None, name, installed.version),
        bom_ref=f"{name}@{installed.version}",
        licenses=[LicenseFactory().make_from_string(licence)] if licence else (),
    )


def main() -> None:
    """The command line."""
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    for image in IMAGES:
        path = DIRECTORY / f"{image}.cdx.json"
        path.write_text(bill_of_materials(image), encoding="utf-8")
    sys.stdout.write(f"{len(IMAGES)} documents in {DIRECTORY.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
