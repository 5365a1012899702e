"""`diarist recall`, `context` and `reembed`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SAID = [
    {"role": "user", "content": "I'm allergic to walnuts.", "timestamp": 1714555800},
    {"role": "assistant", "content": "Noted."},
    {"role": "user", "content": "My brother lives in Porto."},
]
MODEL = """
def embed(texts):
    return [[float("brother" in t or "sibling" in t), 1.0] for t in texts]
"""


@pytest.fixture
def ana(run, home: Path) -> Path:
    lines = "".join(json.dumps(message) + "\n" for message in SAID)
    assert run("ingest", "ana", "-", "--session", "chat", input=lines).exit_code == 0
    return home / "ana"


def test_recall_shows_what_was_found_and_why(run, ana: Path):
    result = run("recall", "ana", "where does her brother live?", "--kind", "messages")
    lines = result.stdout.splitlines()
    assert lines[0].endswith(", 2024-05-01")
    assert lines[0].split()[1] == "messages"
    assert lines[1:3] == [
        "  My brother lives in Porto.",
        "  (words 1.00, session 1.00, length 0.45, before 0.00)".replace(", before 0.00", ""),
    ]


def test_recall_is_json_for_a_program(run, ana: Path):
    found = json.loads(run("recall", "ana", "walnuts", "--json").stdout)
    assert {hit["kind"] for hit in found} >= {"preferences", "messages"}
    assert any(hit["source"] == "allergies.walnuts" for hit in found)
    assert all(hit["features"] for hit in found)


def test_recall_keeps_to_a_time(run, ana: Path):
    def found(*options: str) -> str:
        return run("recall", "ana", "walnuts", "--kind", "messages", *options).stdout

    assert "walnuts" in found("--since", "2024-05-01", "--until", "2024-05-02T00:00+02:00")
    assert "walnuts" not in found("--since", "2024-05-02")
    assert "walnuts" not in found("--until", "2024-05-01")
    wrong = run("recall", "ana", "walnuts", "--since", "last week")
    assert wrong.exit_code == 2
    assert "'last week' is no date or time, such as 2026-05-01" in wrong.stderr


def test_nothing_that_fits_is_said(run, ana: Path):
    result = run("recall", "ana", "astronomy", "--kind", "notes")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "nothing in the diary of ana fits" in result.stderr


def test_context_is_the_text_for_a_prompt(run, ana: Path):
    text = run("context", "ana").stdout
    assert "- allergies: allergic to walnuts\n" in text
    assert text.startswith("<memory>\n")
    assert text.endswith("</memory>\n")
    asked = run("context", "ana", "What about my brother?", "--receipt").stdout
    assert "My brother lives in Porto." in asked.split("Related to")[1]
    assert "of 800 tokens" in asked
    assert "preferences allergies.walnuts" in asked.split("</memory>")[1]


def test_context_without_room_says_so(run, ana: Path):
    result = run("context", "ana", "--max-tokens", "3")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no room" in result.stderr


def test_a_broken_page_is_told_and_the_rest_is_shown(run, ana: Path):
    (ana / "preferences.toml").write_text("[allergies\n")
    result = run("context", "ana")
    assert result.exit_code == 0
    assert "preferences.toml, line 1" in result.stderr
    assert "Recent conversations" in result.stdout


def test_a_model_finds_what_shares_no_word(run, ana: Path):
    Path("model.py").write_text(MODEL)
    assert run("reembed", "ana", "--embed", "model.py:embed").stdout == "ana: 3 vectors added\n"
    assert run("reembed", "ana", "--embed", "model.py:embed").stdout == "ana: 0 vectors added\n"
    found = json.loads(
        run("recall", "ana", "sibling", "--kind", "messages", "--embed", "model.py:embed", "--json")
        .stdout
    )  # fmt: skip
    assert found[0]["text"] == "My brother lives in Porto."
    assert found[0]["features"]["meaning"] == 1.0


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (("recall", "bob", "x"), "has no user 'bob'"),
        (("context", "bob"), "has no user 'bob'"),
        (("recall", "ana", "x", "--kind", "letters"), "not letters"),
        (("recall", "ana", "x", "--embed", "model"), "a model is named as FILE.py:name"),
        (("reembed", "ana", "--embed", "no.py:embed"), "there is no such file"),
    ],
)
def test_wrong_input_is_one_line(run, ana: Path, args: tuple[str, ...], reason: str):
    result = run(*args)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert reason in result.stderr
