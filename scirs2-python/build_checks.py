"""Whether this machine can build the package. If not, one line says what is missing.

The build backend asks before anything is fetched or compiled, and so does the Makefile,
which runs this file.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

MANIFEST = Path(__file__).resolve().parents[1] / "Cargo.toml"
INSTALL_RUST = "rust-lang.org/tools/install"


def need_rust() -> None:
    """Exit with one line unless there is a Rust that is new enough."""
    wanted = tomllib.loads(MANIFEST.read_text())["workspace"]["package"]["rust-version"]
    if shutil.which(os.environ.get("CARGO", "cargo")) is None:
        sys.exit(
            f"scirs2 is compiled from Rust, and the command cargo is not on the PATH: "
            f"install Rust {wanted} or later ({INSTALL_RUST})"
        )
    rustc = os.environ.get("RUSTC", "rustc")
    try:
        process = subprocess.run([rustc, "--version"], capture_output=True, text=True, check=False)
    except OSError as error:
        sys.exit(f"scirs2 is compiled from Rust, and {rustc} does not run: {error}")
    found = re.match(r"rustc (\d+)\.(\d+)", process.stdout)
    if process.returncode or found is None:
        told = (process.stderr or process.stdout).strip().partition("\n")[0]
        sys.exit(f"scirs2 is compiled from Rust, and '{rustc} --version' fails: {told}")
    if tuple(map(int, found.groups())) < tuple(map(int, wanted.split("."))):
        sys.exit(
            f"scirs2 needs Rust {wanted} or later, and this is {process.stdout.split()[1]}: "
            f"run 'rustup update', or install a newer one ({INSTALL_RUST})"
        )


def need_linker() -> None:
    """Exit with one line if the linker that Rust calls is missing."""
    # On Windows rustc finds Microsoft's linker without the PATH.
    if sys.platform == "win32" or shutil.which("cc"):
        return
    if any(name.startswith("CARGO_TARGET_") and name.endswith("_LINKER") for name in os.environ):
        return
    sys.exit(
        "scirs2 needs a C compiler, which links what Rust compiles, and the command cc is not on "
        "the PATH: install gcc or clang, or Xcode's command line tools (xcode-select --install)"
    )


if __name__ == "__main__":
    need_rust()
    need_linker()
