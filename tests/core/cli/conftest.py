"""Commands as a person types them, in one process, on a diary of their own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from typer.testing import CliRunner

from diarist.cli.app import app

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


class Run(Protocol):
    """`run("show", "ana")` is `diarist show ana`."""

    def __call__(self, *args: str, input: str | bytes | None = None) -> Result: ...


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The diary's folder, which does not exist yet; the commands find it by the environment."""
    folder = tmp_path / "memories"
    monkeypatch.setenv("DIARIST_HOME", str(folder))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    return folder


@pytest.fixture
def run(home: Path) -> Run:
    def invoke(*args: str, input: str | bytes | None = None) -> Result:
        result = CliRunner().invoke(app, args, input=input, prog_name="diarist")
        assert isinstance(result.exception, (SystemExit, type(None))), result.exception
        return result

    return invoke


@pytest.fixture
def walnuts(run: Run, home: Path) -> Path:
    """Ana's folder, after she said what she must not eat."""
    said = {"role": "user", "content": "I'm allergic to walnuts.", "timestamp": 1714555800}
    result = run("ingest", "ana", "-", input=json.dumps(said))
    assert result.exit_code == 0, result.output
    return home / "ana"


def lines(*messages: dict[str, Any]) -> str:
    """Return messages as JSON Lines."""
    return "".join(json.dumps(message) + "\n" for message in messages)
