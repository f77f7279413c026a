// Values of the runs, key by key, as the panels of many runs show them.

import { useMemo, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { ApiError } from "../../api/client";
import type { RunColumns } from "../../api/types";
import { axisOf, valuesOf, type Axis } from "../../params/axes";
import { drawingOrder, stepsOf } from "../../params/colour";
import { resultOf } from "../../params/results";
import { useColumns, useVarying } from "../../params/useColumns";
import { defaultAxes } from "../../params/view";
import { directionOf } from "../../series/metrics";
import { Failure } from "../../shell/Failure";
import { useScope } from "../scope";
import "../../styles/params.css";

export interface Columns {
  data: RunColumns;
  /** Those that there are, by their keys. */
  axes: ReadonlyMap<string, Axis>;
}

/** What the dashboard chooses where a panel names no key. */
export interface Choice {
  /** The result that tells most; null where the runs have no metric. */
  result: string | null;
  /** The result and what was made different. */
  keys: readonly string[];
}

export function useChoice(): Choice | null {
  const { project, headlines } = useScope();
  const varying = useVarying(project).data?.keys;
  return useMemo(() => {
    if (!varying) return null;
    const result = resultOf(headlines, null)?.key ?? null;
    return { result, keys: defaultAxes(varying, result) };
  }, [varying, headlines]);
}

interface WithColumnsProps {
  keys: readonly string[];
  children: (columns: Columns) => ReactNode;
}

/** Show *children* once the values of *keys* are here; say why where they cannot be. */
export function WithColumns({ keys, children }: WithColumnsProps) {
  const { t } = useTranslation();
  const { project, filter } = useScope();
  const wanted = useMemo(() => [...new Set(keys.filter(Boolean))], [keys]);
  const query = useColumns(project, filter, wanted, wanted.length > 0);
  const { data, error } = query;
  const axes = useMemo(
    () =>
      new Map(
        (data?.columns ?? []).map((column, at) => {
          const key = data!.keys[at]!;
          return [key, axisOf(key, valuesOf(column))];
        }),
      ),
    [data],
  );
  if (wanted.length === 0) return <p className="panel-hint">{t("board.no_key")}</p>;
  if (error instanceof ApiError && error.status === 422)
    return (
      <p className="panel-hint" role="alert">
        {error.message}
      </p>
    );
  if (error && !data) return <Failure error={error} onRetry={() => void query.refetch()} />;
  if (!data) return <p className="panel-hint">{t("loading")}</p>;
  if (data.ids.length === 0) return <p className="panel-hint">{t("board.no_runs")}</p>;
  return children({ data, axes });
}

/** Return what the pictures of runs have in common: colours by a column, and the order to draw. */
export function useColours(
  { data, axes }: Columns,
  colour: string,
  selected: Uint8Array,
  onOpen: (id: string) => void,
) {
  const axis = axes.get(colour);
  const count = data.ids.length;
  const steps = useMemo(() => stepsOf(axis, count), [axis, count]);
  const isLessBetter = directionOf(metricIn(colour)) !== "max";
  const order = useMemo(
    () => drawingOrder(axis, selected, isLessBetter),
    [axis, selected, isLessBetter],
  );
  return { ids: data.ids, names: data.names, steps, selected, order, onOpen };
}

/** Return the name of the metric whose statistic *key* is. */
function metricIn(key: string): string {
  return key.replace(/^metrics(?:\.|\[")/, "").replace(/(?:"\])?\.(?:last|best|min|max)$/, "");
}

/** Return a column that holds for every run. */
export function all(count: number): Uint8Array {
  return new Uint8Array(count).fill(1);
}
