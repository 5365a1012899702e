"""A conversation becomes a diary: `make demo`.

Reads the transcript beside this file into a temporary folder, offline, and shows the pages before
and after, what changed on the way, what stayed out, and where the command line goes on from here.
"""

from __future__ import annotations

import asyncio
import shlex
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.syntax import Syntax

from diarist import Diary, Page, UpdateReport
from diarist.cli.transcripts import read_transcript

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diarist import EditResult
    from diarist.cli.transcripts import SpokenTurn

USER = "maya"
TRANSCRIPT = Path(__file__).with_name("conversations.jsonl")
SECRETS = ("Tr0mbone-Lagoon-88", "4111 1111 1111 1111", "4111111111111111")
"""What Maya lets slip in May; no file of the diary may hold it."""

console = Console(soft_wrap=True, highlight=False)


async def main() -> None:
    """Run the demo."""
    transcript = read_transcript(
        TRANSCRIPT.read_bytes(), location=str(TRANSCRIPT), session_id=TRANSCRIPT.stem
    )
    folder = Path(tempfile.mkdtemp(prefix="diarist-demo-"))
    first, *others = transcript.sessions
    reports: list[UpdateReport] = []

    async with Diary(folder) as diary:
        title("Before")
        users = await diary.list_users()
        console.print(f"The diary in {folder} has {len(users)} users.")

        reports += await take_in(diary, transcript.turns, first)
        title(f"After the first session, {first} ({len(reports)} turns)")
        show(await diary.preferences(USER))

        for session in others:
            reports += await take_in(diary, transcript.turns, session)
        title(f"After all {len(transcript.sessions)} sessions ({len(reports)} turns)")
        show(await diary.preferences(USER))
        console.print()
        show(Page(await diary.backend.load(USER, "conversations") or ""))

    title("What changed on the way")
    for session, result in each(reports):
        if result.status in ("revised", "confirmed", "forgotten"):
            console.print(f"{session}: {result}", markup=False)

    title("What stayed out, and why")
    for session, result in each(reports):
        if result.status == "rejected":
            console.print(f"{session}: {result}", markup=False)
    console.print(
        f"The password and the card number that {USER} typed stand in "
        f"{holding(folder, SECRETS)} of the diary's {len(pages_in(folder))} pages; what was said "
        "is kept verbatim in diary.db alone, until it is deleted."
    )

    title("From here")
    for line in next_commands(folder):
        console.print(f"  $ {line}", markup=False)


async def take_in(diary: Diary, turns: tuple[SpokenTurn, ...], session: str) -> list[UpdateReport]:
    """Take in the turns of one session, as an agent does after each answer."""
    reports: list[UpdateReport] = []
    for turn in turns:
        if turn.session_id == session:
            await diary.record_turn(USER, session, turn.messages, at=turn.at)
            reports += await diary.catch_up(USER)
    return reports


def each(reports: list[UpdateReport]) -> Iterator[tuple[str, EditResult]]:
    """Yield session and result of every edit, in their order."""
    for report in reports:
        for result in report.results:
            yield report.session_id or "", result


def pages_in(folder: Path) -> list[Path]:
    """Return every page in `folder`."""
    return sorted(folder.rglob("*.toml"))


def holding(folder: Path, secrets: tuple[str, ...]) -> int:
    """Return how many pages in `folder` hold one of `secrets`."""
    texts = [path.read_text() for path in pages_in(folder)]
    return sum(any(secret in text for secret in secrets) for text in texts)


def next_commands(folder: Path) -> list[str]:
    """Return what to type next."""
    script = Path(sys.executable).with_name("diarist")
    here = Path.cwd()
    diarist = shlex.quote(str(script.relative_to(here) if script.is_relative_to(here) else script))
    place = shlex.quote(str(folder))
    return [
        f"export DIARIST_HOME={place}",
        f"{diarist} show {USER}",
        f"{diarist} edit {USER}",
        f"{diarist} why {USER} dislikes okra",
        f"{diarist} forget {USER} dislikes okra",
        f"{diarist} check",
        f"{diarist} --help",
        f"rm -r {place}",
    ]


def title(text: str) -> None:
    """Print a heading."""
    console.print(f"\n{text}\n{'-' * len(text)}", style="bold cyan", markup=False)


def show(page: Page) -> None:
    """Print a page, in colour on a terminal."""
    code = Syntax(page, "toml", theme="ansi_dark", background_color="default")
    text = code.highlight(page)
    text.rstrip()
    console.print(text)


if __name__ == "__main__":
    asyncio.run(main())
