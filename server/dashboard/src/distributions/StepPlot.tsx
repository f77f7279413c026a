// A plot of values over the steps: the frame that its kinds share.

import { formatX } from "../charts/axis";
import { nearest } from "../charts/align";
import { CursorStrip } from "../charts/CursorStrip";
import type { Span } from "../charts/span";
import type { Pen } from "../pictures/pen";

interface StepPlotProps {
  /** The step of each column, ascending. */
  steps: Float64Array;
  /** What lies at the left and at the right border. */
  view: { from: number; to: number };
  /** The steps that are named there. */
  ends: readonly [number, number];
  height: number;
  label: string;
  /** Of the value axis; x is the share of the height, from below. */
  ticks: readonly { x: number; label: string }[];
  ticksClass?: string;
  draw: (context: Pen, span: Span) => void;
  onStep: (step: number) => void;
}

export function StepPlot(props: StepPlotProps) {
  const { steps, view, ends, height, label, ticks, ticksClass = "", draw, onStep } = props;
  return (
    <div className="bands-plot">
      <ul className={`bands-ticks ${ticksClass}`} aria-hidden="true">
        {ticks.map((tick) => (
          <li key={tick.label} style={{ bottom: `${tick.x * 100}%` }}>
            {tick.label}
          </li>
        ))}
      </ul>
      <CursorStrip
        view={view}
        axis="step"
        height={height}
        label={label}
        draw={draw}
        onPick={(at) => onStep(steps[nearest(steps, at)]!)}
        hasKeys
      />
      <div className="heatmap-axis">
        <span>{formatX(ends[0], "step", true)}</span>
        <span>{formatX(ends[1], "step", true)}</span>
      </div>
    </div>
  );
}
