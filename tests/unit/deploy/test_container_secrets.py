"""The secrets of the containers: generated once, each given to who needs it alone."""

import stat
from pathlib import Path

from deploy.container_secrets import ALL, PASSWORDS, SECRETS, assigned, fill_volume


def contents(directory: Path) -> dict[str, str]:
    return {
        path.relative_to(directory).as_posix(): path.read_text()
        for path in directory.rglob("*")
        if path.is_file()
    }


def test_secrets_are_generated_once_and_then_kept(tmp_path: Path) -> None:
    new = fill_volume(tmp_path)
    first = contents(tmp_path)

    again = fill_volume(tmp_path)

    kept = {name: first[f"{ALL}/{name}"] for name in SECRETS}
    assert len({kept[name] for name in PASSWORDS}) == len(PASSWORDS)
    assert len(new) == len(SECRETS) - 1
    assert again == []
    assert contents(tmp_path) == first
    copies = {f"{who}/{name}": kept[name] for who, names in assigned().items() for name in names}
    assert first == copies | {f"{ALL}/{name}": text for name, text in kept.items()}


def test_only_the_owner_reads_a_secret(tmp_path: Path) -> None:
    fill_volume(tmp_path / "volume")

    modes = {
        (path.is_dir(), oct(stat.S_IMODE(path.stat().st_mode)))
        for path in (tmp_path / "volume").rglob("*")
    }
    assert modes == {(True, "0o700"), (False, "0o400")}


def test_a_removed_secret_is_generated_again_and_reaches_who_needs_it(tmp_path: Path) -> None:
    fill_volume(tmp_path)
    before = contents(tmp_path)
    (tmp_path / ALL / "bus_greeks").unlink()

    assert fill_volume(tmp_path) == ["bus_greeks"]

    after = contents(tmp_path)
    assert {name for name in after if after[name] != before[name]} == {
        *(f"{ALL}/bus_greeks", "greeks/bus_greeks"),
        *(f"{ALL}/nats_authorization", "nats/nats_authorization"),
    }
