"""`diarist note`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def listed(run, *args: str) -> list[dict[str, Any]]:
    result = run("note", "list", "ana", *args, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_note_goes_in_and_comes_out(run):
    assert run("note", "put", "ana", "wifi", "Porto-2").stdout == "ana: put notes/wifi\n"
    assert run("note", "get", "ana", "wifi").stdout == "Porto-2\n"
    run("note", "put", "ana", "plan", "-", input="line\nline\n")
    assert run("note", "get", "ana", "plan").stdout == "line\nline\n\n"


def test_a_value_can_be_json(run):
    run("note", "put", "ana", "soup", '{"stars": 5}', "--json-value", "-n", "recipes/soup")
    found = json.loads(run("note", "get", "ana", "soup", "-n", "recipes/soup", "--json").stdout)
    assert (found["namespace"], found["value"]) == (["recipes", "soup"], {"stars": 5})
    assert json.loads(run("note", "get", "ana", "soup", "-n", "recipes/soup").stdout)["stars"] == 5


def test_what_is_not_told_stays(run):
    run("note", "put", "ana", "wifi", "one", "--metadata", '{"from": "Ben"}', "--ttl", "2d")
    before = listed(run)[0]
    run("note", "put", "ana", "wifi", "two")
    after = listed(run)[0]
    assert after["value"] == "two"
    for name in ("metadata", "ttl", "expires_at", "created_at"):
        assert after[name] == before[name]
    assert (after["metadata"], after["ttl"]) == ({"from": "Ben"}, 172_800.0)
    run("note", "put", "ana", "wifi", "three", "--metadata", "null", "--ttl", "none")
    assert (listed(run)[0]["metadata"], listed(run)[0]["expires_at"]) == ({}, None)


def test_notes_are_listed_by_place_words_and_conditions(run):
    for name, stars in (("kale soup", 4), ("tomato soup", 5), ("cake", 3)):
        run("note", "put", "ana", name, json.dumps({"text": name, "stars": stars}),
            "--json-value", "-n", "recipes")  # fmt: skip
    run("note", "put", "ana", "wifi", "Porto-2")
    assert [note["key"] for note in listed(run)] == ["wifi", "cake", "kale soup", "tomato soup"]
    assert listed(run, "recipes", "--query", "kale soup")[0]["key"] == "kale soup"
    assert [n["key"] for n in listed(run, "--filter", '{"stars": {"$gte": 4}}')] == [
        "kale soup",
        "tomato soup",
    ]
    result = run("note", "list", "ana", "--limit", "2")
    assert result.stdout.splitlines()[0] == "notes/wifi: Porto-2"
    assert result.stderr == "diarist: there are more; --offset 2 goes on\n"
    assert [note["key"] for note in listed(run, "--limit", "2", "--offset", "2")] == [
        "kale soup",
        "tomato soup",
    ]


def test_a_deleted_note_can_be_restored_until_it_is_cleaned_up(run, home: Path):
    run("note", "put", "ana", "wifi", "Lisboa-9")
    assert run("note", "rm", "ana", "wifi").stdout == "ana: deleted notes/wifi\n"
    assert run("note", "get", "ana", "wifi").exit_code == 1
    assert listed(run) == []
    assert run("note", "list", "ana", "--deleted").stdout == "notes/wifi (deleted): Lisboa-9\n"
    assert run("note", "restore", "ana", "wifi").stdout == "ana: restored notes/wifi\n"
    assert run("note", "cleanup", "ana").stdout == "ana: 0 notes removed\n"
    run("note", "rm", "ana", "wifi")
    assert run("note", "cleanup", "ana", "--retention", "0d").stdout == "ana: 1 note removed\n"
    result = run("note", "restore", "ana", "wifi")
    assert (result.exit_code, result.stderr) == (
        1,
        "diarist: ana has no deleted note notes/wifi\n",
    )
    for path in home.rglob("*"):
        assert not path.is_file() or b"Lisboa" not in path.read_bytes()


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (("put", "ana", "k", "{", "--json-value"), "VALUE is not JSON"),
        (("put", "ana", "k", "v", "--metadata", "[]"), "--metadata is a JSON object"),
        (("put", "ana", "k", "v", "--ttl", "soon"), "--ttl is a time such as 30d"),
        (("put", "ana", "k", "v", "--ttl", "999999d"), "--ttl is a time such as 30d"),
        (("put", "ana", "k", "v", "-n", "a//b"), "a namespace is names with / between"),
        (("put", "", "k", "v"), "empty"),
        (("list", "ana"), "has no user 'ana'"),
        (("get", "ana", "k"), "has no user 'ana'"),
        (("cleanup", "ana", "--retention", "1y"), "--retention is a time"),
    ],
)
def test_wrong_input_is_one_line(run, home: Path, args: tuple[str, ...], reason: str):
    result = run("note", *args)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert reason in result.stderr
    assert not home.exists()


def test_a_condition_that_is_none_is_one_line(run):
    run("note", "put", "ana", "k", "v")
    result = run("note", "list", "ana", "--filter", '{"a": {"$near": 1}}')
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "$near" in result.stderr
