"""What macOS and its Finder are told: the property lists, the disk image's settings, and the picture in its window."""

import plistlib
import runpy
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from bundle.app_bundle import IDENTIFIER, info_plist, localized_strings
from bundle.filters import wanted
from installers.macos import make as maker
from installers.macos.background import FILES, draw_background
from installers.macos.signing import ENTITLEMENTS

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = Path(maker.__file__).with_name("dmg_settings.py")
BACKGROUND = ROOT / "resources" / "installers" / "macos-background.svg"
#: Those of dmgbuild 1.6.7 that may be used; a misspelt one would be ignored. From build_dmg in its core.py.
KNOWN = {
    *("files", "symlinks", "icon", "background", "format", "filesystem", "window_rect", "default_view", "icon_size"),
    *("text_size", "icon_locations", "create_hook"),
}
OWN = {"os", "subprocess", "application", "name", "defines"}


@pytest.fixture
def settings() -> dict[str, object]:
    """Run as dmgbuild runs them."""
    defines = {"app": "/work/Waystation.app", "icon": "/i/w.icns", "background": "/b/background.png"}
    return runpy.run_path(str(SETTINGS), {"defines": defines})


@pytest.fixture(scope="module")
def pictures(qapp_cls: type[QApplication], tmp_path_factory: pytest.TempPathFactory) -> dict[str, QImage]:
    application = QApplication.instance() or qapp_cls([])
    made = draw_background(BACKGROUND, tmp_path_factory.mktemp("background"))
    del application
    return {path.name: QImage(str(path)) for path in made}


def luminance(colour: QColor) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.getRgbF()[:3]]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def test_the_info_plist_says_what_the_finder_and_the_system_ask() -> None:
    plist = plistlib.loads(plistlib.dumps(info_plist("1.20.3")))
    assert plist["CFBundleShortVersionString"] == plist["CFBundleVersion"] == "1.20.3"
    assert plist["CFBundleAllowMixedLocalizations"] is plist["NSHighResolutionCapable"] is plist["LSUIElement"] is True
    assert plist["CFBundleDevelopmentRegion"] in plist["CFBundleLocalizations"]
    assert plist["NSPrincipalClass"] == "NSApplication"
    assert plist["LSApplicationCategoryType"] == "public.app-category.developer-tools"
    # Another user of the same Mac starts it too, and so does a terminal.
    assert plist.keys().isdisjoint({"LSMultipleInstancesProhibited", "LSBackgroundOnly"})
    holder = (ROOT / "LICENSE").read_text(encoding="utf-8").splitlines()[2].removeprefix("Copyright (c) ")
    assert plist["NSHumanReadableCopyright"] == f"© {holder}. MIT license."


def test_what_the_system_asks_in_our_name_is_asked_in_the_users_language(tmp_path: Path) -> None:
    plist = info_plist("1.20.3")
    said = {place: plistlib.loads(file.read_bytes()) for place, file in localized_strings(tmp_path)}
    assert list(said) == [f"{language}.lproj/InfoPlist.strings" for language in plist["CFBundleLocalizations"]]
    english, chinese = said.values()
    assert english.keys() == chinese.keys()
    assert english.items() <= plist.items()
    assert "驿站" in chinese["NSLocalNetworkUsageDescription"]


def test_the_spec_names_icon_identifier_and_version_to_pyinstaller() -> None:
    spec = (ROOT / "build_scripts" / "bundle" / "waystation.spec").read_text(encoding="utf-8")
    for words in (
        "waystation.icns",
        "bundle_identifier=app_bundle.IDENTIFIER",
        "(LICENSES, str(",
        "app_bundle.localized_strings(",
    ):
        assert words in spec
    assert IDENTIFIER == "app.waystation"


def test_the_entitlements_allow_one_thing() -> None:
    assert plistlib.loads(ENTITLEMENTS.read_bytes()) == {"com.apple.security.cs.disable-library-validation": True}


def test_the_image_holds_the_application_and_the_way_to_its_place(settings: dict[str, object]) -> None:
    assert settings["files"] == ["/work/Waystation.app"]
    assert settings["symlinks"] == {"Applications": "/Applications"}
    assert (settings["icon"], settings["background"]) == ("/i/w.icns", "/b/background.png")
    # Written into the application's own folder, the mark to hide an ending would break its signature.
    assert "hide_extensions" not in settings
    unknown = {name for name in settings if not name.startswith("__")} - KNOWN - OWN
    assert not unknown


def test_the_window_is_as_large_as_the_picture_and_holds_both_icons(
    settings: dict[str, object], pictures: dict[str, QImage]
) -> None:
    _, size = settings["window_rect"]  # type: ignore[misc]
    picture = pictures["background.png"]
    assert size == (picture.width(), picture.height()) == (640, 400)
    half = settings["icon_size"] // 2  # type: ignore[operator]
    places = settings["icon_locations"]
    assert set(places) == {"Waystation.app", "Applications"}  # type: ignore[call-overload]
    for left, top in places.values():  # type: ignore[attr-defined]
        # With room for a title of 28 points, and for a name below.
        assert half <= left <= size[0] - half
        assert half <= top <= size[1] - 28 - half - 40


def test_fine_screens_get_a_picture_of_their_own_of_twice_the_size(pictures: dict[str, QImage]) -> None:
    plain, fine = pictures["background.png"], pictures["background@2x.png"]
    assert list(FILES) == ["background.png", "background@2x.png"]
    assert (fine.width(), fine.height()) == (2 * plain.width(), 2 * plain.height())
    assert not plain.hasAlphaChannel()
    assert plain.pixel(350, 176) == fine.pixel(700, 352) != plain.pixel(390, 176)


def test_the_names_under_the_icons_can_be_read_in_black_and_in_white(
    settings: dict[str, object], pictures: dict[str, QImage]
) -> None:
    # The Finder writes them black or white, as the system is light or dark, whatever lies under them.
    half = settings["icon_size"] // 2  # type: ignore[operator]
    for left, top in settings["icon_locations"].values():  # type: ignore[attr-defined]
        for right, down in ((-50, 8), (0, 14), (50, 24)):
            ground = luminance(pictures["background.png"].pixelColor(left + right, top + half + down))
            assert (ground + 0.05) / 0.05 >= 4.5
            assert 1.05 / (ground + 0.05) >= 4.5


def test_what_is_no_picture_is_refused(pictures: dict[str, QImage], tmp_path: Path) -> None:
    broken = tmp_path / "broken.svg"
    broken.write_text("no picture", encoding="utf-8")
    with pytest.raises(ValueError, match="cannot be drawn"):
        draw_background(broken, tmp_path)


@pytest.mark.parametrize(
    ("destination", "stays"),
    [
        ("PySide6/Qt/lib/QtGui.framework/Versions/A/Resources/Info.plist", True),
        ("PySide6/Qt/lib/QtGui.framework/Versions/Current", True),
        ("PySide6/Qt/lib/QtQml.framework/Versions/A/Resources/Info.plist", False),
        # A link that leads nowhere would break the signature.
        ("QtGui", True),
        ("QtQml", False),
        ("Python.framework/Versions/3.13/Resources/Info.plist", True),
        ("PySide6/Qt/plugins/styles/libqmacstyle.dylib", True),
        ("PySide6/Qt/plugins/tls/libqsecuretransportbackend.dylib", False),
    ],
)
def test_a_framework_stays_or_goes_as_a_whole(destination: str, stays: bool) -> None:
    assert wanted(destination) is stays
