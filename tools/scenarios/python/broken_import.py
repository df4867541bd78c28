"""Cannot be imported."""

raise RuntimeError("no such model: llama-7")
