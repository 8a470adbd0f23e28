"""Waystation beside nginx, HAProxy and ChatMock on this machine: a table with ratios, targets and verdicts.

`python3 build_scripts/dev.py bench` brings what it needs and starts it. Linux. What is missing is named, and its lines
say so. Only processes that it has started are ended, and all is on loopback.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from app.core.errors import WaystationError
from tests.bench import rows
from tests.bench.bed import TestBed
from tests.bench.comparison_table import figure_tables, verdict_table
from tests.bench.far_side import FarSide, NoCompiler, compile_programs
from tests.bench.process_tree import own_cpus
from tests.bench.scenarios import APART, LOADS, STALLS, STARTS, idle, one_start, pages, streams, usual_start, warm_up
from tests.bench.targets import DidNotStart, Running, Target, running
from tests.bench.verdicts import STREAMS, Measured, Round, baseline_text, judge, read_baseline
from tests.support.children import Children

BASELINE = Path(__file__).with_name("baseline.json")
#: Sockets that 2,000 streams take in one process, and something over.
_FILES = 4500
_INSIDE = "WAYSTATION_BENCH_INSIDE"
#: What a target may fail with, so that only its own lines are left out.
_FAILURES = (DidNotStart, WaystationError, OSError, ValueError, subprocess.SubprocessError)


class Bench:
    """One run: rounds of all targets, one after the other.

    Args:
        bed: the targets.
        wanted: the scenarios of each target.
        far: upstream and loads; None: there are none, and only what needs none is measured.
        pinned: what to put before a target's command.
    """

    def __init__(self, bed: TestBed, wanted: dict[str, list[str]], far: FarSide | None, pinned: Sequence[str]) -> None:
        self._bed, self._wanted, self._far, self._pinned = bed, wanted, far, pinned
        self.measured = Measured(troubles=dict(bed.troubles))

    def round(self, number: int, of: int) -> None:
        """Measure everything once more."""
        found: Round = {}
        self.measured.rounds.append(found)
        for name, scenarios in self._wanted.items():
            target = self._bed.targets.get(name)
            if target is None:
                continue
            _say(f"round {number} of {of}: {name}: {', '.join(scenarios)}")
            loads = [scenario for scenario in scenarios if scenario in LOADS and scenario not in APART]
            try:
                if loads:
                    self._streams(name, target, loads, found)
                if "many" in scenarios:
                    self._streams(name, self._bed.for_many(target), ["many"], found)
                for scenario in scenarios:
                    if scenario in STALLS:
                        stalling = {**target.environment, "BENCH_STALL_S": str(STALLS[scenario])}
                        self._streams(name, replace(target, environment=stalling), [scenario], found)
                if "idle" in scenarios:
                    with self._started(name, target) as one:
                        found[name, "idle"] = idle(one)
                if "pages" in scenarios:
                    with self._started(name, target) as one:
                        found[name, "pages"] = pages(one)
            except _FAILURES as error:
                self._failed(name, error)
        self._starts([name for name, scenarios in self._wanted.items() if "start" in scenarios], found)

    def _starts(self, names: list[str], found: Round) -> None:
        """By turns: of two that are compared, neither has the quieter minute."""
        seen: dict[str, list[dict[str, float]]] = {name: [] for name in names if name in self._bed.targets}
        for _ in range(STARTS + 1):
            for name in list(seen):
                try:
                    seen[name].append(one_start(partial(self._started, name, self._bed.targets[name])))
                except _FAILURES as error:
                    self._failed(name, error)
                    del seen[name]
        found.update({(name, "start"): usual_start(starts) for name, starts in seen.items()})

    def _failed(self, name: str, error: Exception) -> None:
        self.measured.troubles[name] = str(error)
        _say(f"{name}: {error}")

    def _streams(self, name: str, target: Target, scenarios: list[str], found: Round) -> None:
        if self._far is None:
            return
        # What the window does beside the streams is seen only where both may run.
        pinned = [] if STALLS.keys() & set(scenarios) else self._pinned
        with running(target, self._run_folder(name), pinned, self._bed.environment) as one:
            if one.child is not None:
                # Nobody asks at once.
                time.sleep(0.7)
            warm_up(self._far, one)
            for scenario in scenarios:
                found[name, scenario], why = streams(scenario, self._far, one)
                if why:
                    _say(f"{name}: {scenario}: {found[name, scenario]['lost']:.0f} streams lost; the first: {why}")

    def _started(self, name: str, target: Target) -> contextlib.AbstractContextManager[Running]:
        return running(target, self._run_folder(name), self._pinned, self._bed.environment)

    def _run_folder(self, name: str) -> Path:
        return self._bed.folder / "run" / name


def main(arguments: Sequence[str]) -> int:
    """Measure and print; 0: all that was measured is met, 1: something is missed."""
    options = _options(arguments)
    if sys.platform != "linux":
        _say("The benchmark measures by /proc and epoll: it runs on Linux alone.")
        return 2
    alone = _go_inside(arguments)
    only = rows.QUICK_ROWS if options.quick and options.only is None else options.only
    promises = rows.chosen(rows.PROMISES, only)
    wanted = rows.needed(promises, whole=only is None)
    began, date = time.monotonic(), datetime.datetime.now(datetime.UTC).date().isoformat()
    leave_out = [] if alone else ["a network of its own (as root, with unshare and ip)"]
    with tempfile.TemporaryDirectory(prefix="waystation-bench-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        on_target, elsewhere = _pinning(leave_out)
        bed = TestBed(
            folder, options.chatmock, set(wanted), many="many" in {s for each in wanted.values() for s in each}
        )
        _enough_files(bed)
        children = Children(folder / "logs")
        stack.callback(children.end_all)
        far = None
        try:
            compile_programs(folder)
            far = FarSide(folder, children, elsewhere, bed.upstream_port)
            far.wait_until_it_listens()
            bed.start_tls(children, elsewhere)
        except (NoCompiler, TimeoutError) as error:
            bed.troubles[STREAMS] = str(error)
        bench = Bench(bed, wanted, far, on_target)
        rounds = 1 if options.quick else options.rounds
        for number in range(1, rounds + 1):
            bench.round(number, rounds)
    baseline = read_baseline(options.baseline)
    verdicts = [judge(promise, bench.measured, baseline["figures"]) for promise in promises]
    leave_out += [f"{name}: {why}" for name, why in bench.measured.troubles.items()]
    print(f"\nmachine   {_machine()}")
    print(f"run       {date}, {rounds} rounds, medians; {time.monotonic() - began:.0f} s; {bed.versions()}")
    print(f"left out  {'; '.join(dict.fromkeys(leave_out)) or 'nothing'}")
    if baseline.get("machine"):
        print(f"baseline  {baseline['date']}, {baseline['machine']}")
    print(f"\n{figure_tables(bench.measured)}\n\n{verdict_table(verdicts)}")
    if options.save_baseline:
        options.baseline.write_text(baseline_text(verdicts, _machine(), date), encoding="utf-8")
        _say(f"wrote {options.baseline}")
    return 1 if any(verdict.met is False for verdict in verdicts) else 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    def row_numbers(text: str) -> frozenset[int]:
        found = frozenset(int(part) for part in text.split(","))
        unknown = found - {promise.row for promise in rows.PROMISES}
        if unknown:
            raise argparse.ArgumentTypeError(f"there is no row {min(unknown)}")
        return found

    parser = argparse.ArgumentParser(prog="dev.py bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured (3)")
    parser.add_argument("--quick", action="store_true", help="one round of the rows that say most")
    parser.add_argument("--only", type=row_numbers, metavar="ROW,ROW", help="these rows of the table")
    parser.add_argument("--save-baseline", action="store_true", help="keep this run to compare later ones with")
    parser.add_argument("--baseline", type=Path, default=BASELINE, help="the file of it (tests/bench/baseline.json)")
    parser.add_argument("--chatmock", type=_absolute, metavar="PYTHON", help="of an environment with ChatMock")
    options = parser.parse_args(arguments)
    if not 1 <= options.rounds <= 20:
        parser.error("--rounds is 1 to 20")
    return options


def _absolute(text: str) -> Path:
    # Targets are started in folders of their own. Not resolved: that would leave the environment.
    return Path(text).absolute()


def _go_inside(arguments: Sequence[str]) -> bool:
    """Start again in a network of its own, where nothing but loopback is; False: that may not be."""
    if os.environ.get(_INSIDE):
        return True
    programs = shutil.which("unshare"), shutil.which("ip"), shutil.which("sh")
    if os.geteuid() != 0 or None in programs:
        return False
    words = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    if subprocess.run([*words, "true"], capture_output=True, check=False).returncode:
        return False
    os.environ[_INSIDE] = "1"
    os.execvp("unshare", [*words, sys.executable, "-m", "tests.bench.against_peers", *arguments])


def _pinning(leave_out: list[str]) -> tuple[list[str], list[str]]:
    """What to put before a target's command, and before all others'."""
    cpus = own_cpus()
    if len(cpus) < 2 or shutil.which("taskset") is None:
        leave_out.append("a processor of its own for each target (two cores and taskset)")
        return [], []
    rest = ",".join(map(str, cpus[1:]))
    return ["taskset", "-c", str(cpus[0])], ["taskset", "-c", rest]


def _enough_files(bed: TestBed) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = hard == resource.RLIM_INFINITY or hard >= _FILES
    resource.setrlimit(resource.RLIMIT_NOFILE, (65536 if hard == resource.RLIM_INFINITY else min(hard, 65536), hard))
    if not enough:
        bed.no_many(f"only {hard} open files are allowed (ulimit -n {_FILES})")


def _machine() -> str:
    model = ""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    load = os.getloadavg()[0]
    return (
        f"{len(own_cpus())} cores {model}, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, load {load:.1f}"
    )


def _say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
