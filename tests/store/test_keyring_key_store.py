"""The keyring: a real Secret Service, and backends that misbehave."""

import asyncio
import base64
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import pytest

from app.core.errors import KeyStoreUnavailable
from app.store.key_stores import KEYRING_SERVICE, KEYRING_USER, KeyringStore
from app.store.vault import Vault, VaultStatus
from tests.store.keyring_backends import Backend, Forgetful, Full, Locked, Slow

ROOT = Path(__file__).resolve().parents[2]

# Unlocks, and seals or opens by way of a file.
PROGRAM = """
import asyncio, pickle, sys, time
from pathlib import Path
from app.core.errors import WaystationError
from app.store.key_stores import KeyStoreKind, key_store
from app.store.vault import Vault
async def main():
    seal = Path(sys.argv[1])
    vault = Vault(key_store(KeyStoreKind.KEYRING, seal.parent))
    try:
        await vault.unlock(has_sealed_rows=seal.exists())
    except WaystationError as error:
        print(error.code, error.details.get("reason"), error.message)
        return
    if seal.exists():
        print("opened", vault.open("token:t-1:v1", pickle.loads(seal.read_bytes())).decode())
    else:
        seal.write_bytes(pickle.dumps(vault.seal("token:t-1:v1", b"a secret")))
        print("sealed")
asyncio.run(main())
"""

# A Secret Service of its own, on a bus of its own. `-n` reads the password from the pipe: the empty one.
SERVICE = """
export XDG_DATA_HOME="$1" XDG_RUNTIME_DIR="$1/run" XDG_CONFIG_HOME="$1/config"
mkdir -p -m 700 "$XDG_RUNTIME_DIR"
if [ "$2" = unlocked ]; then
  printf '\\n' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
else
  gnome-keyring-daemon --start --components=secrets </dev/null >/dev/null 2>&1
fi
shift 2
"$@"
"""

needs_service = pytest.mark.skipif(
    not (shutil.which("dbus-run-session") and shutil.which("gnome-keyring-daemon")),
    reason="needs dbus-run-session and gnome-keyring-daemon",
)

Run = Callable[..., str]


