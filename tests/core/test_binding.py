"""Whose memory it is: said, bound, or an error that names the ways."""

from __future__ import annotations

import asyncio
import threading

import pytest

from diarist import InvalidIdError, UserNotBoundError, bind_user
from diarist.binding import bound


def test_nobody_is_bound_unless_said():
    with pytest.raises(UserNotBoundError, match=r"user_id=.*deps.*bind_user"):
        bound()
    with bind_user("ana", "chat"):
        assert bound() == ("ana", "chat")
        assert bound("bob") == ("bob", None)
        with bind_user("eve"):
            assert bound() == ("eve", None)
        assert bound().user_id == "ana"
    with pytest.raises(LookupError):
        bound()


def test_each_task_has_its_own_and_what_it_starts_inherits_it():
    async def ask() -> str:
        await asyncio.sleep(0.01)
        return await asyncio.to_thread(lambda: bound().user_id)

    async def as_user(name: str) -> str:
        with bind_user(name):
            return await asyncio.create_task(ask())

    async def main() -> list[str]:
        return await asyncio.gather(*map(as_user, ("ana", "bob", "eve")))

    assert asyncio.run(main()) == ["ana", "bob", "eve"]


def test_another_thread_is_not_bound():
    errors: list[Exception] = []

    def look() -> None:
        try:
            bound()
        except UserNotBoundError as error:
            errors.append(error)

    with bind_user("ana"):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert len(errors) == 1


def test_a_bad_id_is_refused_where_it_is_bound():
    with pytest.raises(InvalidIdError), bind_user(""):
        pass
