"""The frozen program in place of the checkout's."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from app.practice.server import PracticeUpstream
from bundle.layout import Bundle
from tests.build_scripts.frozen.selftests import system_environment
from tests.e2e.conftest import Make
from tests.e2e.program import Waystation


@pytest.fixture(scope="module")
def bundle(request: pytest.FixtureRequest) -> Bundle:
    return Bundle(request.config.getoption("--bundle").resolve())


class FrozenWaystation(Waystation):
    """An installation whose program is the frozen one, with nothing of this checkout and what the system needs."""

    def __init__(
        self, frozen: Bundle, folder: Path, upstream: PracticeUpstream, env: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(folder, upstream, env)
        self.frozen = frozen
        del self.env["PYTHONPATH"]
        self.env = system_environment() | self.env

    def command_line(self, program: tuple[str | Path, ...], arguments: tuple[str | Path, ...]) -> list[str]:
        return [str(self.frozen.console), *map(str, arguments)]


@pytest.fixture
async def upstream() -> AsyncIterator[PracticeUpstream]:
    server = PracticeUpstream()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def make_waystation(bundle: Bundle, tmp_path: Path, upstream: PracticeUpstream) -> AsyncIterator[Make]:
    """Makes installations, as that of tests/e2e does."""
    made: list[FrozenWaystation] = []

    def make(env: dict[str, str] | None = None) -> FrozenWaystation:
        folder = tmp_path / f"waystation-{len(made)}"
        folder.mkdir()
        made.append(FrozenWaystation(bundle, folder, upstream, env))
        return made[-1]

    try:
        yield make
        for waystation in made:
            await waystation.close()
    finally:
        for waystation in made:
            await waystation.kill()


@pytest.fixture
async def waystation(make_waystation: Make) -> Waystation:
    return make_waystation()
