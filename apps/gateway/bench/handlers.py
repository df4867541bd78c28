"""What both servers serve."""

from __future__ import annotations

from pypool import expose


@expose
def score(values: list[float], weight: float = 1.0) -> dict[str, float]:
    """A little work on a little data."""
    return {"sum": sum(values) * weight, "most": max(values), "least": min(values)}
