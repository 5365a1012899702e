"""What a model may answer about blocks, and how that is read.

Loaded when a model has to be asked, for it needs Pydantic. Only the form is judged here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from diarist.extraction.answers import Text, UnreadableError, data_of, faults_of, raw_of


class ProposedOperation(BaseModel):
    """One operation that a model proposes; extra keys are ignored."""

    action: Text = Field(
        description="rewrite a block, or delete one that another says",
        json_schema_extra={"enum": ["rewrite", "delete"]},
    )
    block: Text = Field(description="The block's name, as it is shown")
    text: Text = Field(default="", description="For rewrite: the shorter text")
    into: Text = Field(default="", description="For delete: the block that says the same")


class OperationsAnswer(BaseModel):
    """What a model would do to some blocks; extra keys are ignored."""

    operations: list[ProposedOperation] = Field(description="Mostly none")


class _Frame(BaseModel):
    """An answer whose operations are read one by one, so that a bad one costs no good one."""

    operations: list[Any]


@dataclass(frozen=True, slots=True)
class OperationsReading:
    """What was read of an answer.

    Attributes:
        operations: those that have the right form.
        faults: what is wrong with the answer, or with others.
        raw: the answer as text.
        usable: whether it can be used where the model does not mend it.
    """

    operations: tuple[ProposedOperation, ...] = ()
    faults: tuple[str, ...] = ()
    raw: str = ""
    usable: bool = True


def read_operations(answer: object) -> OperationsReading:
    """Return what is in an answer: a Pydantic model, a mapping, JSON text, an error of reading."""
    raw = raw_of(answer)
    try:
        frame = _Frame.model_validate(data_of(answer, "operations"))
    except (UnreadableError, ValidationError) as error:
        return OperationsReading(faults=faults_of(error), raw=raw, usable=False)
    operations: list[ProposedOperation] = []
    faults: list[str] = []
    for number, proposed in enumerate(frame.operations):
        try:
            operations.append(ProposedOperation.model_validate(proposed))
        except ValidationError as error:
            faults.append(f"operations[{number}]: {'; '.join(faults_of(error))}")
    return OperationsReading(tuple(operations), tuple(faults), raw)
