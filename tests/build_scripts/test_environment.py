"""A real virtual environment and a real pip, on a clone so small that nothing is fetched."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from machine.checkout import Checkout
from machine.environment import STAMP, ensure_environment
from machine.report import Stop


def sample_is_importable(checkout: Checkout) -> bool:
    command = [str(checkout.program("python")), "-c", "import sample"]
    return subprocess.run(command, cwd="/", timeout=20, check=False).returncode == 0


def test_the_environment_is_made_once_and_again_only_when_something_changed(
    checkout: Checkout, capfd: pytest.CaptureFixture[str]
) -> None:
    ensure_environment(checkout)
    assert sample_is_importable(checkout)
    assert "making .venv with Python" in capfd.readouterr().err
    left_over = checkout.venv / "left-over"
    left_over.touch()

    began = time.monotonic()
    ensure_environment(checkout)
    assert time.monotonic() - began < 0.5
    assert capfd.readouterr().err == ""

    checkout.pyproject.write_text(
        checkout.pyproject.read_text().replace("[tool.", "dependencies = []\n[tool."), encoding="utf-8"
    )
    ensure_environment(checkout)
    assert left_over.exists(), "another entry point or version must not cost a new environment"
    assert capfd.readouterr().err == "dev: installing the project in place\n"

    checkout.run_and_test_lock.write_text("# other versions\n", encoding="utf-8")
    ensure_environment(checkout)
    assert not left_over.exists(), "a changed lock must leave nothing over"
    assert sample_is_importable(checkout)


def test_an_interrupted_installation_is_made_again(checkout: Checkout) -> None:
    ensure_environment(checkout)
    (checkout.venv / STAMP).unlink()
    broken = next(checkout.venv.glob("**/sample.pth"))
    broken.unlink()
    ensure_environment(checkout)
    assert sample_is_importable(checkout)


def test_a_failing_pip_leaves_no_stamp_and_says_what_to_do(checkout: Checkout) -> None:
    checkout.run_and_test_lock.write_text("sample==1.0\n", encoding="utf-8")
    with pytest.raises(Stop, match="pip failed"):
        ensure_environment(checkout)
    assert not (checkout.venv / STAMP).exists()


def test_two_at_once_make_it_once(checkout: Checkout) -> None:
    script = (
        "import sys; from pathlib import Path; from machine.checkout import Checkout;"
        "from machine.environment import ensure_environment; ensure_environment(Checkout(Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", script, str(checkout.root)]
    scripts = Path(__file__).resolve().parents[2] / "build_scripts"
    processes = [subprocess.Popen(command, cwd=scripts, stderr=subprocess.PIPE, text=True) for _number in range(2)]
    said = [process.communicate(timeout=50)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert "".join(said).count("making .venv") == 1
    assert sample_is_importable(checkout)
