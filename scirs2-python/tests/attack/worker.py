"""Cases one after another, in a process of its own: what crashes or hangs has a name.

Standard output has a line of JSON for each thing that is wrong, and every second for how many
matrices there were. The case that runs is kept in a file for whoever survives.
"""

import faulthandler
import json
import sys
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from attack import cases

# A case that takes longer hangs.
HANGS = 120


def run(seconds, seed, number, only, write, note=lambda _: None):
    """Try cases until the time is over: `write` gets what is wrong and how many were tried."""
    tried = Counter()
    end = time.monotonic() + seconds
    told = time.monotonic()
    while time.monotonic() < end:
        case = cases.draw_case(seed * 1_000_000 + number, only)
        number += 1
        note(case)
        count, wrong = cases.check(case)
        tried[case.function, case.route or "automatic"] += count
        for one in wrong:
            write({"function": case.function, "what": one.what, "family": case.family,
                   "route": case.route or "automatic", "line": str(one)})  # fmt: skip
        if time.monotonic() > told + 1:
            write(totals(tried))
            tried.clear()
            told = time.monotonic()
    write(totals(tried))


def totals(tried):
    return {"tried": [[*key, count] for key, count in tried.items()]}


def main():
    asked = json.loads(sys.argv[1])
    kept = Path(asked["kept"])
    with kept.open("w", encoding="utf-8") as file:

        def note(case):
            faulthandler.dump_traceback_later(HANGS, exit=True)
            file.seek(0)
            file.write(json.dumps(asdict(case)))
            file.truncate()
            file.flush()

        def write(line):
            print(json.dumps(line), flush=True)

        run(asked["seconds"], asked["seed"], asked["number"], asked["only"], write, note)


if __name__ == "__main__":
    main()
