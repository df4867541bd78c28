"""Runs a program and hands out what its model writes, as it writes it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import dspy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from models import Model

_END = object()


async def streamed(module: Any, inputs: dict[str, Any], model: Model) -> AsyncIterator[Any]:
    """Yield ``StreamResponse``s and then the ``Prediction``.

    The program runs in a task of its own, and what it yields is put aside without waiting: so a consumer that
    leaves always cancels it where it waits for the model, which hangs up. Closed between two items, DSPy's
    generators would leave the innermost of them, with its connection, to be collected later in another task.
    What is put aside is at most one answer.
    """
    parts: asyncio.Queue[Any] = asyncio.Queue()

    async def run() -> None:
        try:
            with dspy.context(lm=model.lm, adapter=model.adapter):
                program = dspy.streamify(module, stream_listeners=_listeners(module), is_async_program=True)
                async for part in program(**inputs):
                    parts.put_nowait(part)
        finally:
            parts.put_nowait(_END)

    task = asyncio.create_task(run())
    try:
        while (part := await parts.get()) is not _END:
            yield part
        await task  # raises what the program has raised
    finally:
        task.cancel()
        await asyncio.wait({task})


def step_of(part: Any) -> str | None:
    """The step of a chain that a part is of: its predictor is ``steps['name']``, or that ``.predict``."""
    predictor: str = part.predict_name.removesuffix(".predict")
    return predictor[len("steps['") : -len("']")] if predictor.startswith("steps['") else None


def _listeners(module: Any) -> list[Any]:
    """One for each text that a program writes: other fields have no meaning before they are whole."""
    return [
        dspy.streaming.StreamListener(field, predict=predictor, predict_name=name)
        for name, predictor in module.named_predictors()
        for field, info in predictor.signature.output_fields.items()
        if info.annotation in (str, dspy.Reasoning)
    ]
