"""`python -m scirs2`: what this installation is, and whether it works."""

import argparse
import sys

from . import _self_check, show_config


def main() -> int:
    """Print the configuration and a self check; return the exit code."""
    argparse.ArgumentParser(
        prog="python -m scirs2",
        description="Tell what this installation is made of, and check in a few seconds that the "
        "exchange and the linear algebra work here. Exits with 1 where one does not.",
    ).parse_args()
    show_config()
    return 0 if _self_check.run() else 1


if __name__ == "__main__":
    sys.exit(main())
