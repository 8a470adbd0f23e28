"""Compile the translations: .ts, which people edit, into .qm, which Qt reads."""

import os
import subprocess
from pathlib import Path

from machine.checkout import Checkout
from machine.report import Stop, say


def compile_translations(checkout: Checkout, lrelease: Path | None = None) -> None:
    """Write ``build/translations/*.qm`` for each ``.ts`` that is newer; remove those whose source is gone.

    ``lrelease`` is Qt's compiler; without it, that of the development environment. Raises Stop when a
    translation cannot be compiled.
    """
    sources = sorted(checkout.translation_sources.glob("*.ts"))
    target = checkout.compiled_translations
    names = {source.stem for source in sources}
    for compiled in target.glob("*.qm"):
        if compiled.stem not in names:
            compiled.unlink()
    for source in sources:
        compiled = target / f"{source.stem}.qm"
        if compiled.exists() and compiled.stat().st_mtime >= source.stat().st_mtime:
            continue
        say(f"compiling {source.relative_to(checkout.root)}")
        target.mkdir(parents=True, exist_ok=True)
        new = target / f"{source.stem}.qm.new"
        command = [str(lrelease or checkout.program("pyside6-lrelease")), "-silent", str(source), "-qm", str(new)]
        if subprocess.run(command, check=False).returncode:
            raise Stop(f"{source} could not be compiled (lrelease's words are above).")
        os.replace(new, compiled)
