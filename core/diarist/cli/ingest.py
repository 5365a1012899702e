"""`diarist ingest`: a transcript becomes a diary, each turn of it once."""

import signal
import sys
import threading
import time
from collections.abc import Collection, Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, get_args

import typer

from diarist.backends.records import RecordStore
from diarist.blocking import finish
from diarist.cli.failures import STOPPED
from diarist.cli.options import (
    DEFAULT_FOLDER,
    AsJson,
    Folder,
    TableName,
    UserId,
    examples,
    open_blocking_diary,
)
from diarist.cli.output import count, headline, note, say, say_json, tracked
from diarist.cli.transcripts import SpokenTurn, Transcript, read_transcript
from diarist.diary import Diary
from diarist.models import Status, UpdateReport
from diarist.pages.secrets import withheld
from diarist.records import RecordedTurn

STANDARD_INPUT = "-"
_POLL = 0.05  # seconds

commands = typer.Typer()

File = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help="JSON Lines or a JSON list of messages with role and content, and if they have them "
        "id, name, timestamp and session; - reads standard input.",
        show_default=False,
    ),
]
Session = Annotated[
    str | None,
    typer.Option(
        "--session",
        metavar="ID",
        help="The session of messages that name none.",
        show_default="the file's name without its ending",
    ),
]


@commands.command(
    epilog=examples(
        "diarist ingest ana chat.jsonl",
        "diarist ingest ana export.json --session holidays --schema prefs.py:MyPrefs",
        "cat chat.jsonl | diarist ingest ana - --json",
    )
)
def ingest(
    user: UserId,
    file: File,
    session: Session = None,
    folder: Folder = DEFAULT_FOLDER,
    table: TableName = None,
    as_json: AsJson = False,
) -> None:
    """Read a transcript into a diary.

    The file is read and checked as a whole before the first turn goes in. Messages of the system
    and of tools are skipped; a time without a zone is taken as UTC. What went in before does not
    go in again: a file that has grown, or was stopped at, can simply be read once more.
    """
    transcript = _read(file, session)
    diary = open_blocking_diary(folder, table)
    _tell_oddities(transcript, user)
    taken = _Taken(len(transcript.turns))
    try:
        with _stops() as stop:
            _take_in(diary, user, transcript, taken, stop)
    finally:
        if taken.is_unfinished:
            note(f"stopped: the first {taken.so_far} of {taken.wanted} turns are in the diary")
        finish(diary.aclose())
    if taken.is_stopped:
        raise typer.Exit(STOPPED)
    if as_json:
        say_json(
            {
                "user_id": user,
                "turns": taken.new,
                "known_before": taken.known,
                "sessions": list(transcript.sessions),
                "skipped": transcript.skipped,
                "reports": [asdict(report) for report in taken.reports],
            }
        )
    else:
        _summarize(user, transcript, taken)


def _read(file: str, session: str | None) -> Transcript:
    if file == STANDARD_INPUT:
        content, location, stem = sys.stdin.buffer.read(), "standard input", "stdin"
    else:
        content, location, stem = Path(file).read_bytes(), file, Path(file).stem
    session_id = stem if session is None else session
    return read_transcript(content, location=location, session_id=session_id)


def _tell_oddities(transcript: Transcript, user: str) -> None:
    if transcript.without_zone:
        note(f"{count(transcript.without_zone, 'time')} without a zone, taken as UTC")
    if len(transcript.speakers) > 1:
        names = ", ".join(transcript.speakers)
        note(f"{names} write as the user; all they say goes into the diary of {user}")


# ------------------------------------------------------------ turn by turn


@dataclass(slots=True)
class _Taken:
    """How far it came.

    Attributes:
        wanted: how many turns the transcript has.
        new: how many of them went in now.
        known: how many were in the diary before.
        waiting: how many other turns of the user waited, and went in now.
        reports: what became of what, in order.
        is_stopped: whether the person stopped it.
    """

    wanted: int
    new: int = 0
    known: int = 0
    waiting: int = 0
    reports: list[UpdateReport] = field(default_factory=list[UpdateReport])
    is_stopped: bool = False

    @property
    def so_far(self) -> int:
        return self.new + self.known

    @property
    def is_unfinished(self) -> bool:
        return self.so_far < self.wanted and (self.so_far > 0 or self.is_stopped)


