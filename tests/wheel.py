"""The wheel that the hosts' tests install: the real one, where `ADLAB_WHEEL` names it, or a stand-in of the same layout."""

import os
import zipfile
from pathlib import Path

from test_installation import installed


def wheel(folder, checkout=None):
    """Without a checkout, the stand-in has the preloaded crate in small."""
    if given := os.environ.get("ADLAB_WHEEL"):
        return Path(given)
    prefix = installed(folder / "parts", checkout=checkout)
    made, info = folder / "adlab-0.1.0-py3-none-any.whl", "adlab-0.1.0.dist-info"
    with zipfile.ZipFile(made, "w") as archive:
        for path in filter(Path.is_file, prefix.rglob("*")):
            archive.write(path, f"adlab-0.1.0.data/data/{path.relative_to(prefix)}")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: adlab\nVersion: 0.1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return made
