"""What a person meets who mistypes an address, or whose server says no: one sentence, and 2."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from backends.postgres_server import DSN, address, run, schema
from diarist import Diary, SyncDiary
from diarist.cli.app import app

if TYPE_CHECKING:
    from backends.postgres_server import OwnServer

NOBODY = "postgresql://ana:secret@127.0.0.1:1/diary"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("FIRESTORE_EMULATOR_HOST", "GOOGLE_APPLICATION_CREDENTIALS", "PGPASSWORD"):
        monkeypatch.delenv(name, raising=False)


def refusal(*args: str) -> str:
    """Return the one line that a command refuses with."""
    result = CliRunner().invoke(app, args, prog_name="diarist")
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    assert result.stderr.count("\n") == 1
    assert "secret" not in result.stderr
    assert list(Path.cwd().iterdir()) == []
    return result.stderr


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        (NOBODY, "can't reach postgresql://127.0.0.1:1/diary: .*start the server, or correct the"),
        ("postgresql://ana:secret@no.such.invalid/x", "can't reach postgresql://no.such.invalid"),
        ("postgresql://ana:secret@127.0.0.1:port/x", "invalid integer value .*port"),
        ("postgresql://ana:secret@127.0.0.1/x?nonsense=1", 'invalid URI query parameter: "nonse'),
        ("postgresql://127.0.0.1/x?schema=A-B", "schema is a lower-case name, not 'A-B'"),
        ("postgresql:/127.0.0.1/x", "an address begins with postgresql://, and is no path"),
        ("redis://127.0.0.1", "redis:// is no backend's address; name a folder, postgresql://"),
        ("s3://bucket/diary", "s3:// is no backend's address"),
        ("firestore://", "firestore:// names no project; name a folder, .*firestore://PROJECT"),
        ("firestore://project/app", "an even number of parts"),
        ("firestore://project/app/memory?key=x", "'key' is none of database, credentials, records"),
        ("firestore://project/app/memory?credentials=none.json", "none.json: no such file"),
        ("firestore://project/app/memory?records=s3://bucket", "s3:// keeps no records"),
    ],
)
def test_an_address_that_leads_nowhere_is_one_sentence(place: str, reason: str):
    assert re.search(reason, refusal("users", "--diary", place))


def test_a_database_that_is_missing_is_told_with_what_to_do():
    with schema():
        place = DSN.rpartition("/")[0] + "/no_such"
        assert "make the database, or correct its name" in refusal("users", "--diary", place)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("login", "reason"),
    [
        ("app:wrong-secret@", "password authentication failed for user"),
        ("app@", "no password supplied"),
        ("nobody@", 'role "nobody" does not exist'),
    ],
)
def test_a_login_that_is_refused_says_where_to_look(own: OwnServer, login: str, reason: str):
    own.add_user("app", "right-secret")
    told = refusal("users", "--diary", own.dsn.replace("postgres@", login))
    assert reason in told
    assert "look at the user and the password" in told
    diary = SyncDiary(own.dsn.replace("postgres@", "app:right-secret@"))
    assert diary.list_users() == []
    diary.close()


@pytest.mark.parametrize("place", [NOBODY, "a-file"])
def test_of_a_backend_that_does_not_answer_a_check_says_that_alone(place: str):
    Path("a-file").write_text("")
    result = CliRunner().invoke(app, ["backend", "check", place], prog_name="diarist")
    assert (result.exit_code, result.stderr, result.stdout.count("\n")) == (1, "", 1)
    assert result.stdout.startswith("reach      failed")
    assert "secret" not in result.stdout


def test_an_address_is_a_diary_wherever_a_folder_is():
    with schema() as name:
        place = address(schema=name)
        diary = SyncDiary(place)
        diary.upsert_preference("ana", "likes", "love tea")
        diary.close()
        assert run(f"SELECT user_id FROM {name}.all_documents") == [("ana",)]
    assert list(Path.cwd().iterdir()) == []
    with pytest.raises(ValueError, match="an address begins with postgresql://, and is no path"):
        Diary(Path(place))


def test_without_psycopg_the_command_that_brings_it_is_told():
    code = (
        "import sys\nsys.modules['psycopg'] = None\nfrom diarist.cli import main\n"
        "sys.argv[1:] = ['users', '--diary', 'postgresql://127.0.0.1/diary']\nmain()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "diarist: PostgreSQL is reached with psycopg: pip install 'diarist[postgres]'\n"
    )
