"""Pages as people write them, with every oddity TOML 1.0 allows, from a seed."""

from __future__ import annotations

import json
import re
import tomllib
from random import Random

from hypothesis import strategies as st

KEYS = ("likes", "a", "b", "tea", "", "x y", "é", "a.b", "#", "[odd]", "日本")
BARE = re.compile(r"[A-Za-z0-9_-]+\Z")
VALUES = (
    "1", "0x1F", "1_000", "-0.0", "1e3", "nan", "true", "1979-05-27T07:32:00Z", "07:32:00",
    '"plain"', '"a # b"', "'[likes.tea]'", '"say \\"hi\\""', '"\\u0041"', "''", '""',
    '"""\n[likes.tea]\ntext = "not a header"\n"""', "'''\n# no comment\n\n[[a]]\n'''",
    '"""two quotes "" and \\""" """', '"""ends with quotes"""""', "'''it''s'''''",
    "[]", "[1, 2]", '[\n  "x", # in [array]\n  "]",\n\n]', "[[1], [2, [3]]]", "[{ k = 1 }]",
    "{}", '{ k = "}" }', "{ k = { l = 1 }, m.n = 2 }",
)  # fmt: skip
COMMENTS = ("", "", "  # mine", '\t# it\'s "quoted"', " # [likes.tea]")
BETWEEN = ("", "", "\n", "\n\n", "# on top\n", "\n# apart\n\n", "\n# [fake.header]\n", "  \t\n")
INDENTS = ("", "", "", "  ", "\t")


def messy_pages() -> st.SearchStrategy[str]:
    return st.integers(0, 2**48).map(lambda seed: messy_page(Random(seed)))


def messy_page(random: Random) -> str:
    """Return a valid page; a part that would break it is left out."""
    page = _body(random)
    page = page if is_valid(page) else ""
    for _ in range(random.randrange(7)):
        section = _section(random)
        page = page + section if is_valid(page + section) else page
    page += random.choice(("", "\n", "# the end", "\n\n# the end\n"))
    if random.random() < 0.5:
        page = page.removesuffix("\n")
    endings = random.choice(("\n", "\n", "\r\n", "mixed"))
    if endings == "\r\n":
        page = page.replace("\n", "\r\n")
    elif endings == "mixed":
        page = page.replace("\n", "\r\n", 2)
    page = random.choice(("", "", "\ufeff")) + page
    return page if is_valid(page) else ""


def is_valid(text: str) -> bool:
    try:
        tomllib.loads(text.removeprefix("\ufeff"))
    except ValueError:
        return False
    return True


def paths_of(tree: object, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the paths of every table in a parsed page."""
    if not isinstance(tree, dict):
        return []
    found = [above] if above else []
    for key, value in tree.items():
        found += paths_of(value, (*above, key))
    return found


def _section(random: Random) -> str:
    path = tuple(random.choices(KEYS[:6], k=random.randrange(1, 4)))
    name = _spelled(random, path)
    header = random.choice((f"[{name}]", f"[{name}]", f"[ {name} ]", f"[[{name}]]"))
    indent, comment = random.choice(INDENTS), random.choice(COMMENTS)
    return f"{random.choice(BETWEEN)}{indent}{header}{comment}\n{_body(random)}"


def _body(random: Random) -> str:
    lines: list[str] = []
    for key in random.sample(KEYS, random.randrange(4)):
        path = (key, *random.choices(KEYS, k=random.choice((0, 0, 1, 2))))
        indent, comment = random.choice(INDENTS), random.choice(COMMENTS)
        lines.append(f"{indent}{_spelled(random, path)} = {random.choice(VALUES)}{comment}\n")
        lines.append(random.choice(BETWEEN))
    return "".join(lines)


def _spelled(random: Random, path: tuple[str, ...]) -> str:
    ways = [[json.dumps(key, ensure_ascii=False), f"'{key}'"] for key in path]
    for key, spellings in zip(path, ways, strict=True):
        spellings += [key, key] if BARE.match(key) else []
    return random.choice((".", ".", " . ")).join(map(random.choice, ways))
