"""Make Waystation-<version>-macos-<arm64 or x86_64>.dmg on a Mac, for the processor that the bundle was frozen on.

With the variables of `installers.macos.signing` it is signed and notarised; without, its name says `-unsigned`.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path

from bundle.environment import ensure_build_environment
from bundle.layout import NAME, Bundle
from installers.macos.app_check import checked_architecture
from installers.macos.commands import Commands
from installers.macos.notary import notarise
from installers.macos.signing import AD_HOC, identity_of, sign_app, sign_file, signing_secrets
from machine.checkout import Checkout
from machine.report import Stop, say

#: What hdiutil says while the system looks for malware in what was just written.
#: https://github.com/actions/runner-images/issues/7522
_BUSY = "Resource busy"
_PAUSE_S = 30.0


def make(bundle: Bundle, version: str, target: Path) -> list[Path]:
    """Make the disk image.

    Args:
        bundle: of macOS: the application, Waystation.app.
        version: such as 0.1.0.
        target: the folder for it.

    Raises:
        Stop: something is missing, or signing was asked for and failed.
    """
    if sys.platform != "darwin":
        raise Stop("A disk image is made on a Mac.")
    checkout = Checkout(Path(__file__).resolve().parents[3])
    return [make_image(bundle, version, target, checkout, ensure_build_environment(checkout))]


def make_image(
    bundle: Bundle,
    version: str,
    target: Path,
    checkout: Checkout,
    python: Path,
    environ: Mapping[str, str] = os.environ,
    pause_s: float = _PAUSE_S,
) -> Path:
    """As `make`; the path of the disk image.

    Args:
        checkout: with the icon that `build.py bundle` has drawn, and the picture for the window.
        python: that has dmgbuild and PySide6.
        environ: see `signing_secrets`.
        pause_s: between two tries.
    """
    signing = signing_secrets(environ)
    built = bundle.folder
    architecture = checked_architecture(built, version)
    icon = checkout.build / "icons" / "waystation.icns"
    if not icon.exists():
        raise Stop(f"{icon} is not there: `build.py bundle` draws it.")
    output = target / f"{NAME}-{version}-macos-{architecture}{'' if signing else '-unsigned'}.dmg"
    work = target / "macos-installer"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    hidden = (signing.password, signing.notary_key, signing.notary_key_id, signing.notary_issuer) if signing else ()
    commands = Commands({**environ, "PYTHONPATH": str(checkout.root / "build_scripts")}, hidden)
    app, image = work / built.name, work / output.name
    # What is frozen stays as it is. Copied so, it brings no attributes along that a signature must not have.
    shutil.copytree(built, app, symlinks=True)
    with tempfile.TemporaryDirectory(prefix="waystation-") as name:
        private = Path(name)
        with identity_of(signing, commands, private) if signing else nullcontext(AD_HOC) as identity:
            say(f"signing {app.name}" + ("" if signing else " for no one: there is no certificate"))
            sign_app(app, identity, commands)
            if signing:
                archive = work / f"{NAME}.zip"
                commands.run(["ditto", "-c", "-k", "--keepParent", app, archive], f"pack {app.name}")
                notarise(archive, app, signing, commands, private, pause_s)
            _build(app, icon, image, checkout, python, commands, pause_s)
            if signing:
                sign_file(image, identity, commands)
                notarise(image, image, signing, commands, private, pause_s)
    # Only now: no file may say by its name that it is signed and not be.
    image.replace(output)
    shutil.rmtree(work)
    return output


def _build(
    app: Path, icon: Path, image: Path, checkout: Checkout, python: Path, commands: Commands, pause_s: float
) -> None:
    """The disk image with the application in it; see dmg_settings.py."""
    svg = checkout.root / "resources" / "installers" / "macos-background.svg"
    drawn = app.with_name("background")
    commands.run([python, "-m", "installers.macos.background", svg, drawn], "draw the picture of the disk image")
    settings = Path(__file__).with_name("dmg_settings.py")
    defines = {"app": app, "icon": icon, "background": drawn / "background.png"}
    options = [word for key, value in defines.items() for word in ("-D", f"{key}={value}")]
    command = [python, "-m", "dmgbuild", "-s", settings, *options, NAME, image]
    commands.insist(command, "make the disk image", _BUSY, pause_s)
    if not image.is_file():
        raise Stop("dmgbuild told of no failure, and has made no disk image.")
