import { keepPreviousData, useQueries } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { fetchCurves } from "../api/client";
import type { MediaItem } from "../api/types";
import type { ChartRun } from "../charts/ChartCard";
import { Failure } from "../shell/Failure";
import { CurvePlot } from "./CurvePlot";
import { drawnOf, type CurveKind } from "./curves";
import "../styles/evaluation.css";

/** A run, and the curves that it shows under the name. */
export interface CurvesOfRun {
  run: ChartRun;
  item: MediaItem;
}

interface CurvesOverlayProps {
  sides: readonly CurvesOfRun[];
  kind: CurveKind;
  name: string;
}

/** One class' curve of all runs over each other. */
export function CurvesOverlay({ sides, kind, name }: CurvesOverlayProps) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState("");
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const queries = useQueries({
    queries: sides.map(({ run, item }) => ({
      queryKey: ["curves", run.id, item.file.sha256],
      queryFn: ({ signal }: { signal: AbortSignal }) =>
        fetchCurves(run.id, item.file.sha256, signal),
      staleTime: Infinity,
      placeholderData: keepPreviousData,
    })),
  });
  const labels = [
    ...new Set(queries.flatMap(({ data }) => data?.curves.map(({ label }) => label) ?? [])),
  ];
  const label = labels.includes(chosen) ? chosen : (labels[0] ?? "");
  // A new array at each render; only what has arrived matters.
  const key = queries.map(({ dataUpdatedAt }) => dataUpdatedAt).join();
  const curves = useMemo(
    () =>
      sides.flatMap(({ run }, at) => {
        const curve = queries[at]!.data?.curves.find((each) => each.label === label);
        return curve ? [drawnOf(kind, curve, run.id, run.label, run.style)] : [];
      }),
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [key, sides, kind, label],
  );
  const failed = queries.find((query) => query.isError);
  const toggle = (run: string) => {
    const next = new Set(hidden);
    if (!next.delete(run)) next.add(run);
    setHidden(next);
  };
  return (
    <section className="card media-section" aria-label={name}>
      <div className="evaluation-difference">
        {failed && <Failure error={failed.error!} onRetry={() => void failed.refetch()} />}
        {labels.length > 1 && (
          <div className="evaluation-bar">
            <label>
              {t("evaluation.class")}
              <select value={label} onChange={(change) => setChosen(change.target.value)}>
                {labels.map((each) => (
                  <option key={each} value={each}>
                    {each}
                  </option>
                ))}
              </select>
            </label>
          </div>
        )}
        <CurvePlot
          kind={kind}
          curves={curves}
          hidden={hidden}
          onToggle={toggle}
          label={t(`evaluation.${kind}_label`, { name, count: curves.length })}
        />
      </div>
    </section>
  );
}
