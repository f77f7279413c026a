import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { ApiError, fetchImportance } from "../api/client";
import type { Importance, ParameterImportance } from "../api/types";
import { Failure } from "../shell/Failure";
import { Figure } from "../pictures/Figure";
import { labelOf } from "./axes";

/** Below so much explained variance the numbers are worth a warning. */
const EXPLAINED_MIN = 0.1;

/** What parameters have to do with the result *of*; nothing is asked where there is none. */
export function useImportance(project: string, filter: string, of: string | null) {
  return useQuery({
    queryKey: ["importance", project, filter, of],
    queryFn: ({ signal }) => fetchImportance({ project, q: filter, of: of! }, signal),
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    enabled: of !== null,
  });
}

/** Which parameters matter for a result, with how sure that is. */
export function ImportancePanel(props: {
  query: ReturnType<typeof useImportance>;
  of: string;
  x: string | null;
  onChoose: (key: string) => void;
}) {
  const { query, of } = props;
  const { t } = useTranslation();
  // A filter that is refused is explained where it is written.
  const isRefused = query.error instanceof ApiError && query.error.status === 422;
  return (
    <section className="params-panel" aria-label={t("params.importance")}>
      <h2>{t("params.importance")}</h2>
      <p className="muted">{t("params.importance_of", { name: labelOf(of) })}</p>
      {query.isFetching && (
        <p role="status" className="muted">
          {t("params.weighing")}
        </p>
      )}
      {query.error && !isRefused && (
        <Failure error={query.error} onRetry={() => void query.refetch()} />
      )}
      {query.data && <Answer importance={query.data} x={props.x} onChoose={props.onChoose} />}
    </section>
  );
}

function Answer(props: {
  importance: Importance;
  x: string | null;
  onChoose: (key: string) => void;
}) {
  const { importance } = props;
  const { t } = useTranslation();
  const { verdict, runs, used, explained, parameters } = importance;
  const name = labelOf(importance.of);
  if (verdict !== "known")
    return (
      <p className="params-verdict" role="status">
        {verdict === "too_few_runs"
          ? t("params.too_few_runs", { runs, name, needed: importance.runs_min })
          : verdict === "always_the_same"
            ? t("params.always_the_same", { name, runs })
            : t("params.nothing_varies")}
      </p>
    );
  const most = Math.max(...parameters.map((one) => Math.max(one.high, one.importance)), 0.01);
  return (
    <Figure
      title={`${t("params.share")}: ${name}`}
      rows={() => [
        ["parameter", "importance", "low", "high", "correlation"],
        ...parameters.map((one) => [one.key, one.importance, one.low, one.high, one.correlation]),
      ]}
    >
      <div className="scroll-x">
        <table className="importance">
          <thead>
            <tr>
              <th scope="col">{t("params.parameter")}</th>
              <th scope="col" className="importance-share">
                {t("params.share")}
              </th>
              <th scope="col">{t("params.correlation")}</th>
            </tr>
          </thead>
          <tbody>
            {parameters.map((one) => (
              <Row
                key={one.key}
                parameter={one}
                most={most}
                isChosen={one.key === props.x}
                onChoose={props.onChoose}
              />
            ))}
          </tbody>
        </table>
      </div>
      {(explained ?? 0) < EXPLAINED_MIN && <p className="warn">{t("params.weak")}</p>}
      <p className="muted">
        {t("params.method", { used, explained: percent(Math.max(0, explained ?? 0)) })}{" "}
        {importance.left_out > 0 && t("params.left_out", { count: importance.left_out })}{" "}
        {importance.has_more && t("params.more_vary")}
      </p>
    </Figure>
  );
}

function Row(props: {
  parameter: ParameterImportance;
  most: number;
  isChosen: boolean;
  onChoose: (key: string) => void;
}) {
  const { parameter, most } = props;
  const { t } = useTranslation();
  const { key, importance, low, high, correlation } = parameter;
  const label = labelOf(key);
  const at = (share: number) => `${(100 * Math.max(0, share)) / most}%`;
  const text = { share: percent(importance), low: percent(low), high: percent(high) };
  return (
    <tr className={props.isChosen ? "is-chosen" : ""}>
      <th scope="row">
        <button
          type="button"
          title={t("params.show_scatter", { name: label })}
          aria-pressed={props.isChosen}
          onClick={() => props.onChoose(key)}
        >
          {label}
        </button>
      </th>
      <td className="importance-share" title={t("params.share_text", text)}>
        <span className="importance-bar" aria-hidden="true">
          <i style={{ width: at(importance) }} />
          <b style={{ left: at(low), width: `calc(${at(high)} - ${at(low)})` }} />
        </span>
        <span aria-hidden="true">{text.share} %</span>
        <span className="only-said">{t("params.share_text", text)}</span>
      </td>
      <td>{correlation === null ? "–" : correlation.toFixed(2).replace("-", "−")}</td>
    </tr>
  );
}

function percent(share: number): string {
  const rounded = Math.round(100 * share);
  return String(rounded === 0 ? 0 : rounded).replace("-", "−");
}
