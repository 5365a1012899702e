"""Rule packs: TOML text in, checked rules out. Patterns are compiled when they are first tried.

The format is described in `diarist.extraction.rules`.
"""

from __future__ import annotations

import pkgutil
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, cast

from diarist.extraction.sentences import pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SUBJECTS = frozenset(
    ["I", "I am", "I was", "I have", "I had", "I would", "I will", "my", "other", "elided"]
)
OWN_PACKS = (
    "allergy", "instruction", "goal", "taste", "limit", "verdict", "idiom", "biography", "routine",
)  # fmt: skip
"""The packs that come with diarist, in the order in which they are tried."""

_GROUPS = {
    "{np}": r"(?P<np>[\w'¤-]+(?:,? [\w'¤&/-]+){0,9}?)",
    "{thing}": r"(?P<thing>\S.*)",
    "{thing_short}": r"(?P<thing>\S.{0,80}?)",
}
_IRREGULAR_PARTICIPLES: dict[str, str] = {
    base: participle
    for base, _, participle in (
        pair.partition(":")
        for pair in (
            "take:taken do:done find:found feel:felt stick:stuck give:given seek:sought get:got "
            "swear:sworn keep:kept stand:stood run:run lose:lost go:gone have:had hold:held "
            "set:set put:put wear:worn make:made leave:left drive:driven send:sent draw:drawn "
            "shy:shied dig:dug forbid:forbidden break:broken speak:spoken overcome:overcome"
        ).split()
    )
}


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One construction: whose predicate, which words, and what it means.

    Attributes:
        pack: the pack it is from.
        name: its name, unique in the pack.
        kind: what sort of statement it finds; see `rules/domains.toml`.
        subjects: the subjects it applies to.
        modals: the modals it allows; "" is none.
        source: the regular expression, tried where the verb starts.
        require: what the clause must contain, or None.
        elided: how the verb must begin where no subject is said, None for any verb.
        affirmed: the category of what is said, or "" if that means nothing.
        negated: the category of what is denied, or "" if that means nothing.
        habit: it needs an adverb of habit.
        split: "a and b" are two statements.
        stores: False to offer what it finds instead of storing it.
        cased: it tells proper names by their capital.
        examples: a message and the text it must give.
        counterexamples: messages in which it must find nothing.
    """

    pack: str
    name: str
    kind: str
    subjects: frozenset[str]
    source: str
    modals: frozenset[str] = frozenset(["", "do"])
    require: str | None = None
    elided: str | None = None
    affirmed: str = ""
    negated: str = ""
    habit: bool = False
    split: bool = False
    stores: bool = True
    cased: bool = False
    examples: tuple[tuple[str, str], ...] = ()
    counterexamples: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """Pack and name, as `Edit.rule` shows it."""
        return f"{self.pack}/{self.name}"


@dataclass(frozen=True, slots=True)
class Guard:
    """What sounds like a statement and is none.

    Attributes:
        name: its name.
        on: what it looks at: message, clause, subject, np, thing or aside (see `guards.toml`).
        source: the regular expression.
        reason: why nothing is stored.
        anchored: the pattern stands at the start of what it looks at.
        kinds: the kinds of statement it stops, empty for all.
        spares: the kinds it lets through.
        lifts: what it stops counts where it takes back something on the page.
        examples: messages in which it stops something.
    """

    name: str
    on: str
    source: str
    reason: str
    anchored: bool = False
    kinds: frozenset[str] = frozenset()
    spares: frozenset[str] = frozenset()
    lifts: bool = False
    examples: tuple[str, ...] = ()

    def stops(self, text: str, kind: str) -> bool:
        """Say whether a statement of `kind` in which `text` stands is none."""
        return self.concerns(kind) and self.sees(text)

    def concerns(self, kind: str) -> bool:
        """Say whether it looks at statements of `kind` at all."""
        return kind not in self.spares and (not self.kinds or kind in self.kinds)

    def sees(self, text: str) -> bool:
        """Say whether `text` has what it looks for."""
        found = pattern(self.source)
        return bool(found.match(text) if self.anchored else found.search(text))


class PackFile(Protocol):
    """A file that holds a pack; a `pathlib.Path` is one."""

    @property
    def stem(self) -> str:
        """Its name without the ending."""
        ...

    def read_text(self, encoding: str) -> str:
        """Return what it holds."""
        ...


def load_pack(pack: str | PackFile) -> tuple[Rule, ...]:
    """Return the rules of a pack: a `Path` to a TOML file, or TOML text.

    Raises:
        ValueError: the pack is broken; the message names the pack, the rule and the reason.
    """
    if not isinstance(pack, str):
        return parse_pack(pack.read_text("utf-8"), pack.stem)
    if "\n" not in pack and pack.endswith(".toml"):
        raise ValueError(f"a rule pack is TOML text or a Path; pass Path({pack!r})")
    return parse_pack(pack, "custom")


def parse_pack(text: str, name: str) -> tuple[Rule, ...]:
    """Return the rules in the TOML `text` of the pack `name`.

    Raises:
        ValueError: the text is not TOML, or a rule is broken.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"rule pack {name!r} is not valid TOML: {error}") from error
    words = own_words() | _word_families(table.get("words", {}), name)
    name = str(table.get("pack", name))
    rows = table.get("rule")
    if not isinstance(rows, list) or not rows:
        raise ValueError(f"rule pack {name!r} has no [[rule]] tables")
    return tuple(_rule(row, name, words) for row in cast("list[dict[str, Any]]", rows))


