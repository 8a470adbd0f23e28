"""What macOS reads about the application: the Info.plist of Waystation.app."""

from typing import Any

#: As the label of the launch agent (app/platform/autostart_files.py).
IDENTIFIER = "app.waystation"
#: Of the wheels of PySide6-Essentials 6.11.3: their platform tag is macosx_13_0.
OLDEST_MACOS = "13.0"


def info_plist(version: str) -> dict[str, Any]:
    """The keys that PyInstaller does not know by itself."""
    return {
        "CFBundleDisplayName": "Waystation",
        "CFBundleShortVersionString": version,
        "CFBundleVersion": version,
        "CFBundleLocalizations": ["en", "zh-Hans"],
        "CFBundleDevelopmentRegion": "en",
        "LSMinimumSystemVersion": OLDEST_MACOS,
        "LSApplicationCategoryType": "public.app-category.developer-tools",
        # In the menu bar alone, without an icon in the Dock.
        "LSUIElement": True,
        "NSHighResolutionCapable": True,
        "NSHumanReadableCopyright": "MIT license",
    }
