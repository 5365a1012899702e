"""How a method of `View` becomes a tool: what a framework reads of it, and how it is called.

Arguments are checked here, by Pydantic, which is loaded at the first call. What a model can put
right is answered with a sentence that begins with "Error: "; all else is raised.
"""

from __future__ import annotations

import inspect
import re
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, cast, get_type_hints

from diarist.backends.ids import check_user_id
from diarist.binding import bound
from diarist.blocking import background, finish
from diarist.errors import NotebookError, PreferenceNotFoundError, UnsupportedError
from diarist.tools.view import OF_RECORDS, WRITES, MistakeError, View
from diarist.tools.wording import sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Mapping

    from pydantic import BaseModel

    from diarist.diary import Diary


@dataclass(frozen=True)
class Tool:
    """One thing a model can do with a diary; `diary_tools` makes them.

    Attributes:
        name: what the model calls it.
        description: what it does, for the model.
        function: it, as an async function whose name, docstring, annotations and signature a
            framework can read; it takes nothing that says whose diary it is.
        call: the same, blocking; it works in a running loop and in any thread, too.
        writes: whether it can change anything.
    """

    name: str
    description: str
    function: Callable[..., Coroutine[Any, Any, str]] = field(repr=False)
    call: Callable[..., str] = field(repr=False)
    writes: bool
    _model: Callable[[], type[BaseModel]] = field(repr=False)

    @property
    def arguments(self) -> type[BaseModel]:
        """The arguments as a Pydantic model, each with its meaning."""
        return self._model()

    @property
    def parameters(self) -> dict[str, Any]:
        """The JSON Schema of the arguments; a new one each time, yours to change."""
        return deepcopy(_schema(self._model()))

    async def __call__(self, **arguments: Any) -> str:
        """Return what the tool answers."""
        return await self.function(**arguments)


def diary_tools(
    diary: Diary,
    user_id: str | None = None,
    *,
    session_id: str | None = None,
    agent_name: str = "main",
    prefix: str = "",
    include: Collection[str] | None = None,
    exclude: Collection[str] = (),
) -> list[Tool]:
    """Return the tools that let a model read and write one user's diary.

    A tool answers with text, also where an argument is wrong. What no model can put right is
    raised: nobody is bound, the disk failed, a page or a notebook can't be read. For reading only,
    take `[tool for tool in diary_tools(diary) if not tool.writes]`.

    Args:
        diary: where it is kept; without records there are no tools for notes.
        user_id: whose diary; None is whoever `bind_user` names when a tool is called.
        session_id: the conversation that goes on; None is the bound one, if any.
        agent_name: whose notebook.
        prefix: put before each name.
        include: the tools to return, by their names without prefix; None is all.
        exclude: the tools to leave out.

    Raises:
        ValueError: no tool has that name.
        UnsupportedError: `include` names a tool for notes, and the diary has no records.
        InvalidIdError: nobody can have that user id.

    Example:
        >>> from diarist import Diary
        >>> from diarist.testing import MemoryBackend
        >>> tools = {tool.name: tool for tool in diary_tools(Diary(MemoryBackend()), "ana")}
        >>> upsert = tools["upsert_preference"]
        >>> print(upsert.call(category="likes", text="love black coffee"))
        Added likes/black-coffee: "love black coffee".
        >>> print(upsert.call(category="likes", text="love strong black coffee"))
        Not stored (similar): likes has what resembles it.
        - black-coffee: "love black coffee" (100 % alike)
        Call again with the id of one to change it, or with id "new" to store this as well.
        >>> sorted(upsert.parameters["properties"])
        ['category', 'contexts', 'id', 'text']
    """
    if user_id is not None:
        check_user_id(user_id)
    included = frozenset(WRITES) if include is None else _checked(include)
    excluded = _checked(exclude)
    if diary.records is None:
        if include is not None and included & OF_RECORDS:
            raise UnsupportedError("this diary has no records to keep notes in; pass records=")
        excluded |= OF_RECORDS

    def seen(over: Diary) -> View:
        who = bound(user_id)
        session = who.session_id if session_id is None else session_id
        return View(over, who.user_id, session, agent_name)

    wanted = [name for name in WRITES if name in included and name not in excluded]
    return [_made(name, prefix + name, diary, seen) for name in wanted]


def _checked(names: Collection[str]) -> frozenset[str]:
    given = frozenset([names] if isinstance(names, str) else names)
    unknown = sorted(given - WRITES.keys())
    if unknown:
        raise ValueError(f"no tool is called {', '.join(unknown)}; there are {', '.join(WRITES)}")
    return given


def _made(own_name: str, name: str, diary: Diary, seen: Callable[[Diary], View]) -> Tool:
    method = getattr(View, own_name)
    doc = inspect.cleandoc(method.__doc__).replace("{categories}", ", ".join(diary.categories))
    description, meanings = _documented(doc)
    hints = get_type_hints(method)
    signature = inspect.Signature(
        [
            parameter.replace(annotation=hints[parameter.name])
            for parameter in inspect.signature(method).parameters.values()
            if parameter.name in hints
        ],
        return_annotation=str,
    )
    model = cache(lambda: _model(name, signature, meanings))

    def begun(
        over: Diary, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Coroutine[Any, Any, str]:
        given = {**signature.bind_partial(*args).arguments, **kwargs}
        return _answered(method, seen(over), model(), given)

    async def function(*args: Any, **kwargs: Any) -> str:
        return await begun(diary, args, kwargs)

    def call(*args: Any, **kwargs: Any) -> str:
        twin = diary.blocking
        if twin is None:
            return background(begun(diary, args, kwargs))
        return finish(begun(twin, args, kwargs))

    for shown in cast("tuple[Any, ...]", (function, call)):
        shown.__name__ = shown.__qualname__ = name
        shown.__doc__ = doc
        shown.__annotations__ = dict(hints)
        shown.__signature__ = signature
    return Tool(name, description, function, call, WRITES[own_name], model)


async def _answered(
    method: Callable[..., Coroutine[Any, Any, str]],
    view: View,
    model: type[BaseModel],
    given: dict[str, Any],
) -> str:
    from pydantic import ValidationError

    try:
        checked = model.model_validate(given)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()
        )
        return f"Error: {sentence(faults)}."
    arguments = {name: getattr(checked, name) for name in model.model_fields}
    try:
        return await method(view, **arguments)
    except (MistakeError, NotebookError, PreferenceNotFoundError) as error:
        return f"Error: {sentence(str(error))}."


def _model(name: str, signature: inspect.Signature, meanings: Mapping[str, str]) -> type[BaseModel]:
    from pydantic import ConfigDict, Field, create_model

    fields: dict[str, Any] = {}
    for parameter in signature.parameters.values():
        default = ... if parameter.default is parameter.empty else parameter.default
        described = Field(default, description=meanings[parameter.name])
        fields[parameter.name] = (parameter.annotation, described)
    return create_model(name, __config__=ConfigDict(extra="forbid"), **fields)


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema of a model without the titles, which only repeat the names."""
    schema = model.model_json_schema()
    for titled in (schema, *schema["properties"].values()):
        titled.pop("title")
    return schema


def _documented(doc: str) -> tuple[str, dict[str, str]]:
    r"""Return the description and the meaning of each argument.

    >>> _documented("Do it.\n\nArgs:\n    a: One,\n        or more.\n    b: Two.")
    ('Do it.', {'a': 'One, or more.', 'b': 'Two.'})
    """
    description, _, listed = doc.partition("\nArgs:\n")
    entries = re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", listed, re.MULTILINE)
    return description.strip(), {name: " ".join(text.split()) for name, text in entries}
