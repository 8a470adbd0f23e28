"""The practice upstream in the test's own loop, and Waystation as a process in front of it."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from app.practice.server import PracticeUpstream
from tests.e2e.program import Run, Waystation

Make = Callable[..., Waystation]


@pytest.fixture
async def upstream() -> AsyncIterator[PracticeUpstream]:
    server = PracticeUpstream()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def make_waystation(tmp_path: Path, upstream: PracticeUpstream) -> AsyncIterator[Make]:
    """Makes installations, each with a folder of its own; afterwards they are ended and looked through."""
    made: list[Waystation] = []

    def make(env: dict[str, str] | None = None) -> Waystation:
        folder = tmp_path / f"waystation-{len(made)}"
        folder.mkdir()
        made.append(Waystation(folder, upstream, env))
        return made[-1]

    try:
        yield make
        for waystation in made:
            await waystation.close()
    finally:
        for waystation in made:
            # Shown with a test that failed.
            print(f"--- the log in {waystation.folder.name}:\n{waystation.logs[-6000:]}")
            await waystation.kill()


@pytest.fixture
async def waystation(make_waystation: Make) -> Waystation:
    """An installation that has not been started."""
    return make_waystation()


@pytest.fixture
async def serve(waystation: Waystation) -> Run:
    """Waystation's ``serve``, listening on a free port, without any token."""
    return await waystation.serve()


@pytest.fixture
async def serve_with_login(waystation: Waystation, serve: Run, upstream: PracticeUpstream) -> Run:
    """Waystation's ``serve`` with the token of the first practice account."""
    await waystation.import_account(upstream.accounts[0].auth_json(), "first")
    return serve
