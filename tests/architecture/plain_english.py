"""Find the words that `docs/glossary.md` refuses.

    python -m tests.architecture.plain_english [PATH ...]

The search covers docstrings, comments, text in literals (messages, log lines, descriptions), names
where they are defined, and the documents. It skips code between backticks.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, get_args

ROOT = Path(__file__).parents[2]
READ = ("services", "shared", "deploy", "sigmasight_client", "clients", "tests", "docs")
ALONE = ("README.md", "CHANGELOG.md", "Makefile", "docker-compose.yml", "pyproject.toml")
SUFFIXES = {".py", ".md", ".yml", ".yaml", ".toml", ".conf"}
# The list itself, and migrations, which are never edited.
SKIPPED = re.compile(
    r"docs/glossary\.md|tests/architecture/(test_)?plain_english\.py|.*/migrations/versions/.*"
)

Kind = Literal["docstring", "comment", "text", "name", "document"]
Place = tuple[Kind, int, str]


@dataclass(frozen=True)
class Rule:
    """One row of the glossary: what is refused, what is written instead, and where it applies."""

    refused: str
    instead: str
    paths: str = ".*"
    kinds: frozenset[Kind] = frozenset(get_args(Kind))

    def applies(self, path: str, kind: Kind) -> bool:
        return kind in self.kinds and re.match(self.paths, path) is not None

    def found_in(self, text: str) -> Iterator[re.Match[str]]:
        return _compiled(self.refused).finditer(text)


@cache
def _compiled(refused: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{refused})\b", re.IGNORECASE)


@cache
def _applying(path: str, kind: Kind) -> tuple[tuple[Rule, ...], re.Pattern[str]]:
    """The rules for a file's texts of a kind, and a pattern that matches where any of them does."""
    rules = tuple(rule for rule in RULES if rule.applies(path, kind))
    return rules, _compiled("|".join(rule.refused for rule in rules) or "(?!)")


PROSE: frozenset[Kind] = frozenset({"docstring", "comment", "text", "document"})
PROVIDER = r"(?:providers?|Polygon|Yahoo|FRED)"
PROVIDERS = r"services/ingest/|docs/market-data\.md"
RULES = (
    Rule(r"told|tells?|telling", "publishes, reports, replays, shows"),
    Rule(r"hears?|heard", "subscribes to, receives"),
    Rule(r"rest(?:s|ed|ing)?\s+on", "is based on, depends on", kinds=PROSE),
    Rule(r"hand(?:s|ed|ing)?\s+out", "assigned, distributed"),
    Rule(r"anew", "again, recomputed"),
    Rule(r"no\s+more(?!\s+than)", "no longer; delete, remove"),
    Rule(
        r"nobody|somebody|everybody|anybody|whoever|whatever",
        "no service, a user, every role, any ... (name who)",
    ),
    Rule(r"mend(?:s|ed|ing)?", "fix, repair"),
    Rule(r"believe[sd]?|believing", "accepted; rejected as implausible"),
    Rule(r"lack(?:s|ed|ing)?", "is missing, has no"),
    Rule(r"one's\s+own|of\s+(?:its|their|your|his|her|my)\s+own", "custom, separate, the user's"),
    Rule(
        r"(?:stands?|stood|standing)\s+(?:for|in|beside)",
        "represents, replaces, next to",
        kinds=PROSE,
    ),
    Rule(r"lookalikes?", "cluster"),
    Rule(r"stated", "given, specified, quoted"),
    # The ask of a quote is the field's word; what is refused is the verb.
    Rule(r"asks|asked", "queries, requests", paths=PROVIDERS),
    Rule(
        r"(?<!bid and )(?<!an )(?<!the )(?<!, )(?<!field )ask(?![.:]|\s*$|\s+below)",
        "query, request",
        paths=PROVIDERS,
        kinds=PROSE,
    ),
    Rule(
        rf"{PROVIDER}(?:\s+\S+)?\s+(?:is|are|was|were|be)?\s*asked|asks?\s+(?:\S+\s+)?{PROVIDER}",
        "queried",
        kinds=PROSE,
    ),
    Rule(r"(?:to\s+leave|leaves)\s+(?:after|with\s+(?:status|code|\d))", "exits", kinds=PROSE),
    Rule(
        r"books?",
        "portfolio",
        paths=r"services/|deploy/(?!demo)",
        kinds=frozenset({"text"}),
    ),
    # The generated client holds every description of the API.
    Rule(
        r"books?",
        "portfolio",
        paths=r"sigmasight_client/(models|operations)|clients/.*/(models|operations)",
        kinds=frozenset({"text", "docstring", "comment"}),
    ),
)
# Names that say nothing of what they hold.
NAMES = {"Edition", "Kept", "Told", "Take", "Look", "felt_from", "MINE_ELSEWHERE"}
# Columns of tables, which only a migration renames.
COLUMNS = {
    "asked_at": "ingest.fetch_log: when the provider was queried",
    "equity_date": "the API: the day whose equity an equity balance is",
    "stated_on": "gateway.positions and the API: the day in whose shares a quantity is given",
    "told_by": "ingest.corporate_actions: the run that published the action",
}
# Fields of the API: allowed as a field of a class only.
FIELDS = {
    "lacking": "data quality: the symbols for which data are missing",
    "stated": "stress results: the domain's name of a measured scenario's result by its own shocks",
    "heard": "dead letters and failure events: the subject of the message that failed",
}


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    kind: Kind
    found: str
    instead: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.kind}: {self.found!r}: {self.instead}"


