"""The allow-list: what the decorator takes, keeps and refuses."""

import functools
import sys
import types
import unittest

import pypool
from pypool.expose import Exposed, declared_in, expose, include


def module(name: str, source: str) -> types.ModuleType:
    """A module made of source text, as if imported."""
    made = types.ModuleType(name)
    sys.modules[name] = made
    exec(source, vars(made))
    return made


class HasAll:
    """As a mock does: it is called like a function, and has any attribute, which is one more such."""

    def __init__(self, left: int = 1_000) -> None:
        self._left = left

    def __getattr__(self, name: str) -> "HasAll":
        if name == "__code__":
            raise AttributeError(name)
        if self._left == 0:
            raise AssertionError("asked for ever")
        return HasAll(self._left - 1)

    def __call__(self) -> None:
        """Do nothing."""


class Expose(unittest.TestCase):
    def setUp(self) -> None:
        self.name = f"exposing_{self.id()}"
        self.addCleanup(sys.modules.pop, self.name, None)

    def module(self, source: str) -> types.ModuleType:
        return module(self.name, "from pypool import expose\n" + source)

    def test_returns_the_function_unchanged(self) -> None:
        def plain(a: int) -> int:
            return a + 1

        self.assertIs(expose(plain), plain)
        self.assertIs(expose(name="other")(plain), plain)
        self.assertEqual(vars(plain), {})

    def test_keeps_the_facts_beside_the_function(self) -> None:
        self.module("@expose(name='n', idempotent=True, timeout_seconds=0.5, concurrency=3)\ndef f(): yield")
        exposed = declared_in(self.name)["n"]
        self.assertEqual((exposed.idempotent, exposed.timeout_seconds, exposed.concurrency), (True, 0.5, 3))
        self.assertEqual((exposed.stream, exposed.asynchronous), (True, False))

    def test_knows_streams_and_coroutines_through_partial_and_objects(self) -> None:
        made = self.module(
            "import functools\n"
            "async def items(a): yield a\n"
            "class Caller:\n    async def __call__(self): pass\n"
            "part = functools.partial(items, 1)\n"
            "expose(name='part')(part)\nexpose(name='caller')(Caller())\n"
        )
        self.assertIsInstance(made.part, functools.partial)
        exposed = declared_in(self.name)
        self.assertEqual((exposed["part"].stream, exposed["part"].asynchronous), (True, True))
        self.assertEqual((exposed["caller"].stream, exposed["caller"].asynchronous), (False, True))

    def test_asks_an_object_that_has_every_attribute_for_no_end_of_them(self) -> None:
        for function in (HasAll(), functools.partial(HasAll())):
            with self.subTest(function=type(function)):
                exposed = Exposed("f", function)
                self.assertEqual((exposed.stream, exposed.asynchronous), (False, False))

    def test_comes_to_an_end_in_a_partial_that_holds_itself(self) -> None:
        partial = functools.partial(print)
        partial.__setstate__((partial, (), {}, {}))
        self.addCleanup(partial.__setstate__, (print, (), {}, {}))
        self.assertFalse(Exposed("f", partial).stream)

    def test_exposes_each_function_that_a_loop_makes(self) -> None:
        self.module("for n in 'ab':\n    @expose(name=n)\n    def f(n=n): return n\n")
        self.assertEqual([exposed.function() for exposed in declared_in(self.name).values()], ["a", "b"])

    def test_lets_a_module_be_reloaded_and_refuses_one_name_for_two_functions(self) -> None:
        source = "@expose\ndef f(): return 1\n"
        self.module(source)
        self.module(source)
        with self.assertRaisesRegex(ValueError, "two functions as 'f'"):
            self.module("@expose(name='f')\ndef g(): return 2\n")

    def test_refuses_what_is_no_function(self) -> None:
        for source, message in (
            ("expose('name')", r"expose\(name='name'\)"),
            ("expose(5)", "not int"),
            ("@expose\nclass C: pass", "not type C"),
            ("class C:\n    @expose\n    def f(self): pass", r"C\.f is a method"),
            ("@expose(name='')\ndef f(): pass", "needs a name"),
            ("import functools\nexpose(functools.partial(print))", "needs a name"),
        ):
            with self.subTest(source), self.assertRaisesRegex(TypeError, message):
                self.module(source)
        for arguments in ("timeout_seconds=0", "timeout_seconds=-1", "concurrency=0"):
            with self.subTest(arguments), self.assertRaisesRegex(ValueError, arguments.partition("=")[0]):
                self.module(f"@expose({arguments})\ndef f(): pass")

    def test_includes_another_modules_functions_and_refuses_one_without(self) -> None:
        other = module(self.name + "_other", "from pypool import expose\n@expose\ndef f(): return 'other'\n")
        self.addCleanup(sys.modules.pop, other.__name__)
        made = self.module("from pypool import include\ndef take(m, **options): include(m, **options)\n")
        made.take(other)
        made.take(other, prefix="lib")
        self.assertEqual(sorted(declared_in(self.name)), ["f", "lib.f"])
        with self.assertRaisesRegex(ValueError, "'types' exposes no function"):
            include(types)


class OutsideAWorker(unittest.TestCase):
    def test_there_is_no_call_and_no_worker(self) -> None:
        for ask in (pypool.current_call, pypool.current_worker):
            with self.assertRaises(LookupError):
                ask()

    def test_the_public_names_are_these(self) -> None:
        names = (
            "Call Cancelled Fail HostError Worker __version__ before_fork current_call current_worker expose "
            "include on_worker_start on_worker_stop register_type shield"
        )
        self.assertEqual(pypool.__all__, names.split())
        self.assertLessEqual(set(pypool.__all__), set(dir(pypool)))
