"""Firestore: Google's client and the backend, against the server that the environment names."""

from diarist import Diary, FirestoreBackend

diary = Diary(FirestoreBackend("project", "app/memory")).sync
diary.update_memory("ana", "chat_1", "I'm allergic to walnuts.", "Noted.")
again = Diary(FirestoreBackend("project", "app/memory")).sync
assert "allergic to walnuts" in again.preferences("ana")
assert again.list_users() == ["ana"]
again.delete_user("ana")
assert again.list_users() == []
