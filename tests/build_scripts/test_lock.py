from pathlib import Path

import pytest

from machine.lock import check_lock
from machine.report import Stop

LOCKS = Path(__file__).resolve().parents[2] / "build_scripts" / "locks"
HASH = "0" * 64


@pytest.mark.parametrize("name", ["run-and-test.txt", "build.txt", "chatmock.txt"])
def test_the_locks_pin_hashes_and_name_no_address(name: str) -> None:
    check_lock((LOCKS / name).read_text(encoding="utf-8"), name)


def test_qt_is_locked_to_a_version_that_keeps_its_references_on_every_python() -> None:
    for name in ("run-and-test.txt", "build.txt"):
        assert "\npyside6-essentials==6.11.3 " in (LOCKS / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://example.org/simple",
        "-i https://example.org/simple",
        f"a @ https://example.org/a.whl \\\n    --hash=sha256:{HASH}",
        "a @ file:///tmp/a.whl",
        "# from https://example.org/simple",
        "-e .",
    ],
)
def test_an_address_in_a_lock_is_refused(line: str) -> None:
    with pytest.raises(Stop, match="address"):
        check_lock(f"b==1 \\\n    --hash=sha256:{HASH}\n{line}\n", "some.txt")


@pytest.mark.parametrize("line", ["a==1", f"a>=1 \\\n    --hash=sha256:{HASH}", "a"])
def test_a_package_without_version_or_hash_is_refused(line: str) -> None:
    with pytest.raises(Stop, match="no version or no hash of: a"):
        check_lock(f"b==1 \\\n    --hash=sha256:{HASH}\n{line}\n", "some.txt")
