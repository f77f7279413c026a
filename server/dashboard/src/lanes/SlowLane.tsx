import { useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";

import { formatDuration, toNumber } from "../api/number";
import type { Run } from "../api/types";
import type { Place } from "../charts/cursor";
import { CursorStrip, type ZoomView } from "../charts/CursorStrip";
import type { Span } from "../charts/span";
import { useCursorText } from "../charts/useCursorText";
import { isSlowdown, type DeviceGroup } from "../run/devices";
import { useTracks, type Window } from "../series/useTracks";
import { Icon } from "../shell/Icon";
import { drawRows } from "./draw";
import { phaseAt } from "./phases";
import { joined } from "./trace";
import { SLOWDOWNS, troubledS, troublesOf, type Slowdown } from "./troubles";
import type { Pen } from "../pictures/pen";

const LANE_PX = 20;
/** One for each few pixels of a wide screen. */
const BUCKETS = 360;

interface SlowLaneProps {
  run: Run;
  group: DeviceGroup;
  window: Window | null;
  view: ZoomView;
  isVisible: boolean;
}

/** What kept a GPU's clocks down, a row for each reason; nothing where nothing ever has. */
export function SlowLane({ run, group, window, view, isVisible }: SlowLaneProps) {
  const { t } = useTranslation();
  const rows = [
    useSlowdown("thermal", run, group, window, isVisible),
    useSlowdown("hardware", run, group, window, isVisible),
    useSlowdown("power", run, group, window, isVisible),
  ];
  const [thermal, hardware, power] = rows.map(({ stretches }) => stretches);
  const stretches = useMemo(
    () => ({ thermal: thermal!, hardware: hardware!, power: power! }),
    [thermal, hardware, power],
  );
  const draw = useCallback(
    (context: Pen, span: Span) =>
      drawRows(
        context,
        span,
        LANE_PX,
        SLOWDOWNS.map((kind) => stretches[kind]),
        // Whoever uses a GPU well meets its power limit; the others are trouble.
        SLOWDOWNS.map((kind) => (kind === "power" ? "--hue-1" : "--warn")),
      ),
    [stretches],
  );
  const describe = useCallback(
    (place: Place | null) =>
      place?.relative === undefined
        ? ""
        : SLOWDOWNS.filter((kind) => phaseAt(stretches[kind], place.relative!))
            .map((kind) => t(`lanes.is_${kind}`))
            .join(" · "),
    [stretches, t],
  );
  const output = useCursorText<HTMLOutputElement>(describe);
  if (!rows.some(({ hasAny }) => hasAny)) return null;
  const isTrouble = rows.slice(0, -1).some(({ hasAny }) => hasAny);
  const said = SLOWDOWNS.filter((kind) => stretches[kind].length > 0)
    .map((kind) => `${t(`lanes.is_${kind}`)} ${formatDuration(troubledS(stretches[kind]))}`)
    .join(" · ");
  return (
    <div className="lane" aria-busy={rows.some(({ isFetching }) => isFetching)}>
      <span className="lane-name" title={t("lanes.why_slow")}>
        {t("lanes.slow")}
        <span className={isTrouble ? "warn lane-trouble" : "muted lane-trouble"} title={said}>
          {isTrouble && <Icon name="alert" />} {said}
        </span>
      </span>
      <CursorStrip
        view={view}
        height={LANE_PX}
        label={[t("lanes.slow"), said].filter(Boolean).join(": ")}
        draw={draw}
      />
      <output ref={output} className="lane-value" />
    </div>
  );
}

/** When one reason kept the GPU slow; asked for only where it ever has. */
function useSlowdown(
  kind: Slowdown,
  run: Run,
  group: DeviceGroup,
  window: Window | null,
  isVisible: boolean,
) {
  const name = group.names.find((one) => isSlowdown(one) && one.includes(`_${kind}`)) ?? "";
  const device = run.devices[name];
  const hasAny = toNumber(device?.max ?? 0) > 0;
  const runs = useMemo(() => [run.summary.id], [run.summary.id]);
  const query = useTracks(
    { runs, name, x: "relative", window, buckets: BUCKETS, points: device?.count ?? 0 },
    isVisible && hasAny,
  );
  const stretches = useMemo(() => {
    const track = joined(query.data ?? []);
    return hasAny && track ? troublesOf(name, track, null) : [];
  }, [query.data, name, hasAny]);
  return { hasAny, stretches, isFetching: query.isFetching };
}