def _rule(row: Mapping[str, Any], pack: str, words: Mapping[str, tuple[str, ...]]) -> Rule:
    label = f"rule {row.get('name', '?')!r} of pack {pack!r}"
    for key in ("name", "pattern"):
        if not isinstance(row.get(key), str):
            raise ValueError(f'{label} needs {key} = "…"')  # noqa: TRY004  (a broken pack)
    if unknown := set(row) - _KEYS:
        raise ValueError(f"{label} has an unknown key {min(unknown)!r}; known are {_listed(_KEYS)}")
    subjects = frozenset(cast("list[str]", row.get("subject", ["I"])))
    if odd := subjects - SUBJECTS:
        known = _listed(SUBJECTS)
        raise ValueError(f"{label} has an unknown subject {min(odd)!r}; known are {known}")
    if not row.get("affirmed") and not row.get("negated"):
        raise ValueError(f'{label} needs affirmed = "category" or negated = "category"')
    if row.get("confidence", "store") not in ("store", "offer"):
        raise ValueError(f'{label} has confidence {row["confidence"]!r}; it is "store" or "offer"')
    elided = row.get("elided", False)
    source = _checked(_expand(row["pattern"], words, label), label)
    return Rule(
        pack=pack,
        name=row["name"],
        kind=row.get("kind", row.get("affirmed") or row.get("negated", "")),
        subjects=subjects | frozenset(["elided"] if elided else []),
        source=source,
        cased="(?-i:" in source,
        modals=frozenset(cast("list[str]", row.get("modal", ["", "do"]))),
        require=_optional(row.get("require"), words, label),
        elided=_optional(elided if isinstance(elided, str) else None, words, label),
        affirmed=row.get("affirmed", ""),
        negated=row.get("negated", ""),
        habit=row.get("habit", False),
        split=row.get("split", False),
        stores=row.get("confidence", "store") == "store",
        examples=tuple(cast("dict[str, str]", row.get("examples", {})).items()),
        counterexamples=tuple(row.get("not", ())),
    )


_KEYS = frozenset(
    "name kind subject modal pattern require elided affirmed negated habit split confidence "
    "examples not".split()
)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _optional(source: str | None, words: Mapping[str, tuple[str, ...]], label: str) -> str | None:
    return None if source is None else _checked(_expand(source, words, label), label)


