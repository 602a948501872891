"""Answers with two addresses."""

import inspect
from collections import defaultdict

import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from services.gateway.analytics.endpoints.aliases import ALIASES, Alias, with_portfolio_of_path
from services.gateway.application import create_gateway
from services.gateway.books.answers import NamedRevision

API = "/api/v1"


def test_two_routes_share_an_answer_only_as_declared() -> None:
    addresses: defaultdict[type, set[str]] = defaultdict(set)
    for context in iter_route_contexts(create_gateway().routes):
        route = context.original_route
        path = str(context.path).removeprefix(API)
        is_file = path.endswith("/export")  # of an answer that has an address
        if not is_file and isinstance(route, APIRoute) and "GET" in (route.methods or ()):
            addresses[route.response_model].add(path)

    shared = [each for model, each in addresses.items() if model and len(each) > 1]

    assert len(addresses) > 40
    assert sorted(map(sorted, shared)) == sorted(
        sorted((alias.first, alias.second)) for alias in ALIASES
    )


@pytest.mark.parametrize("alias", ALIASES, ids=lambda alias: alias.second_name)
def test_second_address_takes_the_portfolio_of_its_path(alias: Alias) -> None:
    first = inspect.signature(alias.endpoint)
    second = inspect.signature(with_portfolio_of_path(alias.endpoint))

    assert list(second.parameters) == list(first.parameters)
    assert second.parameters["portfolio"].annotation is NamedRevision
    assert second.return_annotation is first.return_annotation
