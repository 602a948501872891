"""The garbage collector pauses while any large request is under way, and no longer."""

import gc

import pytest

from services.gateway.edge.collecting import uncollected


def test_the_collector_pauses_until_the_last_request_ends() -> None:
    states = [gc.isenabled()]
    with uncollected():
        with uncollected():
            states.append(gc.isenabled())
        states.append(gc.isenabled())
    states.append(gc.isenabled())

    assert states == [True, False, False, True]


def test_a_request_that_fails_ends_its_pause() -> None:
    with pytest.raises(ZeroDivisionError), uncollected():
        raise ZeroDivisionError

    assert gc.isenabled()
