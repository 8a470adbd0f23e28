"""What Windows shows of the program's properties, in the form that PyInstaller reads."""

from bundle.layout import COPYRIGHT

_FORM = """VSVersionInfo(
  ffi=FixedFileInfo(filevers={numbers}, prodvers={numbers}, mask=0x3F, flags=0x0, OS=0x40004, fileType=0x1,
                    subtype=0x0, date=(0, 0)),
  kids=[
    StringFileInfo([StringTable('040904B0', [
{strings}
    ])]),
    VarFileInfo([VarStruct('Translation', [0x0409, 1200])]),
  ],
)
"""


def version_info(version: str, description: str) -> str:
    """The version resource; one for all programs of the bundle.

    Raises:
        ValueError: the version is not three numbers, as Windows needs them.
    """
    numbers = tuple(int(part) for part in version.split("."))
    if len(numbers) != 3:
        raise ValueError(f"the version {version} is not three numbers")
    strings = {
        "CompanyName": "Waystation contributors",
        "FileDescription": description,
        "FileVersion": version,
        "InternalName": "Waystation",
        "LegalCopyright": COPYRIGHT,
        "ProductName": "Waystation",
        "ProductVersion": version,
    }
    lines = ",\n".join(f"      StringStruct({name!r}, {text!r})" for name, text in strings.items())
    return _FORM.format(numbers=(*numbers, 0), strings=lines)
