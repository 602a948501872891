#!/usr/bin/env bash
# The same published research factors in two packages: other units, and other values for most months.
#
# linearmodels 7.1 (`linearmodels.datasets.french`) ships the monthly factors of Kenneth R. French's
# data library as decimals up to March 2017, arch 8.0.0 (`arch.data.frenchdata`) in percent up to
# November 2018. The library rebuilds its whole history when its source data change, so the two
# downloads differ in their past: of the 819 months both hold, the value factor HML differs in 645
# (by up to 0.56 percentage points, February 2000: -9.93 and -10.49), SMB in 580, the market in 19,
# the risk-free rate in none. A figure made from these factors is of a vintage; name it.
#
# Fails when the packages ship another vintage or unit.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
  arch==8.0.0 linearmodels==7.1 pandas==3.1.1
"$folder/venv/bin/python" - <<'PYTHON'
from arch.data import frenchdata
from linearmodels.datasets import french

percent = frenchdata.load()
# Its index holds the months as nanoseconds: see arch_french_dates.sh.
percent.index = [f"{each // 100}-{each % 100:02d}" for each in percent.index.as_unit("ns").asi8]
decimals = french.load()
decimals.index = [str(each)[:7] for each in decimals["dates"]]
both = [month for month in decimals.index if month in percent.index]
print("months in both:", len(both), both[0], both[-1])
differing = {}
for one, other in (("Mkt-RF", "MktRF"), ("SMB", "SMB"), ("HML", "HML"), ("RF", "RF")):
    apart = (percent.loc[both, one] - 100 * decimals.loc[both, other]).abs().round(4)
    differing[one] = int((apart > 0.001).sum())
    print(one, "differs in", differing[one], "months, at most", apart.max(), "in", apart.idxmax())
assert len(both) == 819
assert differing == {"Mkt-RF": 19, "SMB": 580, "HML": 645, "RF": 0}, differing
assert round(percent.loc["2000-02", "HML"], 2) == -9.93
assert round(100 * decimals.loc["2000-02", "HML"], 2) == -10.49
PYTHON
echo "as stated: other units, and another vintage"
