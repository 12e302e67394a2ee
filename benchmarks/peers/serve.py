"""The conversation between the bench and a contender, on the contender's side.

Each line of the standard input asks for so many steps, `{"steps": 3}`; each answer is a line with the
seconds that each step took. With `--steps N` nothing is read: two steps warm up, N are timed.
"""

import json
import statistics
import sys
import time

WARM_STEPS = 2


def add_options(parser):
    parser.add_argument("--cores", type=int, default=2, help="threads that compute")
    parser.add_argument("--steps", type=int, help="time so many steps and end")


def timed(step, count):
    seconds = []
    for _ in range(count):
        start = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - start)
    return seconds


def serve(step, options, work, unit, versions):
    """Times `step`, a function that does `work` units; `unit` is a second's worth: `images/s`."""
    if options.steps is not None:
        timed(step, WARM_STEPS)
        seconds = timed(step, options.steps)
        rate = round(work / statistics.median(seconds), 2)
        print(json.dumps({"rate": rate, "unit": unit, "seconds": seconds, "versions": versions}))
        return
    print(json.dumps({"ready": True, "versions": versions}), flush=True)
    for line in sys.stdin:
        print(json.dumps({"seconds": timed(step, json.loads(line)["steps"])}), flush=True)
