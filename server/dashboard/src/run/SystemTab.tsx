import { useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";

import type { Run } from "../api/types";
import { formatX, timeSteps } from "../charts/axis";
import type { Place } from "../charts/cursor";
import { parseWindow, useWindow } from "../charts/useWindow";
import { DeviceLanes } from "../lanes/DeviceLanes";
import { placeOf, type Span } from "../charts/span";
import { PhaseLanes } from "../lanes/PhaseLanes";
import { endOf } from "../lanes/phases";
import { WorkMap } from "../lanes/WorkMap";
import { CursorStrip, type ZoomView } from "../charts/CursorStrip";
import { useCursorText } from "../charts/useCursorText";
import { Icon } from "../shell/Icon";
import { ink } from "../shell/theme";
import "../styles/distributions.css";
import "../styles/lanes.css";
import { groupDevices } from "./devices";
import type { Pen } from "../pictures/pen";

const AXIS_PX = 20;
const TICK_PX = 90;

/** What the run's machines and processes were doing, on one axis of time. */
export function SystemTab({ run }: { run: Run }) {
  const { t } = useTranslation();
  const [windowText, setWindow] = useWindow();
  const window = useMemo(() => parseWindow(windowText), [windowText]);
  const end = endOf(run);
  const view = useMemo<ZoomView>(
    () => ({ from: window?.[0] ?? 0, to: window?.[1] ?? end, onWindow: setWindow }),
    [window, end, setWindow],
  );
  const groups = groupDevices(Object.keys(run.devices));
  const hosts = [...new Set(groups.map((group) => group.host))];
  return (
    <div className="lanes">
      <TimeHead view={view} isZoomed={window !== null} />
      <PhaseLanes run={run} window={window} view={view} />
      <WorkMap run={run} window={window} view={view} />
      {groups.length === 0 && <p className="panel-hint">{t("tab.system_empty")}</p>}
      {hosts.map((host) => (
        <div key={host}>
          {hosts.length > 1 && <h2 className="lane-host">{host || run.summary.host}</h2>}
          {groups
            .filter((group) => group.host === host)
            .map((group) => (
              <DeviceLanes
                key={`${group.kind} ${group.index}`}
                run={run}
                group={group}
                window={window}
                view={view}
              />
            ))}
        </div>
      ))}
    </div>
  );
}

/** The axis, which stays in sight, and where the cursor is on it. */
function TimeHead({ view, isZoomed }: { view: ZoomView; isZoomed: boolean }) {
  const { t } = useTranslation();
  const describe = useCallback(
    (place: Place | null) => {
      if (place?.relative === undefined) return t("lanes.hint");
      const parts = [formatX(place.relative, "relative", true)];
      if (place.step !== undefined)
        parts.push(t("run.step", { step: Math.round(place.step).toLocaleString("en-US") }));
      return parts.join(" · ");
    },
    [t],
  );
  const output = useCursorText<HTMLOutputElement>(describe);
  return (
    <div className="lane lanes-head">
      <span className="lane-name">
        {isZoomed ? (
          <button type="button" className="chip" onClick={() => view.onWindow(null)}>
            <Icon name="reset" />
            {t("chart.reset")}
          </button>
        ) : (
          t("x.relative")
        )}
      </span>
      <CursorStrip view={view} height={AXIS_PX} label={t("lanes.axis")} draw={drawAxis} hasKeys />
      <output ref={output} className="lane-value" />
    </div>
  );
}

function drawAxis(context: Pen, span: Span): void {
  const least = ((span.to - span.from) / span.width) * TICK_PX;
  const step = timeSteps.find((one) => one >= least) ?? Math.ceil(least / 86_400) * 86_400;
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  for (let at = Math.ceil(span.from / step) * step; at <= span.to; at += step) {
    const x = placeOf(span, at);
    context.fillStyle = ink("--line");
    context.fillRect(x, 0, 1, AXIS_PX);
    context.fillStyle = ink("--ink-2");
    const text = formatX(at, "relative");
    if (x + 4 + context.measureText(text).width < span.width) context.fillText(text, x + 4, 10);
  }
}
