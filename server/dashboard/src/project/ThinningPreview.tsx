import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import { formatBytes, formatCount } from "../api/number";
import type { ThinningPlan } from "../api/types";

/** So many runs are named. */
const NAMED_MAX = 12;

/** What thinning would take today, if the rules were these; nothing of it is done. */
export function ThinningPreview(props: {
  plan: ThinningPlan | undefined;
  error: Error | null;
  /** The plan is that of the rules before. */
  isOld: boolean;
}) {
  const { plan, error } = props;
  const { t } = useTranslation();
  if (error)
    return (
      <p className="bad" role="alert">
        {error.message}
      </p>
    );
  if (!plan) return <p className="muted">{t("loading")}</p>;
  return (
    <div className="settings-plan" role="status" aria-busy={props.isOld}>
      <p className={plan.runs > 0 ? "warn" : ""}>
        {plan.runs === 0
          ? t("settings.nothing_thinned")
          : t("settings.thinned", {
              count: plan.runs,
              points: formatCount(plan.points),
              kept: formatCount(plan.points_kept),
              bytes: formatBytes(plan.bytes),
            })}
      </p>
      {plan.runs > 0 && <p className="muted">{t("settings.for_good")}</p>}
      <ul>
        {plan.listed.slice(0, NAMED_MAX).map((run) => (
          <li key={run.id}>
            <Link href={`/r/${run.id}`}>{run.name}</Link>{" "}
            <span className="muted">
              {t("settings.points", { points: formatCount(run.points), series: run.series })}
            </span>
          </li>
        ))}
        {plan.runs > NAMED_MAX && (
          <li className="muted">{t("bulk.more", { count: plan.runs - NAMED_MAX })}</li>
        )}
      </ul>
    </div>
  );
}
