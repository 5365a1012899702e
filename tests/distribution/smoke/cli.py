"""The command line: a transcript in, a page shown, wrong input told in one line."""

import subprocess
import sys
from pathlib import Path

COMMAND = Path(sys.executable).with_name("diarist")


def run(*args: str, input: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *args], input=input, capture_output=True, text=True, check=False
    )


said = '{"role": "user", "content": "I\'m allergic to walnuts."}\n'
assert run("ingest", "ana", "-", input=said).returncode == 0
shown = run("show", "ana")
assert "walnuts: allergic to walnuts" in shown.stdout, shown.stderr
assert "For example:" in run("recall", "--help").stdout
wrong = run("show", "nobody", "--nonsense")
assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1), wrong.stderr
assert run("check").returncode == 0
