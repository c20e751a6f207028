"""The commit in the version of a wheel that is built from a git checkout.

``0.1.0+g1a2b3c4`` was built from that commit, ``0.1.0+g1a2b3c4.dirty`` with changes that
are not committed. A commit tagged ``v0.1.0``, an sdist and a source without git give
``0.1.0``. The commit is written into the finished wheel, so that no Rust is compiled again
for it.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import subprocess
import zipfile
from pathlib import Path

# What the package reads, and the line in it that is replaced.
VERSION_FILE = "scirs2/_version.py"
NO_COMMIT = 'COMMIT = ""\n'


def local_version(checkout: Path, release: str) -> str:
    """Return what is appended to the release, ``+g1a2b3c4`` or nothing."""
    top = _git(checkout, "rev-parse", "--show-toplevel")
    # An unpacked sdist may lie in the checkout of another project.
    if not top or Path(top).resolve() != checkout.resolve():
        return ""
    described = _git(checkout, "describe", "--always", "--dirty", "--abbrev=7", "--exclude=*")
    commit, _, dirty = described.partition("-")
    if not commit:
        return ""
    if not dirty and f"v{release}" in _git(checkout, "tag", "--points-at", "HEAD").split():
        return ""
    return f"+g{commit}.dirty" if dirty else f"+g{commit}"


def write_to_metadata(dist_info: Path, checkout: Path) -> Path:
    """Put the commit into metadata that lies in a folder; return the folder's new place."""
    name, release = dist_info.stem.split("-")
    local = local_version(checkout, release)
    file = dist_info / "METADATA"
    file.write_bytes(_with_commit(file.read_bytes(), release, local))
    return dist_info.rename(dist_info.with_name(f"{name}-{release}{local}.dist-info"))


def write_to_wheel(wheel: Path, checkout: Path) -> Path:
    """Put the commit into a wheel; return the file's new place."""
    name, release, tags = wheel.name.split("-", 2)
    local = local_version(checkout, release)
    if not local:
        return wheel
    old, new = f"{name}-{release}.dist-info/", f"{name}-{release}{local}.dist-info/"
    final = wheel.with_name(f"{name}-{release}{local}-{tags}")
    rows = []
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(final, "w") as target:
        record = source.getinfo(f"{old}RECORD")
        for info in source.infolist():
            if info is record:
                continue
            content = source.read(info)
            if info.filename == VERSION_FILE:
                assert NO_COMMIT in content.decode(), f"{VERSION_FILE} has no line {NO_COMMIT}"
                content = content.replace(NO_COMMIT.encode(), f'COMMIT = "{local}"\n'.encode())
            if info.filename == f"{old}METADATA":
                content = _with_commit(content, release, local)
            info.filename = info.filename.replace(old, new)
            target.writestr(info, content, zipfile.ZIP_DEFLATED)
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=")
            rows.append((info.filename, f"sha256={digest.decode()}", len(content)))
        record.filename = f"{new}RECORD"
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([*rows, (record.filename, "", "")])
        target.writestr(record, text.getvalue(), zipfile.ZIP_DEFLATED)
    wheel.unlink()
    return final


def _with_commit(metadata: bytes, release: str, local: str) -> bytes:
    """Return the metadata with the commit in the version, which is one of the first lines."""
    line = f"\nVersion: {release}".encode()
    assert line in metadata, f"the metadata have no line {line!r}"
    return metadata.replace(line, line + local.encode(), 1)


def _git(checkout: Path, *arguments: str) -> str:
    """Return what git prints, or nothing where it cannot tell."""
    try:
        process = subprocess.run(
            ["git", "-C", checkout, *arguments], capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return process.stdout.strip() if process.returncode == 0 else ""
