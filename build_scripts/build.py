#!/usr/bin/env python3
"""Make Waystation's bundle and installers from a clone: python3 build_scripts/build.py COMMAND.

bundle [OPTIONS]     freeze the program into dist/Waystation, from an environment made of the build lock alone; with
                     --twice to see that the same source makes the same files, with --into FOLDER elsewhere
smoke [FOLDER]       use the frozen program (default: that of dist/) as people do, and print its size and start times
installer [OPTIONS]  make this system's installer from dist/; on Linux also that of Windows, with --for windows
try [FILE]           install it on this very system, use it, upgrade it and remove it, and see that nothing is left
release STEP         what the release workflow does besides: check TAG, sums, draft TAG (docs/releasing.md)

Standard library only, and readable by any Python 3, as dev.py is; the work is in build_scripts/bundle/,
build_scripts/installers/ and build_scripts/release/.
"""

import sys

from dev import hand_over_to_a_suitable_python


def main(arguments):
    """Carry out one command and give the exit code."""
    from pathlib import Path

    from machine.checkout import Checkout
    from machine.report import Stop, say

    if not arguments or arguments[0] not in ("bundle", "smoke", "installer", "try", "release"):
        asked = bool(arguments) and arguments[0] in ("-h", "--help", "help")
        (sys.stdout if asked else sys.stderr).write(__doc__)
        return 0 if asked else 2
    command, rest = arguments[0], arguments[1:]
    checkout = Checkout(Path(__file__).resolve().parents[1])
    try:
        # Only what is asked for: each needs other things of the machine.
        if command == "bundle":
            from bundle.freeze import freeze

            return freeze(checkout, rest)
        if command == "smoke":
            from bundle.smoke import smoke

            return smoke(checkout, rest)
        if command == "installer":
            from installers.make import make_installer

            return make_installer(checkout, rest)
        if command == "try":
            from installers.trial import try_installer

            return try_installer(checkout, rest)
        from release.steps import release

        return release(checkout, rest)
    except Stop as stop:
        say(str(stop))
        return stop.exit_code
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    hand_over_to_a_suitable_python(__file__)
    sys.exit(main(sys.argv[1:]))
