"""Runs inside Pyodide: compiles every module that importing the engine loads, and leaves /tmp/bytecode.zip.

The names in the archive are paths from the root, so that it is unpacked there. The files are unchecked-hash pycs
(PEP 552): the page's sources are the ones they were made from, and nothing is to be looked up for each import.
"""

import importlib.util
import py_compile
import sys
import zipfile
from pathlib import Path

import senmei.browser

PACKAGES = Path(senmei.browser.__file__).parents[1]
A_FIXED_DATE = (1980, 1, 1, 0, 0, 0)

with zipfile.ZipFile("/tmp/bytecode.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    for source in sorted(str(getattr(module, "__file__", "")) for module in list(sys.modules.values())):
        if Path(source).is_relative_to(PACKAGES) and source.endswith(".py"):
            compiled = importlib.util.cache_from_source(source)
            unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
            py_compile.compile(source, cfile=compiled, doraise=True, invalidation_mode=unchecked)
            entry = zipfile.ZipInfo(compiled.removeprefix("/"), A_FIXED_DATE)
            archive.writestr(entry, Path(compiled).read_bytes(), zipfile.ZIP_DEFLATED)
