"""A backend of one's own: pages and notebooks as objects in S3, Google Cloud Storage or Azure."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, PreconditionError

from diarist import BackendError, ConflictError
from diarist.backends import ABSENT, ANY

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from obstore.store import ObjectStore

    from diarist.backends import Version


class ObjectPages:
    """Any number of machines may share a bucket: it refuses a write whose condition fails.

    Args:
        store: such as `obstore.store.from_url("s3://bucket/prefix")`.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def get(self, user_id: str, kind: str) -> tuple[str | None, Version | None]:
        """Return the text and its version, (None, None) where there is none."""
        with _told():
            try:
                found = await obstore.get_async(self._store, _path(user_id, kind))
            except FileNotFoundError:
                return None, None
            return bytes(await found.bytes_async()).decode(), _version(found.meta)

    async def put(self, user_id: str, kind: str, content: str, *, expect: Any) -> Version:
        """Write the text if its version is `expect`, and return the new version."""
        mode = "overwrite" if expect is ANY else "create" if expect is ABSENT else _named(expect)
        path, data = _path(user_id, kind), content.encode(errors="replace")  # lone surrogates
        with _told():
            try:
                done = await obstore.put_async(self._store, path, data, mode=mode)
            except (AlreadyExistsError, PreconditionError, FileNotFoundError) as error:
                raise ConflictError(f"{path} was written by somebody else; read again") from error
        return _version(done)

    async def load(self, user_id: str, kind: str) -> str | None:
        """Return the text, None where there is none."""
        return (await self.get(user_id, kind))[0]

    async def save(self, user_id: str, kind: str, content: str) -> None:
        """Write the text, whatever was there."""
        await self.put(user_id, kind, content, expect=ANY)

    async def exists(self, user_id: str, kind: str) -> bool:
        """Say whether there is such an object."""
        with _told():
            try:
                await obstore.head_async(self._store, _path(user_id, kind))
            except FileNotFoundError:
                return False
        return True

    async def delete(self, user_id: str, kind: str) -> None:
        """Remove the object."""
        await self._delete([_path(user_id, kind)])

    async def delete_user(self, user_id: str) -> None:
        """Remove everything in the user's folder."""
        await self._delete([f"{_folder(user_id)}/{kind}" for kind in await self.kinds(user_id)])

    async def list_users(self) -> list[str]:
        """Return every user who has a folder, sorted."""
        with _told():
            found = await obstore.list_with_delimiter_async(self._store)
        return sorted(unquote(folder) for folder in found["common_prefixes"])

    async def kinds(self, user_id: str) -> list[str]:
        """Return what the user has: with this method, notebooks are exported and copied, too."""
        folder = _folder(user_id)
        with _told():
            found = await obstore.list(self._store, folder).collect_async()
        return sorted(each["path"].removeprefix(f"{folder}/") for each in found)

    async def _delete(self, paths: list[str]) -> None:
        with _told():
            for path in paths:
                try:
                    await obstore.delete_async(self._store, path)
                except FileNotFoundError:
                    continue  # it is gone, whoever was quicker


def _folder(user_id: str) -> str:
    """Return the user's folder; no id is `.` or `..` there, or has a slash."""
    return quote(user_id, safe="").replace(".", "%2E")


def _path(user_id: str, kind: str) -> str:
    return f"{_folder(user_id)}/{kind}"


def _version(meta: Mapping[str, Any]) -> Version:
    """Return the entity tag, by which S3 and Azure compare, and Google's generation."""
    return f"{meta['e_tag']} {meta.get('version') or ''}"


def _named(version: Version) -> Any:
    e_tag, _, generation = version.partition(" ")
    return {"e_tag": e_tag, "version": generation} if generation else {"e_tag": e_tag}


@contextmanager
def _told() -> Generator[None]:
    """Say what went wrong as diarist does."""
    try:
        yield
    except BaseError as error:
        raise BackendError(f"object storage: {error}") from error
