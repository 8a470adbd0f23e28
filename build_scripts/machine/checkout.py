"""Where things are in one clone of the repository."""

import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Checkout:
    """The folders of one clone. Everything made here stays inside it and is ignored by git."""

    root: Path

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def cache(self) -> Path:
        return self.root / ".cache"

    @property
    def codex_cache(self) -> Path:
        """One folder for each pinned version of the Codex CLI."""
        return self.cache / "codex"

    @property
    def chat_clients(self) -> Path:
        """The JavaScript clients of the tests: their lock, and the scripts that use them."""
        return self.root / "tests" / "e2e" / "clients"

    @property
    def chat_clients_cache(self) -> Path:
        return self.cache / "chat-clients"

    @property
    def pyproject(self) -> Path:
        return self.root / "pyproject.toml"

    @property
    def locks(self) -> Path:
        return self.root / "build_scripts" / "locks"

    @property
    def run_and_test_lock(self) -> Path:
        return self.locks / "run-and-test.txt"

    @property
    def build_lock(self) -> Path:
        return self.locks / "build.txt"

    @property
    def chatmock_lock(self) -> Path:
        """Of the peer that the benchmark measures, in an environment of its own."""
        return self.locks / "chatmock.txt"

    @property
    def servers(self) -> Path:
        """nginx and HAProxy, where the machine has none."""
        return self.cache / "servers"

    @property
    def chatmock_venv(self) -> Path:
        return self.cache / "chatmock"

    @property
    def build(self) -> Path:
        """What is made on the way, such as compiled translations."""
        return self.root / "build"

    @property
    def dist(self) -> Path:
        """What is made to be handed on: the bundle and the installers."""
        return self.root / "dist"

    @property
    def translation_sources(self) -> Path:
        return self.root / "resources" / "translations"

    @property
    def compiled_translations(self) -> Path:
        return self.build / "translations"

    def program(self, name: str) -> Path:
        """The path of a program in the virtual environment, whether or not it exists yet."""
        return venv_program(self.venv, name)


def venv_program(venv: Path, name: str) -> Path:
    """Where a virtual environment keeps the program ``name`` on this operating system."""
    if sys.platform == "win32":
        return venv / "Scripts" / f"{name}.exe"
    return venv / "bin" / name