@pytest.fixture
def in_secret_service(tmp_path: Path) -> Run:
    """Run a command where there is a Secret Service, and give what it says."""

    def run(*command: str, state: str = "unlocked") -> str:
        service = ["dbus-run-session", "--", "bash", "-c", SERVICE, "service", str(tmp_path / "keyring"), state]
        result = subprocess.run(
            [*service, *command],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    return run


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> Iterator[Backend]:
    """The process's keyring for one test."""
    former = keyring.get_keyring()
    chosen: Backend = request.param()
    keyring.set_keyring(chosen)
    yield chosen
    keyring.set_keyring(former)


@needs_service
def test_a_real_secret_service_keeps_the_key(in_secret_service: Run, tmp_path: Path) -> None:
    seal = tmp_path / "seal"
    assert in_secret_service(sys.executable, "-c", PROGRAM, str(seal)) == "sealed\n"
    # Another bus, another daemon, the same keyring on disk: a new login.
    assert in_secret_service(sys.executable, "-c", PROGRAM, str(seal)) == "opened a secret\n"


@needs_service
def test_a_secret_service_that_lost_the_key_is_told_and_gets_no_new_one(in_secret_service: Run, tmp_path: Path) -> None:
    seal = tmp_path / "seal"
    assert in_secret_service(sys.executable, "-c", PROGRAM, str(seal)) == "sealed\n"
    shutil.rmtree(tmp_path / "keyring")
    for _ in range(2):
        assert in_secret_service(sys.executable, "-c", PROGRAM, str(seal)).startswith("data_key_lost ")


@needs_service
def test_a_locked_secret_service_is_told_with_what_to_do(in_secret_service: Run, tmp_path: Path) -> None:
    said = in_secret_service(sys.executable, "-c", PROGRAM, str(tmp_path / "seal"), state="locked")
    assert said.startswith("key_store_unavailable InitError")
    assert "WAYSTATION_KEY_STORE=file" in said
    assert "WAYSTATION_KEY_STORE=memory" in said
    assert not (tmp_path / "seal").exists()


async def test_no_keyring_at_all_is_told_and_nothing_can_be_sealed() -> None:
    # The tests' environment has no session bus.
    vault = Vault(KeyringStore())
    with pytest.raises(KeyStoreUnavailable, match="WAYSTATION_KEY_STORE=file") as caught:
        await vault.unlock(has_sealed_rows=False)
    assert vault.state.status is VaultStatus.UNAVAILABLE
    assert vault.state.reason == caught.value.message
    with pytest.raises(KeyStoreUnavailable, match="WAYSTATION_KEY_STORE=memory"):
        vault.seal("token:t-1:v1", b"x")


@pytest.mark.parametrize("backend", [Backend], indirect=True)
async def test_one_item_is_kept_and_read_once_per_start(backend: Backend) -> None:
    vault = Vault(KeyringStore())
    await vault.unlock(has_sealed_rows=False)
    assert list(backend.items) == [(KEYRING_SERVICE, KEYRING_USER)] == [("Waystation", "data-key-v1")]
    assert len(base64.b64decode(backend.items["Waystation", "data-key-v1"])) == 32
    backend.reads = 0
    second = Vault(KeyringStore())
    for _ in range(3):
        await second.unlock(has_sealed_rows=True)
        second.open("token:t-1:v1", vault.seal("token:t-1:v1", b"x"))
    assert backend.reads == 1


@pytest.mark.parametrize("backend", [Locked, Full, Forgetful], indirect=True)
async def test_a_keyring_that_keeps_nothing_is_told_and_nothing_can_be_sealed(
    backend: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    vault = Vault(KeyringStore())
    with pytest.raises(KeyStoreUnavailable, match="WAYSTATION_KEY_STORE=file") as caught:
        await vault.unlock(has_sealed_rows=False)
    with pytest.raises(KeyStoreUnavailable):
        vault.seal("token:t-1:v1", b"x")
    # The Windows error in this test repeats what was to be kept.
    assert "Not enough memory" not in str(caught.value) + caplog.text
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("backend", [Backend], indirect=True)
async def test_an_item_that_is_no_key_is_told_and_never_overwritten(backend: Backend) -> None:
    backend.items["Waystation", "data-key-v1"] = "something else"
    with pytest.raises(KeyStoreUnavailable, match="holds no key"):
        await Vault(KeyringStore()).unlock(has_sealed_rows=False)
    assert backend.items["Waystation", "data-key-v1"] == "something else"


@pytest.mark.parametrize("backend", [Slow], indirect=True)
async def test_a_keyring_that_asks_the_user_delays_nothing_and_is_asked_once(backend: Slow) -> None:
    backend.items["Waystation", "data-key-v1"] = base64.b64encode(bytes(32)).decode()
    vault = Vault(KeyringStore(timeout_s=0.2))
    for _ in range(2):
        begun = time.monotonic()
        with pytest.raises(KeyStoreUnavailable, match=r"has not answered for 0\.2 seconds"):
            await vault.unlock(has_sealed_rows=True)
        assert time.monotonic() - begun < 5
    assert vault.state.status is VaultStatus.UNAVAILABLE
    backend.answer.set()
    await vault.unlock(has_sealed_rows=True)
    assert vault.state.status is VaultStatus.READY
    assert backend.reads == 1


def test_a_keyring_that_hangs_does_not_keep_the_process_from_ending() -> None:
    program = """
import asyncio, keyring
from app.core.errors import KeyStoreUnavailable
from app.store.key_stores import KeyringStore
from app.store.vault import Vault
from tests.store.keyring_backends import Slow
keyring.set_keyring(Slow())
try:
    asyncio.run(Vault(KeyringStore(timeout_s=0.2)).unlock(False))
except KeyStoreUnavailable:
    print("told")
"""
    begun = time.monotonic()
    result = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (result.stdout, result.stderr, result.returncode) == ("told\n", "", 0)
    assert time.monotonic() - begun < 15, "less than the backend takes"


@pytest.mark.parametrize("backend", [Slow], indirect=True)
async def test_an_unlock_that_is_cancelled_can_be_tried_again(backend: Slow) -> None:
    vault = Vault(KeyringStore())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(vault.unlock(has_sealed_rows=False), 0.1)
    assert vault.state.status is VaultStatus.LOCKED
    backend.answer.set()
    await vault.unlock(has_sealed_rows=False)
    assert len(backend.items) == 1
