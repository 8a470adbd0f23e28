"""Making the disk image of macOS: each program in its place, failures that stop it, and secrets that stay secret.

The programs are stand-ins; the order and the words are what Apple's manual pages say. No Mac has run this test.
"""

import base64
import json
import re
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("the stand-in programs are scripts", allow_module_level=True)

from installers.macos.make import make, make_image
from installers.macos.signing import NAMES, SigningSecrets, signing_secrets
from machine.report import Stop
from tests.build_scripts.macos.machine import IDENTITY, X86_64, Mac, fat, mach_o

ROOT = Path(__file__).resolve().parents[2]
P12 = b"\x30\x82 a certificate"
PRIVATE_KEY = "-----BEGIN PRIVATE KEY-----\nMIGTAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----\n"
SECRETS = dict(
    zip(NAMES, (base64.encodebytes(P12).decode(), 'pass "word\\1', PRIVATE_KEY, "KEYID12345", "9f-issuer"), strict=True)
)
#: None of these may be seen.
SECRET_WORDS = ('pass "word\\1', "MIGTAgEAMBMGByqGSM49", "KEYID12345", "9f-issuer")


@pytest.fixture
def mac(tmp_path: Path) -> Mac:
    made = Mac(tmp_path, ROOT)
    (made.signs / "secrets").write_text("\n".join(SECRET_WORDS))
    return made


def image_of(mac: Mac, secrets: dict[str, str] | None = None, version: str = "0.1.0") -> Path:
    environ = {**mac.environ, **(secrets or {})}
    return make_image(mac.bundle, version, mac.target, mac.checkout, mac.programs / "python", environ, pause_s=0)


def short(call: object) -> str:
    """A call without folders and without the keychain's own password."""
    return re.sub(r"[0-9a-f]{48}", "PASSWORD", re.sub(r"/\S*/(?=[A-Za-z])", "", str(call)))


def test_without_a_certificate_all_code_is_signed_for_no_one_from_the_inside_out(mac: Mac) -> None:
    made = image_of(mac)
    assert made.name == "Waystation-0.1.0-macos-arm64-unsigned.dmg"
    sign = "codesign --force --sign - --options runtime --timestamp=none"
    assert [short(call) for call in mac.calls()] == [
        f"{sign} QtGui.abi3.so libssl.3.dylib",
        f"{sign} QtGui.framework",
        f"{sign} Python.framework",
        f"{sign} --entitlements entitlements.plist Waystation.app",
        "codesign --verify --deep --strict Waystation.app",
        "hdiutil create -volname Waystation",
        "codesign --verify --deep --strict Waystation.app",
    ]


def test_with_a_certificate_application_and_image_are_signed_and_notarised_and_nothing_is_left(mac: Mac) -> None:
    made = image_of(mac, SECRETS)
    assert made.name == "Waystation-0.1.0-macos-arm64.dmg"
    sign = f"codesign --force --sign {IDENTITY} --options runtime --timestamp"
    submit = "--key notary.p8 --key-id KEYID12345 --issuer 9f-issuer --wait --timeout 1h --output-format json"
    keychain = "signing.keychain-db"
    assert [short(call) for call in mac.calls()] == [
        f"security create-keychain -p PASSWORD {keychain}",
        f"security set-keychain-settings -lut 21600 {keychain}",
        f"security unlock-keychain -p PASSWORD {keychain}",
        f"security import certificate.p12 -k {keychain} -f pkcs12 -P {SECRETS[NAMES[1]]} -T codesign",
        f"security set-key-partition-list -S apple-tool:,apple: -s -k PASSWORD {keychain}",
        "security list-keychains -d user",
        f"security list-keychains -d user -s {keychain} login.keychain-db",
        f"security find-identity -v -p codesigning {keychain}",
        f"{sign} QtGui.abi3.so libssl.3.dylib",
        f"{sign} QtGui.framework",
        f"{sign} Python.framework",
        f"{sign} --entitlements entitlements.plist Waystation.app",
        "codesign --verify --deep --strict Waystation.app",
        "ditto -c -k --keepParent Waystation.app Waystation.zip",
        f"xcrun notarytool submit Waystation.zip {submit}",
        "xcrun stapler staple Waystation.app",
        "hdiutil create -volname Waystation",
        "codesign --verify --deep --strict Waystation.app",
        f"codesign --force --sign {IDENTITY} --timestamp {made.name}",
        f"xcrun notarytool submit {made.name} {submit}",
        f"xcrun stapler staple {made.name}",
        f"security delete-keychain {keychain}",
    ]
    assert sorted(path.name for path in mac.target.iterdir()) == [made.name, "Waystation.app"]


