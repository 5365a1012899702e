"""Every figure beside the peers', in one run: `make bench`, or `make bench ARGS="pages"` for some.

What is taken is written into `README.md`, each benchmark's tables as soon as it is done; what did
not run keeps its figures there. `make bench ARGS="--quick"` does a tenth of all and only prints.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from time import perf_counter

from measure import ChildError, LackingError, taken
from page import PAGE, with_figures

BENCHMARKS = (
    "field",
    "imports",
    "pages",
    "records",
    "histories",
    "chat_stores",
    "langgraph_store",
    "crewai_memory",
    "crewai_storage",
    "memory_mini",
    "recall",
    "writer",
    "backends",
    "pgvector",
)
QUICK = "--quick"


def main(arguments: list[str]) -> int:
    """Run the named benchmarks, or all; return 1 where one failed."""
    names = [name for name in arguments if name != QUICK]
    unknown = sorted(set(names) - set(BENCHMARKS))
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
        return 2
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is imported is compiled once, as usual
    failed = [name for name in names or BENCHMARKS if not _run(name, is_quick=QUICK in arguments)]
    if failed:
        print(f"Failed, and left on the page as they were: {', '.join(failed)}.")
    return 1 if failed else 0


def _run(name: str, *, is_quick: bool) -> bool:
    """Run a benchmark, print its tables, and write them into the page; return whether it ended."""
    benchmark = import_module(name)
    start, where = perf_counter(), taken(benchmark.BESIDE)
    try:
        tables = benchmark.report(0.1 if is_quick else 1.0)
    except LackingError as lacking:
        print(f"{name} is left out: {lacking}.\n", flush=True)
        return True
    except ChildError as error:
        print(f"{name}: {error}\n", flush=True)
        return False
    print(f"{where}\n\n{tables}\n\n{name} took {perf_counter() - start:.0f} s.\n", flush=True)
    if not is_quick:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(with_figures(page, name, f"{where}\n\n{tables}"), encoding="utf-8")
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
