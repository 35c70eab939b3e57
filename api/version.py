"""The version of this software, as packaged."""

from importlib.metadata import version

VERSION = version("voltpass")
