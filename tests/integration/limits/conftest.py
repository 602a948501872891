"""The settings and the authority that tests of limits use."""

from pathlib import Path

import pytest
import trustme


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """An authority for certificates."""
    return trustme.CA()


@pytest.fixture(scope="session")
def certificates(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The file with that authority's certificate."""
    path: Path = tmp_path_factory.mktemp("authority") / "authority.pem"
    path.write_bytes(authority.cert_pem.bytes())
    return str(path)
