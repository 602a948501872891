#!/usr/bin/env bash
# arch 8.0.0 with pandas 3.1.1: `arch.data.frenchdata.load()` dates every month in 1970.
#
# The file holds months as whole numbers (192607). The loader parses the index as dates, and pandas
# takes whole numbers as nanoseconds since 1970: July 1926 becomes 1970-01-01 00:00:00.000192607. No
# warning, and the index is a valid, ascending DatetimeIndex, so that a slice by dates
# (data.loc["2008-01":"2008-12"]) is empty instead of an error. The months are still there: year and month are the
# digits of the nanoseconds.
#
# Seen: first index 1970-01-01 00:00:00.000192607, 1,109 rows, all of 1970; the slice of 2008 has 0 rows.
# Fails when the library dates the months right.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check arch==8.0.0 pandas==3.1.1
"$folder/venv/bin/python" - <<'PYTHON'
from arch.data import frenchdata

data = frenchdata.load()
of_2008 = data.loc["2008-01":"2008-12"]
print("first index:", data.index[0], "- rows:", len(data), "- of 2008:", len(of_2008))
assert str(data.index[0]) == "1970-01-01 00:00:00.000192607", data.index[0]
assert set(data.index.year) == {1970}
assert len(data) == 1109 and len(of_2008) == 0
months = [divmod(int(each), 100) for each in data.index.as_unit("ns").asi8]
assert months[0] == (1926, 7) and months[-1] == (2018, 11), (months[0], months[-1])
PYTHON
echo "as stated: every month is dated in 1970"
