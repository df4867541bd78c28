"""What the bench calls one by one and in batches: nothing, a matrix product, and what an embedding model does."""

import time

from pypool import expose

try:
    import numpy as np
except ImportError:
    np = None

SIZE = 1024
"""Of vectors, and of the square matrices."""
TOKENS = 4096
BATCH = 32


@expose
def processor_seconds():
    """Of all threads so far."""
    return time.process_time()


@expose
def echo_alone(value):
    return value


@expose(batch=BATCH)
def echo_in_batches(values):
    return values


if np is not None:
    random = np.random.default_rng(1)

    def matrix(rows):
        made = random.standard_normal((rows, SIZE), dtype=np.float32)
        made /= SIZE**0.5
        return made

    weights, first, second, table = matrix(SIZE), matrix(SIZE), matrix(SIZE), matrix(TOKENS)
    # The first number of a product is that of its vector: the bench looks at it.
    weights[:, 0] = 0
    weights[0, 0] = 1

    @expose
    def product_alone(vector):
        return np.asarray(vector) @ weights

    @expose(batch=BATCH)
    def product_in_batches(vectors):
        return np.stack(vectors) @ weights

    def model(texts):
        """Tokens as rows of a table, their mean, two layers, and a length of 1."""
        pooled = np.stack([table[tokens].mean(axis=0) for tokens in texts])
        hidden = np.maximum(pooled @ first, 0) @ second
        return hidden / np.linalg.norm(hidden, axis=1, keepdims=True)

    @expose
    def embedding_alone(tokens):
        return model([tokens])[0]

    @expose(batch=BATCH)
    def embedding_in_batches(texts):
        return model(texts)
