// One metric of one or more runs, or several of them in one picture, with everything that is to be said about the picture.

import { useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { Track } from "../api/columns";
import { formatNumber } from "../api/number";
import { fieldKey } from "../list/rows";
import { shortName } from "../series/metrics";
import type { CountedMetric } from "../series/useMetricTracks";
import type { Window } from "../series/useTracks";
import { Tool } from "../shell/Tool";
import { keyOf } from "../workspace/drawn";
import { CardError, Footer, OffScale } from "./cardParts";
import { domainOf, within } from "./domain";
import { linkTo } from "./exports/link";
import { ExportMenu } from "./ExportMenu";
import type { Flag } from "./flags";
import type { FootMark } from "./foot/marks";
import { GroupKey } from "./GroupKey";
import { groupedBy, type Grouping } from "./groups";
import { LineChart } from "./LineChart";
import type { ChartRun } from "./lines";
import { useLive } from "./live";
import { MetricKey } from "./MetricKey";
import type { Line } from "./model";
import { PinTable } from "./PinTable";
import type { Reading } from "./tooltip";
import { TrackTable } from "./TrackTable";
import { plain, type Unit } from "./unit";
import { useCardLines } from "./useCardLines";
import { chartX, type ChartView } from "./useView";

export type { ChartRun };

interface ChartCardProps {
  name: string;
  title?: string;
  /** What the card is called; its name where that is enough. */
  label?: string;
  runs: readonly ChartRun[];
  /** Those of the runs that this card draws; the scale is that of all. Without it, all. */
  drawn?: ReadonlySet<string>;
  /** How many points the runs' summaries count. */
  points: number;
  /** Further metrics in the same picture. With more or fewer of them it is another card. */
  more?: readonly CountedMetric[];
  view: ChartView;
  onWindow: (window: Window | null) => void;
  onPinCursor?: ((place: number) => void) | undefined;
  height: number;
  unit?: Unit;
  /** Another metric that is drawn here too, dashed: the training's beside the validation's. */
  twin?: string | undefined;
  twinPoints?: number;
  /** Draw these means instead of the runs' own lines. */
  grouping?: Grouping | null;
  /** In whose workspace a link shows the chart; elsewhere it shows the page's own address. */
  project?: string;
  /** Which runs the page is about, where a chart of it can be put onto a dashboard of *project*. */
  filter?: string | undefined;
  /** What happened on the way, as links. */
  flags?: readonly Flag[] | undefined;
  /** What happened to the runs, for its foot. */
  foot?: readonly FootMark[] | undefined;
  /** More buttons for the card's head. */
  tools?: ReactNode;
}

const NO_MORE: readonly CountedMetric[] = [];
/** A click on the mark of a value off the scale shows so many buckets on either side of it. */
const AROUND_EXTREME = 8;

export function ChartCard(props: ChartCardProps) {
  const {
    name,
    points,
    runs,
    view,
    onWindow,
    height,
    unit = plain,
    grouping = null,
    drawn,
  } = props;
  const { more = NO_MORE, twin } = props;
  const metrics = useMemo(() => [name, ...more.map((metric) => metric.name)], [name, more]);
  const counted = useMemo(() => [{ name, points }, ...more], [name, points, more]);
  const label = props.label ?? metrics.join(", ");
  const { t } = useTranslation();
  const card = useRef<HTMLElement>(null);
  const readout = useRef<HTMLSpanElement>(null);
  const isVisible = useLive(card);
  const [isFullHere, setFullHere] = useState<boolean | null>(null);
  const [isTable, setTable] = useState(false);
  const [isLogHere, setLogHere] = useState<boolean | null>(null);
  const isLog = isLogHere ?? view.isLog;
  const isFull = isFullHere ?? view.isFull;
  const x = chartX(view);
  const runIds = useMemo(() => runs.map((run) => run.id), [runs]);
  const query = useCardLines({
    metrics: counted,
    ...{ runs, drawn, view, grouping, isVisible },
    twin: twin === undefined ? undefined : { name: twin, points: props.twinPoints ?? 0 },
  });
  const { lines, scaled } = query;
  const [range, setRange] = useState<Window | null>(null);
  useEffect(() => {
    if (!view.window) setRange(null);
  }, [view.window]);
  const domain = useMemo(() => {
    const own = lines.length > 0 ? domainOf(scaled, isFull, isLog, unit) : null;
    return own && range ? within(own, scaled, range) : own;
  }, [scaled, lines, isFull, isLog, unit, range]);
  // Charts beside each other are on one scale in both directions.
  const window = useMemo(
    () => view.window ?? (drawn ? extentOf(scaled) : null),
    [view.window, drawn, scaled],
  );
  const goTo = (at: number, [before, after]: Window) => {
    setFullHere(true);
    setRange(null);
    const reach = AROUND_EXTREME * Math.max(at - before, after - at);
    onWindow([at - reach, at + reach]);
  };
  const zoom = (next: Window | null) => {
    query.fetchAhead(next);
    onWindow(next);
  };
  const toggleFull = () => {
    if (range) setRange(null);
    else setFullHere(!isFull);
  };
  const foot = useMemo(() => {
    const flagged = new Set(props.flags?.map((flag) => flag.id));
    return props.foot?.filter(({ id, run }) => !flagged.has(id) && (drawn?.has(run) ?? true));
  }, [props.foot, props.flags, drawn]);
  const isOneLine = !grouping && runs.length === 1 && metrics.length === 1;
  const onReading = useCallback(
    (readings: Reading[] | null) => {
      const first = readings?.find(({ line }) => !line.track.isSuperseded);
      if (readout.current)
        readout.current.textContent = first && isOneLine ? unit.format(first.value) : "";
    },
    [isOneLine, unit],
  );
  const link = () => {
    const { origin, pathname, search } = location;
    // A group is all of its runs, whoever looks.
    const shown = grouping ? null : runIds.map(keyOf);
    const seen = { project: props.project ?? null, name, isLog, isFull, runs: shown };
    return origin + linkTo(pathname, search, seen);
  };
  const seen =
    props.project === undefined || props.filter === undefined
      ? null
      : {
          project: props.project,
          filter: props.filter,
          metrics,
          axis: view.by === null ? view.x : `m:${view.by}`,
          window: view.window,
          isLog,
          isFull,
          smoothing: view.smoothing,
          runs: runIds,
          by: grouping ? groupedBy(grouping).map(fieldKey) : null,
          spread: view.spread,
        };
  const prefix = name.slice(0, name.length - shortName(name).length);

  return (
    <section ref={card} className="card" aria-label={label} aria-busy={query.isFetching}>
      <header className="card-header">
        <h3 title={label}>
          {props.title ??
            (metrics.length > 1 ? (
              label
            ) : (
              <>
                <span className="muted">{prefix}</span>
                {shortName(name)}
                {twin !== undefined && (
                  <span className="muted twin"> {t("chart.twin", { name: twin })}</span>
                )}
              </>
            ))}
        </h3>
        <span ref={readout} className="card-readout" />
        {domain && <OffScale domain={domain} isFull={isFull && !range} onToggle={toggleFull} />}
        <div className="card-tools">
          {view.window && (
            <Tool icon="reset" label={t("chart.reset")} isOn onClick={() => onWindow(null)} />
          )}
          <Tool icon="log" label={t("chart.log")} isOn={isLog} onClick={() => setLogHere(!isLog)} />
          <Tool
            icon="table"
            label={t("chart.table")}
            isOn={isTable}
            onClick={() => setTable(!isTable)}
          />
          {domain && (
            <ExportMenu
              picture={{
                title: metrics.join(", "),
                lines,
                domain,
                x,
                window,
                isLog,
                smoothing: view.smoothing,
                unit,
              }}
              link={link}
              seen={seen}
            />
          )}
          {props.tools}
        </div>
      </header>
      {metrics.length > 1 && (
        <MetricKey metrics={metrics} isOneRun={!grouping && runs.length === 1} />
      )}
      {grouping?.groups === null && <GroupKey lines={lines} />}
      <div className="card-body" style={{ height }}>
        {query.error && lines.length === 0 ? (
          <CardError error={query.error} onRetry={query.refetch} />
        ) : !query.isLoaded ? (
          <div className="skeleton" />
        ) : isTable ? (
          <TrackTable lines={lines} x={x} />
        ) : domain ? (
          isVisible && (
            <LineChart
              lines={lines}
              domain={domain}
              x={x}
              window={window}
              onWindow={zoom}
              onRange={setRange}
              onExtreme={goTo}
              pins={view.pins}
              onPin={props.onPinCursor}
              isLog={isLog}
              smoothing={view.smoothing}
              height={height}
              summary={summaryOf(label, lines, grouping !== null, t)}
              unit={unit}
              flags={props.flags}
              foot={foot}
              onReading={onReading}
            />
          )
        ) : (
          <p className="card-empty">{emptyText(lines, view, t)}</p>
        )}
      </div>
      {view.pins.length > 0 && lines.length > 0 && (
        <PinTable name={name} lines={lines} pins={view.pins} x={x} unit={unit} />
      )}
      <Footer lines={lines} />
    </section>
  );
}

type Translate = ReturnType<typeof useTranslation>["t"];

/** Return the stretch of x on which there is anything; null where that is no stretch. */
function extentOf(tracks: readonly Track[]): Window | null {
  const filled = tracks.filter(({ x }) => x.length > 0);
  const first = Math.min(...filled.map(({ x }) => x[0]!));
  const last = Math.max(...filled.map(({ x }) => x[x.length - 1]!));
  return first < last ? [first, last] : null;
}

function emptyText(lines: readonly Line[], view: ChartView, t: Translate): string {
  const bad = lines.reduce((sum, line) => sum + line.track.bad, 0);
  if (bad > 0) return t("chart.all_not_finite", { count: bad });
  return view.window ? t("chart.nothing_in_window") : t("chart.no_points");
}

function summaryOf(name: string, lines: readonly Line[], isGrouped: boolean, t: Translate): string {
  const counted = lines.filter(
    ({ track }) => !track.isSuperseded && track.name === lines[0]!.track.name,
  );
  const bad = lines.reduce((sum, line) => sum + line.track.bad, 0);
  const values = counted.map((line) => ({
    line,
    last: line.track.mean[line.track.mean.length - 1]!,
  }));
  const text = isGrouped ? "chart.summary_groups" : "chart.summary";
  const parts = [t(text, { name, count: counted.length })];
  if (values.length === 1)
    parts.push(t("chart.summary_last", { value: formatNumber(values[0]!.last) }));
  if (bad > 0) parts.push(t("chart.not_finite", { count: bad }));
  return parts.join(", ");
}
