"""Raises, exits or dies while arguments are decoded, while the handler runs, or while its result is encoded.

A registered type makes the codec run code of ours: its ``decode`` with the arguments, its ``encode`` with the result.
"""

import ctypes
import os

from pypool import expose, register_type


class Trigger:
    """Does to its worker what its ``how`` says."""

    def __init__(self, how):
        self.how = how

    def go(self):
        if self.how == "raise":
            raise ValueError("as asked")
        if self.how == "exit":
            os._exit(7)
        if self.how == "segfault":
            ctypes.string_at(0)
        raise AssertionError(self.how)


class OnEncode(Trigger):
    """Goes off when the result is encoded."""


def decode(how):
    return Trigger(how).go()


register_type("on-decode", Trigger, encode=lambda trigger: trigger.how, decode=decode)
register_type("on-encode", OnEncode, encode=lambda trigger: trigger.go(), decode=OnEncode)


@expose
def run(how):
    return Trigger(how).go()


@expose
def result(how):
    return OnEncode(how)


@expose
def take(value):
    return "decoded"


@expose
def pid():
    return os.getpid()
