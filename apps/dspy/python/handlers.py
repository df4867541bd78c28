"""What the pool may call. Workers keep nothing that a caller would miss: what a call needs comes with it."""

from __future__ import annotations

import importlib
import logging
import platform
from contextlib import aclosing
from typing import Any

import dspy
import hidden_keys
import models
import programs
from failures import telling
from pypool import before_fork, current_call, current_worker, expose, on_worker_start
from streamed import step_of, streamed

# What DSPy would keep of all calls, of all callers: prompts on the disk, in memory for ever.
dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=True, memory_max_entries=1_000)
dspy.configure(disable_history=True, track_usage=True)
hidden_keys.hide_in_logs()
hidden_keys.hide_in_warnings()
# DSPy prints its records itself; by way of the root they reach Node, with level, call and session.
logging.getLogger("dspy").handlers.clear()
logging.getLogger("dspy").propagate = True


@before_fork
def import_ahead() -> None:
    """Import what DSPy would else import with the first call of each worker."""
    for name in ("anyio._backends._asyncio", "jiter", "dspy.clients.costs", "dspy.streaming"):
        importlib.import_module(name)
    from dspy.clients import model_metadata

    model_metadata.source_info()  # prices of models: a file of a megabyte to decompress and read
    models.language_model({"model": "openai/gpt-4o-mini", "apiKeyEnv": None})
    programs.build({"kind": "chain-of-thought", "signature": "question -> answer"})
    models.forget()
    programs.forget()
    programs.counts.update(built=0, reused=0)


@on_worker_start
def learn_keys() -> None:
    """The environment of a worker is its own only from here on."""
    hidden_keys.learn()
    hidden_keys.hide_in_threads()


@expose(idempotent=True)
def ping() -> dict[str, Any]:
    """Say who answers."""
    worker, call = current_worker(), current_call()
    versions = {"dspy": dspy.__version__, "python": platform.python_version()}
    return {"worker": worker.id, "slot": worker.slot, "session": call.session_id, **versions}


@expose(idempotent=True)
@telling
async def configure_lm(model: dict[str, Any]) -> dict[str, Any]:
    """See that a model can be made of its configuration, and that its key is there; it is asked nothing."""
    return models.describe(model)


@expose(idempotent=True)
@telling
async def create_program(program: dict[str, Any]) -> dict[str, Any]:
    """See that a program can be built of its definition, and describe it."""
    return programs.build(program).describe()


@expose
@telling
async def execute_program(
    program: dict[str, Any], inputs: dict[str, Any], model: dict[str, Any]
) -> dict[str, Any]:
    """Run a program: ``{outputs, usage}``."""
    built = programs.build(program)
    built.check(inputs)
    lm, adapter = models.language_model(model)
    with dspy.context(lm=lm, adapter=adapter):
        prediction = await built.module.acall(**inputs)
    return _result(built, prediction)


@expose
@telling
async def stream_program(program: dict[str, Any], inputs: dict[str, Any], model: dict[str, Any]) -> Any:
    """Run a program and yield ``{kind: "token", field, step, text}`` as text arrives, then its result."""
    built = programs.build(program)
    built.check(inputs)
    async with aclosing(streamed(built.module, inputs, models.language_model(model))) as parts:
        async for part in parts:
            if isinstance(part, dspy.streaming.StreamResponse) and part.chunk:
                token = {"field": part.signature_field_name, "step": step_of(part), "text": part.chunk}
                yield {"kind": "token", **token}
            elif isinstance(part, dspy.Prediction):
                yield {"kind": "result", **_result(built, part)}


@expose(idempotent=True)
def get_stats() -> dict[str, Any]:
    """What the worker that answers keeps, and may forget at any time."""
    return {
        "worker": current_worker().id,
        "programs": {"kept": programs.kept(), **programs.counts},
        "models": {"kept": models.kept()},
    }


def _result(program: programs.Program, prediction: dspy.Prediction) -> dict[str, Any]:
    outputs = {name: _plain(prediction.get(name)) for name in program.outputs}
    used = (prediction.get_lm_usage() or {}).values()
    return {
        "outputs": outputs,
        "usage": {
            "inputTokens": sum(usage.get("prompt_tokens") or 0 for usage in used),
            "outputTokens": sum(usage.get("completion_tokens") or 0 for usage in used),
        },
    }


def _plain(value: Any) -> Any:
    return value.content if isinstance(value, dspy.Reasoning) else value
