"""Tools: what each takes and gives, as whom it runs, and what is recorded of a call.

A tool is a function over the API's own endpoints and reading functions. It names the routes that
answer the same; a personal token needs the scope of each, so no tool opens what its routes do not.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar, get_type_hints
from uuid import UUID

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from services.gateway.agents.schemas import Answer
from services.gateway.edge.audit import record
from services.gateway.edge.dependencies import Gateway
from services.gateway.edge.personal import KnownToken
from services.gateway.edge.problems import Problem, invalid_values, problem_of, unexpected_problem
from services.gateway.edge.queries import Proof
from services.gateway.tables import User
from shared.database import Database

Wanted = TypeVar("Wanted", bound=BaseModel)
Given = TypeVar("Given", bound=Answer)
ANSWERED = "answered"
AGENT = "sigmasight.agent"  # in a request's scope: the `Agent` behind it


@dataclass(frozen=True)
class Agent:
    """The user whose agent calls, and the request that the call came with.

    `known`: the personal token; None after a log-in, which opens every tool.
    """

    gateway: Gateway
    user: User
    request: Request
    network_address: str
    proof: Proof
    known: KnownToken | None = None

    @property
    def database(self) -> Database:
        """The user's transactions, as `CallersDatabase` is for a write."""
        user_id = self.user.user_id
        return self.gateway.database_for(user_id, self.network_address, self.proof.token_id)

    @property
    def reading(self) -> Database:
        """The user's transactions for a read: all statements see one moment."""
        return self.database.at_one_moment()


@dataclass(frozen=True)
class Effect:
    """What a call does, in the words of the protocol's annotations."""

    read_only: bool
    destructive: bool
    idempotent: bool
    open_world: bool


READS = Effect(read_only=True, destructive=False, idempotent=True, open_world=False)
ADDS = Effect(read_only=False, destructive=False, idempotent=False, open_world=False)
SETTLES = Effect(read_only=False, destructive=False, idempotent=True, open_world=False)


@dataclass(frozen=True)
class Tool:
    """One tool. `routes`: those of the API that answer the same, as `edge/scopes.py` names them."""

    name: str
    title: str
    description: str
    takes: type[BaseModel]
    gives: type[Answer]
    routes: tuple[str, ...]
    effect: Effect
    run: Callable[[Agent, BaseModel], Awaitable[Answer]]


def tool(
    title: str, *routes: str, effect: Effect = READS
) -> Callable[[Callable[[Agent, Wanted], Awaitable[Given]]], Tool]:
    """Make a tool of a function; its name, docstring and annotations are the tool's."""

    def made(function: Callable[[Agent, Wanted], Awaitable[Given]]) -> Tool:
        hints = get_type_hints(function)
        takes: type[Wanted] = hints["wanted"]

        async def run(agent: Agent, wanted: BaseModel) -> Answer:
            assert isinstance(wanted, takes)
            return await function(agent, wanted)

        text = " ".join((function.__doc__ or "").split())
        name = function.__name__
        return Tool(name, title, text, takes, hints["return"], routes, effect, run)

    return made


@dataclass(frozen=True)
class Outcome:
    """What became of a call: an answer, or the problem that the API would answer."""

    answer: Answer | None = None
    problem: Problem | None = None


async def call(agent: Agent, called: Tool, arguments: Mapping[str, object]) -> Outcome:
    """Run a tool as the agent's user and record that in one row, refusals and failures too.

    A call that cannot be recorded, because the database is away, is a problem like any other.
    """
    try:
        return await _recorded(agent, called, arguments)
    except Exception as error:  # noqa: BLE001 - as for a route, each becomes a problem document
        return _failed(agent, called, error)


async def _recorded(agent: Agent, called: Tool, arguments: Mapping[str, object]) -> Outcome:
    refusal = _refusal(agent, called)
    if refusal is not None:
        outcome = Outcome(problem=refusal)
        facts = {"reason": refusal.code, "tool": called.name}
        await _record(agent, "token.refused", agent.proof.token_id, facts)
        return outcome
    outcome = await _outcome(agent, called, arguments)
    word = ANSWERED if outcome.problem is None else outcome.problem.code
    facts = {"tool": called.name, "outcome": word}
    await _record(agent, "tool.called", _about(arguments, outcome.answer), facts)
    return outcome


def _refusal(agent: Agent, called: Tool) -> Problem | None:
    if agent.known is None:
        return None
    refusals = (agent.known.refusal(route) for route in called.routes)
    return next((each for each in refusals if each is not None), None)


async def _outcome(agent: Agent, called: Tool, arguments: Mapping[str, object]) -> Outcome:
    try:
        wanted = called.takes.model_validate(arguments)
    except ValidationError as error:
        return Outcome(problem=invalid_values(error.errors(), arguments))
    try:
        return Outcome(answer=await called.run(agent, wanted))
    except Exception as error:  # noqa: BLE001 - as for a route, each becomes a problem document
        return _failed(agent, called, error)


def _failed(agent: Agent, called: Tool, error: Exception) -> Outcome:
    where = f"{agent.request.url.path} {called.name}"
    return Outcome(problem=problem_of(error) or unexpected_problem(where, error))


async def _record(agent: Agent, action: str, target: object, facts: Mapping[str, str]) -> None:
    async with agent.database.transaction() as session:
        await record(session, action, target, **facts)


_NAMES = ("portfolio_id", "draft_id")


def _about(arguments: Mapping[str, object], answer: Answer | None) -> object:
    """The portfolio or draft that a call was about, as far as it named one that is an id."""
    found = next((getattr(answer, name, None) for name in _NAMES if hasattr(answer, name)), None)
    given = next((arguments[name] for name in _NAMES if name in arguments), None)
    return found or _id_of(given)


def _id_of(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None
