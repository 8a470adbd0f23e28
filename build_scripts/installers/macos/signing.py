"""Signing an application with a certificate that comes as text, or for this machine alone without one.

The certificate lives in a keychain of its own for as long, so that nothing is left on the machine, and nobody is asked.
"""

import base64
import binascii
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from installers.macos.commands import PREFIX, Commands
from installers.macos.mach_o import read_mach_o
from machine.report import Stop

CERTIFICATE = f"{PREFIX}CERTIFICATE"
PASSWORD = f"{PREFIX}CERTIFICATE_PASSWORD"
NOTARY_KEY = f"{PREFIX}NOTARY_KEY"
NOTARY_KEY_ID = f"{PREFIX}NOTARY_KEY_ID"
NOTARY_ISSUER = f"{PREFIX}NOTARY_ISSUER"
NAMES = (CERTIFICATE, PASSWORD, NOTARY_KEY, NOTARY_KEY_ID, NOTARY_ISSUER)
#: Of codesign: a signature that names nobody. Without any, Apple's own processors run nothing.
AD_HOC = "-"
ENTITLEMENTS = Path(__file__).with_name("entitlements.plist")
_KIND = "Developer ID Application"
#: Seconds until the keychain locks itself, should it be left over; signing is done long before.
_OPEN_S = 6 * 3600


@dataclass(frozen=True)
class SigningSecrets:
    """What Apple's signature and its notary service ask for.

    Args:
        certificate: a Developer ID Application certificate with its key, as PKCS #12.
        password: of that.
        notary_key: an App Store Connect API key: the text of its .p8 file.
        notary_key_id, notary_issuer: that belong to the key.
    """

    certificate: bytes = field(repr=False)
    password: str = field(repr=False)
    notary_key: str = field(repr=False)
    notary_key_id: str = field(repr=False)
    notary_issuer: str = field(repr=False)


def signing_secrets(environ: Mapping[str, str]) -> SigningSecrets | None:
    """From the variables NAMES, or None where none is set; an empty one is not set, as with an absent secret.

    The certificate is in base64, since a PKCS #12 file is no text.

    Raises:
        Stop: some are missing, or one cannot be read.
    """
    missing = [name for name in NAMES if not environ.get(name)]
    if len(missing) == len(NAMES):
        return None
    if missing:
        # Signed and not notarised, macOS would refuse it just the same.
        raise Stop(f"To sign and notarise, set {', '.join(missing)} too; for an unsigned disk image, none of these.")
    try:
        certificate = base64.b64decode("".join(environ[CERTIFICATE].split()), validate=True)
    except binascii.Error:
        raise Stop(f"{CERTIFICATE} is no base64 of a .p12 file.") from None
    if "PRIVATE KEY-----" not in environ[NOTARY_KEY]:
        raise Stop(f"{NOTARY_KEY} is not the text of a .p8 file.")
    return SigningSecrets(
        certificate,
        environ[PASSWORD],
        environ[NOTARY_KEY].strip() + "\n",
        environ[NOTARY_KEY_ID].strip(),
        environ[NOTARY_ISSUER].strip(),
    )


@contextmanager
def identity_of(signing: SigningSecrets, commands: Commands, folder: Path) -> Iterator[str]:
    """The identity for codesign, as long as the context lasts.

    Args:
        signing: with the certificate.
        commands: of this machine.
        folder: that nobody else can read, for the keychain.

    Raises:
        Stop: the certificate or its password is not valid, or is for something else.
    """
    keychain, certificate = folder / "signing.keychain-db", folder / "certificate.p12"
    # Nobody ever needs it again.
    password = secrets.token_hex(24)
    _security(commands, "create-keychain", "-p", password, str(keychain))
    try:
        _security(commands, "set-keychain-settings", "-lut", str(_OPEN_S), str(keychain))
        _security(commands, "unlock-keychain", "-p", password, str(keychain))
        certificate.write_bytes(signing.certificate)
        _security(
            commands,
            *("import", str(certificate), "-k", str(keychain), "-f", "pkcs12"),
            *("-P", signing.password, "-T", "/usr/bin/codesign"),
        )
        certificate.unlink()
        # Otherwise a window asks whether codesign may use the key.
        _security(commands, "set-key-partition-list", "-S", "apple-tool:,apple:", "-s", "-k", password, str(keychain))
        # codesign looks for the chain of the certificate in these alone.
        searched = re.findall(r'"(.+)"', _security(commands, "list-keychains", "-d", "user"))
        others = [path for path in searched if path != str(keychain)]
        _security(commands, "list-keychains", "-d", "user", "-s", str(keychain), *others)
        found = _security(commands, "find-identity", "-v", "-p", "codesigning", str(keychain))
        identities = re.findall(rf'\b([0-9A-F]{{40}}) "{_KIND}', found)
        if len(set(identities)) != 1:
            raise Stop(f"{CERTIFICATE} holds no valid {_KIND} certificate, or more than one. Has it run out?")
        yield identities[0]
    finally:
        # Takes it from the list as well.
        _security(commands, "delete-keychain", str(keychain))


def sign_app(app: Path, identity: str, commands: Commands) -> None:
    """Sign all code of an application from the inside out, each with Apple's hardened runtime.

    So also without a certificate: what that forbids is seen then already, where the application is tried.

    Raises:
        Stop: codesign failed.
    """
    sign = ["codesign", "--force", "--sign", identity, "--options", "runtime", *_timestamp(identity)]
    frameworks = sorted(
        (path for path in app.rglob("*.framework") if not path.is_symlink()), key=lambda path: (-len(path.parts), path)
    )
    # The library that a framework is named after, and the program, are signed with the folder around them.
    loose = [path for path in code_in(app) if not _stands_for_a_folder(path)]
    # One start for all libraries, since there are a hundred.
    commands.run([*sign, *loose], "sign the libraries")
    for framework in frameworks:
        commands.run([*sign, framework], f"sign {framework.name}")
    commands.run([*sign, "--entitlements", ENTITLEMENTS, app], "sign the application")
    commands.run(["codesign", "--verify", "--deep", "--strict", app], "verify the signature")


def sign_file(path: Path, identity: str, commands: Commands) -> None:
    """Sign what is no code, such as a disk image. Raises Stop."""
    commands.run(["codesign", "--force", "--sign", identity, *_timestamp(identity), path], f"sign {path.name}")


def code_in(app: Path) -> list[Path]:
    """All programs and libraries of an application, each once; the deepest first."""
    files = (path for path in app.rglob("*") if path.is_file() and not path.is_symlink())
    return sorted((path for path in files if read_mach_o(path)), key=lambda path: (-len(path.parts), path))


def _stands_for_a_folder(path: Path) -> bool:
    return path.parent.name == "MacOS" or any(parent.name == f"{path.name}.framework" for parent in path.parents)


def _timestamp(identity: str) -> list[str]:
    """Apple's word on when it was signed, which counts after the certificate has run out; needs the network."""
    return ["--timestamp=none"] if identity == AD_HOC else ["--timestamp"]


def _security(commands: Commands, *words: str) -> str:
    """One command of `security`, on its standard input: there nobody sees the passwords.

    Its exit code is then that of the command; it splits the line at spaces, with quotes and backslashes.
    https://github.com/apple-oss-distributions/SecurityTool
    """
    if any("\n" in word for word in words):
        raise Stop(f"{PASSWORD} has a line break.")
    line = " ".join('"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in words)
    return commands.run(["security", "-i"], f"use the keychain ({words[0]})", given=f"{line}\n")
