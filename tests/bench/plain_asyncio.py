"""Waystation as it runs where there is no uvloop, such as on Windows.

usage: python -m tests.bench.plain_asyncio ARGUMENTS OF waystation
"""

import sys

# An import of it fails from here on.
sys.modules["uvloop"] = None  # type: ignore[assignment]

from app.__main__ import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
