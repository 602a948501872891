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
import select
import socket
import sys
from pathlib import Path
from typing import NoReturn

from deploy.local.forked import MESSAGE_BYTES, READY, Request
from deploy.local.programs import die_with, set_name
from shared.topology import TOPOLOGY

# The main modules are not imported themselves: they read their settings and open connections.
_BOOTSTRAP = "deploy.bootstrap"
_MAINS = (_BOOTSTRAP, *(f"services.{word}.main" for word in TOPOLOGY))
_TABLES = tuple(f"services.{word}.tables" for word in TOPOLOGY)  # of which bootstrap makes schemas
# What is imported only when it is first used, which every program does at its start.
_AT_START = (
    "anyio._backends._asyncio",
    "asyncpg",
    "deploy.local.serving",
    "encodings.idna",
    "encodings.utf_8_sig",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.protocols.websockets.auto",
)
_PARENT_SECONDS = 5.0


def import_for(main: str) -> None:
    """Import what a program will: what its main module imports, and what follows."""
    for name in (*imported_by(main), *(_TABLES if main == _BOOTSTRAP else ()), *_AT_START):
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
    """Fork a program for every request, until the supervisor closes the channel.

    Ready for bootstrap, which takes a while, it imports what the services need until it is asked,
    and of what is still missing then no more than the program needs.
    """
    gc.disable()
    missing = list(_MAINS)
    import_for(missing.pop(0))
    channel.send(READY)
    while True:
        if missing and not select.select([channel], [], [], 0)[0]:
            import_for(missing.pop(0))
            continue
        message, descriptors, _, _ = socket.recv_fds(channel, MESSAGE_BYTES, 1)
        if not message:
            return
        request = Request.model_validate_json(message)
        for main in _mains_in(request):
            import_for(main)
        try:
            answer = str(_fork(request, channel, descriptors[0]))
        except OSError as error:
            answer = f"cannot fork: {error}"
        os.close(descriptors[0])
        channel.send(answer.encode())


def _mains_in(request: Request) -> list[str]:
    """The main module of the requested program: itself, or that of the application it serves."""
    words = {request.module, *(each.partition(":")[0] for each in request.arguments)}
    return [main for main in _MAINS if main in words]


def _fork(request: Request, channel: socket.socket, log: int) -> int:
    """Start a program and return its number.

    A process between forks it and ends at once, so that it becomes a child of the supervisor.
    """
    gc.freeze()  # a collection writes to objects, which would end the sharing of their memory
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
    gc.enable()
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
