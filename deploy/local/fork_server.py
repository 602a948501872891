"""The fork server: imports what the services import, and starts each of them as a fork of itself.

The services share most of their modules: imported once and inherited, these cost processor time
once, and memory until a process writes to it. Run as `python -m deploy.local.fork_server`, with a
socket of the supervisor as standard input. Reasons: docs/decisions/0035-services-are-forked.md.
"""

import ast
import gc
import importlib
import importlib.util
import os
import runpy
import socket
import sys
from pathlib import Path
from typing import NoReturn

from deploy.local.forked import MESSAGE_BYTES, READY, Request
from deploy.local.programs import die_with, set_name
from shared.topology import TOPOLOGY

# The main modules are not imported themselves: they read their settings and open connections.
_MAINS = (*(f"services.{word}.main" for word in TOPOLOGY), "deploy.bootstrap")
# What is imported only when it is first used, which every program does at its start.
_AT_START = (
    "asyncpg",
    "uvicorn.main",
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
)
_PARENT_SECONDS = 5.0


def import_everything() -> None:
    """Import what the programs will: what their main modules import, and what follows."""
    for main in _MAINS:
        for name in imported_by(main):
            importlib.import_module(name)
    for name in _AT_START:
        importlib.import_module(name)


def imported_by(module: str) -> list[str]:
    """The modules that a module's source imports at its top level; it is not run itself."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"no module {module}")
    names: list[str] = []
    for node in ast.parse(Path(spec.origin).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    return names


def serve(channel: socket.socket) -> None:
    """Fork a program for every request, until the supervisor closes the channel."""
    gc.disable()
    import_everything()
    gc.collect()
    gc.freeze()  # a collection writes to objects, which would end the sharing of their memory
    gc.enable()
    channel.send(READY)
    while True:
        message, descriptors, _, _ = socket.recv_fds(channel, MESSAGE_BYTES, 1)
        if not message:
            return
        try:
            answer = str(_fork(Request.model_validate_json(message), channel, descriptors[0]))
        except OSError as error:
            answer = f"cannot fork: {error}"
        os.close(descriptors[0])
        channel.send(answer.encode())


def _fork(request: Request, channel: socket.socket, log: int) -> int:
    """Start a program and return its number.

    A process between forks it and ends at once, so that it becomes a child of the supervisor.
    """
    reading, writing = os.pipe()
    between = os.fork()
    if between == 0:
        program = os.fork()
        if program == 0:
            os.close(reading)
            os.close(writing)
            channel.close()
            _become(request, log)
        os.write(writing, str(program).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        os.waitpid(between, 0)
        return int(pipe.read())


def _become(request: Request, log: int) -> NoReturn:
    """Turn this process into the program that was asked for, and exit with it."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(null)
    os.close(log)
    os.chdir(request.directory)
    os.environ.clear()
    os.environ.update(request.environment)
    set_name(request.name)
    die_with(request.parent, request.death_signal, _PARENT_SECONDS)
    sys.argv = [request.module, *request.arguments]
    runpy.run_module(request.module, run_name="__main__", alter_sys=True)
    sys.exit()


if __name__ == "__main__":
    with socket.socket(fileno=os.dup(0)) as supervisor:
        serve(supervisor)
