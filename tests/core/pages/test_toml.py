"""Pages as text: cutting, splicing, and never a wrong page."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.pages.messy import is_valid, messy_pages, paths_of
from diarist.errors import DocumentError
from diarist.pages import toml
from diarist.pages.blocks import cut
from diarist.pages.toml import Document, is_same, parse, thaw

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=40)
NEW_PATHS = [("a", "new"), ("likes", "n w"), ("fresh",), ("fresh", "x"), ("tea", "new")]
NEW_VALUES: list[Any] = ["new", 7, True, 1.5, ["x"], {"k": 1}, "a\nb", float("nan")]


def load(text: str) -> dict[str, Any]:
    return tomllib.loads(text.removeprefix("\ufeff"))


def splice(page: str, path: tuple[str, ...], item: Mapping[str, Any]) -> str:
    """Return `page` with the table at `path` set to `item`."""
    return parse(page).set(path, item).text


def tree_of(text: str) -> Mapping[str, Any]:
    """Parse without the cache, so that a document can't vouch for itself."""
    return toml._freeze(load(text))  # pyright: ignore[reportPrivateUsage]


def assert_says_what_it_holds(document: Document) -> None:
    assert is_valid(document.text)
    assert is_same(tree_of(document.text), document.tree)
    assert "".join(block.text for block in cut(document.text)) == document.text


def assert_in_order(texts: list[str], page: str) -> None:
    at = 0
    for text in texts:
        found = page.find(text, at)
        assert found >= 0, f"lost: {text!r}"
        at = found + len(text)


# ------------------------------------------------------------ text round trips


@given(ANY_TEXT)
def test_every_text_survives_as_a_value(text: str) -> None:
    page = splice("", ("likes", "x"), {"text": text, "contexts": (text,)})

    assert load(page)["likes"]["x"] == {"text": clean(text), "contexts": [clean(text)]}


@given(ANY_TEXT)
def test_every_text_survives_as_a_name(text: str) -> None:
    page = splice("", ("conversations", text), {text: 1})

    assert load(page)["conversations"] == {clean(text): {clean(text): 1}}


@given(st.dictionaries(ANY_TEXT, ANY_TEXT | st.lists(ANY_TEXT, max_size=3), max_size=4))
def test_a_written_table_has_one_key_a_line(values: dict[str, Any]) -> None:
    page = splice("", ("a", "b"), values)

    cleaned = {clean(key) for key in values}
    assert len(page.split("\n")) == len(cleaned) + 2
    assert "\r" not in page


def test_a_pair_of_surrogates_is_the_character_it_means() -> None:
    assert clean("\ud83c\udf55") == "🍕"


