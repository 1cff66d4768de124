"""The JavaScript that a sandboxed process starts with, put together from ``js/`` into one file.

The fragments of ``js/runtime`` are read in the order of their numbers and share one function scope, out of an action's reach. They
are evaluated under the name ``votive:runtime``, so that no stack trace shows a path of this machine.
"""

from __future__ import annotations

import json
from importlib.resources import files

_JS = files("votive.action") / "js"

_MAIN = """\
const {{ evalContext }} = Deno[Deno.internal].core;
const evaluate = (source, name) => {{
  const {{ 0: value, 1: error }} = evalContext(source, name, [1]);
  if (error) throw error.thrown;
  return value;
}};
const serve = evaluate({runtime}, "votive:runtime");
serve({ethers});
"""
_NOTHING = "data:text/javascript,throw new TypeError('there are no modules in an action')"


def runtime_source() -> str:
    """Return the runtime as one classic script whose value is the function that serves one run."""
    fragments = sorted((_JS / "runtime").iterdir(), key=lambda entry: entry.name)
    return "(() => {\n'use strict';\n" + "\n".join(entry.read_text("utf-8") for entry in fragments) + "\nreturn serve;\n})()"


def main_module(*, ethers: bool) -> str:
    """Return the module that Deno is started with; with ``ethers``, its bundle is loaded before the process says it is ready."""
    bundle = ""
    if ethers:
        source = (_JS / "ethers.js").read_text("utf-8")
        bundle = f'() => evaluate({json.dumps(source)}, "votive:ethers")'
    return _MAIN.format(runtime=json.dumps(runtime_source()), ethers=bundle)


def import_map() -> str:
    """Return the import map that leads every built-in module to one that throws.

    Dynamic import is refused altogether where the action's script is started; this stands behind it.
    """
    builtins = (_JS / "builtins.txt").read_text("ascii").split()
    names = [prefix + name for name in builtins for prefix in ("", "node:")]
    return json.dumps({"imports": dict.fromkeys(names, _NOTHING)})
