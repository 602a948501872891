"""What we no longer want becomes less: long files and functions, `Any`, packed assignments."""

import json

import pytest

from tests.architecture.ratchets import CHECKS, RECORDED, counts


@pytest.mark.parametrize("check", CHECKS)
def test_counts_only_fall(check: str) -> None:
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))[check]

    risen = {area: n for area, n in counts(check).items() if n > recorded.get(area, 0)}

    assert risen == {}, f"list them with `python -m tests.architecture.ratchets {check}`"
