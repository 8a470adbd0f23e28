"""The rules that tests/conftest.py holds, each tried on a small test run of its own."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

ROOT = Path(__file__).resolve().parents[2]
CONFTEST = "from tests.conftest import *  # noqa: F403\n"


@pytest.fixture
def run(pytester: pytest.Pytester) -> Callable[[str], pytest.RunResult]:
    """Run a test module under our conftest, in a process of its own."""

    def run_module(text: str) -> pytest.RunResult:
        pytester.makeconftest(CONFTEST)
        pytester.makepyfile(text)
        pytester.makeini(
            "[pytest]\nasyncio_mode = auto\ntimeout = 60\n"
            f"pythonpath = {ROOT}\nmarkers = expects_errors(*patterns): see conftest\n"
        )
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", timeout=50)

    return run_module


def test_an_unexpected_error_in_the_log_fails_the_test(run: Callable[[str], pytest.RunResult]) -> None:
    result = run("""
        import logging, pytest
        log = logging.getLogger("app.some.module")
        def test_unexpected(): log.error("the store is gone")
        @pytest.mark.expects_errors("store is .one")
        def test_expected(): log.error("the store is gone")
        @pytest.mark.expects_errors("something else")
        def test_another_expected(): log.error("the store is gone")
        def test_by_fixture(expect_errors):
            expect_errors("gone")
            log.error("the store is gone")
        def test_warning(): log.warning("the store is slow")
    """)
    result.assert_outcomes(passed=5, errors=2)
    result.stdout.fnmatch_lines(["*app.some.module ERROR the store is gone*"])


def test_an_exception_that_no_task_handed_on_fails_the_test(run: Callable[[str], pytest.RunResult]) -> None:
    result = run("""
        import asyncio
        async def fail(): raise ValueError("lost")
        async def test_it():
            task = asyncio.get_running_loop().create_task(fail())
            await asyncio.sleep(0.01)
    """)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*ValueError: lost*"])


def test_leaving_the_machine_fails_the_test_even_if_the_refusal_is_swallowed(
    run: Callable[[str], pytest.RunResult],
) -> None:
    # 192.0.2.1 and example.invalid are reserved for documentation and for failing.
    result = run("""
        import asyncio, contextlib, socket
        def test_swallowed():
            with contextlib.suppress(OSError):
                socket.create_connection(("192.0.2.1", 443), timeout=1)
        def test_loud():
            socket.socket(socket.AF_INET6).connect(("2001:db8::1", 443))
        async def test_asyncio():
            with contextlib.suppress(OSError):
                await asyncio.open_connection("192.0.2.1", 443)
        def test_datagram():
            with contextlib.suppress(OSError):
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53))
    """)
    result.assert_outcomes(passed=3, failed=1, errors=4)
    result.stdout.fnmatch_lines(["*connections to the outside were tried: ('192.0.2.1', 443)*"])


def test_what_a_test_left_on_the_clipboard_does_not_crash_the_end(run: Callable[[str], pytest.RunResult]) -> None:
    result = run("""
        from PySide6.QtCore import QMimeData
        def test_copy(qapp):
            data = QMimeData()
            data.setText("x")
            qapp.clipboard().setMimeData(data)
    """)
    result.assert_outcomes(passed=1)
    assert result.ret == 0


def test_loopback_and_unix_sockets_are_free(tmp_path: Path) -> None:
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "127.0.0.2")):
        with socket.socket(family) as server, socket.socket(family) as client:
            server.bind((host, 0))
            server.listen()
            client.connect(server.getsockname())
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(str(tmp_path / "s"))
        server.listen()
        client.connect(str(tmp_path / "s"))


def test_the_environment_is_the_tests_own() -> None:
    home = Path.home()
    assert home.name.startswith("waystation-tests-")
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
        assert Path(os.environ[name]).is_relative_to(home)
    assert os.environ["QT_QPA_PLATFORM"] == "offscreen"
    assert not [name for name in os.environ if name.startswith(("WAYSTATION_", "CODEX_", "OPENAI_"))]
    assert "DISPLAY" not in os.environ


def test_the_keyring_of_the_person_is_out_of_reach() -> None:
    import keyring
    from keyring.errors import KeyringError

    with pytest.raises(KeyringError):
        keyring.set_password("waystation-test", "nobody", "nothing")


def test_files_run_side_by_side_each_in_one_process_and_those_with_fixed_ports_in_the_same(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeini(f"[pytest]\npythonpath = {ROOT}\nmarkers = fixed_ports: see conftest\n")
    pytester.makeconftest(f"""
        {CONFTEST}
        import os, pathlib, time
        import tests.support.side_by_side as side_by_side
        side_by_side.ROOT = pathlib.Path(__file__).parent

        def note(name):
            time.sleep(0.02)
            with (side_by_side.ROOT / "ran").open("a") as file:
                file.write(f"{{name}} {{os.getpid()}}\\n")

        @pytest.fixture
        def place():
            return note
    """)
    for name in ("free", "other", "fixed", "also_fixed"):
        mark = "import pytest\npytestmark = pytest.mark.fixed_ports\n" if "fixed" in name else ""
        tests = "".join(f"def test_{number}(place): place('{name}')\n" for number in range(6))
        pytester.makepyfile(**{f"test_{name}": mark + tests})
    options = ("-p", "no:cacheprovider", "-n", "3", "--dist", "loadfile", "--no-loadscope-reorder")
    pytester.runpytest_subprocess(*options, timeout=50).assert_outcomes(passed=24)

    ran = [line.split() for line in (pytester.path / "ran").read_text(encoding="utf-8").splitlines()]
    places = {name: {number for other, number in ran if other == name} for name, _ in ran}
    assert [len(numbers) for numbers in places.values()] == [1] * 4
    assert places["fixed"] == places["also_fixed"]
    assert len(set.union(*places.values())) == 3
