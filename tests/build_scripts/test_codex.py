"""The cache of Codex CLIs, with an npm that writes a small program instead of 250 MB."""

import sys
from pathlib import Path

import pytest

from machine.checkout import Checkout
from machine.codex import CODEX_VERSIONS, STAMP, codex_program, ensure_codex_versions
from machine.report import Stop

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for npm is a shell script")

# npm install --prefix FOLDER … @openai/codex@VERSION
NPM = """#!/bin/sh
echo "$*" >> {log}
for word; do case "$word" in *codex@*) version=${{word##*@}};; esac; done
mkdir -p "$3/node_modules/.bin"
printf '#!/bin/sh\\necho codex-cli %s\\n' "{answer}" > "$3/node_modules/.bin/codex"
chmod +x "$3/node_modules/.bin/codex"
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return Checkout(tmp_path)


def write_npm(checkout: Checkout, answer: str = "$version") -> None:
    npm = checkout.root / "bin/npm"
    npm.write_text(NPM.format(log=checkout.root / "asked", answer=answer), encoding="utf-8")
    npm.chmod(0o755)


def asked(checkout: Checkout) -> list[str]:
    """The packages that npm was asked for."""
    said = (checkout.root / "asked").read_text(encoding="utf-8").splitlines()
    return [word for line in said for word in line.split() if word.startswith("@openai/codex@")]


def test_each_version_is_installed_once(checkout: Checkout) -> None:
    write_npm(checkout)
    ensure_codex_versions(checkout)
    ensure_codex_versions(checkout)
    assert [line.rpartition("@")[2] for line in asked(checkout)] == list(CODEX_VERSIONS)
    for version in CODEX_VERSIONS:
        assert (checkout.codex_cache / version / STAMP).read_text() == f"{version}\n"


def test_a_half_installed_version_is_installed_again(checkout: Checkout) -> None:
    write_npm(checkout)
    ensure_codex_versions(checkout)
    half = CODEX_VERSIONS[2]
    (checkout.codex_cache / half / STAMP).unlink()
    codex_program(checkout, half).write_text("#!/bin/sh\nexit 1\n")
    ensure_codex_versions(checkout)
    assert len(asked(checkout)) == len(CODEX_VERSIONS) + 1
    assert asked(checkout)[-1].endswith(f"@{half}")


def test_a_version_that_was_there_before_the_stamps_only_has_to_answer(checkout: Checkout) -> None:
    write_npm(checkout)
    ensure_codex_versions(checkout)
    for version in CODEX_VERSIONS:
        (checkout.codex_cache / version / STAMP).unlink()
    ensure_codex_versions(checkout)
    assert len(asked(checkout)) == len(CODEX_VERSIONS)


def test_a_program_of_another_version_is_not_believed(checkout: Checkout) -> None:
    write_npm(checkout, answer="9.9.9")
    with pytest.raises(Stop, match="does not answer"):
        ensure_codex_versions(checkout)


def test_without_npm_the_message_names_what_to_install(checkout: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(checkout.root / "bin"))
    with pytest.raises(Stop, match="no npm on this machine"):
        ensure_codex_versions(checkout)
