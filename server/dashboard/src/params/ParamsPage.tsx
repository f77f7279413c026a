import { useMemo, useRef } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";

import { ApiError } from "../api/client";
import type { RunColumns, RunSummary, VaryingKey } from "../api/types";
import { FilterBox } from "../list/FilterBox";
import { keyText } from "../list/filterText";
import { useRuns } from "../list/useRuns";
import { useHeadline } from "../list/useHeadline";
import { directionOf, headlines } from "../series/metrics";
import { Failure } from "../shell/Failure";
import { useShortcuts } from "../shell/shortcuts";
import { useTitle } from "../shell/useTitle";
import { axisOf, inverted, valuesOf, type Axis } from "./axes";
import { readBrushes, selectedBy, withBrush } from "./brushes";
import { drawingOrder, stepsOf } from "./colour";
import { ImportancePanel, useImportance } from "./ImportancePanel";
import { ParallelCoordinates } from "./ParallelCoordinates";
import { ParamsTable } from "./ParamsTable";
import { ParamsBar } from "./ParamsBar";
import { resultOf, type Result } from "./results";
import { ScatterPanel } from "./ScatterPanel";
import { useChecked, useColumns, useVarying } from "./useColumns";
import { defaultAxes, moved, useParamsView, type ParamsView } from "./view";
import "../styles/params.css";

/** Metrics offered as results and axes. */
const METRICS_MAX = 100;

/** Many runs by their parameters: as lines over axes, as points, and which parameter matters. */
export function ParamsPage({ project }: { project: string }) {
  const { t } = useTranslation();
  useTitle(`${t("page.params")} · ${project}`);
  const view = useParamsView();
  const search = useRef<HTMLInputElement>(null);
  useShortcuts({ "/": () => search.current?.focus() });
  const list = useRuns(project);
  const varying = useVarying(project);
  const checked = useChecked(project, view.filter);
  const isRefused = checked.error instanceof ApiError && checked.error.status === 422;
  const failed = [list, varying].find((query) => query.isError && !query.data);
  if (failed) return <Failure error={failed.error!} onRetry={() => void failed.refetch()} />;
  return (
    <div className="params-page">
      <div className="toolbar">
        <FilterBox
          field={search}
          value={view.filter}
          onChange={view.setFilter}
          runs={list.known}
          error={isRefused ? (checked.error as ApiError) : null}
          unknown={checked.data?.unknown ?? []}
        />
      </div>
      {list.isPending || !varying.data ? (
        <div className="page-loading">{t("loading")}</div>
      ) : (
        <Analysis project={project} view={view} runs={list.runs} varying={varying.data.keys} />
      )}
    </div>
  );
}

function Analysis(props: {
  project: string;
  view: ParamsView;
  runs: readonly RunSummary[];
  varying: readonly VaryingKey[];
}) {
  const { project, view, runs, varying } = props;
  const { t } = useTranslation();
  const own = useHeadline(project);
  const metrics = useMemo(() => headlines(runs, METRICS_MAX, own), [runs, own]);
  const result = resultOf(metrics, view.of, own);
  const keys = view.axes.length > 0 ? view.axes : defaultAxes(varying, result?.key ?? null);
  const { brushes, rest } = readBrushes(view.filter, keys);
  const importance = useImportance(project, view.filter, result?.key ?? null);
  const most = importance.data?.parameters[0]?.key;
  const x = view.x ?? most ?? keys.find((key) => key !== result?.key) ?? null;
  const y = view.y ?? result?.key ?? null;
  const wanted = [...new Set([...keys, result?.key, x, y].filter((key) => key != null))];
  const query = useColumns(project, rest, wanted, wanted.length > 0);
  const isRefused = query.error instanceof ApiError && query.error.status === 422;
  if (isRefused && query.error instanceof ApiError && query.error.problem?.at === "body.keys")
    return (
      <p className="no-match" role="alert">
        {t("params.refused_axes")}{" "}
        <button type="button" className="chip" onClick={view.reset}>
          {t("params.reset")}
        </button>
      </p>
    );
  if (wanted.length === 0)
    return (
      <p className="no-match">{t(runs.length > 0 ? "params.nothing_varies" : "list.no_runs")}</p>
    );
  if (query.error && !isRefused && !query.data)
    return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return isRefused ? null : <div className="page-loading">{t("loading")}</div>;
  return (
    <Pictures
      {...{ view, varying, metrics, result, keys, brushes, importance, x, y }}
      data={query.data}
    />
  );
}

