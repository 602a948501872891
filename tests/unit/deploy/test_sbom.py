"""The bill of materials of an image: its packages, what they require, and nothing else."""

import json
from typing import Any

import pytest

from deploy.sbom import IMAGES, asked_for, bill_of_materials, packages


def document(image: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(bill_of_materials(image))
    return read


@pytest.mark.parametrize("image", IMAGES)
def test_a_document_names_every_package_with_its_version(image: str) -> None:
    found = document(image)

    named = {each["name"]: each for each in found["components"]}
    assert named.keys() == packages(asked_for(image)).keys()
    assert all(each["purl"].endswith(f"@{each['version']}") for each in named.values())
    assert found["metadata"]["component"]["name"] == f"sigmasight-{image}"


def test_what_depends_on_what_is_closed() -> None:
    found = document("greeks")

    known = {each["bom-ref"] for each in found["components"]} | {"sigmasight-greeks"}
    depends = {each["ref"]: set(each.get("dependsOn", ())) for each in found["dependencies"]}
    assert depends.keys() == known
    assert set().union(*depends.values()) == known - {"sigmasight-greeks"}


def test_an_image_has_what_it_asks_for_and_not_the_tools() -> None:
    assert {"scipy", "mibian", "sqlalchemy"} <= packages(asked_for("greeks")).keys()
    assert packages(asked_for("greeks")).keys().isdisjoint({"pytest", "fastapi", "pip", "uv"})


def test_the_same_packages_have_the_same_serial_number() -> None:
    assert document("stress")["serialNumber"] == document("stress")["serialNumber"]
    assert document("stress")["serialNumber"] != document("greeks")["serialNumber"]
