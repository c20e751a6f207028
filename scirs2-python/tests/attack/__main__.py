"""`python -m attack --seconds S --seed N`: cases until the time is over."""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from attack import cases

# Of the time, where the soak runs too.
SOAK = 0.2
# Lines of what is wrong, of one kind.
MOST = 5


def arguments():
    parser = argparse.ArgumentParser(prog="python -m attack", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="NAME=VALUE,...",
        help="limit function, family, n, dtype, route, level or batch; more than once",
    )
    parser.add_argument("--repeat", help="what a line of a failure says")
    parser.add_argument("--no-soak", action="store_true", help="decompositions only")
    return parser.parse_args()


def limits(texts):
    """Read what `--only` says."""
    only = {}
    for text in texts:
        name, values = text.split("=", 1)
        values = [None if value == "None" else value for value in values.split(",")]
        only[name] = [int(value) for value in values] if name in ("n", "batch") else values
    return only


def repeat(text):
    case = cases.Case.parse(text)
    count, wrong = cases.check(case)
    for one in wrong:
        print(one)
    print(f"{count} matrices, {len(wrong)} wrong")
    return 1 if wrong else 0


class Tally:
    """How many matrices were tried, and what was wrong."""

    def __init__(self):
        self.tried, self.kinds = Counter(), Counter()

    def take(self, line):
        for function, route, count in line.get("tried", []):
            self.tried[function, route] += count
        if "line" in line:
            kind = line["function"], line["what"], line["family"], line["route"]
            self.kinds[kind] += 1
            if self.kinds[kind] <= MOST:
                print(line["line"], flush=True)

    def tell(self):
        for (function, route), count in sorted(self.tried.items()):
            print(f"{function:24} {route:10} {count:>10} matrices")
        print(f"{self.tried.total()} matrices tried, {self.kinds.total()} wrong")
        for (function, what, family, route), count in self.kinds.most_common():
            print(f"  {count:>6}  {function}, {what}, {family}, route {route}")


def run(seconds, seed, only):
    """Try cases in a process of their own, and in another where that dies."""
    tally = Tally()
    number, end = 0, time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "case.json"
        while (left := end - time.monotonic()) > 0:
            asked = {"seconds": left, "seed": seed, "number": number, "only": only}
            text = json.dumps({**asked, "kept": str(kept)})
            command = [sys.executable, "-m", "attack.worker", text]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
                for line in worker.stdout:
                    if line.startswith("{"):
                        tally.take(json.loads(line))
                    else:
                        # LAPACK says what it does not like on standard output, NumPy's too.
                        print(f"said: {line.rstrip()}", flush=True)
            if worker.returncode == 0:
                break
            case = cases.Case(**json.loads(kept.read_text(encoding="utf-8")))
            number = case.seed - seed * 1_000_000 + 1
            what = f"its process ends with {worker.returncode}"
            parts = {"function": case.function, "family": case.family}
            tally.take(
                {
                    **parts,
                    "what": what,
                    "route": case.route or "automatic",
                    "line": f"WRONG {case.function} {what}: python -m attack --repeat '{case}'",
                }
            )
    return tally


def soaked(seconds, seed):
    """Run the soak; gives whether nothing failed."""
    from attack import soak

    try:
        print(f"soak: {soak.soak(seconds, seed)} rounds", flush=True)
    except soak.SoakFailure as failure:
        print(f"WRONG {failure}", flush=True)
        return False
    return True


def main():
    asked = arguments()
    if asked.repeat:
        return repeat(asked.repeat)
    seconds, is_sound = asked.seconds, True
    if not asked.no_soak and not asked.only:
        is_sound = soaked(seconds * SOAK, asked.seed)
        seconds *= 1 - SOAK
    tally = run(seconds, asked.seed, limits(asked.only))
    tally.tell()
    return 0 if is_sound and not tally.kinds else 1


if __name__ == "__main__":
    sys.exit(main())
