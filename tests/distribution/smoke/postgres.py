"""PostgreSQL: psycopg and the backend, in a schema of its own: DSN and name are the arguments."""

import sys

from diarist import Diary, PostgresBackend

DSN, SCHEMA = sys.argv[1:]
diary = Diary(PostgresBackend(DSN, schema=SCHEMA)).sync
diary.update_memory("ana", "chat_1", "I'm allergic to walnuts.", "Noted.")
diary.notes.put("ana", ("inbox",), "call", "Call Rita back")
again = Diary(PostgresBackend(DSN, schema=SCHEMA)).sync
assert "allergic to walnuts" in again.preferences("ana")
assert again.recall("ana", "Who is to be called back?", k=1)[0].kind == "notes"
again.delete_user("ana")
assert again.list_users() == []