def findings(*paths: str) -> Iterator[Finding]:
    """Every refused word, file by file; `paths` names folders or files, none means all."""
    for path in files():
        if not paths or any(path == each or path.startswith(f"{each}/") for each in paths):
            for kind, line, text in _places(path):
                yield from refused_in(path, kind, text, line)


def files() -> list[str]:
    inside = [path for folder in READ for path in (ROOT / folder).rglob("*")]
    found = [path for path in inside if path.suffix in SUFFIXES or path.name == "Dockerfile"]
    alone = [ROOT / name for name in ALONE]
    names = sorted(path.relative_to(ROOT).as_posix() for path in [*found, *alone] if path.is_file())
    return [name for name in names if not SKIPPED.fullmatch(name)]


def refused_in(path: str, kind: Kind, text: str, line: int = 1) -> Iterator[Finding]:
    """The refused words of one docstring, comment, literal, document or name."""
    if kind == "name" and text.lstrip("_") in NAMES:
        yield Finding(path, line, kind, text, "a name that says what it is")
    prose = _words(text) if kind == "name" else _without_code(text)
    rules, any_of_them = _applying(path, kind)
    for rule in rules if any_of_them.search(prose) else ():
        for match in rule.found_in(prose):
            shown = text if kind == "name" else " ".join(match.group().split())
            below = prose.count("\n", 0, match.start())
            yield Finding(path, line + below, kind, shown, rule.instead)


def _places(path: str) -> Iterator[Place]:
    text = (ROOT / path).read_text(encoding="utf-8")
    if path.endswith(".py"):
        nodes = list(ast.walk(ast.parse(text)))
        yield from _literals(nodes)
        yield from _names(nodes)
        # Finding comments takes longer than all else, and most files have no such word in any.
        if _applying(path, "comment")[1].search(_behind_hashes(text)):
            yield from _comments(text)
    elif path.endswith(".md"):
        yield "document", 1, re.sub(r"(?ms)^```.*?^```", _blank_lines, text)
    else:
        yield "comment", 1, _behind_hashes(text)


def _behind_hashes(text: str) -> str:
    return "\n".join(line.partition("#")[2] for line in text.splitlines())


def _literals(nodes: list[ast.AST]) -> Iterator[Place]:
    """Docstrings, and the literals that hold more than one word."""
    docstrings = {
        id(node.body[0].value)
        for node in nodes
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            kind: Kind = "docstring" if id(node) in docstrings else "text"
            if kind == "docstring" or len(node.value.split()) > 1:
                yield kind, node.lineno, node.value


def _names(nodes: list[ast.AST]) -> Iterator[Place]:
    """Names where they are defined, without columns and fields that others depend on."""
    fields = {
        id(statement.target)
        for node in nodes
        if isinstance(node, ast.ClassDef)
        for statement in node.body
        if isinstance(statement, ast.AnnAssign)
    }
    for node in nodes:
        name = _defined(node)
        exempt = name in COLUMNS or (id(node) in fields and name in FIELDS)
        if name and not exempt:
            yield "name", getattr(node, "lineno", 1), name


def _defined(node: ast.AST) -> str | None:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
            return name
        case ast.Attribute(attr=name, ctx=ast.Store()) | ast.alias(asname=str(name)):
            return name
    return None


def _comments(source: str) -> Iterator[Place]:
    """Comments, those on successive lines as one text."""
    first, last, lines = 0, -1, list[str]()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        line = token.start[0]
        if line != last + 1 and lines:
            yield "comment", first, "\n".join(lines)
            lines = []
        first = first if lines else line
        lines.append(token.string.lstrip("# "))
        last = line
    if lines:
        yield "comment", first, "\n".join(lines)


def _words(name: str) -> str:
    """`toldAgain`, `told_again`: "told again"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name).replace("_", " ")


def _without_code(text: str) -> str:
    return re.sub(r"`[^`]+`", _blank_lines, text)


def _blank_lines(code: re.Match[str]) -> str:
    return "\n" * code.group().count("\n") or "~"


def main(arguments: list[str]) -> int:
    found = list(findings(*arguments))
    for each in found:
        sys.stdout.write(f"{each}\n")
    sys.stdout.write(f"{len(found)} found\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
