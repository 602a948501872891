#!/usr/bin/env bash
# echarts 6.1.0 (zrender 6.1.0): a heatmap is painted in slices of 15 ms although `progressive` is 0
# and it has four cells, and the next slice throws when the chart was disposed in between.
#
# `progressive: 0` is documented to switch off drawing over several frames. Every cell of a heatmap
# is nevertheless marked as incremental, as `useIncremental` is missing in the call of a render in
# one go and a missing value counts as true. The painter then stops after 15 ms and asks for a
# further animation frame, which `dispose` does not take back: "Cannot read properties of null
# (reading 'layerStack')". Only on a slow or busy machine, which makes it look like a random fault.
# 6.0.0 marks no cell.
#
# Seen on Node 20.20: 6.1.0 marks 4 of 4 cells and throws; 6.0.0 marks 0 of 4 and does not.
# What helps: `clear()` at once, and `dispose()` in the next animation frame.
# Fails when 6.1.0 does neither, or 6.0.0 does one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --no-save old@npm:echarts@6.0.0 new@npm:echarts@6.1.0 > /dev/null
cat > heatmap.cjs <<'JAVASCRIPT'
// A canvas on which every stroke takes 10 ms, and animation frames that are run by hand.
const frames = [];
Object.defineProperty(globalThis, "navigator", { value: { userAgent: "a browser" } });
globalThis.window = { requestAnimationFrame: (frame) => frames.push(frame) };
const slow = () => { for (const end = Date.now() + 10; Date.now() < end; ); };
const pen = new Proxy({}, {
  get: (own, name) => name === "measureText" ? () => ({ width: 8 }) : name === "fill" ? slow : own[name] ?? (() => pen),
});
const canvas = () => ({
  width: 400, height: 300, style: {}, nodeName: "CANVAS",
  getContext: () => pen, addEventListener() {}, removeEventListener() {}, setAttribute() {},
});

function tried(name) {
  const echarts = require(name);
  echarts.setPlatformAPI({ createCanvas: canvas });
  const chart = echarts.init(canvas(), null, { width: 400, height: 300 });
  chart.setOption({
    animation: false,
    xAxis: { type: "category", data: ["a", "b"] },
    yAxis: { type: "category", data: ["a", "b"] },
    visualMap: { min: 0, max: 1, show: false },
    series: [{ type: "heatmap", progressive: 0, data: [[0, 0, 1], [0, 1, 0.5], [1, 0, 0.5], [1, 1, 1]] }],
  });
  const cells = chart.getZr().storage.getDisplayList(true).filter((each) => each.type === "rect");
  const marked = cells.filter((each) => each.incremental).length;
  chart.dispose();
  let thrown = "nothing";
  for (const frame of frames.splice(0)) {
    try { frame(); } catch (error) { thrown = error.message; }
  }
  const said = `${echarts.version}: ${marked} of ${cells.length} cells marked, throws ${thrown}`;
  console.log(said);
  return said;
}

const before = tried("old");
const now = tried("new");
const expected = before.includes(" 0 of ") && before.endsWith("nothing") && now.includes(" 4 of ") && now.includes("layerStack");
process.exit(expected ? 0 : 1);
JAVASCRIPT
node heatmap.cjs
