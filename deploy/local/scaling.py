"""How many processes each service has: kept in the state directory, followed by the supervisor."""

import json
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.local.errors import Explained
from deploy.local.state import StackState, StateDirectory
from shared.topology import TOPOLOGY

MOST = 8  # of one service
MOST_MORE = 10  # of all together: each has up to ten connections, and Postgres takes 200
FOLLOW_SECONDS = 90.0
POLL_SECONDS = 0.2
_ONE_ONLY = "gateway"


class NotScalable(Explained):
    """What was wanted cannot be done; the message names the fix."""


def wanted_scale(words: Sequence[str]) -> dict[str, int]:
    """`greeks=2` as numbers by service; raises `NotScalable`."""
    scale = {}
    for text in words:
        word, _, number = text.partition("=")
        if word == _ONE_ONLY:
            raise NotScalable(
                "the local stack has one gateway, which has the address: scale another service"
            )
        if word not in TOPOLOGY:
            raise NotScalable(f"there is no service '{word}': choose one of {_choices()}")
        if not (number.isascii() and number.isdigit() and 1 <= int(number) <= MOST):
            raise NotScalable(f"'{text}' is no scale: write {word}=2, from 1 to {MOST}")
        scale[word] = int(number)
    return scale


def _choices() -> str:
    return ", ".join(word for word in TOPOLOGY if word != _ONE_ONLY)


def _file(directory: StateDirectory) -> Path:
    return directory.path / "scale.json"


def load_scale(directory: StateDirectory) -> dict[str, int]:
    """How many processes each scaled service has; services that are not named have one."""
    try:
        known = json.loads(_file(directory).read_text())
        return wanted_scale([f"{word}={number}" for word, number in known.items()])
    except FileNotFoundError:
        return {}
    except (ValueError, AttributeError) as error:
        raise NotScalable(f"{_file(directory)} is damaged: delete it ({error})") from error


def save_scale(directory: StateDirectory, changes: Mapping[str, int]) -> dict[str, int]:
    """Keep the changed numbers, for this run of the stack and later ones; returns all."""
    scale = {**load_scale(directory), **changes}
    more = sum(scale.values()) - len(scale)
    if more > MOST_MORE:
        raise NotScalable(
            f"these would be {more} processes more than one of each service, and {MOST_MORE} may "
            "be: ask for fewer"
        )
    descriptor, name = tempfile.mkstemp(dir=directory.path, prefix="scale-")
    with os.fdopen(descriptor, "w") as draft:
        json.dump(scale, draft)
    Path(name).replace(_file(directory))
    return scale


def replica_names(scale: Mapping[str, int]) -> dict[str, str]:
    """The processes beyond the first of each service, `greeks-2` and so on, with their service."""
    return {
        f"{word}-{number}": word
        for word, wanted in scale.items()
        for number in range(2, wanted + 1)
    }


def wait_scaled(directory: StateDirectory, scale: Mapping[str, int]) -> StackState:
    """Wait until the supervisor runs what is wanted, ready; raises `NotScalable`."""
    wanted = replica_names(scale).keys()
    deadline = time.monotonic() + FOLLOW_SECONDS
    while time.monotonic() < deadline:
        state = directory.load()
        found = {name: each for name, each in state.programs.items() if is_replica(name)}
        if found.keys() == wanted and all(each.ready for each in found.values()):
            return state
        time.sleep(POLL_SECONDS)
    raise NotScalable(
        f"the stack did not follow within {FOLLOW_SECONDS:.0f} s: see `sigmasight status`"
    )


def is_replica(name: str) -> bool:
    """Whether a program is a process beyond the first of its service."""
    word, _, number = name.rpartition("-")
    return word in TOPOLOGY and number.isdigit()
