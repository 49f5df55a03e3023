"""The campaign: `python -m tests.campaign`; docs/interruptions.md says what it does and what it asserts."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import threading
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.campaign import case as cases
from tests.campaign import plan
from tests.campaign.case import Case, Outcome
from tests.campaign.interruptions import KINDS
from tests.campaign.lane import CHECKOUT, EVERY_METHOD, Lane
from tests.campaign.reference import HarnessError, learn


def main() -> int:
    """Runs a campaign; 1 when a case failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="draws the sample and what a case leaves open")
    parser.add_argument("--cases", type=int, default=0, metavar="N", help="a sample of N; all when left out")
    parser.add_argument("--only", default="", metavar="REGEX", help="the cases whose line this is found in")
    parser.add_argument("--lanes", type=int, default=2, metavar="N", help="how many stacks run side by side")
    parser.add_argument("--methods", action="store_true", help="a stack with a job of each way to tune")
    parser.add_argument("--folder", type=Path, default=CHECKOUT / ".tunestack" / "campaign", metavar="DIR")
    parser.add_argument("--list", action="store_true", help="print the cases and run none")
    options = parser.parse_args()
    folder: Path = options.folder.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "logs").mkdir(parents=True)

    others = EVERY_METHOD if options.methods else {}
    lanes = [Lane(folder / f"lane-{number}", os.environ, others) for number in range(options.lanes)]
    try:
        with ThreadPoolExecutor(len(lanes)) as pool:
            references, *_ = pool.map(learn, lanes, [2, *[1] * len(lanes)])
            walk = plan.walk(references, options.seed)
            numbers = {case: number for number, case in enumerate(walk, 1)}
            chosen = [case for case in walk if re.search(options.only, str(case))]
            chosen = plan.sample(chosen, options.cases or len(chosen), options.seed)
            if options.list:
                print(*(f"{numbers[case]:4} {case}" for case in sorted(chosen, key=numbers.__getitem__)), sep="\n")
                return 0
            free: SimpleQueue[Lane] = SimpleQueue()
            for lane in lanes:
                free.put(lane)
            said = threading.Lock()

            def one(case: Case) -> Outcome:
                lane = free.get()
                try:
                    log = folder / "logs" / f"{numbers[case]:04}.log"
                    outcome = cases.run(case, lane, references[case.phase.name], options.seed, log)
                finally:
                    free.put(lane)
                with said:
                    print(f"{numbers[case]:4} {outcome}", flush=True)
                return outcome

            try:
                outcomes = list(pool.map(one, chosen))
            except KeyboardInterrupt:
                print("ends when the cases under way have ended", file=sys.stderr)
                pool.shutdown(cancel_futures=True)
                return 130
    except HarnessError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        for lane in lanes:
            lane.close()
    print(summary(outcomes, options.seed))
    return int(any(outcome.failed for outcome in outcomes))


def summary(outcomes: Iterable[Outcome], seed: int) -> str:
    """The table of phases and kinds, and where the logs of failures are."""
    outcomes = list(outcomes)
    good, all_of = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for outcome in outcomes:
        if outcome.applicable:
            pair = (outcome.case.phase.name, outcome.case.kind)
            all_of[pair] += 1
            good[pair] += not outcome.failed
    phases = list(dict.fromkeys(phase for phase, _ in all_of))
    lines = ["", "| passed of run | " + " | ".join(phases) + " |", "|---" * (len(phases) + 1) + "|"]
    for kind in KINDS:
        cells = [f"{good[phase, kind]} of {all_of[phase, kind]}" for phase in phases]
        lines.append(f"| {kind} | " + " | ".join(cells) + " |")
    failed = [outcome for outcome in outcomes if outcome.failed]
    idle = sum(not outcome.applicable for outcome in outcomes)
    lines += ["", f"seed {seed}: {len(outcomes)} cases, {len(failed)} failed, {idle} without the process to kill"]
    lines += [f"- {outcome.case}: {outcome.log}" for outcome in failed]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
