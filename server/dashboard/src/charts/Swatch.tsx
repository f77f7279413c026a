import type { LineStyle } from "./colours";

interface SwatchProps {
  /** Undefined: it is not drawn. */
  line: LineStyle | undefined;
  width?: number;
  thickness?: number;
}

/** A piece of a line as charts draw it. */
export function Swatch({ line, width = 18, thickness = 3 }: SwatchProps) {
  return (
    <svg width={width} height="10" aria-hidden="true">
      <line
        x1="1"
        x2={width - 1}
        y1="5"
        y2="5"
        strokeWidth={thickness}
        strokeDasharray={line?.dash.join(" ")}
        stroke={line ? `var(${line.colour})` : "var(--line)"}
      />
    </svg>
  );
}
