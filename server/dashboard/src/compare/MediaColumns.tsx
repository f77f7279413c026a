import { keepPreviousData, useQueries } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { fetchMedia, fetchShown } from "../api/client";
import type { MediaItem, MediaRecord, Run } from "../api/types";
import type { ChartRun } from "../charts/ChartCard";
import { Swatch } from "../charts/Swatch";
import { ConfusionDifference } from "../evaluation/ConfusionDifference";
import { CurvesOverlay } from "../evaluation/CurvesOverlay";
import { MediaSection } from "../media/MediaSection";
import { StepSlider } from "../media/StepSlider";
import { Failure } from "../shell/Failure";
import { useUrl } from "../shell/useUrl";
import { MediaPairs } from "./MediaPairs";
import "../styles/media.css";

interface MediaColumnsProps {
  runs: readonly Run[];
  chartRuns: readonly ChartRun[];
}

/** What the runs show under each name at one step, beside each other. */
export function MediaColumns({ runs, chartRuns }: MediaColumnsProps) {
  const { t } = useTranslation();
  const [stepText, setStepText] = useUrl("ms");
  const step = /^-?\d+$/.test(stepText) ? Number(stepText) : null;
  const overviews = useQueries({
    queries: runs.map(({ summary: { id } }) => ({
      queryKey: ["run", id, "media"],
      queryFn: ({ signal }: { signal: AbortSignal }) => fetchMedia(id, signal),
    })),
  });
  const pages = useQueries({
    queries: runs.map(({ summary: { id } }) => ({
      queryKey: ["run", id, "media", "shown", step],
      queryFn: ({ signal }: { signal: AbortSignal }) => fetchShown(id, step, signal),
      placeholderData: keepPreviousData,
    })),
  });
  const failed = [...overviews, ...pages].find((query) => query.isError && !query.data);
  if (failed) return <Failure error={failed.error} onRetry={() => void failed.refetch()} />;
  const steps = [...new Set(overviews.flatMap(({ data }) => data?.steps ?? []))].sort(
    (a, b) => a - b,
  );
  const names = [
    ...new Set(pages.flatMap(({ data }) => data?.records.map((record) => record.name) ?? [])),
  ].sort();
  return (
    <>
      <StepSlider
        steps={steps}
        isThinned={overviews.some(({ data }) => data?.is_thinned)}
        step={step}
        hasKeys={false}
        onStep={(next) => setStepText(next === null ? null : String(next))}
      />
      {names.map((name) => {
        const records = pages.map(({ data }) => data?.records.find((each) => each.name === name));
        return (
          <section key={name} className="media-row" aria-label={name}>
            <h3>{name}</h3>
            <Together name={name} chartRuns={chartRuns} records={records} />
            {!areCurves(records) && (
              <div className="media-columns">
                {chartRuns.map((run, at) => {
                  const record = records[at];
                  const title = (
                    <>
                      <Swatch line={run.style} /> {run.label}
                    </>
                  );
                  return record ? (
                    <MediaSection
                      key={run.id}
                      run={run.id}
                      record={record}
                      step={step ?? overviews[at]?.data?.steps.at(-1) ?? record.step}
                      title={title}
                      label={run.label}
                    />
                  ) : (
                    <section key={run.id} className="card media-section" aria-label={run.label}>
                      <header className="card-header">
                        <h3>{title}</h3>
                      </header>
                      <p className="panel-hint">{t("compare.no_media")}</p>
                    </section>
                  );
                })}
              </div>
            )}
            <MediaPairs chartRuns={chartRuns} records={records} />
          </section>
        );
      })}
    </>
  );
}

type Records = readonly (MediaRecord | undefined)[];

/** What is seen best of all runs at once: curves over each other, and how two matrices differ. */
function Together(props: { name: string; chartRuns: readonly ChartRun[]; records: Records }) {
  const { name, chartRuns, records } = props;
  const items = records.flatMap((record, at) =>
    (record?.items ?? []).slice(0, 1).map((item) => ({ run: chartRuns[at]!, item })),
  );
  const having = (kind: MediaItem["kind"]) =>
    items.filter(({ item }) => item.kind === kind && item.file.is_here);
  const matrices = having("confusion");
  return (
    <>
      {CURVES.map((kind) => {
        const sides = having(kind);
        return sides.length > 0 && <CurvesOverlay key={kind} {...{ sides, kind, name }} />;
      })}
      {matrices.length > 1 && (
        <ConfusionDifference
          name={name}
          sides={matrices.map(({ run, item }) => ({ run: run.id, label: run.label, item }))}
        />
      )}
    </>
  );
}

const CURVES = ["roc", "pr"] as const;

/** Tell whether all is drawn together already: one item of curves for each run. */
function areCurves(records: Records): boolean {
  return records.every(
    (record) =>
      !record ||
      (record.items.length === 1 && CURVES.some((kind) => kind === record.items[0]!.kind)),
  );
}
