import type { EChartsCoreOption, ECharts } from "echarts/core";
import { useEffect, useRef } from "preact/hooks";

export interface Colours {
  text: string;
  dim: string;
  line: string;
  panel: string;
  accent: string;
  gain: string;
  loss: string;
  neutral: string;
  warn: string;
}

/** The page's colours, which differ by theme. */
export function colours(): Colours {
  const style = getComputedStyle(document.documentElement);
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    text: of("text"),
    dim: of("dim"),
    line: of("line"),
    panel: of("panel"),
    accent: of("accent"),
    gain: of("gain"),
    loss: of("loss"),
    neutral: of("neutral"),
    warn: of("warn"),
  };
}

interface Props {
  label: string;
  height: number;
  /** What to draw, in the colours of the theme. */
  draw: (colours: Colours) => EChartsCoreOption;
  onPick?: (name: string) => void;
  /** After each drawing, when it is known how large everything is. */
  onDrawn?: (chart: ECharts) => void;
}

/** Each series drawn in one go, not over several frames. */
function atOnce(option: EChartsCoreOption): EChartsCoreOption {
  const series: unknown = option["series"];
  if (!Array.isArray(series)) return option;
  return { ...option, series: series.map((each: object) => ({ progressive: 0, ...each })) };
}

/**
 * Remove a picture. A heatmap is drawn over several frames in spite of `progressive: 0` (ECharts 6.1.0),
 * and the next frame fails when the picture is gone by then: it finds an empty one instead.
 */
function end(chart: ECharts): void {
  chart.clear();
  requestAnimationFrame(() => chart.dispose());
}

/** A picture; the library is loaded with the first one. */
export function Chart({ label, height, draw, onPick, onDrawn }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<ECharts | null>(null);
  useEffect(() => {
    let gone = false;
    let observer: ResizeObserver | undefined;
    const show = () => {
      const own = colours();
      chart.current?.setOption(
        {
          animation: false,
          aria: { enabled: true },
          textStyle: { color: own.text, fontFamily: "inherit" },
          ...atOnce(draw(own)),
        },
        true,
      );
      drawn();
    };
    const drawn = () => chart.current && onDrawn?.(chart.current);
    void import("./echarts").then(({ begin }) => {
      if (gone || !place.current) return;
      chart.current ??= begin(place.current);
      show();
      chart.current.off("click");
      chart.current.on("click", (event) => onPick?.(String(event.name)));
      observer = new ResizeObserver(() => {
        chart.current?.resize();
        drawn();
      });
      observer.observe(place.current);
    });
    window.addEventListener("themechange", show);
    return () => {
      gone = true;
      observer?.disconnect();
      window.removeEventListener("themechange", show);
    };
  }, [draw]);
  useEffect(
    () => () => {
      if (chart.current) end(chart.current);
      chart.current = null; // what is still under way finds no chart
    },
    [],
  );
  return <div ref={place} class="chart" role="img" aria-label={label} style={{ height: `${height}px` }} />;
}
