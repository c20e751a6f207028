"""The version: the release, and in a wheel built from a git checkout the commit."""

from ._scirs2 import __version__ as release

# The build writes "+g1a2b3c4" into the wheel.
COMMIT = ""

__version__ = release + COMMIT
