import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";

import { fetchTracks } from "../api/client";
import type { Track } from "../api/columns";
import type { Run } from "../api/types";
import type { Place } from "../charts/cursor";
import { CursorStrip, type ZoomView } from "../charts/CursorStrip";
import { placeOf, type Span } from "../charts/span";
import { percent } from "../charts/unit";
import { useCursorText } from "../charts/useCursorText";
import { colourOf, rampCss, SEQUENTIAL } from "../distributions/grid";
import { meanOf } from "../run/keyNumbers";
import type { Window } from "../series/useTracks";
import { Icon } from "../shell/Icon";
import { joined, sampleAt, spacingOf } from "./trace";
import { stragglersOf } from "./troubles";
import type { Pen } from "../pictures/pen";

const ROW_PX = 14;
const BUCKETS = 300;
/** The API's bound on names in one query. */
const NAMES_MAX = 200;
const GPU = /^sys\/gpu\.(\d+)\.utilization_percent(?:@(.*))?$/;

/** Return the series that say how busy each GPU was, host by host; none where there is one GPU. */
export function workOf(run: Run): { name: string; gpu: string; host: string }[] {
  const order = new Intl.Collator("en", { numeric: true });
  const found = Object.keys(run.devices).flatMap((name) => {
    const [, gpu, host] = GPU.exec(name) ?? [];
    return gpu === undefined ? [] : [{ name, gpu, host: host ?? run.summary.host }];
  });
  found.sort((a, b) => order.compare(a.host, b.host) || order.compare(a.gpu, b.gpu));
  return found.length < 2 ? [] : found.slice(0, NAMES_MAX);
}

interface WorkMapProps {
  run: Run;
  window: Window | null;
  view: ZoomView;
}

/** All GPUs of a run below each other, by colour: who waits for whom. */
export function WorkMap({ run, window, view }: WorkMapProps) {
  const { t } = useTranslation();
  const rows = useMemo(() => workOf(run), [run]);
  const names = rows.map(({ name }) => name);
  const { id, rev, state } = run.summary;
  const query = useQuery({
    // Of a run that goes on, what is new is fetched with its next notice but one or two.
    queryKey: ["work", id, names.join(), window, state === "running" ? rev >> 2 : rev],
    queryFn: ({ signal }) =>
      fetchTracks(
        {
          runs: [id],
          names,
          x: "relative",
          start: window?.[0] ?? null,
          end: window?.[1] ?? null,
          buckets: BUCKETS,
        },
        signal,
      ),
    enabled: names.length > 0,
    placeholderData: (previous) => previous,
    staleTime: Infinity,
  });
  const tracks = useMemo(
    () => rows.map(({ name }) => joined((query.data ?? []).filter((track) => track.name === name))),
    [query.data, rows],
  );
  const behind = useMemo(
    () => stragglersOf(tracks.map((track) => track && meanOf([track]))),
    [tracks],
  );
  if (rows.length === 0) return null;
  const hosts = new Set(rows.map(({ host }) => host)).size;
  return (
    <section className="lane-group" aria-label={t("lanes.work")}>
      <header>
        <h3>{t("lanes.work")}</h3>
        <span className="heatmap-key">
          0 %
          <span className="heatmap-ramp" style={{ background: rampCss(SEQUENTIAL) }} />
          100 %
        </span>
      </header>
      {rows.map(({ name, gpu, host }, at) => (
        <WorkRow
          key={name}
          name={[t("system.gpu", { index: gpu }), hosts > 1 && host].filter(Boolean).join(" · ")}
          track={tracks[at] ?? null}
          isBehind={behind[at] ?? false}
          view={view}
        />
      ))}
    </section>
  );
}

function WorkRow(props: { name: string; track: Track | null; isBehind: boolean; view: ZoomView }) {
  const { name, track, isBehind, view } = props;
  const { t } = useTranslation();
  const draw = useCallback(
    (context: Pen, span: Span) => {
      if (!track) return;
      const half = spacingOf(track.x) / 2 || 1;
      track.x.forEach((x, at) => {
        const mean = track.mean[at]!;
        if (!Number.isFinite(mean)) return;
        const [left, right] = [placeOf(span, x - half), placeOf(span, x + half)];
        context.fillStyle = colourOf(mean, [0, 100]);
        context.fillRect(Math.floor(left), 0, Math.max(1, Math.ceil(right - left)), ROW_PX - 1);
      });
    },
    [track],
  );
  const mean = track && meanOf([track]);
  const describe = useCallback(
    (place: Place | null) => {
      if (!track || mean === null) return "";
      if (place?.relative === undefined) return `${percent.format(mean)} ${t("key.mean")}`;
      const sample = sampleAt(track, place.relative);
      return sample ? percent.format(sample.mean) : t("lanes.not_measured");
    },
    [track, mean, t],
  );
  const output = useCursorText<HTMLOutputElement>(describe);
  return (
    <div className="lane is-phase">
      <span className="lane-name" title={name}>
        {name}
        {isBehind && (
          <span className="warn" title={t("lanes.behind_why")}>
            {" "}
            <Icon name="alert" /> {t("lanes.behind")}
          </span>
        )}
      </span>
      <CursorStrip view={view} height={ROW_PX} label={name} draw={draw} />
      <output ref={output} className="lane-value" />
    </div>
  );
}
