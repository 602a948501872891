"""Work for other processes, which import nothing but this."""

import os
import time


def process_after(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def failing() -> None:
    raise ValueError("the reason")


def ending() -> None:
    os._exit(3)
