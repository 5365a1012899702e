"""A plain install: a turn, a recall, all public names, and no package that wasn't asked for."""

import sys
from datetime import timedelta
from importlib import import_module

import diarist

diary = diarist.SyncDiary("memories")
print(diary.update_memory("ana", "chat_1", "I'm allergic to walnuts.", "Noted."))
diary.notes.put("ana", ("inbox",), "call", "Call Rita about the walnuts", ttl=timedelta(days=1))
assert "allergic to walnuts" in diary.context("ana", "Suggest a cake.")
kinds = {hit.kind for hit in diary.recall("ana", "Which nuts? Walnuts?")}
assert kinds >= {"preferences", "notes"}, kinds
assert diary.view("ana").startswith("<!doctype html>")
diary.export_user("ana", "ana.zip")
assert diary.delete_user("ana")

for package in ("diarist", "diarist.backends", "diarist.tools"):
    module = import_module(package)
    for name in module.__all__:
        assert getattr(module, name) is not None, name

from diarist_compat import MemoryManager, Store  # noqa: E402

Store("notes.db").store("soup", "kale")
memory = MemoryManager("memory")
memory.add("prefers tea", "long")
assert memory.retrieve("tea") == ["prefers tea"]

foreign = {"crewai", "google", "langchain", "langgraph", "llama_index", "numpy", "pydantic_ai"}
assert not foreign & set(sys.modules), foreign & set(sys.modules)
