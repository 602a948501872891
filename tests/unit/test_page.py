"""The build of the dashboard: what it is made of, and when it is made again."""

import gzip
import json
import re
from pathlib import Path

import pytest

from deploy.local.dashboard import has_desktop
from deploy.page import BUILT, PROJECT, STAMP, compress, is_current, sources, stamp

WEB = PROJECT / "web"


def packages() -> dict[str, dict[str, object]]:
    locked = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    return {name: each for name, each in locked.items() if name}


def test_every_package_is_locked_by_a_hash_and_by_no_address() -> None:
    assert packages()
    assert [name for name, each in packages().items() if "integrity" not in each] == []
    assert [name for name, each in packages().items() if "resolved" in each] == []


def test_every_wanted_version_is_exact() -> None:
    wanted = json.loads((WEB / "package.json").read_text(encoding="utf-8"))
    versions = [*wanted["dependencies"].values(), *wanted["devDependencies"].values()]

    assert [each for each in versions if not each[0].isdigit()] == []


def test_the_stamp_changes_with_names_and_content_of_sources_alone(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.ts").write_text("1")
    first = stamp(tmp_path)
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "b.js").write_text("2")
    (tmp_path / "README.md").write_text("3")
    same = stamp(tmp_path)

    (tmp_path / "src" / "a.ts").write_text("4")
    other = stamp(tmp_path)
    (tmp_path / "src" / "a.ts").rename(tmp_path / "src" / "b.ts")

    assert first == same
    assert len({first, other, stamp(tmp_path)}) == 3
    assert [path.name for path in sources(tmp_path)] == ["b.ts"]


def test_a_build_is_current_until_its_sources_change(tmp_path: Path) -> None:
    web, built = tmp_path / "web", tmp_path / "dist"
    web.mkdir()
    built.mkdir()
    (web / "index.html").write_text("1")
    before = is_current(web, built)
    (built / STAMP).write_text(stamp(web))
    made = is_current(web, built)
    (web / "index.html").write_text("2")

    assert (before, made, is_current(web, built)) == (False, True, False)


def test_compressed_twins_are_the_same_bytes_each_time(tmp_path: Path) -> None:
    script = tmp_path / "a.js"
    script.write_bytes(b"let a = 1;\n" * 500)
    (tmp_path / "b.js").write_bytes(b"1")

    compress(tmp_path)
    twin = (tmp_path / "a.js.gz").read_bytes()
    compress(tmp_path)

    assert (tmp_path / "a.js.gz").read_bytes() == twin
    assert gzip.decompress(twin) == script.read_bytes()
    assert not (tmp_path / "b.js.gz").exists()


@pytest.mark.parametrize(
    ("environ", "platform", "expected"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ""}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "darwin", True),
    ],
)
def test_a_browser_is_opened_only_on_a_desktop(
    environ: dict[str, str], platform: str, expected: bool
) -> None:
    assert has_desktop(environ, platform) is expected


@pytest.mark.skipif(not is_current(), reason="the dashboard is not built: `make page`")
def test_the_page_is_small() -> None:
    """Compressed: what the overview needs, and everything with the documentation of the API."""
    sizes = {path.name: path.stat().st_size for path in BUILT.rglob("*.gz")}
    documentation = sum(size for name, size in sizes.items() if name.startswith("docs"))

    assert sum(sizes.values()) - documentation < 450_000
    assert sum(sizes.values()) < 900_000


def test_the_page_asks_in_its_own_dialogs_alone() -> None:
    native = re.compile(r"(?<![\w.])(?:window\.)?(?:confirm|alert|prompt)\(")

    found = [
        f"{place.name}: {line.strip()}"
        for place in (PROJECT / "web" / "src").rglob("*.ts*")
        for line in place.read_text(encoding="utf-8").splitlines()
        if native.search(line)
    ]

    assert found == []


def test_every_number_of_the_page_is_explained_by_a_definition_that_exists() -> None:
    definitions = json.loads(
        (PROJECT / "services/gateway/analytics/definitions.json").read_text(encoding="utf-8")
    )
    known = {name for each in definitions for name in each["names"]}
    # As an attribute or a field, or the second argument of what makes a row of them.
    named = re.compile(r"""(?:\bmeasure(?:=|: )|\b(?:count|usd|named)\("[^"]+", )"([^"{}$]+)\"""")

    found = {
        name
        for place in (PROJECT / "web" / "src").rglob("*.tsx")
        for name in named.findall(place.read_text(encoding="utf-8"))
    }

    assert len(found) > 50
    assert found - known == set()
