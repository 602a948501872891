"""A program for the fork server's tests: where and how it runs, and what a module still loads."""

import importlib
import json
import os
import sys
from pathlib import Path

if __name__ == "__main__":
    known = set(sys.modules)
    importlib.import_module(sys.argv[1])
    seen = {
        "directory": str(Path.cwd()),
        "environment": dict(os.environ),
        "arguments": sys.argv[1:],
        "loads": sorted(set(sys.modules) - known),
    }
    sys.stdout.write(f"\n{json.dumps(seen)}\n")
