import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { fetchTracks } from "../api/client";
import { formatBytes, formatDuration, formatNumber, toNumber } from "../api/number";
import type { Run } from "../api/types";
import { percent } from "../charts/unit";
import { useHeadline } from "../list/useHeadline";
import { headlines } from "../series/metrics";
import type { Clock } from "./clock";
import {
  bestOf,
  gpuUse,
  LOOK_BUCKETS,
  meanOf,
  paceOf,
  peakMemory,
  placeOfBest,
  plannedSteps,
  secondsLeft,
  type Best,
} from "./keyNumbers";

/** Looks at a metric are each so many times finer than the one before: three find any step. */
const LOOKS_MAX = 4;

/** How the run goes, at a glance; what is not known has no place. */
export function KeyNumbers({ run, clock }: { run: Run; clock: Clock | null }) {
  const { t } = useTranslation();
  const { state, metrics } = run.summary;
  const isRunning = state === "running";
  const own = useHeadline(run.summary.project);
  const headline = headlines([run.summary], 1, own)[0];
  const metric = headline === undefined ? undefined : metrics[headline];
  const best = metric ? bestOf(headline!, metric, own) : null;
  const bestStep = useBestStep(run.summary.id, headline ?? "", best);
  const pace = clock && paceOf(clock, isRunning);
  const planned = plannedSteps(run);
  const left = isRunning ? secondsLeft(run.step, planned, pace) : null;
  const use = useGpuUse(run);
  const { gpu, host } = peakMemory(run);
  const steps = (step: number) => t("run.step", { step: step.toLocaleString("en-US") });
  const cells: (readonly [name: string, value: ReactNode, note: string] | false)[] = [
    metric !== undefined && [
      headline!,
      formatNumber(toNumber(metric.last)),
      t("key.last", { step: steps(metric.last_step) }),
    ],
    best !== null && [
      t("key.best", { name: headline }),
      formatNumber(best.value),
      bestStep === null ? "" : t("key.at", { step: steps(bestStep) }),
    ],
    pace !== null && [t("key.pace"), t("key.per_second", { pace: formatNumber(short(pace)) }), ""],
    left !== null && [
      t("key.left"),
      formatDuration(left),
      t("key.planned", { steps: planned!.toLocaleString("en-US") }),
    ],
    use !== null && [t("key.gpu"), percent.format(use), t("key.mean")],
    gpu !== null && [t("key.gpu_memory"), formatBytes(gpu), t("key.peak")],
    host !== null && [t("key.memory"), formatBytes(host), t("key.peak")],
  ];
  const shown = cells.filter((cell) => cell !== false);
  if (shown.length === 0) return null;
  return (
    <section aria-label={t("key.numbers")}>
      <dl className="key-numbers">
        {shown.map(([name, value, note]) => (
          <div key={name}>
            <dt title={name}>{name}</dt>
            <dd>
              <b>{value}</b> {note && <span className="muted">{note}</span>}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function short(value: number): number {
  return Number(value.toPrecision(3));
}

/** The step at which the metric was best; looked for again only when it has become better. */
function useBestStep(id: string, name: string, best: Best | null): number | null {
  const query = useQuery({
    queryKey: ["best-step", id, name, best?.value, best?.direction],
    queryFn: async ({ signal }) => {
      let [start, end]: [number | null, number | null] = [null, null];
      for (let look = 0; look < LOOKS_MAX; look += 1) {
        const tracks = await fetchTracks(
          { runs: [id], names: [name], x: "step", start, end, buckets: LOOK_BUCKETS },
          signal,
        );
        const place = placeOfBest(tracks, best!);
        if (!place) return null; // what the summary says is not in the series yet
        const [from, to] = place;
        if (from === to) return from;
        start = Number.isFinite(from) ? Math.floor(from) : null;
        end = Number.isFinite(to) ? Math.ceil(to) + 1 : null;
      }
      return null;
    },
    enabled: best !== null,
    staleTime: Infinity,
  });
  return query.data ?? null;
}

/** Fetched again when there is a tenth more of it. */
function useGpuUse(run: Run): number | null {
  const names = gpuUse(run);
  const count = names.reduce((sum, name) => sum + (run.devices[name]?.count ?? 0), 0);
  const { id } = run.summary;
  const query = useQuery({
    queryKey: ["gpu-use", id, names.join(), Math.floor(Math.log(count + 1) / Math.log(1.1))],
    queryFn: ({ signal }) =>
      fetchTracks({ runs: [id], names, x: "relative", buckets: 1 }, signal).then(meanOf),
    enabled: names.length > 0,
    placeholderData: (previous) => previous,
    staleTime: Infinity,
  });
  return query.data ?? null;
}
