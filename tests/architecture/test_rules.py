"""The house rules that no linter knows."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from shared.messaging import ServiceRouter, durable_name, stream_configs
from shared.topology import TOPOLOGY, publisher_of

ROOT = Path(__file__).parents[2]
FILES = {"__init__.py", "main.py", "inputs.py", "tables.py", "settings.py"}
FOLDERS = {"migrations", "handlers", "calculations", "repository"}
HANDLER_LINES = 120
# It stamps when a provider was queried, and calculates nothing.
FETCH_LOG_STAMPS = ROOT / "services" / "ingest" / "history" / "coverage.py"
EXTRA = {
    "ingest": {"history", "providers"},
    "limits": {"senders"},
    "reports": {"rendering"},
    "stress": {"scenarios.json"},
}
CALCULATORS = [word for word in TOPOLOGY if word != "gateway"]
GATEWAY = ROOT / "services" / "gateway"
# The same names in every subject; each is a folder where one file would pass 400 lines.
SUBJECT = {"__init__", "endpoints", "schemas", "queries", "reading", "shapes", "dependencies"}
SUBJECTS: dict[str, set[str]] = {
    "edge": {
        *("audit", "conditional", "cookies", "documentation", "idempotency", "middleware"),
        *("outbox", "parameters", "problems", "rate_limits", "tokens", "turns", "values"),
        *("downloads", "fair_share", "marks", "personal", "scopes", "workers"),
        *("caps", "collecting", "connections", "routers", "written"),
    },
    "identity": {"codes", "factors", "guessable", "proving", "sign_on"},
    "market": {"symbols"},
    "runs": {
        *("feed", "follow_up", "handlers", "stages"),
        *("starting", "timeline", "tracking", "troubles"),
    },
    "books": {
        *("answers", "editing", "entering", "files", "handlers", "keeping", "opening", "ledger"),
        *("renewing",),
        *(
            "booking",
            "caps",
            "checks",
            "exporting",
            "lot_rows",
            "lots",
            "profiles",
            "reconciling",
            "repeated",
            "settling",
            "statements",
        ),
        "uploading",
    },
    "accounts": set(),
    "drafts": {"booking", "branching", "exporting", "suggesting", "trading"},
    "alerts": set(),
    "analytics": {"definitions"},
    "limits": set(),
    "reports": {"handlers", "requesting", "scheduling"},
    "agents": {"calling", "entrance", "resources", "serving", "tools", "workspace"},
    "operators": {"replaying", "meters", "observing", "sweeper", "unfinished"},
}
# It asks what endpoints ask, so every statement is theirs.
WITHOUT_STATEMENTS = {"agents"}
MATHEMATICS_MAY_IMPORT = {
    "math", "dataclasses", "enum", "typing", "collections", "functools", "datetime",
    "itertools", "bisect",
    "numpy", "pandas", "scipy", "statsmodels",
}  # fmt: skip
PURE = (
    "shared.quant",
    "shared.instruments",
    "shared.arrays",
    "shared.conventions",
    "shared.caveats",
    "shared.spreadsheet",
    "shared.texts",
)
# An engine of a customer's choice, imported inside the function that runs it.
LAZY_ENGINES = {("engines.py", "mibian")}


def modules(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "versions" not in path.parts)


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def mathematics() -> list[Path]:
    found = modules(ROOT / "shared" / "quant")
    folders = [ROOT / "services" / word / "calculations" for word in CALCULATORS]
    folders += [GATEWAY / subject / "shapes" for subject in SUBJECTS]
    folders.append(GATEWAY / "books" / "files")
    for folder in folders:
        found += modules(folder) if folder.is_dir() else [folder.with_suffix(".py")]
    return [path for path in found if path.is_file()]


@pytest.mark.parametrize("path", mathematics(), ids=lambda path: str(path.relative_to(ROOT)))
def test_mathematics_imports_only_what_it_may(path: Path) -> None:
    for name in imported(path):
        root = name.split(".")[0]
        own = name.startswith(PURE) or ".calculations" in name or name.endswith(".inputs")
        own = own or ".shapes" in name or ".books.files" in name
        if (path.name, name) in LAZY_ENGINES:
            continue
        # the gateway reads files and shapes answers: text and decimals, no risk mathematics
        allowed = MATHEMATICS_MAY_IMPORT | (
            {"csv", "io", "decimal", "re", "uuid", "xml"} if "gateway" in path.parts else {"uuid"}
        )
        assert root in allowed or own, f"{path.name} imports {name}"


@pytest.mark.parametrize("word", CALCULATORS)
def test_every_service_has_the_same_files(word: str) -> None:
    found = {
        path.name for path in (ROOT / "services" / word).iterdir() if path.name != "__pycache__"
    }

    assert found == FILES | FOLDERS | EXTRA.get(word, set())


@pytest.mark.parametrize("word", CALCULATORS)
def test_a_use_case_fits_its_file(word: str) -> None:
    for path in modules(ROOT / "services" / word / "handlers"):
        assert len(path.read_text().splitlines()) <= HANDLER_LINES, path


def test_the_gateway_has_the_rooms_of_its_subjects() -> None:
    found = {path.name for path in GATEWAY.iterdir() if path.name != "__pycache__"}
    files = {"__init__.py", "main.py", "application.py", "tables", "settings.py", "migrations"}
    files.add("web")  # the page's files: no subject of the API

    assert found == files | set(SUBJECTS)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_subject_has_the_same_files(subject: str) -> None:
    found = {path.stem for path in (GATEWAY / subject).iterdir() if path.name != "__pycache__"}

    assert found <= SUBJECT | SUBJECTS[subject]
    statements = set() if subject in WITHOUT_STATEMENTS else {"queries"}
    assert found >= {"__init__", "endpoints", "schemas"} | statements | SUBJECTS[subject]


@pytest.mark.parametrize("subject", sorted(WITHOUT_STATEMENTS))
def test_a_subject_without_statements_imports_nothing_to_make_them(subject: str) -> None:
    for path in modules(GATEWAY / subject):
        assert not {name for name in imported(path) if name.startswith(("sqlalchemy", "sqlmodel"))}


def bus_module(word: str) -> str:
    return "services.gateway.reports.handlers" if word == "gateway" else f"services.{word}.handlers"


def bus_router(word: str) -> ServiceRouter:
    router: ServiceRouter = importlib.import_module(bus_module(word)).router
    return router


@pytest.mark.parametrize("word", TOPOLOGY)
def test_every_subscription_has_a_handler(word: str) -> None:
    router = bus_router(word)

    assert set(router.handlers) == set(TOPOLOGY[word].subscribes)
    assert set(router.answers_by_request) == set(TOPOLOGY[word].answers)


@pytest.mark.parametrize("word", CALCULATORS)
def test_every_handler_emits_the_result_in_the_topology(word: str) -> None:
    router = bus_router(word)

    emitted = {event for events in router.emitted.values() for event in events}
    assert emitted == set(TOPOLOGY[word].results)
    for event, result in TOPOLOGY[word].subscribes.items():
        assert router.emitted.get(router.handlers[event], ()) == ((result,) if result else ())


def test_every_event_is_published_by_one_service_and_subscribed_to_by_another() -> None:
    published = [event for wiring in TOPOLOGY.values() for event in wiring.publishes]
    subscribed = {event for wiring in TOPOLOGY.values() for event in wiring.subscribes}

    assert len(published) == len(set(published)) == len({event.subject for event in published})
    assert set(published) == subscribed


def test_subjects_are_noun_and_participle_of_the_class() -> None:
    for wiring in TOPOLOGY.values():
        for event in wiring.publishes:
            noun, participle = event.subject.split(".")
            assert event.__name__.lower() == noun.replace("_", "") + participle


def test_durables_and_streams_are_named_after_their_service() -> None:
    assert {stream.name for stream in stream_configs()} == {word.upper() for word in TOPOLOGY} | {
        "DEAD"
    }
    for word, wiring in TOPOLOGY.items():
        for event in wiring.subscribes:
            assert durable_name(word, event) == f"{word}-{event.subject.replace('.', '-')}"
            assert publisher_of(event) in TOPOLOGY


def test_import_contracts_hold() -> None:
    finished = subprocess.run(
        [sys.executable, "-c",
         "from importlinter.cli import lint_imports_command; lint_imports_command()"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert finished.returncode == 0, finished.stdout


@pytest.fixture(scope="module")
def loaded() -> dict[str, set[str]]:
    """The libraries in memory after each service's start, in one process.

    The gateway comes first, because it has one library less than the others may have.
    """
    program = (
        "import importlib, sys\n"
        "from datetime import UTC, datetime\n"
        "from shared.calendar import last_closed\n"
        f"for word in {sorted(TOPOLOGY, key=lambda word: word != 'gateway')!r}:\n"
        "    importlib.import_module(f'services.{word}.main')\n"
        "    last_closed(datetime(2022, 12, 28, tzinfo=UTC))\n"
        "    print('loaded:', word, *(name for name in sys.modules if '.' not in name))\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    lines = [line.split() for line in finished.stdout.splitlines() if line.startswith("loaded:")]
    return {word: set(names) for _, word, *names in lines}


@pytest.mark.parametrize("word", TOPOLOGY)
def test_services_start_without_heavy_libraries(word: str, loaded: dict[str, set[str]]) -> None:
    """Libraries that only tests or one provider need stay out of start-up and of the calendar."""
    heavy = {"pandas", "pandas_market_calendars", "statsmodels", "QuantLib", "mibian", "matplotlib"}
    if word == "gateway":
        heavy.add("numpy")  # it computes nothing, so it need not carry arrays

    assert loaded[word] & heavy == set()


def source_files() -> list[Path]:
    return [path for folder in ("services", "shared", "deploy") for path in modules(ROOT / folder)]


def test_no_file_types_a_subject_of_an_event() -> None:
    """The subject stands on the event class and nowhere else."""
    subjects = {event.subject for wiring in TOPOLOGY.values() for event in wiring.publishes}
    for path in source_files():
        if "contracts" in path.parts:
            continue
        literals = {
            node.value
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant)
        }
        assert not subjects & {text for text in literals if isinstance(text, str)}, path


def test_names_are_folded_in_one_place() -> None:
    """`lower` and `ilike` of Postgres depend on the locale, which may know ASCII only."""
    for path in source_files():
        if "migrations" not in path.parts and path != ROOT / "shared" / "database" / "columns.py":
            found = re.findall(r"func\.lower\(|\bilike\(|\bicontains\(", path.read_text())
            assert found == [], path


def test_clock_is_read_at_the_edges_only() -> None:
    """Time is an argument.

    `now()` is for stamps, tokens and sweepers, never for mathematics or handlers.
    """
    timeless = {"handlers", "calculations", "history", "shapes"}
    for path in source_files():
        inside = timeless & {path.stem, *path.parts}
        if inside and "services" in path.parts and path != FETCH_LOG_STAMPS:
            source = path.read_text()
            assert "date.today(" not in source, path
            assert ".now(" not in source.replace("func.now(", ""), path
