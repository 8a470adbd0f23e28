"""What holds for every test: own folders, no way out of the machine, no unexpected error in the log."""

import gc
import inspect
import logging
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.support.error_logs import ErrorLog
from tests.support.isolation import isolate
from tests.support.network_guard import NetworkGuard
from tests.support.side_by_side import FilesSideBySide, begin_early

_HOME = pytest.StashKey[Path]()
_GUARD = pytest.StashKey[NetworkGuard]()


#: Modules that need a frozen program to try, and those among them that need Xvfb, D-Bus, Wayland and /proc.
_OF_A_BUNDLE = "test_frozen_*.py"
_OF_A_BUNDLE_ON_LINUX = "test_frozen_on_linux*.py"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Name the frozen program whose tests are to be run too: `dev.py test` and `build.py smoke` do."""
    parser.addoption("--bundle", metavar="FOLDER", type=Path, help="the folder of a frozen program, to be tried")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Without a frozen program there is nothing to try: nothing is skipped in silence, the tests are not there."""
    if config.getoption("--bundle") is None:
        return collection_path.match(_OF_A_BUNDLE) or None
    return (sys.platform != "linux" and collection_path.match(_OF_A_BUNDLE_ON_LINUX)) or None


def pytest_configure(config: pytest.Config) -> None:
    """Isolate before any test module is imported: some modules read the environment when imported."""
    home = Path(tempfile.mkdtemp(prefix="waystation-tests-"))
    isolate(home)
    # Whom a shell starts in the background ignores Ctrl-C, and so would the programs that are sent one here.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    guard = NetworkGuard()
    guard.install()
    config.stash[_HOME] = home
    config.stash[_GUARD] = guard
    # A busy machine is slow, and slow is not wrong.
    hypothesis.settings.register_profile("waystation", deadline=None)
    hypothesis.settings.load_profile("waystation")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FilesSideBySide:
    """Where tests run side by side: one file in one process, and all that need a fixed port in the same."""
    return FilesSideBySide(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first, so that no process is left with one of them in the end."""
    items.sort(key=begin_early)


def pytest_collection_finish() -> None:
    """What is there now stays; each collection after a test (see `error_log`) would look at all of it again."""
    gc.collect()
    gc.freeze()


def pytest_sessionfinish() -> None:
    """Empty the clipboard: Qt's offscreen platform frees its data after Python has gone, and crashes on it."""
    gui = sys.modules.get("PySide6.QtGui")
    if gui and gui.QGuiApplication.instance():
        gui.QGuiApplication.clipboard().clear()


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[_GUARD].remove()
    shutil.rmtree(config.stash[_HOME], ignore_errors=True)


@pytest.fixture(autouse=True)
def error_log(request: pytest.FixtureRequest) -> Iterator[ErrorLog]:
    """Fail the test on an ERROR log record that it did not expect (marker or fixture expect_errors)."""
    log = ErrorLog()
    marker = request.node.get_closest_marker("expects_errors")
    if marker:
        log.expect(*marker.args)
    root = logging.getLogger()
    root.addHandler(log)
    try:
        yield log
        if inspect.iscoroutinefunction(getattr(request, "function", None)):
            # asyncio reports exceptions that nobody awaited when their tasks are collected: now, not later.
            _let_go_of_servers()
            gc.collect()
    finally:
        root.removeHandler(log)
    unexpected = log.unexpected()
    if unexpected:
        pytest.fail("unexpected errors in the log:\n" + "\n".join(unexpected), pytrace=False)


def _let_go_of_servers() -> None:
    """Empty a cache of aiohttp's that keeps the last 1,024 applications alive, for each collection to look through."""
    web_app = sys.modules.get("aiohttp.web_app")
    if web_app:
        web_app._cached_build_middleware.cache_clear()


@pytest.fixture
def expect_errors(error_log: ErrorLog) -> Callable[..., None]:
    """Call with expressions: ERROR records that match one of them are part of this test."""
    return error_log.expect


@pytest.fixture(autouse=True)
def stays_on_this_machine(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail the test that tried to leave the machine, also where the product coped with the refusal."""
    guard = request.config.stash[_GUARD]
    guard.take_refused()
    yield
    refused = guard.take_refused()
    if refused:
        pytest.fail(f"connections to the outside were tried: {', '.join(refused)}", pytrace=False)
