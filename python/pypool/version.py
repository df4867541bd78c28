"""The version of this runtime, which HELLO tells."""

__all__ = ["VERSION"]

VERSION = "0.1.0"
