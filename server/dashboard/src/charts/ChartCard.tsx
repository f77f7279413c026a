// One metric of one or more runs, or several of them in one picture, with everything that is to be said about the picture.

import { useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { ApiError } from "../api/client";
import type { Track } from "../api/columns";
import { formatCount, formatNumber } from "../api/number";
import { shortName } from "../series/metrics";
import { useMappedTracks } from "../series/useMappedTracks";
import { askedSmoothing } from "../series/smoothing";
import { useMetricTracks, type CountedMetric } from "../series/useMetricTracks";
import type { Window } from "../series/useTracks";
import { Tool } from "../shell/Tool";
import { useSettled } from "../shell/useSettled";
import { keyOf } from "../workspace/drawn";
import type { LineStyle } from "./colours";
import { domainOf, within, type Domain } from "./domain";
import { linkTo } from "./exports/link";
import { ExportMenu } from "./ExportMenu";
import type { Flag } from "./flags";
import type { FootMark } from "./foot/marks";
import { groupTracks, type RunGroup, type Spread } from "./groups";
import { LineChart } from "./LineChart";
import { lineOf, metricLines, type ChartRun } from "./lines";
import { useLive } from "./live";
import type { Line } from "./model";
import { MetricKey } from "./MetricKey";
import { PinTable } from "./PinTable";
import { TrackTable } from "./TrackTable";
import type { Reading } from "./tooltip";
import { plain, type Unit } from "./unit";
import { chartX, type ChartView } from "./useView";

export type { ChartRun };

/** Runs that are drawn as one line. */
export interface ChartGroup extends RunGroup {
  label: string;
  style: LineStyle;
}

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
  /** Draw these instead of the runs' own lines. */
  groups?: readonly ChartGroup[] | null;
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

/** Buckets of a line, and of each where there are too many lines for their bands to be seen. */
const BUCKETS = 400;
const BUCKETS_OF_MANY = 240;
const MANY = 8;
const NO_MORE: readonly CountedMetric[] = [];
/** A slider that is being drawn asks the server once it rests. */
const SETTLED_MS = 200;
const TWIN_DASH = [5, 3] as const;
/** A click on the mark of a value off the scale shows so many buckets on either side of it. */
const AROUND_EXTREME = 8;

export function ChartCard(props: ChartCardProps) {
  const { name, points, runs, view, onWindow, height, unit = plain, groups = null, drawn } = props;
  const { more = NO_MORE, twin } = props;
  const metrics = useMemo(() => [name, ...more.map((metric) => metric.name)], [name, more]);
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
  const buckets = runs.length > MANY ? BUCKETS_OF_MANY : BUCKETS;
  const runIds = useMemo(() => runs.map((run) => run.id), [runs]);
  // Of groups the browser smooths the mean; values of a metric are no places to the server.
  const asked = groups || view.by !== null ? null : askedSmoothing(view.smoothing);
  const smooth = useSettled(asked, SETTLED_MS);
  const query = useMetricTracks(
    [{ name, points }, ...more],
    { runs: runIds, x: view.x, window: view.window, buckets, smooth },
    view.by,
    isVisible,
  );
  const twins = useMappedTracks(
    {
      ...{ runs: runIds, name: twin ?? "", x: view.x, window: view.window, buckets, smooth },
      points: props.twinPoints ?? 0,
    },
    view.by,
    isVisible && twin !== undefined,
  );
  const twinTracks = twin === undefined ? undefined : twins.data;
  const lines = useMemo(() => {
    const own = drawn ? runs.filter((run) => drawn.has(run.id)) : runs;
    const linesFor = (tracks: readonly Track[], names: readonly string[]) =>
      groups ? groupLines(tracks, own, groups, view.spread) : metricLines(tracks, own, names);
    const beside = twin === undefined ? [] : linesFor(twinTracks ?? [], [twin]).map(asTwin);
    return [...linesFor(query.data ?? [], metrics), ...beside];
  }, [query.data, twinTracks, runs, drawn, groups, view.spread, metrics, twin]);
  const [range, setRange] = useState<Window | null>(null);
  useEffect(() => {
    if (!view.window) setRange(null);
  }, [view.window]);
  const domain = useMemo(() => {
    const tracks = drawn
      ? [...(query.data ?? []), ...(twinTracks ?? [])]
      : lines.map((line) => line.track);
    const own = lines.length > 0 ? domainOf(tracks, isFull, isLog, unit) : null;
    return own && range ? within(own, tracks, range) : own;
  }, [query.data, twinTracks, drawn, lines, isFull, isLog, unit, range]);
  // Charts beside each other are on one scale in both directions.
  const window = useMemo(
    () => view.window ?? (drawn ? extentOf(query.data ?? []) : null),
    [view.window, drawn, query.data],
  );
  const goTo = (at: number, [before, after]: Window) => {
    setFullHere(true);
    setRange(null);
    const reach = AROUND_EXTREME * Math.max(at - before, after - at);
    onWindow([at - reach, at + reach]);
  };
  const toggleFull = () => {
    if (range) setRange(null);
    else setFullHere(!isFull);
  };
  const foot = useMemo(() => {
    const flagged = new Set(props.flags?.map((flag) => flag.id));
    return props.foot?.filter(({ id, run }) => !flagged.has(id) && (drawn?.has(run) ?? true));
  }, [props.foot, props.flags, drawn]);
  const isOneLine = runs.length === 1 && metrics.length === 1;
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
    const seen = { project: props.project ?? null, name, isLog, isFull, runs: runIds.map(keyOf) };
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
          smoothing: view.smoothing.kind === "twema" ? view.smoothing.amount : 0,
          runs: runIds,
          isGrouped: groups !== null,
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
      {metrics.length > 1 && <MetricKey metrics={metrics} isOneRun={runs.length === 1} />}
      <div className="card-body" style={{ height }}>
        {query.error && lines.length === 0 ? (
          <CardError error={query.error} onRetry={() => void query.refetch()} />
        ) : !query.data ? (
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
              onWindow={onWindow}
              onRange={setRange}
              onExtreme={goTo}
              pins={view.pins}
              onPin={props.onPinCursor}
              isLog={isLog}
              smoothing={view.smoothing}
              height={height}
              summary={summaryOf(label, lines, groups !== null, t)}
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

function groupLines(
  tracks: readonly Track[],
  runs: readonly ChartRun[],
  groups: readonly ChartGroup[],
  spread: Spread,
): Line[] {
  const wanted = new Set(runs.map((run) => run.id));
  const byId = new Map(groups.map((group) => [group.id, group]));
  const drawn = tracks.filter((track) => wanted.has(track.run));
  return groupTracks(drawn, groups, spread).map((track) => {
    const group = byId.get(track.run)!;
    return lineOf(track, group, group.runs);
  });
}

/** Return the stretch of x on which there is anything; null where that is no stretch. */
function extentOf(tracks: readonly Track[]): Window | null {
  const filled = tracks.filter(({ x }) => x.length > 0);
  const first = Math.min(...filled.map(({ x }) => x[0]!));
  const last = Math.max(...filled.map(({ x }) => x[x.length - 1]!));
  return first < last ? [first, last] : null;
}

/** Return a line as that of another metric in the chart: dashed, and called so. */
function asTwin(line: Line): Line {
  const { track, label, style } = line;
  return {
    ...line,
    track: { ...track, run: `${track.run} ${track.name}` }, // one of its own, for keys
    label: `${label} · ${track.name}`,
    style: { ...style, dash: TWIN_DASH },
  };
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

function OffScale(props: { domain: Domain; isFull: boolean; onToggle: () => void }) {
  const { t } = useTranslation();
  const { above, below } = props.domain;
  if (above + below === 0 && !props.isFull) return null;
  return (
    <button
      type="button"
      className="chip"
      onClick={props.onToggle}
      title={t("chart.off_scale_hint")}
    >
      {props.isFull
        ? t("chart.full_scale")
        : `${above > 0 ? "▲" : ""}${below > 0 ? "▼" : ""} ${t("chart.off_scale", { count: above + below })}`}
    </button>
  );
}

function CardError({ error, onRetry }: { error: Error; onRetry: () => void }) {
  const { t } = useTranslation();
  const request = error instanceof ApiError ? error.request : "";
  return (
    <div className="card-empty" role="alert">
      <p>
        {error.message} {request && <code>{request}</code>}
      </p>
      <button type="button" className="chip" onClick={onRetry}>
        {t("retry")}
      </button>
    </div>
  );
}

/** What the picture was made of: how many points, how reduced, how many of them not numbers. */
function Footer({ lines }: { lines: readonly Line[] }) {
  const { t } = useTranslation();
  const points = lines.reduce((sum, line) => sum + line.track.count, 0);
  const bad = lines.reduce((sum, line) => sum + line.track.bad, 0);
  const isExact = lines.every((line) => line.track.isExact);
  const buckets = lines.reduce((most, line) => Math.max(most, line.track.x.length), 0);
  return (
    <footer className="card-footer">
      {points > 0 && (
        <span>
          {isExact
            ? t("chart.exact", { count: points, shown: points.toLocaleString("en-US") })
            : t("chart.reduced", {
                shown: points.toLocaleString("en-US"),
                buckets: formatCount(buckets),
              })}
        </span>
      )}
      {bad > 0 && <span className="bad">× {t("chart.not_finite", { count: bad })}</span>}
      {lines.some((line) => line.track.isSuperseded) && <span>{t("chart.superseded")}</span>}
    </footer>
  );
}
