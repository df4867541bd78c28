"""Modules that were imported before this process was a worker."""

from __future__ import annotations

from .hooks import run_before_fork_hooks
from .load import Source, load_modules, prepare_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

    from .output import Output

__all__ = ["Preloaded"]


class Preloaded:
    """What the import came to, once, for every worker that is forked after it.

    Args:
        sources: What is to be served.
        output: The streams that were in place while it was imported, and that it may have kept.

    Attributes:
        error: What the import raised. Each worker tells it as the reason why it cannot start.
    """

    def __init__(self, sources: Sequence[Source], output: Output) -> None:
        self.error: BaseException | None = None
        self.output = output
        self._sources = [_key(source) for source in sources]
        self._modules: list[tuple[str, ModuleType]] = []

    def load(self, sources: Sequence[Source], preload: Sequence[str], runtime_dir: str) -> None:
        """Import the modules, after those of the list, and run the ``before_fork`` hooks.

        Args:
            sources: As given before.
            preload: Dotted names of modules to import first.
            runtime_dir: The folder of this package.
        """
        try:
            prepare_path(sources, runtime_dir)
            load_modules([Source("", name, False) for name in preload])
            self._modules = load_modules(sources)
            run_before_fork_hooks()
        except BaseException as error:  # `sys.exit` too
            self.error = error

    def take(self, sources: Sequence[Source]) -> list[tuple[str, ModuleType]] | None:
        """The modules, if they are those that a worker is to serve.

        Raises:
            BaseException: What their import raised.
        """
        if self.error is not None:
            raise self.error
        return self._modules if [_key(source) for source in sources] == self._sources else None


def _key(source: Source) -> tuple[str, str, bool]:
    return source.prefix, source.source, source.is_path
