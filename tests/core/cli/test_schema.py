"""`diarist schema`, and tables named as FILE.py:Class."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

TABLE = """
from __future__ import annotations
from pydantic import BaseModel
from diarist import PreferenceItem
from items import Dish

class Kitchen(BaseModel):
    \"\"\"dishes : what the user cooks\"\"\"

    dishes: dict[str, Dish] = {}

class Numbers(BaseModel):
    ones: dict[str, int] = {}

class Plain: ...
something = 7
"""
ITEMS = "from diarist import PreferenceItem\n\n\nclass Dish(PreferenceItem):\n    stars: int = 0\n"


@pytest.fixture
def kitchen(home: Path) -> str:
    folder = Path("a folder")
    folder.mkdir()
    (folder / "kitchen.py").write_text(TABLE)
    (folder / "items.py").write_text(ITEMS)
    return f"{folder}/kitchen.py"


def test_a_table_is_shown_in_each_form(run, kitchen: str):
    name = f"{kitchen}:Kitchen"
    assert "what the user cooks" in run("schema", "preferences", name).stdout
    assert "class Kitchen(BaseModel):" in run("schema", "preferences", name, "-f", "python").stdout
    found = json.loads(run("schema", "preferences", name, "--format", "json").stdout)
    assert found["properties"]["dishes"]["description"] == "what the user cooks"


def test_without_a_name_it_is_the_default_table(run):
    assert "DefaultPreferences" in run("schema", "preferences").stdout


def test_the_page_of_conversations_is_shown_in_each_form(run):
    assert "_turns" in run("schema", "conversations").stdout
    assert "class ConversationItem" in run("schema", "conversations", "-f", "python").stdout
    assert json.loads(run("schema", "conversations", "-f", "json").stdout)["type"] == "object"


def test_loading_a_table_leaves_no_file_behind(run, kitchen: str):
    before = {path.name for path in Path(kitchen).parent.iterdir()} | {"__pycache__"}
    run("schema", "preferences", f"{kitchen}:Kitchen")
    assert {path.name for path in Path(kitchen).parent.iterdir()} <= before


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("kitchen", "FILE.py:Class"),
        ("FILE", "FILE.py:Class"),
        ("FILE:", "FILE.py:Class"),
        (":Kitchen", "FILE.py:Class"),
        ("FILE:Kit-chen", "FILE.py:Class"),
        ("kitchen.txt:Kitchen", "FILE.py:Class"),
        ("missing.py:Kitchen", "no such file"),
        ("FILE:Missing", "has no class Missing"),
        ("FILE:Plain", "kitchen.py:Plain: a preference table is a subclass of pydantic.BaseModel"),
        ("FILE:something", "subclass of pydantic.BaseModel"),
        ("FILE:Numbers", "Numbers.ones must be dict[str, PreferenceItem]"),
    ],
)
@pytest.mark.parametrize("command", [("schema", "preferences"), ("check", "--schema")])
def test_a_wrong_name_is_one_line(run, kitchen: str, command: tuple[str, ...], name: str, reason):
    result = run(*command, name.replace("FILE", kitchen))
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert reason in result.stderr


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("class Kitchen(:", "SyntaxError"),
        ("raise RuntimeError('two\\nlines')", "RuntimeError: two lines"),
        ("import no_such_module_here", "ModuleNotFoundError"),
        ("raise SystemExit(0)", "SystemExit"),
        ("\0", "fails"),
    ],
)
def test_a_file_that_fails_is_one_line(run, home: Path, source: str, reason: str):
    Path("fails.py").write_text(source)
    result = run("schema", "preferences", "fails.py:Kitchen")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert "fails.py fails: " in result.stderr
    assert reason in result.stderr
