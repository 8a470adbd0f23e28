"""What `build.py smoke` gives the frozen program, on systems other than this one, too."""

from pathlib import Path

import pytest

from app.practice.server import PracticeUpstream
from bundle.layout import Bundle
from tests.build_scripts.frozen.conftest import FrozenWaystation

#: Without the first no program of Windows has sockets, and without the second Python finds no home there.
OF_WINDOWS = ("SYSTEMROOT", "USERPROFILE", "LOCALAPPDATA", "APPDATA", "TEMP", "TMP")


async def test_it_has_what_windows_needs_and_nothing_of_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in OF_WINDOWS:
        monkeypatch.setenv(name, f"the {name}")
    upstream = PracticeUpstream()
    await upstream.start()
    try:
        waystation = FrozenWaystation(Bundle(tmp_path, "win32"), tmp_path, upstream, {"LANG": "zh_CN.UTF-8"})
    finally:
        await upstream.stop()
    assert {name: waystation.env.get(name) for name in OF_WINDOWS} == {name: f"the {name}" for name in OF_WINDOWS}
    assert "PYTHONPATH" not in waystation.env
    # What a test asks for comes first.
    assert waystation.env["LANG"] == "zh_CN.UTF-8"
    assert waystation.command_line((), ("serve",)) == [str(tmp_path / "waystation-cli.exe"), "serve"]
