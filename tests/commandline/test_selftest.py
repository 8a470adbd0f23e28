"""What a bundle tries of itself where a library is missing, as uvloop is on Windows."""

import subprocess
import sys

WITHOUT_UVLOOP = """
import sys
sys.modules["uvloop"] = None
from app.commandline import selftest
from app.commandline.serve import new_loop
selftest._NOT_ON_WINDOWS = ()
print(selftest._modules(), new_loop().__module__)
"""


def test_every_module_can_be_read_without_uvloop() -> None:
    run = subprocess.run([sys.executable, "-c", WITHOUT_UVLOOP], capture_output=True, text=True, check=True, timeout=50)
    count, loop = run.stdout.split()
    assert int(count) > 400
    assert loop.startswith("asyncio")
