"""What it spares a start to read modules this way, and that nothing is different afterwards."""

import subprocess
import sys

import pytest

_PROGRAM = """
import gc, ssl
from app.commandline.importing import modules_read

with modules_read():
    import aiohttp

print(sum(context.cert_store_stats()["x509"] for context in gc.get_objects() if isinstance(context, ssl.SSLContext)))
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.set_default_verify_paths()
print(context.cert_store_stats()["x509"])
print(ssl.create_default_context().cert_store_stats()["x509"])
print(gc.isenabled())
"""


def test_authorities_are_read_when_somebody_asks_for_them_and_not_for_contexts_that_aiohttp_makes_for_itself() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, timeout=60, check=True)
    by_aiohttp, from_paths, by_default, collecting = done.stdout.split()
    assert by_aiohttp == "0"
    assert collecting == "True"
    if by_default == "0":
        pytest.skip("this system keeps its authorities in a folder")
    assert sys.platform == "win32" or from_paths == by_default
