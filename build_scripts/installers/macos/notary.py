"""Having Apple's notary service look at what was signed, so that macOS opens it without a warning."""

import json
import re
from contextlib import suppress
from pathlib import Path

from installers.macos.commands import Commands
from installers.macos.signing import SigningSecrets
from machine.report import Stop, say

#: It takes minutes as a rule, and hours when the service is in trouble.
_PATIENCE = "1h"
#: In what stapler says until the answer has reached all of Apple's servers, which may take minutes.
#: https://github.com/different-ai/openwork/pull/3038
_ON_ITS_WAY = "CloudKit"


def notarise(
    path: Path, staple: Path, signing: SigningSecrets, commands: Commands, folder: Path, pause_s: float
) -> None:
    """Send a file, wait for the answer, and fasten it to what was signed.

    Args:
        path: a disk image, or the ZIP file of an application.
        staple: the disk image or the application itself: then it opens without a network, too.
        signing: with the key for the service.
        commands: of this machine.
        folder: that nobody else can read, for the key.
        pause_s: between two tries of what passes.

    Raises:
        Stop: the service was not reached, or does not accept it; with its reasons.
    """
    key = folder / "notary.p8"
    key.write_text(signing.notary_key, encoding="utf-8")
    access = ["--key", key, "--key-id", signing.notary_key_id, "--issuer", signing.notary_issuer]
    say(f"Apple's notary service looks at {path.name}; this takes some minutes")
    submit = ["xcrun", "notarytool", "submit", path, *access, "--wait", "--timeout", _PATIENCE]
    done = commands.attempt([*submit, "--output-format", "json"])
    answer = _answer(done.output)
    # The exit code tells only that there was an answer.
    if done.exit_code or answer.get("status") != "Accepted":
        words = done.words
        if identifier := answer.get("id"):
            words += "\n" + commands.attempt(["xcrun", "notarytool", "log", identifier, *access]).words
        raise Stop(f"{words}\nApple's notary service did not accept {path.name} (the words are above).")
    key.unlink()
    fasten = ["xcrun", "stapler", "staple", staple]
    commands.insist(fasten, f"fasten the answer to {staple.name}", _ON_ITS_WAY, pause_s)


def _answer(output: str) -> dict[str, str]:
    found = re.search(r"\{.*\}", output, re.DOTALL)
    with suppress(ValueError):
        answer = json.loads(found[0]) if found else {}
        return {str(name): str(value) for name, value in answer.items()}
    return {}
