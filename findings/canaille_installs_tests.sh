#!/usr/bin/env bash
# canaille 0.3.6, the provider behind pytest-iam: its wheel installs a package called `tests`.
#
# The wheel holds its own test suite as the top-level package `tests`, beside `canaille`. A project
# whose folder `tests` has no __init__.py (a namespace package) can no longer import from it: the
# installed package wins over every part of a namespace, wherever it is on the path. So adding
# pytest-iam to a project's development tools breaks `python -m tests.anything` there.
#
# Seen: `import tests.mine` works before the installation and is a ModuleNotFoundError after it.
# Fails when the wheel no longer brings `tests`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
mkdir -p "$folder/project/tests"
touch "$folder/project/tests/mine.py"
cd "$folder/project"
"$folder/venv/bin/python" -c "import tests.mine"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps canaille==0.3.6
if said=$("$folder/venv/bin/python" -c "import tests.mine" 2>&1); then
  echo "the project's own tests are found: the wheel has changed" >&2
  exit 1
fi
echo "${said##*$'\n'}"
[[ $said == *"ModuleNotFoundError: No module named 'tests.mine'"* ]]
"$folder/venv/bin/python" -c "import tests; print(tests.__file__.split('/')[-3:])"
echo "as stated: the wheel's package hides the project's"