interface PicturesProps {
  view: ParamsView;
  varying: readonly VaryingKey[];
  metrics: readonly string[];
  result: Result | null;
  keys: readonly string[];
  brushes: ReturnType<typeof readBrushes>["brushes"];
  importance: ReturnType<typeof useImportance>;
  x: string | null;
  y: string | null;
  data: RunColumns & { keys: readonly string[] };
}

function Pictures(props: PicturesProps) {
  const { view, varying, metrics, result, keys, brushes, data } = props;
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const byKey = useAxes(data, view.toggled, view.quantiles);
  const axisKeys = keys.join("\n");
  const flipText = view.inverted.join("\n");
  const axes = useMemo(() => {
    const flipped = new Set(flipText.split("\n"));
    return axisKeys
      .split("\n")
      .flatMap((key) => byKey.get(key) ?? [])
      .map((axis) => (flipped.has(axis.key) ? inverted(axis) : axis));
  }, [axisKeys, flipText, byKey]);
  const count = data.ids.length;
  const brushText = JSON.stringify([...brushes]);
  const selected = useMemo(
    () => selectedBy(axes, brushes, count),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `brushText` stands for `brushes`
    [axes, brushText, count],
  );
  const colourAxis = result ? byKey.get(result.key) : undefined;
  const steps = useMemo(() => stepsOf(colourAxis, count), [colourAxis, count]);
  const isLessBetter = directionOf(result?.metric ?? "") !== "max";
  const order = useMemo(
    () => drawingOrder(colourAxis, selected, isLessBetter),
    [colourAxis, selected, isLessBetter],
  );
  const offered = [
    ...varying.map((one) => one.key),
    ...metrics.map((name) => keyText("metrics", name)),
    ...(result ? [result.key] : []),
  ];
  const picture = {
    ids: data.ids,
    names: data.names,
    steps,
    selected,
    order,
    onOpen: (id: string) => navigate(`/r/${id}`),
  };
  return (
    <>
      <ParamsBar
        {...{ view, metrics, result, keys, offered }}
        axis={colourAxis}
        chosen={selected.reduce((sum, one) => sum + one, 0)}
        count={count}
        total={data.total}
      />
      <section className="params-panel" aria-label={t("params.parallel")}>
        {view.isTable ? (
          <ParamsTable
            ids={data.ids}
            names={data.names}
            axes={[...byKey.values()]}
            selected={selected}
          />
        ) : (
          <ParallelCoordinates
            {...picture}
            axes={axes}
            brushes={brushes}
            onBrush={(key, brush) => view.setFilter(withBrush(view.filter, key, brush) || null)}
            onMove={(key, to) => view.setAxes(moved(keys, key, to))}
            onToggleScale={view.toggleScale}
            onToggleQuantiles={view.toggleQuantiles}
            onToggleInverted={view.toggleInverted}
            onRemove={(key) => view.setAxes(keys.filter((one) => one !== key))}
          />
        )}
      </section>
      <div className="params-pair">
        {result && (
          <ImportancePanel
            query={props.importance}
            of={result.key}
            x={props.x}
            onChoose={view.setX}
          />
        )}
        <ScatterPanel
          {...picture}
          x={props.x === null ? undefined : byKey.get(props.x)}
          y={props.y === null ? undefined : byKey.get(props.y)}
          offered={offered}
          view={view}
        />
      </div>
    </>
  );
}

/** The columns that there are as axes, by their keys. */
function useAxes(
  data: PicturesProps["data"],
  toggled: readonly string[],
  quantiles: readonly string[],
): ReadonlyMap<string, Axis> {
  const [other, ranked] = [toggled.join("\n"), quantiles.join("\n")];
  return useMemo(() => {
    const onOther = new Set(other.split("\n"));
    const onQuantiles = new Set(ranked.split("\n"));
    return new Map(
      data.columns.map((column, at) => {
        const key = data.keys[at]!;
        return [key, axisOf(key, valuesOf(column), onOther.has(key), onQuantiles.has(key))];
      }),
    );
  }, [data, other, ranked]);
}
