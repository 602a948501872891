from http import HTTPStatus

import pytest

from services.gateway.edge.problems import Problem, title_of


@pytest.mark.parametrize(
    ("status", "title"),
    [
        (404, "Not Found"),
        (413, "Content Too Large"),
        (414, "URI Too Long"),
        (416, "Range Not Satisfiable"),
        (422, "Unprocessable Content"),
    ],
)
def test_a_title_is_that_of_rfc_9110_with_every_python(status: int, title: str) -> None:
    assert title_of(status) == title
    assert Problem(status, "code", "detail").document().title == title


def test_every_error_has_a_title() -> None:
    assert all(title_of(status) for status in HTTPStatus if status >= 400)
