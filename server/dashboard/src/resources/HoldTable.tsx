import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import { formatBytes } from "../api/number";
import { percent } from "../charts/unit";
import { formatDate } from "../list/columns";
import { deviceName, hoursText, moneyOf, shareText } from "./names";
import { endOf, startOf, systemAddress, type Held } from "./usage";

const ROWS_FIRST = 50;

/** The numbers of the picture: each device that a run held. */
export function HoldTable({ held, hasCosts }: { held: readonly Held[]; hasCosts: boolean }) {
  const { t } = useTranslation();
  const [isAll, setAll] = useState(false);
  const sorted = [...held].sort((a, b) => b.hold.hours - a.hold.hours);
  const shown = isAll ? sorted : sorted.slice(0, ROWS_FIRST);
  return (
    <section aria-labelledby="usage-holds">
      <h2 id="usage-holds">{t("usage.holds")}</h2>
      <div className="scroll-x" tabIndex={0} role="group" aria-labelledby="usage-holds">
        <table className="usage-table">
          <thead>
            <tr>
              <th scope="col">{t("models.run")}</th>
              <th scope="col">{t("shell.project")}</th>
              <th scope="col">{t("usage.device")}</th>
              <th scope="col">{t("usage.from")}</th>
              <th scope="col">{t("usage.to")}</th>
              <th scope="col">{t("usage.hours")}</th>
              <th scope="col">{t("usage.mean")}</th>
              <th scope="col">{t("usage.idle")}</th>
              <th scope="col">{t("usage.memory")}</th>
              {hasCosts && <th scope="col">{t("usage.cost")}</th>}
            </tr>
          </thead>
          <tbody>
            {shown.map((one) => (
              <HoldRow
                key={`${one.run.id} ${one.hold.host} ${one.hold.device}`}
                {...one}
                hasCosts={hasCosts}
              />
            ))}
          </tbody>
        </table>
      </div>
      {sorted.length > ROWS_FIRST && (
        <button type="button" className="chip" onClick={() => setAll(!isAll)}>
          {isAll ? t("lanes.fewer") : t("lanes.more", { count: sorted.length - ROWS_FIRST })}
        </button>
      )}
    </section>
  );
}

function HoldRow({ hold, run, hasCosts }: Held & { hasCosts: boolean }) {
  const { t } = useTranslation();
  const whole = { start_ns: startOf(hold), end_ns: endOf(hold) };
  const isLive = run.state === "running";
  const isShared = hold.share_hours < hold.hours * 0.995;
  const { memory_peak_bytes: peak, memory_bytes: all } = hold;
  return (
    <tr>
      <th scope="row">
        <Link href={systemAddress(run, { ...whole, utilization: null, is_idle: false })}>
          {run.name}
        </Link>
      </th>
      <td>{run.project}</td>
      <td title={hold.kind === "host" ? undefined : hold.kind}>
        {hold.host} · {deviceName(t, hold.device)}
        {hold.is_assumed && (
          <span className="muted" title={t("usage.assumed_hint")}>
            {" "}
            {t("usage.assumed")}
          </span>
        )}
      </td>
      <td>{formatDate(whole.start_ns)}</td>
      <td>{isLive ? t("usage.goes_on") : formatDate(whole.end_ns)}</td>
      <td className="is-number">
        {hoursText(hold.hours)}
        {isShared && (
          <span className="muted" title={t("usage.shared_hint")}>
            {" "}
            {t("usage.shared", { hours: hoursText(hold.share_hours) })}
          </span>
        )}
      </td>
      <td className="is-number">
        {hold.utilization === null ? "–" : percent.format(hold.utilization)}
      </td>
      <td className="is-number">{shareText(hold.idle_share)}</td>
      <td className="is-number">
        {peak === null ? "–" : formatBytes(peak)}
        {peak !== null && all !== null && <span className="muted"> / {formatBytes(all)}</span>}
      </td>
      {hasCosts && (
        <td className="is-number">
          {hold.cost === null ? "–" : moneyOf(hold.cost, hold.currency)}
        </td>
      )}
    </tr>
  );
}
