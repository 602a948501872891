"""How many processes a service has is checked, kept, and named."""

from pathlib import Path

import pytest

from deploy.local.scaling import (
    MOST,
    NotScalable,
    is_replica,
    load_scale,
    replica_names,
    save_scale,
    wanted_scale,
)
from deploy.local.stack import Stack
from deploy.local.state import StackState, StateDirectory


def a_directory(path: Path) -> StateDirectory:
    directory = StateDirectory(path / "state")
    directory.create()
    return directory


def test_scale_is_kept_and_changed_by_service(tmp_path: Path) -> None:
    directory = a_directory(tmp_path)

    save_scale(directory, wanted_scale(["greeks=2", "factors=3"]))
    save_scale(directory, wanted_scale(["factors=1"]))

    assert load_scale(directory) == {"greeks": 2, "factors": 1}


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ("gateway=2", "has one gateway"),
        ("greek=2", "no service 'greek': choose one of ingest, greeks"),
        ("greeks", "write greeks=2"),
        ("greeks=0", f"from 1 to {MOST}"),
        ("greeks=-1", "is no scale"),
        ("greeks=99", "is no scale"),
        ("greeks=two", "is no scale"),
    ],
)
def test_what_cannot_be_scaled_is_named(wanted: str, reason: str) -> None:
    with pytest.raises(NotScalable, match=reason):
        wanted_scale([wanted])


def test_processes_that_postgres_has_no_connections_for_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotScalable, match="ask for fewer"):
        save_scale(a_directory(tmp_path), {"greeks": 8, "factors": 8})


def test_names_of_processes_beyond_the_first() -> None:
    assert replica_names({"greeks": 3, "stress": 1}) == {"greeks-2": "greeks", "greeks-3": "greeks"}
    assert is_replica("greeks-2")
    assert not any(map(is_replica, ("greeks", "fork-server", "nats-2")))


def test_each_process_keeps_its_port_while_it_is_wanted(tmp_path: Path) -> None:
    directory = a_directory(tmp_path)
    save_scale(directory, {"greeks": 2})
    stack = Stack(directory, StackState())

    before = [part.address for part in stack.replicas()]
    save_scale(directory, {"greeks": 3})
    after = [part.address for part in stack.replicas()]
    save_scale(directory, {"greeks": 1})
    none = stack.replicas()

    assert len(after) == len(
        {*after, *(part.address for part in stack.services())}
        - {part.address for part in stack.services()}
    )
    assert (before, none) == (after[:1], [])
    assert "greeks-2" not in stack.ports
