"""The room for kept answers."""

from uuid import UUID, uuid4

import pytest
from starlette.datastructures import Headers

from services.gateway.books.answers import Answers, KeptAnswer, Question, keep_of

USER = UUID(int=1)


def a_question(path: str = "/report", user: UUID = USER) -> Question:
    return Question(user, path, b"")


def an_answer(size: int, revision: int = 1) -> KeptAnswer:
    return KeptAnswer(
        UUID(int=2), revision, None, "application/json", b"x" * size, compressed=False
    )


def test_what_was_not_asked_for_the_longest_is_forgotten_first() -> None:
    answers = Answers(most_bytes=30)
    for path in ("/one", "/two", "/three"):
        answers.keep(a_question(path), an_answer(10))
    answers.find(a_question("/one"))

    answers.keep(a_question("/four"), an_answer(10))

    kept = [path for path in ("/one", "/two", "/three", "/four") if answers.find(a_question(path))]
    assert kept == ["/one", "/three", "/four"]


def test_the_room_is_never_exceeded() -> None:
    answers = Answers(most_bytes=100)

    for number in range(50):
        answers.keep(a_question(f"/{number % 7}"), an_answer(number, number))
        assert answers.bytes <= 100


def test_a_newer_answer_takes_the_place_of_the_older() -> None:
    answers = Answers(most_bytes=100)
    answers.keep(a_question(), an_answer(10, revision=1))

    answers.keep(a_question(), an_answer(20, revision=2))

    found = answers.find(a_question())
    assert found is not None
    assert (found.revision, answers.bytes) == (2, 20)


def test_an_answer_larger_than_the_room_outdates_the_one_it_replaces() -> None:
    answers = Answers(most_bytes=100)
    answers.keep(a_question(), an_answer(10, revision=1))

    answers.keep(a_question(), an_answer(101, revision=2))

    assert (answers.find(a_question()), answers.bytes) == (None, 0)


def test_questions_differ_by_user_path_and_query() -> None:
    answers = Answers(most_bytes=100)
    answers.keep(Question(USER, "/report", b"as_of=2022-12-28"), an_answer(10))

    others = [
        Question(uuid4(), "/report", b"as_of=2022-12-28"),
        Question(USER, "/other", b"as_of=2022-12-28"),
        Question(USER, "/report", b""),
    ]

    assert [answers.find(other) for other in others] == [None] * 3


@pytest.mark.parametrize(
    ("accepted", "encoded"),
    [
        ("gzip", True),
        ("gzip, deflate, br", True),
        ("*", True),
        ("GZIP;q=0.5", True),
        ("gzip; q=0", False),
        ("gzip;q=0, *", False),
        ("identity", False),
        ("", False),
        ("gzip;q=nonsense", False),
    ],
)
def test_a_caller_gets_the_coding_it_accepts(accepted: str, encoded: bool) -> None:
    kept = keep_of(UUID(int=2), 1, None, "application/json", b"[1, 2, 3]" * 1000)

    response = kept.response(Headers({"accept-encoding": accepted}))

    assert (response.headers.get("content-encoding") == "gzip") == encoded
    assert (len(response.body) < 500) == encoded


def test_a_short_answer_is_not_compressed() -> None:
    assert not keep_of(UUID(int=2), 1, None, "application/json", b"[]").compressed
