"""What README and user guide say of installing, in both languages, is what the installers make and do."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bundle import app_bundle
from bundle.layout import CONSOLE, NAME
from installers.linux.deb import NAME as PACKAGE
from release.files import KINDS

ROOT = Path(__file__).resolve().parents[2]
READMES = {"README.md": "## Install", "README.zh-CN.md": "## 安装"}
GUIDES = {"docs/guide.md": "### Installers", "docs/guide.zh-CN.md": "### 安装包"}
SCRIPTS = ROOT / "build_scripts" / "installers" / "windows"


def chapter(name: str, heading: str) -> str:
    """The text under a heading, up to the next of its level."""
    text = (ROOT / name).read_text("utf-8")
    level = heading.partition(" ")[0]
    return text.split(f"\n{heading}\n")[1].split(f"\n{level} ")[0]


@pytest.fixture(params=READMES)
def readme(request: pytest.FixtureRequest) -> str:
    return chapter(request.param, READMES[request.param])


@pytest.fixture(params=GUIDES)
def guide(request: pytest.FixtureRequest) -> str:
    return chapter(request.param, GUIDES[request.param])


def test_the_files_have_the_names_that_a_release_gives_them(readme: str) -> None:
    named = {name.replace("<version>", "1.2.3") for name in re.findall(r"`([Ww]aystation[-_]<version>\S+)`", readme)}
    assert len(named) == len(KINDS)
    for pattern in KINDS.values():
        assert [name for name in named if re.fullmatch(pattern.format(r"1\.2\.3"), name)], pattern
    assert "`-unsigned`" in readme


def test_what_the_systems_need_is_what_the_installers_ask_for(readme: str) -> None:
    (build,) = re.findall(r"OLDEST_WINDOWS_BUILD (\d+)", (SCRIPTS / "waystation.nsi").read_text("utf-8"))
    # https://learn.microsoft.com/windows/release-health/release-information
    assert {"17763": "1809"}[build] in readme
    assert f"macOS {app_bundle.OLDEST_MACOS.removesuffix('.0')} " in readme
    # The runner that the workflow freezes on; its C library, and the Debian that has no older one.
    runner = re.findall(r"runner: ubuntu-(\S+)", (ROOT / ".github/workflows/release.yml").read_text("utf-8"))
    assert runner == ["22.04"]
    for words in ("Ubuntu 22.04", "Debian 12", "glibc 2.35"):
        assert words in readme


def test_the_programs_are_where_the_installers_put_them(readme: str) -> None:
    assert rf"`%LOCALAPPDATA%\Programs\{NAME}\{CONSOLE}`" in readme
    # PowerShell neither knows such a variable nor starts what is in quotes.
    assert rf'`& "$env:LOCALAPPDATA\Programs\{NAME}\{CONSOLE}"`' in readme
    assert r'InstallDir "$LOCALAPPDATA\Programs\${NAME}"' in (SCRIPTS / "waystation.nsi").read_text("utf-8")
    assert f"`/Applications/{NAME}.app/Contents/MacOS/{NAME}`" in readme
    assert f"`/usr/bin/{PACKAGE}`" in readme


def test_what_the_windows_installer_takes_and_answers_is_told(guide: str) -> None:
    script = (SCRIPTS / "waystation.nsi").read_text("utf-8").partition("Unicode true")[0]
    options, codes = script.split("; Exit codes of both:")
    assert set(re.findall(r"`(/[A-Z]+)", guide)) == set(re.findall(r"^;   (/[A-Z]+)", options, re.MULTILINE))
    listed = [int(code) for code in re.findall(r"^;   (\d)  ", codes, re.MULTILINE)]
    (said,) = re.findall(r"(?:Its exit codes: |退出代码：)(0.*?6 [^.。]*)", guide, re.DOTALL)
    assert [int(code) for code in re.findall(r"(?:^|[,，]\s*)(\d) ", said)] == listed


def test_what_starts_at_sign_in_is_named_as_on_the_screen_and_as_on_the_disk(guide: str) -> None:
    assert f"`rm ~/Library/LaunchAgents/{app_bundle.IDENTIFIER}.plist`" in guide
    assert f"`rm ~/.config/autostart/{PACKAGE}.desktop`" in guide
    tray = ElementTree.parse(ROOT / "resources/translations/waystation_zh_CN.ts").iterfind(".//message")
    (chinese,) = (one.findtext("translation") for one in tray if one.findtext("source") == "Start at sign-in")
    assert guide.count("*Start at sign-in*") == 2 or guide.count(f"“{chinese}”") == 2


def test_no_address_of_a_repository_is_invented(readme: str, guide: str) -> None:
    assert "github.com" not in readme
    assert "--repo OWNER/NAME" in guide
