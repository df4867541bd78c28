"""Programs as data: a definition becomes a DSPy module, the same definition the same one while it is kept."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import dspy
from pypool import Fail
from signatures import known_keys, read_signature, wrong

MOST_KEPT = 256
"""Built programs that a worker keeps; the one that was not used for longest goes first."""

_KINDS = {"predict": dspy.Predict, "chain-of-thought": dspy.ChainOfThought}
_kept: OrderedDict[str, Program] = OrderedDict()
counts = {"built": 0, "reused": 0}


class Chain(dspy.Module):
    """Steps one after another, each given what it asks for of the inputs and of what those before have said.

    Args:
        steps: By name, in their order.
    """

    def __init__(self, steps: dict[str, dspy.Module]) -> None:
        super().__init__()
        self.steps = steps

    async def aforward(self, **known: Any) -> dspy.Prediction:
        """Run the steps; the prediction has the outputs of all of them."""
        said: dict[str, Any] = {}
        for step in self.steps.values():
            inputs = _signature_of(step).input_fields
            prediction = await step.acall(**{name: known[name] for name in inputs})
            said.update(prediction.items())
            known.update(prediction.items())
        return dspy.Prediction(**said)


@dataclass(frozen=True)
class Program:
    """A definition that was built."""

    digest: str
    kind: str
    module: dspy.Module
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def check(self, inputs: Any) -> None:
        """See that exactly the inputs are there.

        Raises:
            Fail: ``invalid-inputs``, with the names that are ``missing`` and ``unknown``.
        """
        if not isinstance(inputs, dict):
            raise Fail("invalid-inputs", f"expected an object of inputs, got {type(inputs).__name__}")
        missing = [name for name in self.inputs if name not in inputs]
        unknown = [name for name in inputs if name not in self.inputs]
        if missing or unknown:
            told = [f"without {', '.join(missing)}"] if missing else []
            told += [f"with {', '.join(unknown)}, which it does not know"] if unknown else []
            raise Fail(
                "invalid-inputs",
                f"the program was called {' and '.join(told)}; its inputs are {', '.join(self.inputs)}",
                data={"missing": missing, "unknown": unknown},
            )

    def describe(self) -> dict[str, Any]:
        """What people want to know of it."""
        return {
            "digest": self.digest,
            "kind": self.kind,
            "inputs": list(self.inputs),
            "outputs": list(self.outputs),
            "predictors": [
                {
                    "name": name,
                    "signature": predictor.signature.signature,
                    "instructions": predictor.signature.instructions,
                    "demos": len(predictor.demos),
                }
                for name, predictor in self.module.named_predictors()
            ],
        }


def build(definition: Any) -> Program:
    """The program of a definition: the one that was built before, where it is kept.

    Raises:
        Fail: ``invalid-definition``, with the ``path`` to what is wrong.
    """
    try:
        text = json.dumps(definition, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise wrong("program", f"expected JSON: {error}") from None
    digest = hashlib.sha256(text.encode()).hexdigest()
    program = _kept.get(digest)
    if program is not None:
        _kept.move_to_end(digest)
        counts["reused"] += 1
        return program
    # Read again, so that nothing that the caller still has is shared with what is kept.
    program = _build(json.loads(text), digest)
    counts["built"] += 1
    _kept[digest] = program
    if len(_kept) > MOST_KEPT:
        _kept.popitem(last=False)
    return program


def kept() -> int:
    """How many built programs this worker keeps."""
    return len(_kept)


def forget() -> None:
    """Keep none."""
    _kept.clear()


def _build(definition: Any, digest: str) -> Program:
    kind = definition.get("kind", "predict") if isinstance(definition, dict) else None
    if kind != "chain":
        module = _step(definition, "program", ("kind", "signature", "demos"))
        signature = _signature_of(module)
        return Program(digest, kind, module, tuple(signature.input_fields), tuple(signature.output_fields))

    known_keys(definition, "program", ("kind", "steps"))
    listed = definition.get("steps")
    if not isinstance(listed, list) or not listed:
        raise wrong("program.steps", "expected a list with at least one step")
    steps: dict[str, dspy.Module] = {}
    inputs: dict[str, None] = {}
    outputs: dict[str, None] = {}
    for index, step in enumerate(listed):
        path = f"program.steps[{index}]"
        module = _step(step, path, ("name", "kind", "signature", "demos"))
        name = step.get("name")
        if not isinstance(name, str) or not name.isidentifier() or name in steps:
            raise wrong(f"{path}.name", f"expected a name of its own as of a variable, got {name!r}")
        steps[name] = module
        signature = _signature_of(module)
        inputs.update(dict.fromkeys(name for name in signature.input_fields if name not in outputs))
        for output in signature.output_fields:
            # A reasoning is nobody's input; each step may have one.
            if output in inputs or (output in outputs and output != "reasoning"):
                raise wrong(f"{path}.signature", f"{output!r} is there before this step already")
            outputs[output] = None
    return Program(digest, kind, Chain(steps), tuple(inputs), tuple(outputs))


def _step(definition: Any, path: str, keys: tuple[str, ...]) -> dspy.Module:
    known_keys(definition, path, keys)
    kind = definition.get("kind", "predict")
    if kind not in _KINDS:
        raise wrong(f"{path}.kind", f"expected {', '.join(_KINDS)} or chain, got {kind!r}")
    signature = read_signature(definition.get("signature"), f"{path}.signature")
    if kind == "chain-of-thought" and "reasoning" in signature.fields:
        raise wrong(f"{path}.signature", "a chain of thought has a field 'reasoning' of its own")
    module = _KINDS[kind](signature)
    for _, predictor in module.named_predictors():
        predictor.demos = _read_demos(definition.get("demos", []), signature, f"{path}.demos")
    return module


def _read_demos(demos: Any, signature: Any, path: str) -> list[Any]:
    if not isinstance(demos, list):
        raise wrong(path, f"expected a list, got {type(demos).__name__}")
    for index, demo in enumerate(demos):
        known_keys(demo, f"{path}[{index}]", (*signature.fields, "reasoning"))
    return [dspy.Example(**demo).with_inputs(*signature.input_fields) for demo in demos]


def _signature_of(module: Any) -> Any:
    """The signature of a step, with the reasoning that a chain of thought puts before its outputs."""
    return module.predict.signature if isinstance(module, dspy.ChainOfThought) else module.signature