def clean(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


# ------------------------------------------------------------ cutting


@given(messy_pages())
@settings(max_examples=200, deadline=None)
def test_blocks_joined_are_the_page(page: str) -> None:
    assert "".join(block.text for block in cut(page)) == page


@pytest.mark.parametrize(
    "page",
    [
        "",
        "\ufeff",
        "# only a comment",
        "\n\n",
        "a = 1",
        "[a]",
        '[a]\nb = """\n[c]\n"""\n[c]',
        "[a]\nb = [\n  1, # [c]\n  [2],\n]\n[c]\n",
        "  [ 'a' ]  # x\r\nc = 1\r\n",
        '["[x]"]\n[\'#\']\n["\\"]"]\n',
        "[a]\nb = \"\"\"\"quoted\"\"\"\"\nc = ''''x''''\n[d]\n",
    ],
)
def test_odd_pages_are_cut_at_their_headers_only(page: str) -> None:
    tables = [block.path for block in cut(page) if block.path]

    assert "".join(block.text for block in cut(page)) == page
    assert tables == [path for path in paths_of(load(page)) if path]


# ------------------------------------------------------------ editing

EDITS: dict[str, Callable[[Document, tuple[str, ...], tuple[str, ...]], Document]] = {
    "remove": lambda document, path, _: document.remove(path),
    "rename": lambda document, path, new: document.rename(path, new),
    "move_last": lambda document, path, _: document.move_last(path),
    "set_first": lambda document, _, __: document.set_first(("_meta",), {"version": "1.0"}),
}


@given(messy_pages(), st.data())
@settings(max_examples=200, deadline=None)
def test_a_table_set_in_a_messy_page_is_as_if_the_tree_had_been_edited(
    page: str, data: st.DataObject
) -> None:
    document, plain = parse(page), load(page)
    path = data.draw(st.sampled_from(paths_of(plain) * 2 + NEW_PATHS))
    values = dict(document.get(path) or {})
    for key in data.draw(st.lists(st.sampled_from([*values, "n1", "n 2"]), max_size=3)):
        values[key] = data.draw(st.sampled_from(NEW_VALUES))
    for key in data.draw(st.lists(st.sampled_from([*values, "n1"]), max_size=2)):
        values.pop(key, None)
    try:
        changed = document.set(path, values)
    except DocumentError:
        return

    expected: Any = plain
    for key in path[:-1]:
        expected = expected.setdefault(key, {})
    expected[path[-1]] = thaw(values)
    assert is_same(toml._freeze(plain), changed.tree)  # pyright: ignore[reportPrivateUsage]
    assert_says_what_it_holds(changed)
    assert_in_order(untouched(document, path), changed.text)


@given(messy_pages(), st.sampled_from(sorted(EDITS)), st.data())
@settings(max_examples=200, deadline=None)
def test_other_tables_keep_every_byte(page: str, edit: str, data: st.DataObject) -> None:
    document = parse(page)
    headers = [block.path for block in document.blocks if block.path]
    path = data.draw(st.sampled_from(headers + NEW_PATHS))
    new = data.draw(st.sampled_from([*NEW_PATHS, (*path[:-1], "renamed")]))
    if edit == "set_first" and "_meta" in document.tree:
        return
    table = document.get(path)
    try:
        changed = EDITS[edit](document, path, new)
    except DocumentError:
        return

    assert_says_what_it_holds(changed)
    assert_in_order(untouched(document, path), changed.text)
    if edit == "remove":
        assert changed.get(path) is None
    if edit == "rename":
        assert changed.get(path) is None
        assert is_same(changed.get(new), table)
    if edit == "move_last":
        assert is_same(changed.tree, document.tree)


def untouched(document: Document, path: tuple[str, ...]) -> list[str]:
    others = [block for block in document.blocks if not block.is_under(path)]
    if not document.has_header(path):  # the table stands in a block of its parents'
        others = [block for block in others if block.path != path[: len(block.path)]]
    return [block.text for block in others]


PAGE = """\
# about Ana

[likes.tea]  # mine
text = "love tea"   # since Kyoto
contexts = ['at home']

# --- work ---

[likes.jazz]
text = "love jazz"
[likes.jazz.extra]
k = 1
"""


def test_comments_and_spelling_inside_an_edited_table_stay() -> None:
    tea = parse(PAGE).get(("likes", "tea"))
    assert tea is not None

    page = splice(PAGE, ("likes", "tea"), {**tea, "_count": 2})

    assert page == PAGE.replace("['at home']\n", "['at home']\n_count = 2\n")


def test_a_removed_table_leaves_comments_that_stand_apart() -> None:
    assert (
        parse(PAGE)
        .remove(("likes", "tea"))
        .text.startswith("# about Ana\n\n# --- work ---\n\n[likes.jazz]")
    )
    assert parse(PAGE).remove(("likes", "jazz")).text.endswith("# --- work ---\n")


def test_tables_inside_a_table_go_with_it() -> None:
    document = parse(PAGE + "[[likes.jazz.list]]\nk = 2\n")

    assert document.remove(("likes", "jazz")).get(("likes", "jazz")) is None
    assert_says_what_it_holds(document.remove(("likes", "jazz")))
    renamed = document.rename(("likes", "jazz"), ("dislikes", "jazz"))
    assert renamed.tree["dislikes"]["jazz"]["list"][0]["k"] == 2
    assert_says_what_it_holds(renamed)


@pytest.mark.parametrize(
    "page",
    [
        'likes = { tea = { text = "x" } }\n',
        'likes.tea.text = "x"\n',
        '[likes]\ntea.text = "x"\n',
        '[likes]\ntea = { text = "x" }  # inline\n',
        '[likes]\n  [likes.tea]\n  text = "x"\n',
    ],
)
def test_tables_without_headers_of_their_own_can_be_edited(page: str) -> None:
    document = parse(page)

    assert document.set(("likes", "tea"), {"text": "y"}).tree["likes"]["tea"]["text"] == "y"
    assert document.remove(("likes", "tea")).get(("likes", "tea")) is None
    added = document.set(("likes", "jazz"), {"text": "z"})
    assert load(added.text)["likes"] == {"tea": {"text": "x"}, "jazz": {"text": "z"}}


def test_line_ends_of_the_page_are_kept() -> None:
    page = PAGE.replace("\n", "\r\n")

    changed = (
        parse(page)
        .set(("likes", "new"), {"text": "x"})
        .set(("likes", "tea"), {"text": "y", "_count": 2})
    )

    assert "\n" not in changed.text.replace("\r\n", "")


def test_a_value_where_a_table_is_expected_is_named_with_its_line() -> None:
    with pytest.raises(DocumentError, match=r"likes\.tea is a value") as caught:
        parse('\n[likes]\ntea = "x"\n').set(("likes", "tea"), {"text": "y", "_count": 2})

    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("page", "line", "column"),
    [('[a]\nb = "x\n', 2, 7), ("[a\n", 1, 3), ("a = 1\na = 2\n", 2, 6), ('a = """', 1, 8)],
)
def test_a_broken_page_is_named_by_line_and_column(page: str, line: int, column: int) -> None:
    with pytest.raises(DocumentError) as caught:
        parse(page)

    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize(
    "page", ["a = " + "[" * 5000, ".".join("a" * 500) + " = 1", "a=" + "[" * 200 + "]" * 200]
)
def test_values_nested_without_end_are_refused(page: str) -> None:
    with pytest.raises(DocumentError):
        parse(page)


