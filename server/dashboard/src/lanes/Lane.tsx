import { useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";

import { formatDuration } from "../api/number";
import type { Place } from "../charts/cursor";
import type { Unit } from "../charts/unit";
import { useTracks, type Window } from "../series/useTracks";
import { Icon } from "../shell/Icon";
import { drawGaps, drawTrace, drawTroubles } from "./draw";
import { phaseAt } from "./phases";
import { type Span } from "../charts/span";
import { CursorStrip, type ZoomView } from "../charts/CursorStrip";
import { joined, sampleAt } from "./trace";
import { troubledS, troublesOf } from "./troubles";
import { useCursorText } from "../charts/useCursorText";
import type { Pen } from "../pictures/pen";

export interface LaneProps {
  run: string;
  metric: string;
  title: string;
  colour: string;
  unit: Unit;
  /** What the upper border stands for. */
  high: number;
  /** All there is of it; null where nobody knows. */
  whole: number | null;
  points: number;
  window: Window | null;
  view: ZoomView;
  isVisible: boolean;
  isOpen: boolean;
  onToggle: () => void;
}

const LANE_PX = 34;
/** One for each few pixels of a wide screen. */
const BUCKETS = 360;

/** One device series as a coloured strip; its name opens the line chart. */
export function Lane(props: LaneProps) {
  const { run, metric, title, colour, unit, high, window, view, isVisible } = props;
  const { t } = useTranslation();
  const runs = useMemo(() => [run], [run]);
  const query = useTracks(
    { runs, name: metric, x: "relative", window, buckets: BUCKETS, points: props.points },
    isVisible,
  );
  const track = useMemo(() => joined(query.data ?? []), [query.data]);
  const { whole } = props;
  const troubles = useMemo(
    () => (track ? troublesOf(metric, track, whole) : []),
    [metric, track, whole],
  );
  const draw = useCallback(
    (context: Pen, span: Span) => {
      if (!track) return;
      drawGaps(context, span, LANE_PX, track);
      drawTrace(context, span, LANE_PX, track, high, colour);
      drawTroubles(context, span, LANE_PX, troubles);
    },
    [track, high, colour, troubles],
  );
  const describe = useCallback(
    (place: Place | null) => {
      if (!track) return query.isSuccess ? t("lanes.nothing") : "";
      if (place?.relative === undefined) {
        const last = track.mean.findLast((value) => Number.isFinite(value));
        return last === undefined ? "" : t("lanes.last", { value: unit.format(last) });
      }
      const sample = sampleAt(track, place.relative);
      if (!sample) return t("lanes.not_measured");
      if (!Number.isFinite(sample.mean)) return t("chart.not_finite", { count: sample.bad });
      const value = unit.format(sample.mean);
      const words =
        sample.min === sample.max
          ? value
          : t("lanes.between", {
              value,
              min: unit.format(sample.min),
              max: unit.format(sample.max),
            });
      const trouble = phaseAt(troubles, place.relative);
      return trouble ? `${words} · ⚠ ${t(`lanes.is_${trouble.kind}`)}` : words;
    },
    [track, troubles, query.isSuccess, unit, t],
  );
  const output = useCursorText<HTMLOutputElement>(describe);
  return (
    <div className="lane" aria-busy={query.isFetching}>
      <button
        type="button"
        className="lane-name"
        aria-expanded={props.isOpen}
        title={metric}
        onClick={props.onToggle}
      >
        <Icon name={props.isOpen ? "down" : "right"} />
        {title}
        {troubles[0] && (
          <span className="warn lane-trouble" title={t(`lanes.why_${troubles[0].kind}`)}>
            <Icon name="alert" /> {t(`lanes.is_${troubles[0].kind}`)}{" "}
            {formatDuration(troubledS(troubles))}
          </span>
        )}
      </button>
      <CursorStrip
        view={view}
        height={LANE_PX}
        label={t("lanes.label", { name: metric, high: unit.format(high) })}
        draw={draw}
      />
      <output ref={output} className="lane-value" />
      {query.isError && !query.data && (
        <button type="button" className="chip lane-error" onClick={() => void query.refetch()}>
          {t("failed_to_load", { reason: query.error.message })} {t("retry")}
        </button>
      )}
    </div>
  );
}
