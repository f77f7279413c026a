import { useCallback, useMemo, useState, type PointerEvent } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";

import { formatDuration } from "../api/number";
import type { Usage } from "../api/types";
import { percent } from "../charts/unit";
import { Figure, type Rows } from "../pictures/Figure";
import type { Pen } from "../pictures/pen";
import { useCanvas } from "../pictures/useCanvas";
import { isolated } from "../i18n";
import { formatDate } from "../list/columns";
import { deviceName } from "./names";
import { AXIS_PX, drawAxis, drawRows, heightOf, LANE_PX, ROW_GAP_PX } from "./painting";
import { lengthOf, systemAddress, type Held, type Row } from "./usage";

interface GanttProps {
  usage: Usage;
  rows: readonly Row[];
  colourOf: (held: Held) => string;
}

/** What the pointer is on. */
interface Pointed {
  held: Held;
  stretch: Held["hold"]["stretches"][number];
}

/** Which run held which device when: a click opens the run's System tab at that time. */
export function Gantt({ usage, rows, colourOf }: GanttProps) {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const [pointed, setPointed] = useState<Pointed | null>(null);
  const [from, to] = [usage.start_ns / 1e9, usage.end_ns / 1e9];
  const height = rows.reduce((sum, row) => sum + heightOf(row), 0);
  const axis = useCanvas(
    useCallback(
      (context: Pen, width: number) => drawAxis(context, { from, to, width }),
      [from, to],
    ),
    AXIS_PX,
  );
  const canvas = useCanvas(
    useCallback(
      (context: Pen, width: number) => drawRows(context, { from, to, width }, rows, colourOf),
      [from, to, rows, colourOf],
    ),
    height,
  );
  const tops = useMemo(() => topsOf(rows), [rows]);

  const find = (event: PointerEvent<HTMLElement>): Pointed | null => {
    const box = event.currentTarget.getBoundingClientRect();
    const at = (from + ((event.clientX - box.left) / box.width) * (to - from)) * 1e9;
    const y = event.clientY - box.top;
    const number = tops.findLastIndex((top) => top <= y);
    const row = rows[number];
    if (!row) return null;
    const lane = Math.floor((y - tops[number]! - ROW_GAP_PX / 2) / LANE_PX);
    const near = ((to - from) / box.width) * 2e9; // short ones are drawn a pixel wide
    for (const [index, held] of row.held.entries()) {
      if (row.lanes[index] !== lane) continue;
      const { stretches } = held.hold;
      const stretch = stretches.find((one) => one.start_ns - near <= at && at <= one.end_ns + near);
      if (stretch) return { held, stretch };
    }
    return null;
  };

  return (
    <Figure
      title={t("usage.picture", { count: rows.length })}
      className="gantt"
      rows={() => [
        ["host", "device", "run", "name", "start_ns", "end_ns", "idle", "utilization"],
        ...rows.flatMap(({ held }) => held.flatMap(stretchesOf)),
      ]}
    >
      <div className="gantt-names" style={{ paddingTop: AXIS_PX }} aria-hidden="true">
        {rows.map((row) => (
          <div key={`${row.host} ${row.device}`} style={{ height: heightOf(row) }}>
            <span title={row.kind === "host" ? row.host : `${row.host} · ${row.kind}`}>
              {isolated(row.host)} {row.device && deviceName(t, row.device)}
            </span>
          </div>
        ))}
      </div>
      <div className="gantt-field">
        <canvas ref={axis} style={{ height: AXIS_PX }} aria-hidden="true" />
        <canvas
          ref={canvas}
          style={{ height, cursor: pointed ? "pointer" : "default" }}
          role="img"
          aria-label={t("usage.picture", { count: rows.length })}
          onPointerMove={(event) => setPointed(find(event))}
          onPointerLeave={() => setPointed(null)}
          onClick={() => pointed && navigate(systemAddress(pointed.held.run, pointed.stretch))}
        />
      </div>
      <output className="gantt-value">{pointed ? <Words {...pointed} /> : t("usage.hint")}</output>
    </Figure>
  );
}

function Words({ held, stretch }: Pointed) {
  const { t } = useTranslation();
  const { run, hold } = held;
  const parts = [
    `${run.project} / ${run.name}`,
    `${hold.host} ${hold.device && deviceName(t, hold.device)}`.trim(),
    `${formatDate(stretch.start_ns)} – ${formatDate(stretch.end_ns)}`,
    formatDuration(lengthOf(stretch)),
    stretch.utilization === null
      ? t("usage.unknown")
      : t(stretch.is_idle ? "usage.idle_at" : "usage.used_at", {
          value: percent.format(stretch.utilization),
        }),
  ];
  return <>{parts.map(isolated).join(" · ")}</>;
}

function stretchesOf({ hold, run }: Held): Rows {
  return hold.stretches.map((one) => [
    hold.host,
    hold.device,
    run.id,
    run.name,
    one.start_ns,
    one.end_ns,
    Number(one.is_idle),
    one.utilization,
  ]);
}

function topsOf(rows: readonly Row[]): number[] {
  let top = 0;
  return rows.map((row) => {
    const mine = top;
    top += heightOf(row);
    return mine;
  });
}