@contextmanager
def _stops() -> Generator[threading.Event]:
    """Have the first Ctrl-C set an event, so that a turn is never left in the middle.

    A second one stops at once. Where somebody else handles Ctrl-C, or it is ignored, that stays.
    """
    stop = threading.Event()
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield stop
        return

    def ask(*_: object) -> None:
        stop.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    signal.signal(signal.SIGINT, ask)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _take_in(
    diary: Diary, user: str, transcript: Transcript, taken: _Taken, stop: threading.Event
) -> None:
    """Take in the turns that the diary does not know; those that wait in it go first."""
    if not transcript.turns:
        return
    taken.reports += _caught_up(diary, user, transcript.sessions)
    taken.waiting = len(taken.reports)
    known = {session: _known(diary, user, session) for session in transcript.sessions}
    for turn in tracked(transcript.turns, "reading the turns"):
        if stop.is_set():
            taken.is_stopped = True
            return
        new = [message for message in turn.messages if message.id not in known[turn.session_id]]
        if any(message.role == "user" for message in new):
            report = _logged_and_applied(diary, user, replace(turn, messages=tuple(new)))
            taken.reports += [] if report is None else [report]
            taken.new += 1
        else:
            if new:  # the answer to a turn that was the last of the file until now
                finish(diary.messages.append(user, turn.session_id, new))
            taken.known += 1


def _caught_up(diary: Diary, user: str, sessions: Collection[str]) -> list[UpdateReport]:
    """Take in the user's waiting turns.

    Raises:
        Exception: a turn of these sessions still can't go in; none must overtake it.
    """
    try:
        return finish(diary.catch_up(user))
    except Exception as error:
        waiting = finish(_records(diary).turns(user, "pending"))
        if any(turn.session_id in sessions for turn in waiting):
            raise
        note(f"a turn of another session still waits: {withheld(str(error))}")
        return []


def _known(diary: Diary, user: str, session_id: str) -> set[str | None]:
    """Return the ids of a session's messages."""
    return {message.id for message in finish(diary.messages.read(user, session_id, status=None))}


def _logged_and_applied(diary: Diary, user: str, turn: SpokenTurn) -> UpdateReport | None:
    """Log a turn and bring it to the pages; None where another process was quicker.

    Raises:
        Exception: what keeps the turn from the pages; it stays logged and waits.
    """
    logged = finish(diary.record_turn(user, turn.session_id, turn.messages, at=turn.at))
    while True:
        try:
            reports = finish(diary.catch_up(user))
        except Exception:
            if _is_waiting(diary, user, logged):
                raise
            return None  # another turn of the user, logged meanwhile, has the fault
        for report in reports:
            if (report.session_id, report.turn) == (logged.session_id, logged.number):
                return report
        if not _is_waiting(diary, user, logged):
            return None
        time.sleep(_POLL)  # another process works on it


def _is_waiting(diary: Diary, user: str, logged: RecordedTurn) -> bool:
    turn = finish(_records(diary).turn(user, logged.session_id, logged.number))
    return turn is not None and turn.state == "pending"


def _records(diary: Diary) -> RecordStore:
    assert diary.records is not None  # a turn was logged in them
    return diary.records


def _summarize(user: str, transcript: Transcript, taken: _Taken) -> None:
    told = f"{count(taken.new, 'turn')} in {count(len(transcript.sessions), 'session')}"
    if taken.known:
        told += f", {taken.known} known before"
    if taken.waiting:
        told += f", {taken.waiting} that waited"
    headline(f"{user}: {told}")
    for status in get_args(Status):
        results = [result for report in taken.reports for result in report.with_status(status)]
        if results:
            say(f"{len(results)} {status}")
        for result in results:
            say(f"  {str(result).removeprefix(status).lstrip(' :')}")
    if transcript.skipped:
        skipped = ", ".join(f"{number} {role}" for role, number in transcript.skipped.items())
        say(f"messages in no turn: {skipped}")
