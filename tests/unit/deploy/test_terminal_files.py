from pathlib import Path

import pytest

from deploy.local.errors import Explained
from deploy.terminal.files import write_file


def test_a_path_without_an_ending_is_a_folder_that_is_created(tmp_path: Path) -> None:
    path = write_file(b"x", "report.pdf", tmp_path / "reports" / "2022")

    assert path == tmp_path / "reports" / "2022" / "report.pdf"
    assert path.read_bytes() == b"x"


def test_an_existing_folder_may_have_an_ending(tmp_path: Path) -> None:
    folder = tmp_path / "reports.2022"
    folder.mkdir()

    assert write_file(b"x", "report.pdf", folder) == folder / "report.pdf"


def test_a_path_with_an_ending_is_the_file(tmp_path: Path) -> None:
    path = write_file(b"x", "report.pdf", tmp_path / "reports" / "mine.pdf")

    assert path == tmp_path / "reports" / "mine.pdf"


def test_an_existing_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"old")

    assert write_file(b"new", "report.pdf", tmp_path / "mine").read_bytes() == b"new"


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_bytes(b"")

    with pytest.raises(Explained, match=r"file\.txt/report\.pdf cannot be written"):
        write_file(b"x", "report.pdf", tmp_path / "file.txt" / "report.pdf")
