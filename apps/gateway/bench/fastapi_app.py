"""The same function behind FastAPI: `uvicorn fastapi_app:app --workers 2`."""

from __future__ import annotations

from fastapi import FastAPI
from handlers import score
from pydantic import BaseModel

app = FastAPI()


class Score(BaseModel):
    values: list[float]
    weight: float = 1.0


@app.post("/call/score")
def call_score(body: Score) -> dict[str, float]:
    """As a function that may block has to be served: FastAPI hands it to a thread."""
    return score(body.values, body.weight)


@app.post("/inline/score")
async def score_inline(body: Score) -> dict[str, float]:
    """On the event loop, where nothing else is served meanwhile: only for what never blocks."""
    return score(body.values, body.weight)
