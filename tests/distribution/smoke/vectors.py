"""Vectors: a message is found by what an embedding model says, with no word in common."""

from diarist import Diary, Message

SEA = {"sailing": [1.0, 0.0], "boats": [1.0, 0.1], "tax": [0.0, 1.0]}


def embed(texts: list[str]) -> list[list[float]]:
    return [next((SEA[word] for word in SEA if word in text), [0.5, 0.5]) for text in texts]


diary = Diary("memories", embed=embed).sync
said = [Message("user", "We went sailing."), Message("user", "My tax is late.")]
diary.messages.append("ana", "june", said)
assert diary.recall("ana", "boats", k=1)[0].text == "We went sailing."
