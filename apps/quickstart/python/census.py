"""A census of Python source: what only Python's own parser can tell.

Plain functions, no pypool: the same code runs in the pool's workers (``handlers.py``) and, for the app's check of
itself, in one ordinary process (``python census.py < paths.json``).
"""

from __future__ import annotations

import ast
import json
import sys
import tokenize
import warnings
from collections.abc import Iterator

Definition = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
Function = (ast.FunctionDef, ast.AsyncFunctionDef)
Block = (ast.For, ast.AsyncFor, ast.While, ast.If, ast.With, ast.AsyncWith, ast.Try, *Definition)


def read_module(path: str) -> "tuple[str, ast.Module]":
    """Read and parse one file in the encoding that it declares.

    Raises:
        SyntaxError: The file is not Python of this interpreter's version.
        OSError: The file cannot be read.
    """
    with tokenize.open(path) as file:
        source = file.read()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escapes in old modules are not news here
        return source, ast.parse(source, path)


def census(path: str) -> "dict[str, object]":
    """Count what one module defines.

    Args:
        path: A Python source file.

    Returns:
        ``lines``, ``functions``, ``classes``; ``documentable`` definitions (the module too) and how many are
        ``documented``; ``nesting``, the deepest block; ``longest``, the longest function as ``{name, lines}`` or None;
        ``imports``, the sorted top-level names it imports. A file that does not parse has ``skipped`` with the reason, and zeros.
    """
    try:
        source, tree = read_module(path)
    except SyntaxError as error:
        return {**_nothing(), "skipped": f"{error.msg} (line {error.lineno})"}
    facts = _nothing()
    facts["lines"] = source.count("\n") + (not source.endswith("\n") and source != "")
    longest_name, longest_lines = None, 0
    functions = classes = documented = 0
    nesting = 0
    imports: "set[str]" = set()
    todo: "list[tuple[ast.AST, int]]" = [(tree, 0)]
    while todo:
        node, depth = todo.pop()
        if isinstance(node, Block):
            depth += 1
            nesting = max(nesting, depth)
            if isinstance(node, ast.If) and len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
                # `elif` is an If in the orelse of an If, and no deeper than it.
                todo.append((node.orelse[0], depth - 1))
                todo.extend((child, depth) for child in [node.test, *node.body])
                continue
        if isinstance(node, Function):
            functions += 1
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            # Ties go to the name that sorts first, so that the answer does not hang on the order of the walk.
            if longest_name is None or (-lines, node.name) < (-longest_lines, longest_name):
                longest_name, longest_lines = node.name, lines
        elif isinstance(node, ast.ClassDef):
            classes += 1
        elif isinstance(node, ast.Import):
            imports.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            imports.add(node.module.partition(".")[0])
        if isinstance(node, (ast.Module, *Definition)) and ast.get_docstring(node, clean=False):
            documented += 1
        todo.extend((child, depth) for child in ast.iter_child_nodes(node))
    facts.update(
        functions=functions,
        classes=classes,
        documentable=1 + functions + classes,
        documented=documented,
        nesting=nesting,
        longest=None if longest_name is None else {"name": longest_name, "lines": longest_lines},
        imports=sorted(imports),
    )
    return facts


def _nothing() -> "dict[str, object]":
    return {
        "lines": 0,
        "functions": 0,
        "classes": 0,
        "documentable": 0,
        "documented": 0,
        "nesting": 0,
        "longest": None,
        "imports": [],
        "skipped": None,
    }


def outline(path: str) -> "Iterator[dict[str, object]]":
    """Yield each class and function of a module in the order of its lines: ``{line, depth, kind, name}``."""
    _, tree = read_module(path)

    def walk(node: ast.AST, depth: int) -> "Iterator[dict[str, object]]":
        for child in ast.iter_child_nodes(node):
            if isinstance(child, Definition):
                kind = "class" if isinstance(child, ast.ClassDef) else "def"
                yield {"line": child.lineno, "depth": depth, "kind": kind, "name": child.name}
                yield from walk(child, depth + 1)
            else:
                yield from walk(child, depth)

    yield from walk(tree, 0)


def most_alike(paths: "list[str]") -> "dict[str, object]":
    """Find the two functions whose text is most alike, by comparing each with each: hours of work for a large library."""
    from difflib import SequenceMatcher

    functions = []
    for path in paths:
        source, tree = read_module(path)
        for node in ast.walk(tree):
            if isinstance(node, Function):
                functions.append((f"{path}:{node.name}", ast.get_source_segment(source, node) or ""))
    best: "dict[str, object]" = {"ratio": 0.0, "pair": None}
    for index, (name, text) in enumerate(functions):
        for other, other_text in functions[:index]:
            ratio = SequenceMatcher(None, text, other_text).ratio()
            if ratio > best["ratio"]:  # type: ignore[operator]
                best = {"ratio": ratio, "pair": [name, other]}
    return best


if __name__ == "__main__":
    json.dump([census(path) for path in json.load(sys.stdin)], sys.stdout)
