"""Language models as data. A key is named by the variable that holds it, and read here alone."""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from typing import Any, NamedTuple

import dspy
from hidden_keys import is_key
from pypool import Fail

MOST_KEPT = 16
"""Models that a worker keeps, with their connections; the one that was not used for longest goes first."""

_KEYS = (
    "model",
    "apiBase",
    "apiKeyEnv",
    "temperature",
    "maxTokens",
    "retries",
    "timeoutSeconds",
    "cache",
    "engine",
    "adapter",
    "options",
)
_KNOWN = f"it has {', '.join(_KEYS)}. Keys are named by apiKeyEnv."
_ADAPTERS = {"chat": dspy.ChatAdapter, "json": dspy.JSONAdapter, "xml": dspy.XMLAdapter}
# What belongs to the connection has a name of its own above, so that no key can come in by another door.
_OPTIONS = (
    "top_p",
    "top_k",
    "stop",
    "seed",
    "n",
    "presence_penalty",
    "frequency_penalty",
    "reasoning_effort",
)


class Model(NamedTuple):
    """A language model, and how prompts are written for it."""

    lm: dspy.LM
    adapter: Any


_kept: OrderedDict[str, Model] = OrderedDict()


def language_model(config: Any) -> Model:
    """The model of a configuration: the one that was made before, where it is kept.

    Raises:
        Fail: ``invalid-model``; ``no-key`` where the environment has no such variable.
    """
    text = json.dumps(config, sort_keys=True)
    model = _kept.get(text)
    if model is None:
        model = _kept[text] = _make(json.loads(text))
        # Only let go of: calls may be using it, and its connections close when nobody does.
        if len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    else:
        _kept.move_to_end(text)
    return model


def describe(config: Any) -> dict[str, Any]:
    """Name a model and what its key comes from, never the key.

    Raises:
        Fail: As :func:`language_model`.
    """
    made = language_model(config)
    return {
        "model": made.lm.model,
        "adapter": type(made.adapter).__name__,
        "apiBase": config.get("apiBase"),
        "keyFrom": config.get("apiKeyEnv"),
    }


def kept() -> int:
    """How many models this worker keeps."""
    return len(_kept)


def forget() -> None:
    """Keep none."""
    _kept.clear()


def _make(config: Any) -> Model:
    if not isinstance(config, dict) or not isinstance(config.get("model"), str):
        raise Fail("invalid-model", 'expected an object with at least a model, {"model": "provider/name"}')
    for key in config:
        if key not in _KEYS:
            raise Fail("invalid-model", f"a model has no {key!r}; {_KNOWN}")
    options = config.get("options")
    if options is None:
        options = {}
    if not isinstance(options, dict):
        raise Fail("invalid-model", f"options: expected an object, got {type(options).__name__}")
    for option in options:
        if option not in _OPTIONS:
            raise Fail("invalid-model", f"options has no {option!r}; it has {', '.join(_OPTIONS)}")
    adapter = config.get("adapter", "chat")
    if not isinstance(adapter, str) or adapter not in _ADAPTERS:
        raise Fail("invalid-model", f"adapter: expected {', '.join(_ADAPTERS)}, got {adapter!r}")
    given = {
        "temperature": "temperature",
        "maxTokens": "max_tokens",
        "engine": "engine",
        "apiBase": "api_base",
    }
    try:
        lm = dspy.LM(
            config["model"],
            cache=config.get("cache", False),
            num_retries=config.get("retries", 2),
            timeout=config.get("timeoutSeconds", 30),
            **{name: config[key] for key, name in given.items() if config.get(key) is not None},
            **_key(config),
            **options,
        )
    except (ValueError, TypeError, dspy.LMError) as error:
        raise Fail("invalid-model", f"{config['model']!r}: {error}") from None
    return Model(lm, _ADAPTERS[adapter]())


def _key(config: dict[str, Any]) -> dict[str, str]:
    if "apiKeyEnv" not in config:
        return {}  # DSPy knows the variables of each provider
    name = config["apiKeyEnv"]
    if name is None:
        return {"api_key": "none"}  # for a server that asks for none: the clients do
    # Whoever says where models are is sent it: so no other variable than those that were named for that.
    if not isinstance(name, str) or not is_key(name) or not os.environ.get(name):
        raise Fail(
            "no-key",
            f"this worker has no key {name!r}: set it where Node runs, and name it in `keys`",
            data={"variable": name},
        )
    return {"api_key": os.environ[name]}
