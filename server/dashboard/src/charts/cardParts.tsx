// What stands around the picture of a card.

import { useTranslation } from "react-i18next";

import { ApiError } from "../api/client";
import { formatCount } from "../api/number";
import type { Domain } from "./domain";
import type { Line } from "./model";

export function OffScale(props: { domain: Domain; isFull: boolean; onToggle: () => void }) {
  const { t } = useTranslation();
  const { above, below } = props.domain;
  if (above + below === 0 && !props.isFull) return null;
  return (
    <button
      type="button"
      className="chip"
      onClick={props.onToggle}
      title={t("chart.off_scale_hint")}
    >
      {props.isFull
        ? t("chart.full_scale")
        : `${above > 0 ? "▲" : ""}${below > 0 ? "▼" : ""} ${t("chart.off_scale", { count: above + below })}`}
    </button>
  );
}

export function CardError({ error, onRetry }: { error: Error; onRetry: () => void }) {
  const { t } = useTranslation();
  const request = error instanceof ApiError ? error.request : "";
  return (
    <div className="card-empty" role="alert">
      <p>
        {error.message} {request && <code>{request}</code>}
      </p>
      <button type="button" className="chip" onClick={onRetry}>
        {t("retry")}
      </button>
    </div>
  );
}

/** What the picture was made of: how many points, how reduced, how many of them not numbers. */
export function Footer({ lines }: { lines: readonly Line[] }) {
  const { t } = useTranslation();
  const points = lines.reduce((sum, line) => sum + line.track.count, 0);
  const bad = lines.reduce((sum, line) => sum + line.track.bad, 0);
  const isExact = lines.every((line) => line.track.isExact);
  const buckets = lines.reduce((most, line) => Math.max(most, line.track.x.length), 0);
  const shares = lines.flatMap(({ track }) => track.group ?? []);
  return (
    <footer className="card-footer">
      {shares.length > 0 && (
        <span>{t("chart.means", { count: shares.reduce((sum, one) => sum + one.having, 0) })}</span>
      )}
      {points > 0 && (
        <span>
          {isExact
            ? t("chart.exact", { count: points, shown: points.toLocaleString("en-US") })
            : t("chart.reduced", {
                shown: points.toLocaleString("en-US"),
                buckets: formatCount(buckets),
              })}
        </span>
      )}
      {bad > 0 && <span className="bad">× {t("chart.not_finite", { count: bad })}</span>}
      {lines.some((line) => line.track.isSuperseded) && <span>{t("chart.superseded")}</span>}
    </footer>
  );
}
