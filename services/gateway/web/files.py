"""The built page: each file with its type, its tag, and how long a browser may keep it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

BUILT = Path(__file__).parent / "dist"
KEPT_FOREVER = "assets/"  # their names hold a hash of what is in them
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True)
class PageFile:
    """One file; `compressed` is what the build made of it with gzip, where that pays."""

    path: Path
    name: str

    @property
    def media_type(self) -> str:
        """What browsers are to take it as."""
        return TYPES[self.path.suffix]

    @property
    def caching(self) -> str:
        """A file whose name says what is in it stays; the others are compared before each use."""
        forever = self.name.startswith(KEPT_FOREVER)
        return "public, max-age=31536000, immutable" if forever else "no-cache"

    @cached_property
    def body(self) -> bytes:
        """What is in it."""
        return self.path.read_bytes()

    @cached_property
    def compressed(self) -> bytes | None:
        """The same with gzip; None where the build made none."""
        twin = self.path.with_name(f"{self.path.name}.gz")
        return twin.read_bytes() if twin.exists() else None

    @cached_property
    def tag(self) -> str:
        """Changes with what is in it."""
        return f'W/"{hashlib.sha256(self.body).hexdigest()[:32]}"'


def built_files(folder: Path = BUILT) -> Mapping[str, PageFile]:
    """The files of the build by their names, with `/` between folders; none without a build."""
    found = sorted(path for path in folder.rglob("*") if path.suffix in TYPES)
    names = [path.relative_to(folder).as_posix() for path in found]
    return {name: PageFile(path, name) for name, path in zip(names, found, strict=True)}
