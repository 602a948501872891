"""A container image on disk: the steps of `deploy/Dockerfile`, followed without Docker.

Of the project an image has only what its stages copy from the wheel's files, and of the packages
only what its stages install, without their tests: those are linked from the environment of the
tests, which has the same pins, with what they require. Nothing is downloaded.
"""

import re
import shutil
import subprocess
import sys
import sysconfig
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Set
from functools import cache
from importlib.metadata import distributions
from pathlib import Path, PurePosixPath

from packaging.utils import canonicalize_name

from deploy.sbom import asked_for, packages

ROOT = Path(__file__).parents[3]
_DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
_STAGE = re.compile(r"^FROM (\S+) AS (\S+)\n(.*?)(?=^FROM |\Z)", re.M | re.S)
_STAGES = {name: (base, steps) for base, name, steps in _STAGE.findall(_DOCKERFILE)}
_FROM_PROJECT = "COPY --from=project "
_CLIENT = "sigmasight_client"  # the one part that is not below the repository's root
_SITE = Path(sysconfig.get_path("purelib"))


class Image:
    """One image in a folder: `app`, its working directory, and `packages`."""

    def __init__(self, folder: Path, target: str, service: str) -> None:
        self.app = folder / "app"
        self.packages = folder / "packages"
        for step in _steps(target, service):
            if step.startswith(_FROM_PROJECT) and ".dist-info" not in step:
                self._copy(step.removeprefix(_FROM_PROJECT).split())
        _link_packages(packages(asked_for(service)).keys(), self.packages)

    def _copy(self, words: list[str]) -> None:
        *sources, destination = words
        for source in map(_source, sources):
            if source.is_dir():
                shutil.copytree(source, self.app / destination, dirs_exist_ok=True)
            else:
                (self.app / destination).mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, self.app / destination)

    def run(self, program: str) -> subprocess.CompletedProcess[str]:
        """A Python program in the image: nothing else of this machine can be imported."""
        paths = f"import sys; sys.path[:0] = {[str(self.app), str(self.packages)]!r}\n"
        return subprocess.run(
            [sys.executable, "-I", "-S", "-c", paths + program],
            cwd=self.app,
            env={},
            capture_output=True,
            text=True,
            check=False,
        )


def _steps(stage: str, service: str) -> Iterator[str]:
    """The steps of a stage and of the stages it is built from, in order."""
    base, text = _STAGES[stage]
    if base in _STAGES:
        yield from _steps(base, service)
    for line in text.replace("${SERVICE}", service).splitlines():
        if line and not line.startswith("#"):
            yield line


def _source(installed: str) -> Path:
    """Where the repository has what the stage `project` installed below /app."""
    path = installed.removeprefix("/app/")
    return ROOT / ("clients/python" if path.startswith(_CLIENT) else "") / path


def _link_packages(names: Set[str], folder: Path) -> None:
    """Link what these distributions own alone, but no tests."""
    owners, split = _owners()
    linked: set[PurePosixPath] = set()  # and what is below
    for path, owning in owners.items():
        if path.parent in linked:
            linked.add(path)
        elif owning <= names and path not in split:
            linked.add(path)
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).symlink_to(_SITE / path)


@cache
def _owners() -> tuple[Mapping[PurePosixPath, set[str]], Collection[PurePosixPath]]:
    """By path in the environment, folders first, the distributions with files there.

    Second, the folders that cannot be linked as a whole, because they have tests below.
    """
    owners: dict[PurePosixPath, set[str]] = defaultdict(set)
    split: set[PurePosixPath] = set()
    for each in distributions():
        name = canonicalize_name(each.name)
        for file in each.files or ():
            parts = file.parts
            if "tests" in parts:
                split.update(PurePosixPath(*parts[:end]) for end in range(1, parts.index("tests")))
            elif ".." not in parts:
                for place in (file, *file.parents[:-1]):
                    owners[place].add(name)
    return dict(sorted(owners.items())), split
