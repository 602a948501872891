"""The documents are complete: every decision is dated and listed, every link leads to a file."""

import re
from pathlib import Path

import pytest

from shared.topology import EVENTS, TOPOLOGY, publisher_of

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md"])
RECORDS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
INDEX = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
SECURITY = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
STATUS = r"accepted|superseded by \d+"
HEAD = re.compile(
    rf"# (?P<number>\d+)\. (?P<title>.+)\n\n"
    rf"Date: (?P<date>\d{{4}}-\d\d-\d\d)\. Status: (?P<status>{STATUS})\.\n"
)
LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_a_decision_has_a_date_and_a_status_as_in_the_index(record: Path) -> None:
    head = HEAD.match(record.read_text(encoding="utf-8"))

    assert head, "a record begins with its number and title, its date and its status"
    assert record.name.startswith(f"{int(head['number']):04d}-")
    row = f"| [{head['number']}]({record.name}) | {head['title']} | {head['date']} "
    assert f"{row}| {head['status']} |" in INDEX


def test_the_index_lists_nothing_else() -> None:
    listed = re.findall(r"^\| \[\d+\]\((\S+)\)", INDEX, re.MULTILINE)

    assert listed == [record.name for record in RECORDS]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_to_files(document: Path) -> None:
    linked = LINK.findall(document.read_text(encoding="utf-8"))

    assert [link for link in linked if not (document.parent / link).exists()] == []


SECTIONS = (5, 4, 7, 4, 4, 8, 6, 4, 2, 7, 7, 3, 4, 3, 4, 5, 3)  # of the standard's chapters
STATES = {"met", "partly", "not met", "not applicable", "level 3"}


def test_every_section_of_the_security_standard_has_a_state() -> None:
    rows = re.findall(r"^\| V(\d+)\.(\d+) [^|]+ \| ([a-z0-9 ]+) \|", SECURITY, re.MULTILINE)

    found = [(int(chapter), int(section)) for chapter, section, _ in rows]
    assert found == [
        (chapter, section)
        for chapter, count in enumerate(SECTIONS, 1)
        for section in range(1, count + 1)
    ]
    assert {state for *_, state in rows} <= STATES


def test_what_the_security_page_names_exists() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py")]
    tests = set(re.findall(r"def (test_\w+)\(", "\n".join(sources)))
    named = set(re.findall(r"`([^`]+)`", SECURITY))

    missing = {name for name in named if re.fullmatch(r"test_\w+", name)} - tests
    assert missing == set()
    paths = {name for name in named if re.fullmatch(r"[a-z]+(/[\w.]+)+", name)}
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []
    assert len(paths) > 20


def documented_events() -> dict[str, tuple[str, set[str]]]:
    """By subject, the publisher and the subscribers in the architecture's table."""
    rows = re.findall(r"^\| (`[a-z_.`, ]+`) \| (.+?) \| (.+?) \|", ARCHITECTURE, re.MULTILINE)
    return {
        subject: (publisher, set(subscribers.split(", ")))
        for subjects, publisher, subscribers in rows
        for subject in re.findall(r"[a-z_]+\.[a-z_]+", subjects)
    }


def test_the_architecture_page_lists_the_events_of_the_topology() -> None:
    actual = {
        subject: (
            "that service" if subject.endswith(".failed") else publisher_of(event),
            {word for word, wiring in TOPOLOGY.items() if event in wiring.subscribes},
        )
        for subject, event in EVENTS.items()
    }

    assert documented_events() == actual
