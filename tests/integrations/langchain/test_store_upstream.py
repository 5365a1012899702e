"""LangGraph's own tests of its stores pass with `DiaryStore` in place of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from backends.postgres_server import address
from upstream import outcome, unpacked

PLUGIN = Path(__file__).with_name("upstream_plugin.py")
CHECKPOINT = ("langgraph-checkpoint", "4.3.2")
SQLITE = ("langgraph-checkpoint-sqlite", "3.1.2")

SUITES = [
    (CHECKPOINT, "test_store.py", 117, {}),
    (
        SQLITE,
        "test_store.py",
        101,
        {
            "test_vector_store_initialization": "reads SqliteStore's own connection",
            "test_nonnull_migrations": "reads SqliteStore's own migrations",
        },
    ),
    (
        SQLITE,
        "test_async_store.py",
        37,
        {"test_no_running_loop": "ours may be called from a running loop: one class serves both"},
    ),
    (
        SQLITE,
        "test_ttl.py",
        10,
        {
            "test_ttl_override_default": "SqliteStore refreshes on reads only where it is told to; "
            "LangGraph's TTLConfig says that it is the default"
        },
    ),
]


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("kept", ["in memory", "PostgreSQL"])
@pytest.mark.parametrize(
    ("release", "suite", "passing", "others"), SUITES, ids=lambda value: str(value)[:40]
)
def test_their_tests_pass_with_our_store(
    release: tuple[str, str],
    suite: str,
    passing: int,
    others: dict[str, str],
    kept: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
):
    if kept == "PostgreSQL":
        request.getfixturevalue("postgres")
        schema = request.getfixturevalue("postgres_schema")
        monkeypatch.setenv("DIARIST_UPSTREAM", address(schema=schema))
    failed, passed, printed = outcome(unpacked(*release), f"tests/{suite}", PLUGIN)
    assert (failed, passed) == (set(others), passing), printed
