import { useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Run } from "../api/types";
import { toNumber } from "../api/number";
import { ChartCard, type ChartRun } from "../charts/ChartCard";
import { styleOf } from "../charts/colours";
import { useLive } from "../charts/live";
import { usePlainView } from "../charts/useView";
import {
  deviceTitle,
  deviceUnit,
  isSlowdown,
  mainOf,
  totalOf,
  type DeviceGroup,
} from "../run/devices";
import type { Window } from "../series/useTracks";
import { Lane } from "./Lane";
import { SlowLane } from "./SlowLane";
import { Figure } from "../pictures/Figure";
import type { ZoomView } from "../charts/CursorStrip";

const CHART_PX = 140;
const HUES: Record<DeviceGroup["kind"], number> = {
  gpu: 2,
  cpu: 0,
  memory: 3,
  process: 1,
  disk: 4,
  network: 5,
  other: 10,
};

interface DeviceLanesProps {
  run: Run;
  group: DeviceGroup;
  window: Window | null;
  view: ZoomView;
}

/** The lanes of one device: those that people look at first, the others when asked for. */
export function DeviceLanes({ run, group, window, view }: DeviceLanesProps) {
  const { t } = useTranslation();
  const section = useRef<HTMLElement>(null);
  const isVisible = useLive(section);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const names = group.names.filter((name) => !isSlowdown(name));
  const main = mainOf(names);
  const [isAll, setAll] = useState(false);
  const rest = names.filter((name) => !main.includes(name));
  const shown = isAll || main.length === 0 ? [...main, ...rest] : main;
  const title = t(`system.${group.kind}`, { index: group.index });
  const toggle = (metric: string) => {
    const next = new Set(open);
    if (!next.delete(metric)) next.add(metric);
    setOpen(next);
  };
  return (
    <section
      ref={section}
      className="lane-group"
      aria-label={group.host ? `${title} · ${group.host}` : title}
    >
      <Figure title={group.host ? `${title} · ${group.host}` : title}>
        <header data-left-out>
          <h3>{title}</h3>
          {main.length > 0 && rest.length > 0 && (
            <button
              type="button"
              className="chip"
              aria-expanded={isAll}
              onClick={() => setAll(!isAll)}
            >
              {isAll ? t("lanes.fewer") : t("lanes.more", { count: rest.length })}
            </button>
          )}
        </header>
        {group.kind === "gpu" && (
          <SlowLane run={run} group={group} window={window} view={view} isVisible={isVisible} />
        )}
        {shown.map((metric) => (
          <div key={metric}>
            <Lane
              run={run.summary.id}
              metric={metric}
              title={deviceTitle(metric, group) || t("system.use")}
              colour={`--hue-${HUES[group.kind]}`}
              unit={deviceUnit(metric)}
              high={highOf(run, metric, group)}
              whole={wholeOf(run, metric, group)}
              points={run.devices[metric]?.count ?? 0}
              window={window}
              view={view}
              isVisible={isVisible}
              isOpen={open.has(metric)}
              onToggle={() => toggle(metric)}
            />
            {open.has(metric) && <OpenLane run={run} metric={metric} group={group} />}
          </div>
        ))}
      </Figure>
    </section>
  );
}

/** Return all there is of what a lane shows; null where nobody knows. */
function wholeOf(run: Run, metric: string, group: DeviceGroup): number | null {
  const total = toNumber(run.devices[totalOf(metric)]?.max ?? 0);
  return total > 0 ? total : group.kind === "process" ? null : (deviceUnit(metric).high ?? null);
}

/** Return what a lane's upper border stands for: all there is, else the most that was used. */
function highOf(run: Run, metric: string, group: DeviceGroup): number {
  const most = (name: string) => toNumber(run.devices[name]?.max ?? 0);
  const whole = wholeOf(run, metric, group);
  if (whole !== null) return Math.max(whole, most(metric));
  return most(metric) > 0 ? most(metric) : 1;
}

function OpenLane(props: { run: Run; metric: string; group: DeviceGroup }) {
  const { run, metric, group } = props;
  const { t } = useTranslation();
  const { id, name } = run.summary;
  const { view, setWindow, togglePin } = usePlainView({ x: "relative" });
  const runs = useMemo<ChartRun[]>(
    () => [{ id, label: name, style: styleOf(HUES[group.kind]) }],
    [id, name, group.kind],
  );
  return (
    <div className="lane-chart">
      <ChartCard
        name={metric}
        title={deviceTitle(metric, group) || t("system.use")}
        runs={runs}
        points={run.devices[metric]?.count ?? 0}
        view={view}
        onWindow={setWindow}
        onPinCursor={togglePin}
        height={CHART_PX}
        unit={deviceUnit(metric)}
      />
    </div>
  );
}
