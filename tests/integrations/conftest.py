"""What the tests of all frameworks share: a diary on a server in the place of a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from backends import postgres_server
from backends.postgres_server import DSN, empty, schema
from diarist import PostgresBackend
from diarist.blocking import finish

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from integrations.places import Place


@pytest.fixture(scope="session")
def postgres_schema() -> Iterator[str]:
    with schema() as name:
        PostgresBackend(DSN, schema=name).prepare()
        yield name


@pytest.fixture
def postgres(postgres_schema: str) -> Iterator[PostgresBackend]:
    """Give an empty backend, or skip where no server answers."""
    empty(postgres_schema)
    backend = PostgresBackend(DSN, schema=postgres_schema)
    yield backend
    finish(backend.blocking.aclose())


@pytest.fixture(params=["a folder", "PostgreSQL"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Give what a diary may be kept in."""
    return tmp_path if request.param == "a folder" else request.getfixturevalue("postgres")


@pytest.fixture
def address(place: Place, request: pytest.FixtureRequest) -> str:
    """Give the same as a text, for another process."""
    if isinstance(place, PostgresBackend):
        return postgres_server.address(schema=request.getfixturevalue("postgres_schema"))
    return str(place)
