"""Validate the docstrings of all public names with numpydoc.

Public are the names in ``skgenes.__all__``, those in the ``__all__`` of each sub-package, and the
public methods and properties of their classes as far as skgenes defines them. What is checked is
configured in pyproject.toml, [tool.numpydoc_validation].

Usage: python .ci/check_docstrings.py
"""

import importlib
import inspect
import re
import sys
import tomllib
from pathlib import Path
from types import ModuleType

from numpydoc.validate import ERROR_MSGS, validate

ROOT = Path(__file__).resolve().parents[1]
# The parameters that typing.Protocol gives to its classes.
PROTOCOL_INIT = {"*args", "**kwargs"}
# Written by scikit-learn into its subclasses.
METADATA_REQUEST = re.compile(r"set_\w+_request")


def main():
    """Print the offenders; return their number."""
    sys.path.insert(0, str(ROOT))
    checks, excluded = settings(ROOT / "pyproject.toml")
    names = [name for name in sorted(public_names()) if not excluded(name)]
    offences = [
        f"{name}: {code} {text}"
        for name in names
        for code, text in validate(name)["errors"]
        if code in checks and not (code == "PR01" and set(text.split("'")) >= PROTOCOL_INIT)
    ]
    print(*offences, f"{len(names)} docstrings, {len(offences)} offences", sep="\n")
    return len(offences)


def settings(pyproject):
    """Return the codes to check, and a function which says whether a name is excluded."""
    table = tomllib.loads(pyproject.read_text())["tool"]["numpydoc_validation"]
    checks = set(table["checks"])
    if "all" in checks:
        checks = set(ERROR_MSGS) - checks
    patterns = [re.compile(pattern) for pattern in table.get("exclude", [])]
    return checks, lambda name: any(pattern.search(name) for pattern in patterns)


def public_names():
    """Yield the dotted name of every public object, classes before their members."""
    package = importlib.import_module("skgenes")
    for name in package.__all__:
        thing = getattr(package, name)
        if not isinstance(thing, ModuleType):
            yield from names_of(f"skgenes.{name}", thing)
            continue
        for public in thing.__all__:
            yield from names_of(f"skgenes.{name}.{public}", getattr(thing, public))


def names_of(name, thing):
    """Yield the name of a function, or those of a class and its members; nothing for values."""
    if inspect.isclass(thing):
        yield name
        yield from (f"{name}.{member}" for member in own_members(thing))
    elif inspect.isroutine(thing):
        yield name


def own_members(cls):
    """Return the public methods and properties which a class has from skgenes."""
    ours = [vars(base) for base in cls.__mro__ if base.__module__.startswith("skgenes.")]
    members = {name: value for namespace in reversed(ours) for name, value in namespace.items()}
    return [
        name
        for name, value in members.items()
        if not name.startswith("_")
        and not METADATA_REQUEST.fullmatch(name)
        and (isinstance(value, property | classmethod | staticmethod) or inspect.isroutine(value))
    ]


if __name__ == "__main__":
    sys.exit(main() > 0)
