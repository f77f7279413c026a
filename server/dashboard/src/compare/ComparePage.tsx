import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import { isMissing } from "../api/client";
import type { Run } from "../api/types";
import { Annotate } from "../charts/foot/Annotate";
import type { ChartRun } from "../charts/ChartCard";
import { ChartSections } from "../charts/ChartSections";
import { useFoot } from "../charts/foot/useFoot";
import { findMetrics, useView } from "../charts/useView";
import { ViewBar } from "../charts/ViewBar";
import { nameOf } from "../list/names";
import { useHeadline } from "../list/useHeadline";
import { useRuns } from "../list/useRuns";
import { storedStyles } from "../list/useStyles";
import { useMetricNames } from "../series/useMetricNames";
import { CopyButton } from "../shell/CopyButton";
import { Failure } from "../shell/Failure";
import { Icon } from "../shell/Icon";
import { useTitle } from "../shell/useTitle";
import { useUrl } from "../shell/useUrl";
import { CodeDifferences } from "./CodeDifferences";
import { CompareTable } from "./CompareTable";
import { compareRows, markdownOf, SUMMARIES, type Summary } from "./differences";
import { Overlays } from "./Overlays";
import { useComparison } from "./useComparison";
import "../styles/compare.css";

/** More columns than this nobody reads. */
const RUNS_MAX = 50;
const ID = /^[0-9a-f]{32}$/;

/** Two to fifty runs side by side: what differs, and their curves over each other. */
export function ComparePage({ project }: { project: string }) {
  const { t } = useTranslation();
  const [runText, setRunText] = useUrl("r");
  useTitle(`${t("page.compare")} · ${project}`);
  const asked = [...new Set(runText.split(",").filter((id) => ID.test(id)))];
  const ids = asked.slice(0, RUNS_MAX);
  const queries = useComparison(ids);
  const runs = queries.flatMap((query) => (query.data ? [query.data] : []));
  const isWithout = (at: number) => queries[at]!.isError && !queries[at]!.data;
  const missing = ids.filter((_, at) => isWithout(at) && isMissing(queries[at]!.error));
  const failed = queries.find((query, at) => isWithout(at) && !isMissing(query.error));
  const setIds = (next: readonly string[]) => setRunText(next.join(","));
  const remove = (id: string) => setIds(ids.filter((one) => one !== id));
  return (
    <div className="compare-page">
      <h1 className="only-said">{t("page.compare")}</h1>
      {asked.length > RUNS_MAX && (
        <p className="wall-note">{t("compare.cut", { shown: RUNS_MAX, total: asked.length })}</p>
      )}
      {missing.map((id) => (
        <p key={id} className="wall-note bad">
          {t("run.missing", { id })}
          <button type="button" className="chip" onClick={() => remove(id)}>
            {t("compare.remove")}
          </button>
        </p>
      ))}
      {failed && <Failure error={failed.error!} onRetry={() => void failed.refetch()} />}
      {runs.length < 2 && !failed && (
        <div className="compare-empty">
          <p>{queries.some((query) => query.isPending) ? t("loading") : t("compare.too_few")}</p>
          <AddRun project={project} taken={ids} onAdd={(id) => setIds([...ids, id])} />
        </div>
      )}
      {runs.length >= 2 && (
        <Comparison
          project={project}
          runs={runs}
          onRemove={remove}
          add={<AddRun project={project} taken={ids} onAdd={(id) => setIds([...ids, id])} />}
        />
      )}
    </div>
  );
}

