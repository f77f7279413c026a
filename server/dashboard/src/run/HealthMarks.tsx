import { useTranslation } from "react-i18next";

import type { Alert } from "../api/types";
import { formatX } from "../charts/axis";
import { Icon } from "../shell/Icon";

const LEVELS: readonly Alert["level"][] = ["error", "warning", "info"];

/** Return the marks that mltrack itself made, the gravest first, then in the order of time. */
export function healthMarks(alerts: readonly Alert[]): Alert[] {
  return alerts
    .filter((alert) => alert.kind.startsWith("health."))
    .sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level) || a.time_ns - b.time_ns);
}

/** What looks wrong with the training; each mark opens on its evidence. */
export function HealthMarks({ alerts }: { alerts: readonly Alert[] }) {
  const { t } = useTranslation();
  const marks = healthMarks(alerts);
  if (marks.length === 0) return null;
  return (
    <ul className="marks" aria-label={t("run.health")}>
      {marks.map((mark) => (
        <li key={`${mark.kind} ${mark.time_ns}`}>
          <details className={`alert-${mark.level}`}>
            <summary>
              <Icon name="alert" /> <bdi>{mark.title}</bdi>{" "}
              {mark.step !== null && (
                <span className="muted">{formatX(mark.step, "step", true)}</span>
              )}
            </summary>
            <p>{mark.text}</p>
          </details>
        </li>
      ))}
    </ul>
  );
}
