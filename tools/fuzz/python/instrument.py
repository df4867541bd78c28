"""Writes a copy of the runtime whose decoders note which branches they take.

A byte for each function, branch of an ``if``, loop body, ``except``, and right side of ``and``, ``or`` and ``... if ... else``
is set to 1 when it is taken. Cheap enough to ask after every input, which a tracer is not.
"""

from __future__ import annotations

import ast
import json
import pathlib
import sys

HIT = "_pypool_fuzz_hit"


class Instrument(ast.NodeTransformer):
    """Counts branches from `first` on."""

    def __init__(self, first):
        self.count = first

    def _counter(self):
        self.count += 1
        return [ast.Name(HIT, ast.Load()), ast.Constant(self.count - 1)]

    def _statement(self):
        name, number = self._counter()
        return ast.Assign([ast.Subscript(name, number, ast.Store())], ast.Constant(1))

    def _expression(self, node):
        name, number = self._counter()
        note = ast.Call(ast.Attribute(name, "__setitem__", ast.Load()), [number, ast.Constant(1)], [])
        return ast.BoolOp(ast.Or(), [note, node])  # what notes returns None

    def _block(self, statements):
        return [self._statement(), *statements]

    def visit_FunctionDef(self, node):
        self.generic_visit(node)
        node.body = self._block(node.body)
        return node

    def visit_If(self, node):
        self.generic_visit(node)
        node.body = self._block(node.body)
        node.orelse = self._block(node.orelse)
        return node

    def visit_For(self, node):
        self.generic_visit(node)
        node.body = self._block(node.body)
        return node

    visit_While = visit_For
    visit_ExceptHandler = visit_For

    def visit_IfExp(self, node):
        self.generic_visit(node)
        node.body = self._expression(node.body)
        node.orelse = self._expression(node.orelse)
        return node

    def visit_BoolOp(self, node):
        self.generic_visit(node)
        node.values[1:] = [self._expression(value) for value in node.values[1:]]
        return node


def instrument(source, first):
    """The source with its branches counted from `first` on, and the number of the next."""
    tree = ast.parse(source)
    transformer = Instrument(first)
    transformer.visit(tree)
    start = 0
    while isinstance(tree.body[start], ast.ImportFrom) or (
        isinstance(tree.body[start], ast.Expr) and isinstance(tree.body[start].value, ast.Constant)
    ):
        start += 1
        if getattr(tree.body[start - 1], "module", None) not in (None, "__future__"):
            start -= 1
            break
    tree.body.insert(start, ast.ImportFrom("_pypool_fuzz", [ast.alias("hit", HIT)], 0))
    return ast.unparse(ast.fix_missing_locations(tree)), transformer.count


def build(runtime, target, decoders, plant):
    """Copy the runtime; says on how many branches there are."""
    count = 0
    (target / "pypool").mkdir(parents=True)
    for file in sorted(runtime.glob("*.py")):
        source = file.read_text(encoding="utf-8")
        if plant is not None and plant["file"] == file.name:
            if plant["find"] not in source:
                raise SystemExit(f"nothing to replace in {file.name}: {plant['find']}")
            source = source.replace(plant["find"], plant["replace"], 1)
        if file.name in decoders:
            source, count = instrument(source, count)
        (target / "pypool" / file.name).write_text(source, encoding="utf-8")
    (target / "_pypool_fuzz.py").write_text(f"hit = bytearray({count})\n", encoding="utf-8")


if __name__ == "__main__":
    about = json.loads(sys.argv[1])
    build(pathlib.Path(about["runtime"]), pathlib.Path(about["target"]), about["decoders"], about.get("plant"))