# ------------------------------------------------------------ the cache


@pytest.fixture
def parses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts given to tomllib, in order."""
    texts: list[str] = []
    loads = tomllib.loads

    def counted(text: str) -> dict[str, Any]:
        texts.append(text)
        return loads(text)

    monkeypatch.setattr(toml.tomllib, "loads", counted)
    return texts


def test_what_was_written_is_not_parsed_again(parses: list[str]) -> None:
    page = '[_meta]\nversion = "1.0"\n\n[likes.unique-1]\ntext = "x"\n'
    document = parse(page)
    assert parses == [page]

    for number in range(5):
        document = parse(document.text).set(("likes", f"n{number}"), {"text": "y"})
        document = parse(document.text).set(("likes", f"n{number}"), {"text": "z", "_count": 2})
    document = parse(document.text).rename(("likes", "n1"), ("dislikes", "n1"))
    parse(document.remove(("likes", "n2")).text)

    assert parses == [page]


def test_an_edit_by_hand_is_seen(parses: list[str]) -> None:
    page = splice("", ("likes", "unique-2"), {"text": "x"})
    edited = page.replace('"x"', '"by hand"')

    assert parse(edited).tree["likes"]["unique-2"]["text"] == "by hand"
    assert parses[-1:] == [edited]


def test_nothing_a_cached_page_hands_out_can_be_changed() -> None:
    page = "[a]\nb = [1, [2]]\nc = { d = 1 }\n"
    tree: Any = parse(page).tree
    for change in (
        lambda: tree.update(x=1),
        lambda: tree["a"].update(x=1),
        lambda: tree["a"]["b"].append(1),
        lambda: tree["a"]["b"][1].append(1),
        lambda: tree["a"]["c"].pop("d"),
    ):
        with pytest.raises(AttributeError):
            change()
    thaw(parse(page).tree)["a"]["b"].append(3)

    assert thaw(parse(page).tree) == {"a": {"b": [1, [2]], "c": {"d": 1}}}


def test_values_given_to_set_may_change_afterwards() -> None:
    contexts = ["diet"]
    document = parse("").set(("a", "x"), {"contexts": contexts})
    contexts.append("later")

    assert document.tree["a"]["x"]["contexts"] == ("diet",)


def test_the_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = toml._cache  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(cache, "bound", 10_000)
    pages = [f'[a.n{number}]\ntext = "{"x" * 900}"\n' for number in range(50)]
    for page in pages:
        parse(page)

    kept = {document.text for document in cache._entries.values()}  # pyright: ignore[reportPrivateUsage]
    assert pages[0] not in kept
    assert pages[-1] in kept


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_new_table_stands_apart_by_one_blank_line_from_both_neighbours(newline: str):
    page = parse(f"[a.x]{newline}k = 1{newline}")
    page = page.set_first(("_meta",), {"version": "1.0"}).set(("_meta", "figures"), {"n": 1})
    page = page.set(("_meta", "figures"), {"n": 2})
    shown = '[_meta]\nversion = "1.0"\n\n[_meta.figures]\nn = 2\n\n[a.x]\nk = 1\n'
    assert page.text == shown.replace("\n", newline)
    assert parse(page.text).set(("a", "y"), {"k": 2}).text.count(newline * 2) == 3
