import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import { CompareTable } from "../../compare/CompareTable";
import { compareRows } from "../../compare/differences";
import { useComparison } from "../../compare/useComparison";
import { storedStyles } from "../../list/useStyles";
import { Failure } from "../../shell/Failure";
import type { Panel, PanelOf } from "../document";
import { useScope } from "../scope";

/** More columns than this nobody reads beside each other in a panel. */
const RUNS_MAX = 12;

interface CompareProps {
  panel: PanelOf<"compare">;
  isStatic: boolean;
  onChange: (panel: Panel) => void;
}

/** What distinguishes the runs, as the page that compares has it. */
export function CompareBody({ panel, isStatic, onChange }: CompareProps) {
  const { t } = useTranslation();
  const { project, runs, total } = useScope();
  const ids = runs.slice(0, RUNS_MAX).map((run) => run.id);
  const queries = useComparison(ids);
  const key = queries.map((query) => query.dataUpdatedAt).join();
  const compared = useMemo(
    () => queries.flatMap((query) => query.data ?? []),
    // A new array at each render; only what has arrived matters.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [key],
  );
  const rows = useMemo(() => compareRows(compared, panel.summary), [compared, panel.summary]);
  const failed = queries.find((query) => query.isError && !query.data);
  if (failed) return <Failure error={failed.error!} onRetry={() => void failed.refetch()} />;
  if (compared.length < ids.length) return <p className="panel-hint">{t("loading")}</p>;
  if (compared.length < 2) return <p className="panel-hint">{t("board.no_others")}</p>;
  const shown = panel.is_all ? rows : rows.filter((row) => row.isDifferent);
  const styles = storedStyles(project, ids);
  const at = compared.findIndex((run) => run.summary.id === panel.baseline);
  const address = `/p/${encodeURIComponent(project)}/compare?r=${ids.join(",")}`;
  return (
    <>
      <p className="panel-run">
        {t("compare.rows", { shown: shown.length, total: rows.length })}
        {total > ids.length && ` · ${t("board.compared_of", { shown: ids.length, total })}`}
        {!isStatic && (
          <>
            {" · "}
            <Link href={address}>{t("page.compare")}</Link>
          </>
        )}
      </p>
      {shown.length === 0 ? (
        <p className="panel-hint">{t("compare.equal")}</p>
      ) : (
        <CompareTable
          runs={compared}
          rows={shown}
          styles={ids.map((id) => styles.get(id)!)}
          baseline={Math.max(0, at)}
          {...(!isStatic && { onBaseline: (id) => onChange({ ...panel, baseline: id }) })}
        />
      )}
    </>
  );
}