function Comparison(props: {
  project: string;
  runs: readonly Run[];
  onRemove: (id: string) => void;
  add: React.ReactNode;
}) {
  const { project, runs } = props;
  const { t } = useTranslation();
  const [allText, setAll] = useUrl("all");
  const [baseText, setBase] = useUrl("base");
  const [summaryText, setSummary] = useUrl("v");
  const own = useHeadline(project);
  const summary = SUMMARIES.find((one) => one === summaryText) ?? "last";
  const baseline = Math.max(
    0,
    runs.findIndex((run) => run.summary.id === baseText),
  );
  const rows = useMemo(() => compareRows(runs, summary, own), [runs, summary, own]);
  const shown = allText ? rows : rows.filter((row) => row.isDifferent);
  const key = runs.map((run) => `${run.summary.id} ${nameOf(run.summary)}`).join("\n");
  const chartRuns = useMemo<ChartRun[]>(() => {
    const named = key.split("\n").map((line) => [line.slice(0, 32), line.slice(33)] as const);
    const styles = storedStyles(
      project,
      named.map(([id]) => id),
    );
    return named.map(([id, label]) => ({ id, label, style: styles.get(id)! }));
  }, [project, key]);
  return (
    <>
      <div className="toolbar" role="group" aria-label={t("page.compare")}>
        <label>
          <input
            type="checkbox"
            checked={!allText}
            onChange={(change) => setAll(change.target.checked ? null : "1")}
          />
          {t("compare.only_differences")}
        </label>
        <span className="muted" role="status">
          {t("compare.rows", { shown: shown.length, total: rows.length })}
        </span>
        <label>
          {t("compare.summary")}
          <select value={summary} onChange={(change) => setSummary(change.target.value)}>
            {SUMMARIES.map((one: Summary) => (
              <option key={one} value={one}>
                {t(`compare.${one}`)}
              </option>
            ))}
          </select>
        </label>
        {props.add}
        <CopyButton
          label={t("compare.copy")}
          text={markdownOf(
            shown,
            runs.map((run) => run.summary.name),
            baseline,
          )}
        />
      </div>
      {shown.length === 0 ? (
        <p className="no-match">{t("compare.equal")}</p>
      ) : (
        <CompareTable
          runs={runs}
          rows={shown}
          styles={chartRuns.map((run) => run.style)}
          baseline={baseline}
          onBaseline={setBase}
          onRemove={props.onRemove}
        />
      )}
      <CodeDifferences runs={runs} baseline={baseline} />
      <Curves project={project} runs={runs} chartRuns={chartRuns} />
    </>
  );
}

function Curves(props: { project: string; runs: readonly Run[]; chartRuns: readonly ChartRun[] }) {
  const { runs } = props;
  const metrics = useMetricNames(runs.map((run) => run.summary));
  const state = useView(metrics);
  const foot = useFoot(props.chartRuns, state.hasFoot);
  return (
    <>
      <Overlays runs={runs} chartRuns={props.chartRuns} names={metrics} />
      <ViewBar state={state} metrics={metrics} hasAxisKeys footLeftOut={foot.leftOut}>
        <Annotate runs={props.chartRuns} view={state.view} />
      </ViewBar>
      <ChartSections
        project={props.project}
        filter={`id in [${runs.map((run) => `"${run.summary.id}"`).join(", ")}]`}
        metrics={findMetrics(metrics, state.search)}
        allMetrics={metrics}
        runs={props.chartRuns}
        pointsOf={(metric) =>
          runs.reduce((sum, run) => sum + (run.summary.metrics[metric]?.count ?? 0), 0)
        }
        view={state.view}
        foot={foot.marks}
        onWindow={state.setWindow}
        onPinCursor={state.togglePin}
      />
    </>
  );
}

function AddRun(props: { project: string; taken: readonly string[]; onAdd: (id: string) => void }) {
  const { t } = useTranslation();
  const { runs } = useRuns(props.project);
  const others = runs.filter((run) => !props.taken.includes(run.id));
  if (others.length === 0) return null;
  return (
    <label>
      <Icon name="compare" />
      <select
        aria-label={t("compare.add")}
        value=""
        onChange={(change) => change.target.value && props.onAdd(change.target.value)}
      >
        <option value="">{t("compare.add")}</option>
        {others.map((run) => (
          <option key={run.id} value={run.id}>
            {run.name}
          </option>
        ))}
      </select>
    </label>
  );
}
