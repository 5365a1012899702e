"""A server on loopback that answers as model providers do, for their clients as they are.

It speaks OpenAI's chat completions and embeddings, Anthropic's messages, Ollama's chat, as far as
the documents use them, and refuses a request that lacks what the document says it has. What it
"understands" of any prompt is that the user is allergic to walnuts. `with PretendModels() as
environment:` gives the variables that lead the clients here.
"""

from __future__ import annotations

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

EDIT = {"action": "add", "category": "allergies", "text": "allergic to walnuts"}
ANSWER = {"edits": [EDIT], "summary": "Allergies.", "keywords": ["walnuts"]}
WORDS = ("nuts walnuts almonds", "boat sail sailed sea", "train trains rail")
"""What the dimensions of its vectors mean."""


def openai_chat(asked: dict[str, Any]) -> dict[str, Any]:
    assert "json" in asked["messages"][-1]["content"].lower(), "JSON mode wants the word"
    assert asked["response_format"] == {"type": "json_object"}
    message = {"role": "assistant", "content": json.dumps(ANSWER)}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    return {"object": "chat.completion", "model": asked["model"], "choices": [choice]}


def openai_embeddings(asked: dict[str, Any]) -> dict[str, Any]:
    rows = [
        {"object": "embedding", "index": index, "embedding": vector_of(text)}
        for index, text in enumerate(asked["input"])
    ]
    return {"object": "list", "model": asked["model"], "data": rows}


def vector_of(text: str) -> list[float]:
    said = set(text.lower().replace(".", "").replace("?", "").split())
    return [0.1 + len(said & set(words.split())) for words in WORDS]


def anthropic_messages(asked: dict[str, Any]) -> dict[str, Any]:
    [tool] = asked["tools"]
    assert asked["tool_choice"] == {"type": "tool", "name": tool["name"]}
    assert tool["input_schema"]["type"] == "object"
    assert asked["max_tokens"] > 0
    used = {"type": "tool_use", "id": "toolu_1", "name": tool["name"], "input": ANSWER}
    usage = {"input_tokens": 1, "output_tokens": 1}
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": asked["model"]}
    return {**head, "content": [used], "stop_reason": "tool_use", "usage": usage}


def ollama_chat(asked: dict[str, Any]) -> dict[str, Any]:
    assert asked["stream"] is False
    assert asked["format"]["required"] == ["edits", "summary"]
    message = {"role": "assistant", "content": json.dumps(ANSWER)}
    return {"model": asked["model"], "message": message, "done": True}


PATHS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "/v1/chat/completions": openai_chat,
    "/v1/embeddings": openai_embeddings,
    "/v1/messages": anthropic_messages,
    "/api/chat": ollama_chat,
}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            self.answer(200, PATHS[self.path](asked))
        except (AssertionError, KeyError, ValueError) as error:
            self.answer(400, {"error": {"message": f"{type(error).__name__}: {error}"}})

    def answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None: ...


class PretendModels:
    def __enter__(self) -> dict[str, str]:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{self._server.server_port}"
        return os.environ | {
            "OPENAI_BASE_URL": f"{address}/v1",
            "OPENAI_API_KEY": "none",
            "ANTHROPIC_BASE_URL": address,
            "ANTHROPIC_API_KEY": "none",
            "OLLAMA_HOST": address,
        }

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
