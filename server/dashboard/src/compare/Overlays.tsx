import { lazy, Suspense, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import type { Run } from "../api/types";
import type { ChartRun } from "../charts/ChartCard";
import { FLOWS, hasFlow } from "../run/flow";
import { useUrl } from "../shell/useUrl";

const HistogramOverlay = lazy(() =>
  import("./HistogramOverlay").then(({ HistogramOverlay }) => ({ default: HistogramOverlay })),
);
const FlowMaps = lazy(() => import("./FlowMaps").then(({ FlowMaps }) => ({ default: FlowMaps })));
const MediaColumns = lazy(() =>
  import("./MediaColumns").then(({ MediaColumns }) => ({ default: MediaColumns })),
);

/** Of more runs nobody can tell one from another. */
const RUNS_MAX = 12;
const PARTS = ["histograms", "flow", "media"] as const;
type PartName = (typeof PARTS)[number];

interface OverlaysProps {
  runs: readonly Run[];
  chartRuns: readonly ChartRun[];
  names: readonly string[];
}

/** Histograms, gradient flow and media of the runs that have some; fetched when they are opened. */
export function Overlays({ runs, chartRuns, names }: OverlaysProps) {
  const { t } = useTranslation();
  const [text, setText] = useUrl("with");
  const open = PARTS.filter((part) => text.split(",").includes(part));
  const having = (has: (run: Run) => boolean) => {
    const found = runs.flatMap((run, at) => (has(run) ? [at] : []));
    const first = found.slice(0, RUNS_MAX);
    return {
      total: found.length,
      runs: first.map((at) => runs[at]!),
      chartRuns: first.map((at) => chartRuns[at]!),
    };
  };
  const parts: Record<PartName, ReturnType<typeof having>> = {
    histograms: having((run) => run.histograms > 0),
    flow: having(({ summary }) =>
      FLOWS.some((flow) => hasFlow(Object.keys(summary.metrics), flow)),
    ),
    media: having((run) => run.media > 0),
  };
  const pages: Record<PartName, () => ReactNode> = {
    histograms: () => <HistogramOverlay {...parts.histograms} />,
    flow: () => <FlowMaps {...parts.flow} names={names} />,
    media: () => <MediaColumns {...parts.media} />,
  };
  return PARTS.filter((part) => parts[part].total > 0).map((part) => (
    <details key={part} className="section" open={open.includes(part)}>
      <summary
        onClick={(click) => {
          click.preventDefault(); // the address opens it
          const next = open.includes(part) ? open.filter((each) => each !== part) : [...open, part];
          setText(next.join(",") || null);
        }}
      >
        <h2>{t(`compare.${part}`)}</h2>
        <span className="muted">
          {parts[part].total > RUNS_MAX
            ? t("compare.first_runs", { shown: RUNS_MAX, total: parts[part].total })
            : parts[part].total}
        </span>
      </summary>
      {open.includes(part) && (
        <Suspense fallback={<div className="page-loading">{t("loading")}</div>}>
          {pages[part]()}
        </Suspense>
      )}
    </details>
  ));
}
