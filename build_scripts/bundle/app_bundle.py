"""What macOS reads about the application: the Info.plist of Waystation.app."""

import plistlib
from pathlib import Path
from typing import Any

from bundle.layout import COPYRIGHT

#: As the label of the launch agent (app/platform/autostart_files.py).
IDENTIFIER = "app.waystation"
#: Of the wheels of PySide6-Essentials 6.11.3: their platform tag is macosx_13_0.
OLDEST_MACOS = "13.0"
#: macOS 15 asks the user before a program reaches another machine of the same network, and shows this.
LOCAL_NETWORK = {
    "en": "Waystation asks for this only if a proxy or an upstream in your own network is set up in it.",
    "zh-Hans": "只有在驿站里设置了局域网内的代理或上游，驿站才会访问本地网络。",
}


def info_plist(version: str) -> dict[str, Any]:
    """The keys that PyInstaller does not know by itself.

    Its own are CFBundleIdentifier, CFBundleExecutable, CFBundleIconFile, CFBundleName and CFBundlePackageType.
    https://developer.apple.com/documentation/bundleresources/information-property-list
    """
    return {
        "CFBundleDisplayName": "Waystation",
        "CFBundleShortVersionString": version,
        "CFBundleVersion": version,
        "CFBundleLocalizations": list(LOCAL_NETWORK),
        "CFBundleDevelopmentRegion": "en",
        # The system's own panels speak the user's language, even where Waystation does not.
        "CFBundleAllowMixedLocalizations": True,
        "LSMinimumSystemVersion": OLDEST_MACOS,
        "LSApplicationCategoryType": "public.app-category.developer-tools",
        # In the menu bar alone, without an icon in the Dock.
        "LSUIElement": True,
        "NSPrincipalClass": "NSApplication",
        "NSHighResolutionCapable": True,
        "NSHumanReadableCopyright": COPYRIGHT,
        "NSLocalNetworkUsageDescription": LOCAL_NETWORK["en"],
    }


def localized_strings(folder: Path) -> list[tuple[str, Path]]:
    """Write what the Info.plist says in each language: where it goes in the application's resources, and the file."""
    files = []
    for language, words in LOCAL_NETWORK.items():
        place = f"{language}.lproj/InfoPlist.strings"
        file = folder / place
        file.parent.mkdir(parents=True, exist_ok=True)
        # A property list is one of the forms that such a file may have.
        file.write_bytes(plistlib.dumps({"NSLocalNetworkUsageDescription": words}))
        files.append((place, file))
    return files