def test_passwords_are_given_where_no_other_program_sees_them(mac: Mac) -> None:
    image_of(mac, SECRETS)
    calls = mac.calls()
    assert {call.arguments for call in calls if call.words[0] == "security"} == {("-i",)}
    assert not any("word\\1" in word or "MIGT" in word for call in calls for word in call.arguments)
    assert not any(name in call.environ for call in calls for name in NAMES)


@pytest.mark.parametrize(
    "failing",
    [
        "security create-keychain",
        "security import",
        "security set-key-partition-list",
        "security list-keychains -d user -s",
        "security find-identity",
        f"codesign --force --sign {IDENTITY} --options runtime --timestamp --entitlements",
        f"codesign --force --sign {IDENTITY} --timestamp",
        "codesign --verify",
        "ditto",
        "xcrun notarytool submit",
        "xcrun stapler",
        "hdiutil",
    ],
)
def test_what_fails_makes_no_image_tells_no_secret_and_leaves_no_keychain(
    mac: Mac, failing: str, capfd: pytest.CaptureFixture[str]
) -> None:
    mac.fail(failing)
    with pytest.raises(Stop, match="no luck") as stopped:
        image_of(mac, SECRETS)
    assert not list(mac.target.glob("*.dmg"))
    said = str(stopped.value) + "".join(capfd.readouterr())
    assert not [word for word in SECRET_WORDS if word in said]
    if failing != "security create-keychain":
        assert "delete-keychain" in mac.calls()[-1].words


def test_a_refusal_of_the_notary_service_is_told_with_its_reasons_whatever_the_exit_code(mac: Mac) -> None:
    (mac.signs / "verdict").write_text(json.dumps({"id": "1-2", "status": "Invalid"}))
    with pytest.raises(Stop, match=r"signature of the binary is invalid.\n.*did not accept Waystation\.zip") as stopped:
        image_of(mac, SECRETS)
    assert "KEYID12345" not in str(stopped.value)
    assert not list(mac.target.glob("*.dmg"))
    asked = next(call for call in mac.calls() if call.words[1:3] == ("notarytool", "log"))
    assert asked.words[3] == "1-2"


@pytest.mark.parametrize("verdict", ["", "no JSON", "{", '{"status": "In Progress"}'])
def test_an_answer_that_is_no_acceptance_is_none(mac: Mac, verdict: str) -> None:
    (mac.signs / "verdict").write_text(verdict)
    with pytest.raises(Stop, match="did not accept"):
        image_of(mac, SECRETS)


@pytest.mark.parametrize(
    "identities",
    [
        "     0 valid identities found",
        f'  1) {IDENTITY} "Apple Development: A B (TEAM)"',
        f'  1) {IDENTITY} "Developer ID Application: A"\n  2) {"B" * 40} "Developer ID Application: B"',
    ],
)
def test_a_certificate_that_is_not_the_one_is_refused(mac: Mac, identities: str) -> None:
    (mac.signs / "identities").write_text(identities)
    with pytest.raises(Stop, match="no valid Developer ID Application"):
        image_of(mac, SECRETS)
    assert "delete-keychain" in mac.calls()[-1].words


@pytest.mark.parametrize("missing", NAMES)
def test_half_of_the_secrets_is_an_error_and_never_an_unsigned_file(mac: Mac, missing: str) -> None:
    with pytest.raises(Stop, match=f"set {missing} too"):
        image_of(mac, {**SECRETS, missing: ""})
    assert mac.calls() == []


@pytest.mark.parametrize(
    ("name", "broken"), [(NAMES[0], "no base64!"), (NAMES[2], "MIGTAgEA"), (NAMES[1], "two\nlines")]
)
def test_a_secret_that_cannot_be_read_is_named_and_not_told(mac: Mac, name: str, broken: str) -> None:
    with pytest.raises(Stop, match=name) as stopped:
        image_of(mac, {**SECRETS, name: broken})
    assert broken not in str(stopped.value)


