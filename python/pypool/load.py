"""Importing the modules that a worker serves, and finding what they expose."""

from __future__ import annotations

import os
import sys

from .expose import Exposed, declared_in, suggestions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from types import ModuleType

__all__ = ["NothingToServe", "Source", "find_functions", "load_modules", "prepare_path"]


_PACKAGE_FILE = "__init__.py"


class NothingToServe(Exception):
    """The modules were imported, and what Node asked for is not in them."""


class Source:
    """Where one module comes from.

    Args:
        prefix: Put before its names with a dot; empty for none.
        source: Absolute path of a file, or a dotted module name.
        is_path: Which of the two.
    """

    __slots__ = ("is_path", "prefix", "source")

    def __init__(self, prefix: str, source: str, is_path: bool) -> None:
        self.prefix = prefix
        self.source = source
        self.is_path = is_path


def prepare_path(sources: Sequence[Source], runtime_dir: str) -> None:
    """Make ``sys.path`` what the user's modules expect.

    Their own folders come first, as if each were run as a script; for dotted names the working directory. The
    runtime's folder goes last: processes that user code starts have to find it, and it must hide nothing.
    """
    folders = [_folder_of(source.source) if source.is_path else os.getcwd() for source in sources]
    first = list(dict.fromkeys(folders))
    sys.path[:] = (
        first + [entry for entry in sys.path if entry not in ("", runtime_dir, *first)] + [runtime_dir]
    )


def load_modules(sources: Sequence[Source]) -> list[tuple[str, ModuleType]]:
    """Import each module.

    Returns:
        Each prefix with its module, in the order given.

    Raises:
        FileNotFoundError: There is no such file.
        PermissionError: This user may not look for it there.
        NothingToServe: There is no module of that name.
        BaseException: Whatever the module itself raises, ``SystemExit`` included.
    """
    return [
        (source.prefix, _load_file(source.source) if source.is_path else _load_name(source.source))
        for source in sources
    ]


def find_functions(
    modules: Iterable[tuple[str, ModuleType]], extra: Iterable[str] | None
) -> dict[str, Exposed]:
    """Everything that may be called, by its full name.

    Args:
        modules: Prefixes and modules.
        extra: Full names of undecorated functions to serve as well.

    Raises:
        NothingToServe: A name in `extra` is not there, or nothing is exposed at all.
    """
    modules = list(modules)
    functions: dict[str, Exposed] = {}
    for prefix, module in modules:
        for name, exposed in declared_in(module.__name__).items():
            full_name = f"{prefix}.{name}" if prefix else name
            functions[full_name] = exposed.renamed(full_name)
    for name in extra or ():
        if name not in functions:
            functions[name] = _find_undecorated(name, dict(modules))
    if not functions:
        served = ", ".join(repr(module.__name__) for _, module in modules)
        raise NothingToServe(
            f"module {served} exposes no function: decorate one with @pypool.expose, "
            "or name those to serve in the option `expose`"
        )
    return functions


def _find_undecorated(full_name: str, modules: Mapping[str, ModuleType]) -> Exposed:
    prefix, dot, name = full_name.partition(".")
    if not dot or prefix not in modules:
        prefix, name = "", full_name
    module = modules.get(prefix)
    if module is None:
        raise NothingToServe(
            f"expose: {full_name!r} begins with none of the prefixes {', '.join(map(repr, modules))}"
        )
    function = vars(module).get(name)
    if callable(function):
        return Exposed(full_name, function)
    public = [name for name, value in vars(module).items() if callable(value) and not name.startswith("_")]
    close = suggestions(name, public)
    hint = f"; did you mean {' or '.join(map(repr, close))}?" if close else ""
    what = "nothing" if function is None else f"a {type(function).__name__}, no function,"
    raise NothingToServe(f"expose: module {module.__name__!r} has {what} named {name!r}{hint}")


def _folder_of(path: str) -> str:
    """The folder from which the file would be imported by name."""
    folder, file = os.path.split(path)
    return os.path.dirname(folder) if file == _PACKAGE_FILE else folder


def _load_name(name: str) -> ModuleType:
    try:
        __import__(name)
    except ModuleNotFoundError as error:
        # The module itself or a package that it is in; not what it imports.
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        raise NothingToServe(
            f"there is no module named {error.name!r} in {os.getcwd()} or where this Python keeps packages; "
            "a file is given by its path, ./name.py"
        ) from None
    return sys.modules[name]


def _load_file(path: str) -> ModuleType:
    # From here, because `importlib.util` takes up to 15 ms to import on Python 3.9: it draws in `typing`.
    from _frozen_importlib import ModuleSpec, module_from_spec
    from _frozen_importlib_external import SourceFileLoader

    if not os.path.isfile(path):
        try:
            os.stat(path)
        except PermissionError:
            raise  # it may well be there: Node has seen it
        except OSError:
            pass
        raise FileNotFoundError(f"there is no Python file {path}")
    is_package = os.path.basename(path) == _PACKAGE_FILE
    name, _ = os.path.splitext(os.path.basename(os.path.dirname(path) if is_package else path))
    held = sys.modules.get(name)
    if held is not None:
        if getattr(held, "__file__", None) == path:  # another of the modules has imported it
            return held
        # A namesake, of the standard library perhaps, must stay what it is.
        name = f"pypool_module_{len(sys.modules)}_{name}"
    loader = SourceFileLoader(name, path)
    # A package finds its parts, and they find it, by what its folder is called.
    spec = ModuleSpec(name, loader, origin=path, is_package=is_package)
    if spec.submodule_search_locations is not None:
        spec.submodule_search_locations.append(os.path.dirname(path))
    spec.has_location = True
    module = module_from_spec(spec)
    sys.modules[name] = module
    try:
        # Not `exec_module`, whose frames would stand in every traceback of a module that cannot be imported.
        code = loader.get_code(name)
        assert code is not None, "a file has code"
        exec(code, vars(module))
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module
