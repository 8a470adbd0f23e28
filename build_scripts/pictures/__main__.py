"""python -m build_scripts.pictures [OUT]: paint all pictures on screens of their own, then renew docs/images.

One painter for each scale, since Qt's scale is fixed when it starts.
"""

import sys
from pathlib import Path

from build_scripts.pictures.documents import renew_documents
from tests.support.desktop_session import DesktopSession

ROOT = Path(__file__).resolve().parents[2]
SCALES = (1, 2)
# Seconds; a busy machine needs about a third of it.
PATIENCE = 900.0
# Room for the largest window at the largest scale.
SCREEN = "2600x2000x24"


def main(arguments: list[str]) -> int:
    """Paint everything; the exit code is 1 if a picture is missing."""
    target = Path(arguments[0]) if arguments else ROOT / "build" / "pictures"
    failed = False
    for scale in SCALES:
        with DesktopSession(screen=SCREEN) as session:
            command = [sys.executable, "-m", "build_scripts.pictures.painter", target.resolve(), str(scale)]
            done = session.run(command, env={"QT_SCALE_FACTOR": str(scale), "PYTHONPATH": str(ROOT)}, timeout=PATIENCE)
            print(done.stdout, end="", flush=True)
            if done.returncode:
                print(done.stderr, file=sys.stderr, flush=True)
                failed = True
    if not failed:
        for path, size in renew_documents(target, ROOT / "docs" / "images"):
            print(f"{path.relative_to(ROOT)}: {size / 1000:.0f} KB")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