def test_secrets_that_a_workflow_does_not_have_are_empty_and_not_there() -> None:
    assert signing_secrets({}) is None
    assert signing_secrets(dict.fromkeys(NAMES, "")) is None
    read = signing_secrets(SECRETS)
    assert read == SigningSecrets(P12, 'pass "word\\1', PRIVATE_KEY, "KEYID12345", "9f-issuer")
    assert repr(read) == "SigningSecrets()"


def test_a_busy_disk_image_is_tried_again_and_not_for_ever(mac: Mac) -> None:
    mac.fail("hdiutil", times=5)
    assert image_of(mac).is_file()
    mac.fail("hdiutil", times=6)
    with pytest.raises(Stop, match="Resource busy"):
        image_of(mac)


def test_an_answer_that_stapler_does_not_find_yet_is_looked_for_again(mac: Mac) -> None:
    (mac.signs / "secrets").write_text('CloudKit query failed due to "Record not found"')
    mac.fail("xcrun stapler", times=3)
    assert image_of(mac, SECRETS).is_file()


def test_a_copy_that_is_not_whole_makes_no_image(mac: Mac) -> None:
    mac.lose_the_copy()
    with pytest.raises(Stop, match="No such file"):
        image_of(mac)
    assert not list(mac.target.glob("*.dmg"))


def test_the_picture_is_drawn_and_found_by_the_settings(mac: Mac) -> None:
    made = make_image(mac.bundle, "0.1.0", mac.target, mac.checkout, Path(sys.executable), mac.environ)
    assert sorted(json.loads(made.read_text())["drawn"]) == ["background.png", "background@2x.png"]


def test_an_intel_mac_makes_an_image_of_its_own(mac: Mac) -> None:
    for path in mac.app.rglob("*"):
        if path.is_file() and path.read_bytes()[:4] == mach_o()[:4]:
            path.write_bytes(mach_o(X86_64))
    assert image_of(mac).name == "Waystation-0.1.0-macos-x86_64-unsigned.dmg"


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("MacOS/Waystation", None, "build.py bundle"),
        ("MacOS/Waystation", b"#!/bin/sh\n", "no processor of a Mac"),
        ("MacOS/Waystation", fat(mach_o(), mach_o(X86_64)), "for arm64 and x86_64, and has to be for one"),
        ("Resources/LICENSES.txt", None, "has no LICENSES.txt"),
        ("Frameworks/orjson.so", mach_o(oldest=(15, 0)), r"orjson\.so needs macOS 15\.0"),
        ("Frameworks/PySide6/QtGui.abi3.so", mach_o(oldest=(16, 0)), r"QtGui\.abi3\.so needs macOS 16\.0"),
        ("Frameworks/PySide6/orjson.so", mach_o(oldest=(15, 0)), r"orjson\.so needs macOS 15\.0"),
        ("Frameworks/orjson.so", mach_o(X86_64), r"orjson\.so is not for arm64"),
        ("Frameworks/orjson.so", fat(mach_o(X86_64), mach_o(oldest=(14, 2))), r"orjson\.so needs macOS 14\.2"),
    ],
)
def test_an_application_that_would_not_run_is_not_signed(mac: Mac, file: str, content: bytes | None, told: str) -> None:
    path = mac.app / "Contents" / file
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(Stop, match=told):
        image_of(mac, SECRETS)
    assert mac.calls() == []


def test_an_application_of_another_version_is_not_signed(mac: Mac) -> None:
    with pytest.raises(Stop, match=r"of version 0\.1\.0"):
        image_of(mac, version="0.2.0")


@pytest.mark.skipif(sys.platform == "darwin", reason="is one")
def test_elsewhere_than_on_a_mac_it_says_so(mac: Mac) -> None:
    with pytest.raises(Stop, match=r"made on a Mac\."):
        make(mac.bundle, "0.1.0", mac.target)


def test_without_apples_tools_it_says_so(mac: Mac) -> None:
    with pytest.raises(Stop, match=r"codesign is not there: .* Xcode's command line tools"):
        make_image(mac.bundle, "0.1.0", mac.target, mac.checkout, Path(sys.executable), {"PATH": "/nowhere"})
