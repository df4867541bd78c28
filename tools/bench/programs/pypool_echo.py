"""The module that pypool serves in the bench."""

from pypool import expose


@expose
def echo(text):
    return text
