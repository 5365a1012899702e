"""Every figure beside the peer's, in one run: `make bench`, or `make bench ARGS="pages"`."""

from __future__ import annotations

import sys
from importlib import import_module

from measure import machine

BENCHMARKS = (
    "imports",
    "pages",
    "records",
    "histories",
    "chat_stores",
    "recall",
    "writer",
    "langgraph_store",
    "memory_mini",
    "crewai_storage",
    "crewai_memory",
)


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all."""
    unknown = sorted(set(names) - set(BENCHMARKS))
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
        return 2
    print(f"Taken with {machine()}.\n")
    for name in names or BENCHMARKS:
        print(import_module(name).report(), end="\n\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
