"""The JavaScript chat clients that the tests drive, from npm into a cache that git ignores.

Their versions and hashes stand in the lock beside the scripts that use them. To renew it: change package.json there,
then ``npm install --package-lock-only --omit-lockfile-registry-resolved``.
"""

import hashlib
import shutil

from machine.checkout import Checkout
from machine.npm import npm
from machine.report import say

FILES = ("package.json", "package-lock.json")
STAMP = "complete"


def ensure_chat_clients(checkout: Checkout) -> None:
    """Install what the lock names, unless it is there. Raises Stop where npm is absent or fails."""
    folder, source = checkout.chat_clients_cache, checkout.chat_clients
    wanted = hashlib.sha256(b"\0".join((source / name).read_bytes() for name in FILES)).hexdigest()
    stamp = folder / STAMP
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    say(f"installing the chat clients of the tests into {folder.relative_to(checkout.root)}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in FILES:
        shutil.copyfile(source / name, folder / name)
    # Exactly the lock, each package checked against its hash, and nothing of theirs run.
    npm("ci", "--prefix", str(folder), "--ignore-scripts", bringing="chat clients")
    stamp.write_text(wanted, encoding="utf-8")
