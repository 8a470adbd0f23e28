"""The benchmark's own parts, without measuring anything: verdicts, tables, the baseline, settings, what is missing."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.request import Request, urlopen

import pytest

from app.store.store import DATABASE_FILE, Store
from app.store.vault import Sealed
from machine import bench
from machine.checkout import Checkout
from machine.report import Stop
from tests.bench import full_house, peer_configs, rows
from tests.bench.comparison_table import figure_tables, verdict_table
from tests.bench.far_side import FarSide, Load, NoCompiler, compile_programs
from tests.bench.full_house import fill_house
from tests.bench.rows import Against, Part, Promise
from tests.bench.scenarios import usual_start
from tests.bench.targets import server_program
from tests.bench.verdicts import STREAMS, Measured, Verdict, baseline_text, judge, read_baseline
from tests.store import samples
from tests.support.children import Children
from tests.support.ports import free_port

linux = pytest.mark.skipif(sys.platform != "linux", reason="the benchmark runs on Linux alone")
US, THEM = Part("us", "paced", "cpu_us"), Part("them", "paced", "cpu_us")
AT_MOST_TWICE = Promise(1, "CPU", US, 2.0, other=THEM)


def measured(*rounds: tuple[float, float], lost: float = 0) -> Measured:
    return Measured(
        [
            {("us", "paced"): {"cpu_us": us, "lost": lost}, ("them", "paced"): {"cpu_us": them, "lost": 0}}
            for us, them in rounds
        ]
    )


def test_figures_are_compared_within_a_round_and_the_middle_one_counts() -> None:
    # The ratio of the medians would be 3.
    verdict = judge(AT_MOST_TWICE, measured((10, 10), (30, 5), (40, 20)), {})
    assert (verdict.value, verdict.met) == (2.0, True)
    assert judge(AT_MOST_TWICE, measured((21, 10)), {}).met is False


def test_a_difference_and_a_figure_by_itself() -> None:
    found = measured((10, 4), (12, 4), (11, 4))
    assert judge(Promise(5, "first", US, 7, "ms", Against.DIFFERENCE, THEM), found, {}).value == 7
    alone = judge(Promise(9, "idle", US, 10, "MiB", Against.NOTHING), found, {})
    assert (alone.value, alone.met) == (11, False)


def test_at_least_is_the_other_way_round() -> None:
    promise = Promise(6, "turns", US, 2.0, other=THEM, at_least=True)
    assert judge(promise, measured((30, 10)), {}).met is True
    assert judge(promise, measured((19, 10)), {}).met is False
    assert judge(promise, measured((19, 10)), {promise.key: 3.0}).worse
    assert judge(promise, measured((19, 10)), {promise.key: 1.0}).better


def test_who_loses_streams_keeps_no_promise() -> None:
    verdict = judge(AT_MOST_TWICE, measured((1, 10), (1, 10), lost=2), {})
    assert (verdict.lost, verdict.met) == (4, False)
    assert "LOST STREAMS" in verdict_table([verdict])


def test_what_was_not_measured_says_why() -> None:
    found = Measured([{("us", "paced"): {"cpu_us": 1}}], {"them": "not installed"})
    verdict = judge(AT_MOST_TWICE, found, {AT_MOST_TWICE.key: 1.5})
    assert (verdict.met, verdict.change) == (None, None)
    assert "not measured (them: not installed)" in verdict_table([verdict])
    assert judge(AT_MOST_TWICE, Measured([{}], {STREAMS: "no compiler"}), {}).why == "no compiler"
    assert judge(AT_MOST_TWICE, Measured([{}], {"us paced": "no compiler"}), {}).why == "us: no compiler"


@pytest.mark.parametrize(("now", "marks"), [(11.9, (False, False)), (12.1, (True, False)), (7.9, (False, True))])
def test_only_what_is_beyond_noise_is_a_change(now: float, marks: tuple[bool, bool]) -> None:
    verdict = judge(AT_MOST_TWICE, measured((now, 10)), {AT_MOST_TWICE.key: 1.0})
    assert (verdict.worse, verdict.better) == marks
    assert (" worse" in verdict_table([verdict]), " better" in verdict_table([verdict])) == marks


def test_a_baseline_is_read_as_it_was_written(tmp_path: Path) -> None:
    verdicts = [judge(AT_MOST_TWICE, measured((15, 10)), {}), Verdict(Promise(2, "x", US, 1), None, 0, "absent")]
    path = tmp_path / "baseline.json"
    path.write_text(baseline_text(verdicts, "a machine", "2026-01-01"), encoding="utf-8")
    assert read_baseline(path) == {"machine": "a machine", "date": "2026-01-01", "figures": {"1 CPU": 1.5}}


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"figures": 3}', '{"figures": {"1 CPU": "much"}}'])
def test_a_baseline_that_cannot_be_read_compares_with_nothing(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "baseline.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    assert read_baseline(path) == {"figures": {}}


def test_the_tables_are_tables() -> None:
    found = measured((15.04, 10), (17, 10))
    assert figure_tables(found).splitlines() == [
        "paced",
        "",
        "| target | lost | CPU per event µs |",
        "|--------|------|------------------|",
        "| us     | 0    | 16.0             |",
        "| them   | 0    | 10.0             |",
    ]
    lines = verdict_table([judge(AT_MOST_TWICE, found, {})]).splitlines()
    assert lines[2] == "| 1 | CPU     | 0    | 1.60x  | ≤ 2.00x | met     |          |"


def test_every_promise_has_a_name_of_its_own_and_the_default_placement_is_among_them() -> None:
    keys = [promise.key for promise in rows.PROMISES]
    assert len(keys) == len(set(keys))
    assert rows.LOOP in rows.needed(rows.chosen(rows.PROMISES, rows.QUICK_ROWS))
    assert rows.needed(rows.chosen(rows.PROMISES, frozenset({14}))) == {
        rows.SERVE_TLS: ["paced-200"],
        rows.NGINX_TLS: ["paced-200"],
    }
    assert rows.HAPROXY in rows.needed(rows.PROMISES, whole=True)


def test_a_full_store_is_compared_with_an_empty_one_and_its_pages_with_an_ordinary_ones() -> None:
    wanted = rows.needed(rows.chosen(rows.PROMISES, frozenset({13})))
    assert wanted[rows.FULL] == ["start", "paced-10", "small-10", "small-200", "pages"]
    assert wanted[rows.EMPTY] == ["start", "paced-10", "small-10", "small-200"]
    assert wanted[rows.ORDINARY] == ["pages"]


def test_of_some_starts_the_first_does_not_count_and_the_middle_one_of_the_others_does() -> None:
    seen = [{"listening_ms": ms, "tray_ms": ms + 5} for ms in (900.0, 500.0, 800.0, 600.0)]
    assert usual_start(seen) == {"listening_ms": 600, "tray_ms": 605}
    assert usual_start([{"listening_ms": 3.0}, {"listening_ms": 4.0}]) == {"listening_ms": 4}


async def test_a_past_is_written_with_sessions_of_the_loads_all_over_it(tmp_path: Path) -> None:
    house = tmp_path / "house"
    store = await Store.open(house / DATABASE_FILE)
    sealed = Sealed("0123456789abcdef", b"n" * 12, b"ciphertext")
    await store.put_token(samples.token(1), sealed)
    await store.put_license(samples.license(1), sealed)
    await store.close()
    await asyncio.to_thread(fill_house, house, tmp_path / "past", full=False)
    store = await Store.open(tmp_path / "past" / DATABASE_FILE)
    try:
        sessions = await store.sessions(0)
        assert len(sessions) == full_house.ORDINARY_SESSIONS
        ages = {session.names[0]: session.last_active_at for session in sessions}
        assert ages["bench-199"] < ages["bench-100"] < ages["bench-0"]
        assert ages["bench-0"] - ages["bench-199"] > 29 * 24 * 3600
        assert len(await store.turns(3000)) == full_house.ORDINARY_TURNS
        assert sum(used.turns for used in (await store.license_usage(0)).values()) == full_house.ORDINARY_TURNS
    finally:
        await store.close()


@linux
@pytest.mark.parametrize("tls", [False, True])
def test_nginx_takes_its_settings(tmp_path: Path, tls: bool) -> None:
    program = server_program("nginx")
    assert program is not None, "it is not here, and dev.py test could not bring it"
    config = tmp_path / "nginx.conf"
    config.write_text(peer_configs.nginx(tmp_path, 18001, 18002, root=False, tls_to=tls), encoding="utf-8")
    done = subprocess.run(
        [program, "-t", "-p", str(tmp_path), "-c", str(config), "-e", str(tmp_path / "error.log")],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # It is inherited only by places that set no header at all.
    assert 'proxy_set_header Connection ""; proxy_set_header Authorization' in config.read_text(encoding="utf-8")


@linux
def test_haproxy_takes_its_settings(tmp_path: Path) -> None:
    program = server_program("haproxy")
    assert program is not None, "it is not here, and dev.py test could not bring it"
    config = tmp_path / "haproxy.cfg"
    config.write_text(peer_configs.haproxy(18001, 18002), encoding="utf-8")
    done = subprocess.run([program, "-c", "-f", str(config)], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr


@linux
def test_without_a_compiler_the_reason_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoCompiler, match="Debian: gcc"):
        compile_programs(tmp_path)


def without_a_delta(stream: bytes) -> bytes:
    at = stream.index(b"event: response.output_text.delta")
    return stream[:at] + stream[stream.index(b"\n\n", at) + 2 :]


@linux
@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (lambda stream: stream, (1, 0, 0, "")),
        (lambda stream: stream.replace(b'"temperature":1.0', b'"temperature":1.1', 1), (1, 0, 1, "")),
        (without_a_delta, (0, 1, 0, "out of order after 19 deltas")),
        (
            lambda stream: stream[: stream.index(b"event: response.completed")],
            (0, 1, 0, "no last event after 20 deltas"),
        ),
        (lambda stream: stream[:-400], (0, 1, 0, "no last event after 20 deltas")),
        (None, (0, 1, 0, "HTTP/1.0 404 after 0 deltas")),
    ],
    ids=["whole", "altered", "delta missing", "end missing", "cut off", "refused"],
)
def test_streams_that_are_not_whole_are_seen(
    tmp_path: Path, change: Callable[[bytes], bytes] | None, seen: tuple[int, int, int, str]
) -> None:
    compile_programs(tmp_path)
    children = Children(tmp_path / "logs")
    load = Load(1, 20, 100, 10)
    try:
        far = FarSide(tmp_path, children, [], free_port())
        far.wait_until_it_listens()

        class Between(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                with urlopen(Request(f"http://127.0.0.1:{far.port}/codex/responses", b"{}"), timeout=10) as answer:
                    stream = answer.read()
                self.send_response(200 if change else 404)
                self.end_headers()
                self.wfile.write(change(stream) if change else b"")

            def log_message(self, *_arguments: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Between) as server:
            serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
            serving.start()
            try:
                found = far.end(load, far.begin(load, server.server_port, "/", ()))
            finally:
                server.shutdown()
                serving.join()
        assert (found["ok"], found["lost"], found["altered"], found["why"]) == seen
    finally:
        children.end_all()


def test_without_chatmock_the_rest_is_measured(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout.chatmock_lock.write_text("chatmock==1.40 --hash=sha256:" + "0" * 64 + "\n", encoding="utf-8")

    def no_network(*_arguments: object) -> None:
        raise Stop("pip failed.")

    monkeypatch.setattr(bench, "install_lock", no_network)
    monkeypatch.setattr(bench, "make_venv", lambda folder: folder.mkdir(parents=True))
    bench.ensure_chatmock(checkout)
    assert not (checkout.chatmock_venv / bench.STAMP).exists()
    installed: list[Path] = []
    monkeypatch.setattr(bench, "install_lock", lambda venv, _lock: installed.append(venv))
    monkeypatch.setattr(bench, "make_venv", lambda folder: folder.mkdir(parents=True, exist_ok=True))
    bench.ensure_chatmock(checkout)
    bench.ensure_chatmock(checkout)
    assert installed == [checkout.chatmock_venv]


def test_the_committed_baseline_names_promises_that_there_are() -> None:
    path = Path(rows.__file__).with_name("baseline.json")
    if path.exists():
        known = {promise.key for promise in rows.PROMISES}
        assert set(json.loads(path.read_text(encoding="utf-8"))["figures"]) <= known
