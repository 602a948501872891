"""Only directories an account may pass are used for it, and no user's directory is opened."""

from pathlib import Path

from deploy.local.places import Account, can_pass, private_directory

STRANGER = Account("stranger", uid=4_000_001, gid=4_000_001)


def test_closed_parent_stops_a_stranger(tmp_path: Path) -> None:
    inner = tmp_path / "closed" / "inner"
    inner.mkdir(parents=True)
    inner.chmod(0o755)

    inner.parent.chmod(0o700)

    assert not can_pass(inner, STRANGER)


def test_passable_parents_let_a_stranger_through() -> None:
    assert can_pass(Path("/usr/bin"), STRANGER)


def test_the_owner_passes_its_private_directory(tmp_path: Path) -> None:
    private = private_directory(tmp_path / "private", None)
    status = private.stat()

    assert status.st_mode & 0o777 == 0o700
    assert can_pass(private, Account("owner", status.st_uid, status.st_gid))
