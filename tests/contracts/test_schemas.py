"""Everything on the wire has a pinned JSON schema.

An optional field is additive, anything else is a new version.

After a deliberate change: `python -m tests.contracts.test_schemas` writes the pins again; review
the difference.
"""

import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from shared.topology import TOPOLOGY

PINS = Path(__file__).parent / "schemas"
EVENTS = {event for wiring in TOPOLOGY.values() for event in wiring.publishes}
REQUESTS = {request for wiring in TOPOLOGY.values() for request in wiring.answers}
ON_THE_WIRE: dict[str, type[BaseModel]] = {
    **{event.subject: event for event in EVENTS},
    **{request.subject: request for request in REQUESTS},
    **{f"{request.subject}.reply": request.reply for request in REQUESTS},
}


def pinned_text(kind: type[BaseModel]) -> str:
    return json.dumps(kind.model_json_schema(), indent=2, sort_keys=True) + "\n"


@pytest.mark.parametrize("subject", sorted(ON_THE_WIRE))
def test_schema_is_the_pinned_one(subject: str) -> None:
    assert (PINS / f"{subject}.json").read_text() == pinned_text(ON_THE_WIRE[subject])


def test_no_pin_outlives_its_contract() -> None:
    assert {path.stem for path in PINS.glob("*.json")} == set(ON_THE_WIRE)


if __name__ == "__main__":
    PINS.mkdir(exist_ok=True)
    for name, contract in ON_THE_WIRE.items():
        (PINS / f"{name}.json").write_text(pinned_text(contract))
