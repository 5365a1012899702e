"""A crew with a diary asks nobody: no name is looked up, no address is connected to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

KICKOFF = """\
import sys

tried = []


def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        tried.append((event, arguments))


sys.addaudithook(watch)

import crewai_diarist
import diarist

assert "crewai" not in sys.modules

from crewai_diarist import DiaryMemory
from integrations.crewai.scripted import ScriptedLLM, cook, crew

memory = DiaryMemory("memories", "ana")
memory.record_turn("I love green tea.", "Noted.")
llm = ScriptedLLM("Done.")
crew(memory, llm, "Plan a soup.", "Write the menu.").kickoff()
cook(llm, memory=memory).kickoff("What do I love?")
memory.remember("Soup is red.", scope="/menu")
assert "green tea" in llm.prompts[2], llm.prompts
assert len(llm.prompts) == 3, len(llm.prompts)
assert not {"lancedb", "onnxruntime"} & sys.modules.keys()
assert tried == [], tried
print("alone")
"""


@pytest.mark.slow
def test_a_crew_with_a_diary_asks_nobody(tmp_path: Path):
    """Without a key, and with CrewAI's own telemetry off, as the documents say."""
    tests = Path(__file__).parents[2]
    keys = [name for name in os.environ if name.endswith("_API_KEY")]
    environment = {name: value for name, value in os.environ.items() if name not in keys}
    done = subprocess.run(
        [sys.executable, "-c", KICKOFF],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(tests)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("alone\n")
