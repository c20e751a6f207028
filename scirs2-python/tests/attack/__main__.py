"""`python -m attack --seconds S --seed N`: cases until the time is over."""

import argparse
import sys
import time
from collections import Counter

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


def run(seconds, seed, only, write=print):
    """Try cases until the time is over; gives how many matrices and what was wrong."""
    tried, wrong, kinds = Counter(), [], Counter()
    end = time.monotonic() + seconds
    number = 0
    while time.monotonic() < end:
        case = cases.draw_case(seed * 1_000_000 + number, only)
        number += 1
        count, found = cases.check(case)
        tried[case.function, case.route or "automatic"] += count
        for one in found:
            kind = (case.function, one.what, case.family, case.route)
            kinds[kind] += 1
            if kinds[kind] <= MOST:
                wrong.append(one)
                write(one)
    return tried, wrong, kinds


def soaked(seconds, seed):
    """Run the soak; gives whether nothing failed."""
    from attack import soak

    try:
        print(f"soak: {soak.soak(seconds, seed)} rounds")
    except soak.SoakFailure as failure:
        print(f"WRONG {failure}")
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
    tried, wrong, kinds = run(seconds, asked.seed, limits(asked.only))
    for (function, route), count in sorted(tried.items()):
        print(f"{function:24} {route:10} {count:>10} matrices")
    print(f"{sum(tried.values())} matrices tried, {sum(kinds.values())} wrong")
    for (function, what, family, route), count in kinds.most_common():
        print(f"  {count:>6}  {function}, {what}, {family}, route {route}")
    return 1 if wrong or not is_sound else 0


if __name__ == "__main__":
    sys.exit(main())
