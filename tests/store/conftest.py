"""An open store for each test that asks for one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.store.store import DATABASE_FILE, Store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / DATABASE_FILE


@pytest.fixture
async def store(path: Path) -> AsyncIterator[Store]:
    store = await Store.open(path)
    yield store
    await store.close()
