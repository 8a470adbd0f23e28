"""What a program or library of macOS says about itself at its beginning."""

import struct
from dataclasses import dataclass
from pathlib import Path

#: All from mach-o/loader.h, mach-o/fat.h and mach/machine.h of macOS' SDK.
_THIN = 0xFEEDFACF
_FAT = 0xCAFEBABE
_HEADER = struct.Struct("<IIIIIIII")
_ARCHITECTURES = {0x01000007: "x86_64", 0x0100000C: "arm64"}
_BUILD_VERSION, _VERSION_MIN_MACOSX = 0x32, 0x24
#: A class of Java begins as a fat file does; where that has the number of its parts, a class has its version.
_FEWEST_OF_JAVA = 40


@dataclass(frozen=True)
class MachO:
    """The code for one kind of processor.

    Args:
        architecture: arm64, x86_64, or a number for another one.
        oldest_system: the version of macOS that it needs; (0, 0) where it does not say.
    """

    architecture: str
    oldest_system: tuple[int, int]


def read_mach_o(path: Path) -> list[MachO]:
    """What a file holds code for, or nothing if it is no program and no library."""
    with path.open("rb") as file:
        beginning = file.read(8)
        if len(beginning) < 8:
            return []
        magic, count = struct.unpack(">II", beginning)
        if magic == _FAT and count < _FEWEST_OF_JAVA:
            # cputype, cpusubtype, offset, size, align
            parts = [struct.unpack(">IIIII", file.read(20)) for _ in range(count)]
            return [_thin(path, part[2]) for part in parts]
    return [_thin(path, 0)] if struct.unpack("<I", beginning[:4])[0] == _THIN else []


def _thin(path: Path, start: int) -> MachO:
    with path.open("rb") as file:
        file.seek(start)
        _, processor, _, _, count, length, _, _ = _HEADER.unpack(file.read(_HEADER.size))
        commands = file.read(length)
    oldest, at = 0, 0
    for _ in range(count):
        kind, size = struct.unpack_from("<II", commands, at)
        if kind == _BUILD_VERSION:
            oldest = struct.unpack_from("<I", commands, at + 12)[0]
        elif kind == _VERSION_MIN_MACOSX:
            oldest = struct.unpack_from("<I", commands, at + 8)[0]
        at += size
    return MachO(_ARCHITECTURES.get(processor, f"{processor:#x}"), (oldest >> 16, oldest >> 8 & 0xFF))
