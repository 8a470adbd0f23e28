"""What the disk image holds and how the Finder shows it: the settings of dmgbuild, which runs this file.

https://dmgbuild.readthedocs.io/en/latest/settings.html; `defines` is dmgbuild's, from our command line.
"""

import os
import subprocess

application = defines["app"]  # noqa: F821
name = os.path.basename(application)

files = [application]
symlinks = {"Applications": "/Applications"}
icon = defines["icon"]  # noqa: F821
# Beside it, and found there by dmgbuild: the same for fine screens, …@2x.png.
background = defines["background"]  # noqa: F821

# Packed by lzfse, which every macOS that runs us unpacks.
format = "ULFO"
filesystem = "HFS+"

# Place on the screen, and size with the title; the picture is as large, so its lowest part stays below the edge.
window_rect = ((200, 120), (640, 400))
default_view = "icon-view"
icon_size = 128
text_size = 13
# The middle of each, in points from the left and from the top of the picture.
icon_locations = {name: (160, 176), "Applications": (480, 176)}


def create_hook(mount_point, options):
    """dmgbuild does not look whether the copy of the application was made, and is whole."""
    copy = os.path.join(mount_point, os.path.basename(options["files"][0]))
    subprocess.run(["codesign", "--verify", "--deep", "--strict", copy], check=True)
