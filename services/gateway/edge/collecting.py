"""Pauses of the garbage collector, which looks at everything that a large request makes."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_paused = 0  # requests, of this process


@contextmanager
def uncollected() -> Iterator[None]:
    """Let the garbage collector pause until no request of this kind is under way.

    For work that makes hundreds of thousands of objects and keeps them until its answer: the
    collector would look at all of them again and again, and find nothing. What is no part of a
    cycle is freed as ever.
    """
    global _paused
    _paused += 1
    gc.disable()
    try:
        yield
    finally:
        _paused -= 1
        if _paused:
            gc.collect(0)  # others may follow each other for long
        else:
            gc.enable()
