import { useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";

import type { Track } from "../api/columns";
import type { Run } from "../api/types";
import { formatX } from "../charts/axis";
import type { Place } from "../charts/cursor";
import { CursorStrip } from "../charts/CursorStrip";
import { domainOf } from "../charts/domain";
import type { Span } from "../charts/span";
import { plain } from "../charts/unit";
import { useCursorText } from "../charts/useCursorText";
import { drawTrace } from "../lanes/draw";
import { endOf } from "../lanes/phases";
import { joined } from "../lanes/trace";
import { useTracks } from "../series/useTracks";
import type { Pen } from "../pictures/pen";

const STRIP_PX = 44;
const BUCKETS = 360;

interface RunStripProps {
  run: Run;
  /** The metric that is drawn; "" for none. */
  metric: string;
  /** Seconds since the run began that the lines on screen are of. */
  shown: readonly [from: number, to: number] | null;
}

/** All of the run as a strip of its headline metric: where its lines are, and the way to others. */
export function RunStrip({ run, metric, shown }: RunStripProps) {
  const { t } = useTranslation();
  const { id, metrics } = run.summary;
  const to = endOf(run);
  const view = useMemo(() => ({ from: 0, to }), [to]);
  const runs = useMemo(() => [id], [id]);
  const points = metrics[metric]?.count ?? 0;
  const query = useTracks(
    { runs, name: metric, x: "relative", window: null, buckets: BUCKETS, points },
    metric !== "",
  );
  const track = useMemo(() => raised(joined(query.data ?? [])), [query.data]);
  const draw = useCallback(
    (context: Pen, span: Span) => {
      if (track) drawTrace(context, span, STRIP_PX, track, track.high, "--hue-0");
    },
    [track],
  );
  const describe = useCallback(
    (place: Place | null) => {
      if (place?.relative === undefined) return t("console.strip_hint");
      const parts = [formatX(place.relative, "relative", true)];
      if (place.step !== undefined) parts.push(formatX(Math.round(place.step), "step", true));
      return parts.join(" · ");
    },
    [t],
  );
  const output = useCursorText<HTMLOutputElement>(describe);
  const shareOf = (at: number) => Math.min(1, Math.max(0, at / to));
  return (
    <div className="console-strip">
      <span className="muted" title={metric}>
        {metric}
      </span>
      <div className="console-strip-track">
        <CursorStrip
          view={view}
          height={STRIP_PX}
          label={t("console.strip", { metric })}
          draw={draw}
          hasKeys
        />
        {shown && (
          <div
            className="console-shown"
            style={{
              left: `${shareOf(shown[0]) * 100}%`,
              width: `${(shareOf(shown[1]) - shareOf(shown[0])) * 100}%`,
            }}
          />
        )}
      </div>
      <output ref={output} />
    </div>
  );
}

/** Return the track with its lowest value on the scale at zero, and the highest one there. */
function raised(track: Track | null): (Track & { high: number }) | null {
  const domain = track && domainOf([track], false, false, plain);
  if (!track || !domain) return null;
  const up = (values: Float64Array) => values.map((value) => Math.max(0, value - domain.low));
  return {
    ...track,
    mean: up(track.mean),
    min: up(track.min),
    max: up(track.max),
    high: domain.high - domain.low,
  };
}
