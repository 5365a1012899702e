"""Pages as validated models of your own. What doesn't fit raises Pydantic's `ValidationError`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from diarist.errors import DocumentError, UnknownCategoryError
from diarist.pages import conversations
from diarist.pages.migrate import META, open_conversations, open_preferences
from diarist.pages.toml import thaw
from diarist.schema import categories
from diarist.tables import ConversationItem

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

__all__ = ["ConversationLoader", "PreferenceLoader", "load_conversations", "load_preferences"]

T = TypeVar("T")
TableT = TypeVar("TableT", bound=BaseModel)


class PreferenceLoader(Generic[TableT]):
    r"""Loads preferences pages, of any format version, as instances of one table.

    Categories that the table does not have are left out, unless its `model_config` says otherwise.

    >>> from diarist.tables import DefaultPreferences
    >>> page = '[likes.tea]\ntext = "love tea"'
    >>> PreferenceLoader(DefaultPreferences).load_from_toml_str(page).likes["tea"].text
    'love tea'
    """

    def __init__(self, table: type[TableT]) -> None:
        self.table = table
        self._categories = categories(table)

    def load_from_toml_str(self, toml_str: str) -> TableT:
        """Return the page as an instance of the table.

        Args:
            toml_str: the text of a page.

        Raises:
            DocumentError: it is not valid TOML.
            ValidationError: an item doesn't fit; the error names category, id and key.
        """
        tree = thaw(open_preferences(toml_str).tree)
        tree.pop(META, None)
        return self.table.model_validate(tree)

    def load_from_file(self, path: str | os.PathLike[str]) -> TableT:
        """Return the file's page; errors name the file too.

        Args:
            path: of a page, such as memories/ana/preferences.toml.
        """
        return _from_file(path, self.load_from_toml_str)

    def validate_partial(self, category: str, data: Any) -> Any:
        """Return one category, id -> item, validated on its own.

        Args:
            category: one that the table has.
            data: the items as the page has them.

        Raises:
            UnknownCategoryError: the table has no such category.
            ValidationError: an item doesn't fit.
        """
        if category not in self._categories:
            raise UnknownCategoryError(
                f"{self.table.__name__} has no category {category!r}; it has "
                f"{', '.join(self._categories)}"
            )
        annotation: Any = self.table.model_fields[category].annotation
        return TypeAdapter[Any](annotation).validate_python(data)


class ConversationLoader:
    r"""Loads conversations pages, of any format version, as session -> item.

    >>> page = '[conversations.chat_1]\n_turns = 2'
    >>> ConversationLoader().load_from_toml_str(page)["chat_1"].turns
    2
    """

    def load_from_toml_str(self, toml_str: str) -> dict[str, ConversationItem]:
        """Return the page's sessions, in its order.

        Args:
            toml_str: the text of a page.

        Raises:
            DocumentError: it is not valid TOML.
            ValidationError: a session doesn't fit; the error names session and key.
        """
        return self.validate_partial(thaw(conversations.sessions(open_conversations(toml_str))))

    def load_from_file(self, path: str | os.PathLike[str]) -> dict[str, ConversationItem]:
        """Return the file's sessions; errors name the file too.

        Args:
            path: of a page, such as memories/ana/conversations.toml.
        """
        return _from_file(path, self.load_from_toml_str)

    def validate_partial(self, data: Any) -> dict[str, ConversationItem]:
        """Return some sessions, session -> item, validated on their own.

        Args:
            data: the sessions as the page has them.
        """
        return TypeAdapter(dict[str, ConversationItem]).validate_python(data)


def load_preferences(toml_str: str, table: type[TableT]) -> TableT:
    """Return a preferences page as an instance of `table`; see `PreferenceLoader`.

    Args:
        toml_str: the text of a page.
        table: a Pydantic model of categories.
    """
    return PreferenceLoader(table).load_from_toml_str(toml_str)


def load_conversations(toml_str: str) -> dict[str, ConversationItem]:
    """Return a conversations page as session -> item; see `ConversationLoader`.

    Args:
        toml_str: the text of a page.
    """
    return ConversationLoader().load_from_toml_str(toml_str)


def _from_file(path: str | os.PathLike[str], load: Callable[[str], T]) -> T:
    try:
        return load(Path(path).read_bytes().decode())
    except DocumentError as error:
        raise error.at(str(path)) from error
    except UnicodeDecodeError as error:
        raise DocumentError("not UTF-8; save it as UTF-8", location=str(path)) from error
    except ValidationError as error:
        lines: list[Any] = [
            {key: value for key, value in detail.items() if key in ("type", "loc", "input", "ctx")}
            for detail in error.errors()
        ]
        raise ValidationError.from_exception_data(f"{error.title} in {path}", lines) from error