def _checked(source: str, label: str) -> str:
    """Check the syntax of a user's pattern; our own are checked by the tests, not at each start."""
    if label.rpartition(" ")[2].strip("'") not in OWN_PACKS:
        try:
            re.compile(source)
        except re.error as error:
            raise ValueError(f"{label} is no regular expression: {error}") from error
    return source


def _expand(source: str, words: Mapping[str, tuple[str, ...]], label: str) -> str:
    """Put word families in the place of their names: {fond}, {fond:ed}, {np}, {thing}."""

    def family(match: re.Match[str]) -> str:
        name, form = match[1], match[2]
        if name not in words:
            raise ValueError(f"{label} uses {{{name}}}, which no word family is called")
        members = words[name]
        return "(?:" + "|".join(inflected(word, form) if form else word for word in members) + ")"

    source = re.sub(r"\n\s*", "", source)
    for name, meaning in _GROUPS.items():
        source = source.replace(name, meaning)
    return _named_once(re.sub(r"\{([a-z_]+)(?::(s|ed|ing))?\}", family, source))


def _named_once(source: str) -> str:
    """Keep the first group of each name, for a name may stand only once in an expression."""
    seen: set[str] = set()

    def group(match: re.Match[str]) -> str:
        known = match[1] in seen
        seen.add(match[1])
        return "(?:" if known else match[0]

    return re.sub(r"\(\?P<(\w+)>", group, source)


def inflected(phrase: str, form: str) -> str:
    """Return the first word of `phrase` in its third person (s), participle (ed) or -ing form.

    >>> inflected("can't stand", "s"), inflected("worry about", "ed"), inflected("take", "ed")
    ("can't stand", 'worried about', 'taken')
    """
    word, space, rest = phrase.partition(" ")
    if not word.isalpha():
        return phrase
    if form == "ed" and word in _IRREGULAR_PARTICIPLES:
        return _IRREGULAR_PARTICIPLES[word] + space + rest
    stem, ending = word, form
    if word.endswith("y") and word[-2] not in "aeou" and form != "ing":
        stem, ending = word[:-1] + "i", {"s": "es", "ed": "ed"}[form]
    elif form == "s" and word.endswith(("s", "sh", "ch", "x", "o")):
        ending = "es"
    elif form == "ed" and word.endswith("e"):
        ending = "d"
    elif form == "ing" and word.endswith("e"):
        stem = word[:-1]
    return stem + ending + space + rest


def _word_families(table: object, pack: str) -> dict[str, tuple[str, ...]]:
    if not isinstance(table, dict):
        raise ValueError(f"[words] of rule pack {pack!r} is not a table of lists")  # noqa: TRY004
    return {name: tuple(members) for name, members in cast("dict[str, list[str]]", table).items()}


@cache
def own_words() -> dict[str, tuple[str, ...]]:
    """Return the word families of diarist's packs."""
    return _word_families(read_table("words")["words"], "words")


@cache
def own_rules() -> tuple[Rule, ...]:
    """Return the rules of diarist's packs, in the order in which they are tried."""
    return tuple(rule for name in OWN_PACKS for rule in parse_pack(_read(name), name))


@cache
def own_guards() -> tuple[Guard, ...]:
    """Return the guards."""
    return tuple(
        Guard(
            name=row["name"],
            on=row["on"],
            source=re.sub(r"\n\s*", "", row["pattern"]),
            reason=row["reason"],
            anchored=row.get("anchored", row["on"] in ("thing", "subject", "np", "aside")),
            kinds=frozenset(row.get("kinds", ())),
            spares=frozenset(row.get("spares", ())),
            lifts=row.get("lifts", False),
            examples=tuple(row.get("examples", ())),
        )
        for row in read_table("guards")["guard"]
    )


def read_table(name: str) -> dict[str, Any]:
    """Return the TOML table `name` of the package's data."""
    return tomllib.loads(_read(name))


def _read(name: str) -> str:
    data = pkgutil.get_data("diarist.extraction", f"rules/{name}.toml")
    if data is None:
        raise FileNotFoundError(f"diarist is installed without its rule pack {name!r}")
    return data.decode()
