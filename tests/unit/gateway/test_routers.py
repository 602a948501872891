"""Routes are made once, with all that each of them has to have."""

from fastapi.routing import APIRoute, iter_route_contexts

from services.gateway.application import create_gateway
from services.gateway.edge.parameters import refuse_unknown


def test_no_route_is_made_a_second_time_for_the_application() -> None:
    routes = create_gateway().routes

    assert [context.route for context in iter_route_contexts(routes)] == routes


def test_every_route_refuses_what_it_does_not_know() -> None:
    routes = [each for each in create_gateway().routes if isinstance(each, APIRoute)]

    assert len(routes) > 200
    for route in routes:
        first = route.dependant.dependencies[0]
        assert first.call is refuse_unknown, route.path
