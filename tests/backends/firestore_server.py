"""A Firestore of our own on loopback, for Google's client as it is: `with FirestoreServer() as it`.

It speaks the part of the protocol that a backend of documents needs, on the messages that
google-cloud-firestore brings: reads with a mask, commits with preconditions and server timestamps,
the documents of a collection, the collections below a document. It does what Google's reference
says and was never compared with the service. What it does not know fails as UNIMPLEMENTED.
"""

from __future__ import annotations

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
from google.cloud.firestore_v1.types import document, firestore
from google.protobuf.timestamp_pb2 import Timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LARGEST = 1_048_576
MOST_WRITES = 500
Status = grpc.StatusCode


class RefusedError(Exception):
    """What the server answers instead of a result."""

    def __init__(self, status: Status, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class FirestoreServer:
    """Documents by their full name.

    Attributes:
        address: where it answers.
        documents: what is stored now.
        calls: the name of every call so far.
        refusals: what the next calls are answered with, in order.
    """

    def __init__(self) -> None:
        self.address = "127.0.0.1:0"
        self.documents: dict[str, Any] = {}
        self.calls: list[str] = []
        self.refusals: list[RefusedError] = []
        self._lock = threading.Lock()
        self._ticks = itertools.count(time.time_ns() // 1000)

    def __enter__(self) -> FirestoreServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Answer; after a stop at the same address, with what is stored."""
        self._server = grpc.server(ThreadPoolExecutor(16))
        self._server.add_generic_rpc_handlers((self._handlers(),))
        port = self._server.add_insecure_port(self.address)
        self.address = f"127.0.0.1:{port}"
        self._server.start()

    def stop(self) -> None:
        """Answer nobody any more."""
        self._server.stop(grace=None).wait()

    def _handlers(self) -> Any:
        types = firestore
        return grpc.method_handlers_generic_handler(
            "google.firestore.v1.Firestore",
            {
                "BatchGetDocuments": self._streaming(types.BatchGetDocumentsRequest, self._get),
                "RunQuery": self._streaming(types.RunQueryRequest, self._query),
                "Commit": self._unary(types.CommitRequest, self._commit),
                "ListCollectionIds": self._unary(types.ListCollectionIdsRequest, self._collections),
            },
        )

    def _streaming(self, request: Any, answer: Callable[[Any], Iterator[Any]]) -> Any:
        return grpc.unary_stream_rpc_method_handler(
            lambda asked, context: iter(self._answer(asked, context, lambda a: list(answer(a)))),
            request_deserializer=request.pb(request()).FromString,
            response_serializer=lambda message: message.SerializeToString(),
        )

    def _unary(self, request: Any, answer: Callable[[Any], Any]) -> Any:
        return grpc.unary_unary_rpc_method_handler(
            lambda asked, context: self._answer(asked, context, answer),
            request_deserializer=request.pb(request()).FromString,
            response_serializer=lambda message: message.SerializeToString(),
        )

    def _answer(self, asked: Any, context: Any, answer: Callable[[Any], Any]) -> Any:
        """Return the answer; one call at a time, so that each is atomic."""
        with self._lock:
            self.calls.append(type(asked).__name__.removesuffix("Request"))
            try:
                if self.refusals:
                    raise self.refusals.pop(0)
                return answer(asked)
            except RefusedError as error:
                context.abort(error.status, str(error))

    # ------------------------------------------------------------ reads

    def _get(self, asked: Any) -> Iterator[Any]:
        for name in asked.documents:
            answer = _message(firestore.BatchGetDocumentsResponse, read_time=self._now())
            found = self.documents.get(name)
            if found is None:
                answer.missing = name
            else:
                answer.found.CopyFrom(_masked(found, asked.mask.field_paths))
            yield answer

    def _query(self, asked: Any) -> Iterator[Any]:
        """Answer with the documents right in a collection; no filter, order or limit is known."""
        query = asked.structured_query
        fields = [field.field_path for field in query.select.fields]
        (source,) = query.from_
        if any(map(query.HasField, ("where", "limit", "start_at"))) or source.all_descendants:
            raise RefusedError(Status.UNIMPLEMENTED, "only whole collections are known")
        below = f"{asked.parent}/{source.collection_id}/"
        for name, found in sorted(self.documents.items()):
            if name.startswith(below) and "/" not in name.removeprefix(below):
                shown = _masked(found, fields)
                yield _message(
                    firestore.RunQueryResponse, document=shown, read_time=found.update_time
                )

    def _collections(self, asked: Any) -> Any:
        below = f"{asked.parent}/"
        names = [name.removeprefix(below) for name in self.documents if name.startswith(below)]
        ids = sorted({name.partition("/")[0] for name in names})
        return _message(firestore.ListCollectionIdsResponse, collection_ids=ids)

    # ------------------------------------------------------------ writes

    def _commit(self, asked: Any) -> Any:
        """Do all writes or none."""
        if asked.transaction:
            raise RefusedError(Status.UNIMPLEMENTED, "transactions are not known")
        if len(asked.writes) > MOST_WRITES:
            raise RefusedError(Status.INVALID_ARGUMENT, f"at most {MOST_WRITES} writes")
        now, before = self._now(), dict(self.documents)
        try:
            for write in asked.writes:
                self._write(write, now)
        except RefusedError:
            self.documents = before
            raise
        results = [{"update_time": now} for _ in asked.writes]
        return _message(firestore.CommitResponse, write_results=results, commit_time=now)

    def _write(self, write: Any, now: Timestamp) -> None:
        name = write.delete or write.update.name
        found = self.documents.get(name)
        _check(write.current_document, name, found)
        if write.delete:
            self.documents.pop(name, None)
            return
        written = _message(document.Document, name=name)
        if write.HasField("update_mask") and found is not None:
            written.CopyFrom(found)
        for field, value in write.update.fields.items():
            written.fields[field].CopyFrom(value)
        for transform in write.update_transforms:
            written.fields[transform.field_path].timestamp_value.CopyFrom(now)
        if written.ByteSize() > LARGEST:
            raise RefusedError(Status.INVALID_ARGUMENT, f"at most {LARGEST:,} bytes a document")
        written.update_time.CopyFrom(now)
        self.documents[name] = written

    def _now(self) -> Timestamp:
        """Return a time later than all before."""
        now = Timestamp()
        now.FromMicroseconds(next(self._ticks))
        return now


def _check(condition: Any, name: str, found: Any) -> None:
    """Refuse a write whose precondition is not met."""
    kind = condition.WhichOneof("condition_type")
    if kind == "exists" and condition.exists and found is None:
        raise RefusedError(Status.NOT_FOUND, f"no document to update: {name}")
    if kind == "exists" and not condition.exists and found is not None:
        raise RefusedError(Status.ALREADY_EXISTS, f"document already exists: {name}")
    if kind == "update_time" and found is None:
        raise RefusedError(Status.NOT_FOUND, f"no document to update: {name}")
    if kind == "update_time" and found.update_time != condition.update_time:
        raise RefusedError(Status.FAILED_PRECONDITION, "the stored version is not the base version")


def _masked(found: Any, fields: Any) -> Any:
    """Return a document with these fields only; with all of them where none is named."""
    if not fields:
        return found
    shown = _message(document.Document)
    shown.CopyFrom(found)
    for field in set(shown.fields) - set(fields):
        del shown.fields[field]
    return shown


def _message(kind: Any, **fields: Any) -> Any:
    """Return a protobuf message of a kind that Google's client wraps."""
    return type(kind.pb(kind()))(**fields)
