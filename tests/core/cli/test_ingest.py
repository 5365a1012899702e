"""`diarist ingest`: what people's transcripts look like, and what is wrong with some."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

from diarist import Diary

WALNUTS = {"role": "user", "content": "I'm allergic to walnuts."}
NOTED = {"role": "assistant", "content": "Noted."}


def lines(*messages: object) -> str:
    return "".join(json.dumps(message) + "\n" for message in messages)


def page(home: Path, kind: str = "preferences", user: str = "ana") -> dict[str, Any]:
    return tomllib.loads((home / user / f"{kind}.toml").read_text())


def sessions(home: Path) -> dict[str, Any]:
    return page(home, "conversations")["conversations"]


def ingested(run, *messages: object, args: tuple[str, ...] = ()) -> Any:
    result = run("ingest", "ana", "-", "--json", *args, input=lines(*messages))
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refused(run, home: Path, content: str | bytes) -> str:
    result = run("ingest", "ana", "-", input=content)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert not home.exists()
    return result.stderr


def test_json_lines_become_a_diary(run, home: Path):
    Path("chat.jsonl").write_text(lines(WALNUTS, NOTED))
    result = run("ingest", "ana", "chat.jsonl")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "ana: 1 turn in 1 session",
        "1 added",
        "  allergies/walnuts: allergic to walnuts",
    ]
    assert page(home)["allergies"]["walnuts"]["text"] == "allergic to walnuts"


def test_a_json_list_is_read_too(run, home: Path):
    Path("chat.json").write_text(json.dumps([WALNUTS, NOTED], indent=4))
    assert run("ingest", "ana", "chat.json").exit_code == 0
    assert sessions(home)["chat"]["_turns"] == 1


def test_a_byte_order_mark_and_windows_line_ends_are_no_matter(run, home: Path):
    content = b"\xef\xbb\xbf" + lines(WALNUTS, NOTED).replace("\n", "\r\n").encode()
    assert run("ingest", "ana", "-", input=content).exit_code == 0
    assert "walnuts" in page(home)["allergies"]


def test_the_session_is_the_messages_own_else_the_option_else_the_file(run, home: Path):
    messages = lines(WALNUTS, {**WALNUTS, "session": "own"})
    Path("chat.of.may.jsonl").write_text(messages)
    run("ingest", "ana", "chat.of.may.jsonl")
    run("ingest", "ana", "chat.of.may.jsonl", "--session", "option")
    run("ingest", "ana", "-", input=messages)
    assert set(sessions(home)) == {"chat.of.may", "own", "option", "stdin"}


def test_user_messages_in_a_row_and_all_answers_make_one_turn(run):
    report = ingested(
        run, {"role": "user", "content": "Hello."}, WALNUTS, NOTED, NOTED, {**WALNUTS, "at": 0}
    )
    assert report["turns"] == 2
    assert [r["turn"] for r in report["reports"]] == [1, 2]
    assert report["reports"][0]["results"][0]["id"] == "walnuts"


def test_a_last_message_without_an_answer_is_a_turn(run):
    assert ingested(run, WALNUTS)["turns"] == 1


def test_sessions_that_interleave_keep_their_turns_apart(run, home: Path):
    a, b = {"session": "a"}, {"session": "b"}
    ingested(run, WALNUTS | a, WALNUTS | b, NOTED | a, NOTED | b, WALNUTS | a)
    assert {id: item["_turns"] for id, item in sessions(home).items()} == {"a": 2, "b": 1}


def test_messages_of_system_and_tools_are_skipped_and_counted(run):
    report = ingested(
        run,
        {"role": "system", "content": "You are kind."},
        NOTED,
        WALNUTS,
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
        {"role": "tool", "content": {"allergic": "to cats"}},
        NOTED,
    )
    assert report["turns"] == 1
    assert report["skipped"] == {"system": 1, "assistant": 1, "tool": 1}


def test_the_summary_says_what_is_in_no_turn(run):
    result = run("ingest", "ana", "-", input=lines({"role": "system", "content": "x"}, WALNUTS))
    assert "messages in no turn: 1 system" in result.stdout


def test_text_parts_are_joined_and_pictures_say_nothing(run):
    parts = [
        {"type": "text", "text": "I'm allergic"},
        {"type": "image_url", "image_url": {"url": "data:"}},
        {"type": "text", "text": "to walnuts."},
    ]
    report = ingested(run, {"role": "user", "content": [*parts, "I live in Porto."]})
    assert "porto" in {result["id"] for result in report["reports"][0]["results"]}


def test_times_of_every_kind_reach_the_page_in_utc(run, home: Path):
    for number, moment in enumerate(("2024-05-01T12:00:00+02:00", 1714557600, 1714557600.5)):
        ingested(run, {**WALNUTS, "timestamp": moment}, args=("--session", str(number)))
    assert {item["_created"] for item in sessions(home).values()} == {"2024-05-01T10:00:00Z"}


def test_a_time_without_a_zone_is_utc_and_that_is_said_once(run, home: Path):
    spoken = [{**WALNUTS, "at": "2024-05-01T10:00:00"}, {**NOTED, "at": "2024-05-01T10:01:00"}]
    result = run("ingest", "ana", "-", input=lines(*spoken))
    assert result.stderr == "diarist: 2 times without a zone, taken as UTC\n"
    assert sessions(home)["stdin"]["_created"] == "2024-05-01T10:00:00Z"


def test_a_turn_without_a_time_takes_that_of_the_turn_before(run, home: Path):
    ingested(run, {**WALNUTS, "at": 0}, NOTED, {"role": "user", "content": "I live in Porto."})
    assert page(home)["biography"]["porto"]["_created"] == "1970-01-01T00:00:00Z"


def test_two_people_who_write_as_the_user_are_mentioned(run):
    ana, ben = {**WALNUTS, "name": "Ana"}, {**WALNUTS, "name": "Ben"}
    assert run("ingest", "ana", "-", input=lines(ana, ana)).stderr == ""
    assert "Ana, Ben write as the user" in run("ingest", "ana", "-", input=lines(ana, ben)).stderr


def test_a_table_of_ones_own_says_what_is_kept(run, home: Path):
    Path("prefs.py").write_text(
        "from __future__ import annotations\n"
        "from pydantic import BaseModel\n"
        "from diarist import PreferenceItem\n"
        "class Health(BaseModel):\n"
        '    """allergies : foods the user reacts to"""\n'
        "    allergies: dict[str, PreferenceItem] = {}\n"
    )
    message = {"role": "user", "content": "I live in Porto. I'm allergic to walnuts."}
    report = ingested(run, message, args=("--schema", "prefs.py:Health"))
    results = report["reports"][0]["results"]
    assert [r["category"] for r in results if r["status"] == "added"] == ["allergies"]
    assert page(home)["_meta"]["schema_name"] == "Health"


def test_an_empty_transcript_is_no_error_and_leaves_nothing(run, home: Path):
    for content in ("", "\n\n", "[]", " [ ] "):
        result = run("ingest", "ana", "-", input=content)
        assert (result.exit_code, result.stdout) == (0, "ana: 0 turns in 0 sessions\n")
    assert not home.exists()


def test_lone_surrogates_do_not_stop_a_transcript(run, home: Path):
    content = '{"role": "user", "content": "I live in Por\\ud800to.", "session": "a\\udfff"}'
    result = run("ingest", "ana", "-", "--json", input=content)
    assert result.exit_code == 0, result.stderr
    assert list(sessions(home)) == json.loads(result.stdout)["sessions"] == ["a\ufffd"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{not json}", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("9" * 5000, "not JSON"),
        ('"hello"', "a message is an object"),
        ('{"content": "hello"}', "no role"),
        ('{"role": "bot", "content": "hello"}', "the role 'bot' is unknown"),
        ('{"role": ["user"], "content": "hello"}', "is unknown"),
        ('{"role": "user"}', "no content"),
        ('{"role": "user", "content": null}', "no content"),
        ('{"role": "assistant", "content": null}', "no content"),
        ('{"role": "user", "content": 7}', "not a number"),
        ('{"role": "user", "content": [7]}', "not a number"),
        ('{"role": "user", "content": [{"type": "text", "text": null}]}', "not null"),
        ('{"role": "user", "content": "x", "session": 7}', "session is a text, not a number"),
        ('{"role": "user", "content": "x", "name": {}}', "name is a text, not an object"),
        ('{"role": "user", "content": "x", "at": "yesterday"}', "'yesterday' is no time"),
        ('{"role": "user", "content": "x", "timestamp": 1e300}', "is no time"),
        ('{"role": "user", "content": "x", "timestamp": true}', "is no time"),
        ('{"role": "user", "content": "x", "at": "0001-01-01T00:00:00+10:00"}', "is no time"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_ingested(run, home: Path, line: str, reason: str):
    told = refused(run, home, lines(WALNUTS, NOTED) + "\n" + line + "\n" + lines(WALNUTS))
    assert told.startswith("diarist: standard input:4: ")
    assert reason in told
    assert told.count("\n") == 1


def test_every_bad_line_is_told_up_to_a_limit(run, home: Path):
    told = refused(run, home, lines(*["bad"] * 12)).splitlines()
    assert told[9].startswith("diarist: standard input:10: ")
    assert told[10:] == ["diarist: standard input: 2 more messages like these"]


def test_a_bad_message_in_a_list_is_named_by_its_line(run, home: Path):
    content = json.dumps([WALNUTS, NOTED, {"role": "bot"}, WALNUTS, {"role": "b"}], indent=2)
    wanted = [content.split('"bot"')[0], content.split('"b"')[0]]
    numbers = [text.count("\n") for text in wanted]  # the brace is a line above the role
    told = refused(run, home, content).splitlines()
    assert [int(line.split(":")[2]) for line in told] == numbers


def test_a_broken_list_is_named_by_line_and_column(run, home: Path):
    assert "standard input:2: not JSON" in refused(run, home, '[{"role": "user"},\n oops]')


def test_bytes_that_are_no_text_are_named_by_line(run, home: Path):
    content = lines(WALNUTS).encode() + b'{"role": "user", "content": "caf\xe9"}'
    assert "standard input:2: not UTF-8 (byte 0xe9)" in refused(run, home, content)


def test_a_message_can_not_steer_the_terminal(run, home: Path):
    told = refused(run, home, '{"role": "\\u0008\\u202e", "content": "x"}')
    assert "\b" not in told
    assert "\u202e" not in told
    spoken = {"role": "user", "content": "I'm allergic to wal\u202enuts.", "session": "a\bb"}
    for result in (run("ingest", "ana", "-", input=lines(spoken)), run("show", "ana")):
        assert r"wal\u202enuts" in result.stdout
        assert "\u202e" not in result.stdout
        assert "\b" not in result.stdout


def test_a_broken_page_stops_the_ingestion_and_says_how_far_it_came(run, home: Path):
    ingested(run, WALNUTS)
    (home / "ana" / "preferences.toml").write_text("[allergies\n")
    result = run("ingest", "ana", "-", input=lines(WALNUTS, NOTED, WALNUTS))
    assert result.exit_code == 2
    assert "preferences.toml, line 1" in result.stderr
    assert (home / "ana" / "preferences.toml").read_text() == "[allergies\n"


def test_what_went_in_before_a_failure_is_told(run, home: Path, monkeypatch: pytest.MonkeyPatch):
    from diarist.extraction.rules import RuleExtractor

    def fail(self: RuleExtractor, turn: Any, snapshot: Any) -> Any:
        if "Porto" in turn.user_msg:
            raise OSError(28, "No space left on device")
        return real(self, turn, snapshot)

    real = RuleExtractor.extract
    monkeypatch.setattr(RuleExtractor, "extract", fail)
    porto = {"role": "user", "content": "I live in Porto."}
    result = run("ingest", "ana", "-", input=lines(WALNUTS, NOTED, porto, NOTED, WALNUTS))
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "diarist: stopped: the first 1 of 3 turns are in the diary",
        "diarist: no space left on device",
    ]
    assert "walnuts" in page(home)["allergies"]


def test_secrets_are_on_no_page_and_in_no_report(run, home: Path):
    said = "My password is Tr0mbone-Lagoon-88. My card number is 4111 1111 1111 1111."
    result = run("ingest", "ana", "-", "--json", input=lines({"role": "user", "content": said}))
    shown = run("show", "ana", "--raw").stdout
    for secret in ("Lagoon", "4111"):
        assert secret not in result.output
        assert secret not in shown


@pytest.mark.parametrize("file", ["missing.jsonl", ".", "bad\0name"])
def test_a_file_that_can_not_be_read_is_one_line(run, home: Path, file: str):
    result = run("ingest", "ana", file)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)


def test_what_went_in_before_does_not_go_in_again(run, home: Path):
    tea = {"role": "user", "content": "I love tea."}
    first = ingested(run, WALNUTS, NOTED, tea, args=("--session", "s"))
    again = ingested(run, WALNUTS, NOTED, tea, NOTED, WALNUTS, args=("--session", "s"))
    assert (first["turns"], first["known_before"]) == (2, 0)
    assert (again["turns"], again["known_before"]) == (1, 2)
    assert sessions(home)["s"]["_turns"] == 3
    assert page(home)["allergies"]["walnuts"]["_count"] == 2
    told = run("ingest", "ana", "-", "--session", "s", input=lines(WALNUTS, NOTED)).stdout
    assert told == "ana: 0 turns in 1 session, 1 known before\n"


def test_turns_that_wait_go_in_first(run, home: Path):
    ingested(run, WALNUTS, args=("--session", "s"))
    preferences = home / "ana" / "preferences.toml"
    good = preferences.read_text()
    preferences.write_text("[allergies\n")
    tea = {"role": "user", "content": "I love tea."}
    assert run("ingest", "ana", "-", "--session", "s", input=lines(WALNUTS, tea)).exit_code == 2
    preferences.write_text(good)
    result = run("ingest", "ana", "-", "--session", "other", input=lines(WALNUTS))
    assert result.stdout.startswith("ana: 1 turn in 1 session, 1 that waited\n")
    assert {id: talk["_turns"] for id, talk in sessions(home).items()} == {"s": 2, "other": 1}
    assert "tea" in page(home)["likes"]


def test_one_interrupt_stops_between_two_turns_and_says_how_far_it_came(home: Path):
    Path("chat.jsonl").write_text(
        lines(*({"role": "user", "content": f"I love dish{n}."} | {"session": f"s{n}"}
                for n in range(5000)))
    )  # fmt: skip
    command = [sys.executable, "-m", "diarist.cli", "ingest", "ana", "chat.jsonl"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    database = home / "ana" / "conversations.toml"
    while not database.exists():
        assert child.poll() is None
        time.sleep(0.01)
    time.sleep(0.2)
    child.send_signal(signal.SIGINT)
    _, told = child.communicate(timeout=30)
    assert child.returncode == 130
    found = re.fullmatch(
        r"diarist: stopped: the first (\d+) of 5000 turns are in the diary\n", told
    )
    assert found, told
    assert len(sessions(home)) == min(int(found[1]), 100)
    assert len(asyncio.run(Diary(home).messages.sessions("ana"))) == int(found[1])
