import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import { formatBytes, formatDuration } from "../api/number";
import { formatDate } from "../list/columns";
import { deviceName, hoursText } from "./names";
import { lengthOf, systemAddress, type IdleRun, type Suggestion } from "./usage";

interface SuggestionsProps {
  suggestions: readonly Suggestion[];
  idlest: readonly IdleRun[];
  idlePercent: number;
}

/** What could be done better, in words, each with what shows it; and who let devices idle longest. */
export function Suggestions({ suggestions, idlest, idlePercent }: SuggestionsProps) {
  const { t } = useTranslation();
  return (
    <div className="usage-columns">
      <section aria-labelledby="usage-suggestions">
        <h2 id="usage-suggestions">{t("usage.suggestions")}</h2>
        {suggestions.length === 0 && <p className="muted">{t("usage.no_suggestions")}</p>}
        <ul className="usage-suggestions">
          {suggestions.map((one) => (
            <li key={`${one.run.id} ${one.hold.host} ${one.hold.device}`}>
              <Words suggestion={one} idlePercent={idlePercent} />{" "}
              <Link href={systemAddress(one.run, one.stretch)}>{t("usage.look")}</Link>
            </li>
          ))}
        </ul>
      </section>
      <section aria-labelledby="usage-idlest">
        <h2 id="usage-idlest">{t("usage.idlest")}</h2>
        {idlest.length === 0 && <p className="muted">{t("usage.none_idle")}</p>}
        <ol className="usage-idlest">
          {idlest.map(({ run, hours, idleHours }) => (
            <li key={run.id}>
              <Link href={`/r/${run.id}/system`}>{run.name}</Link>{" "}
              <span className="muted">
                {t("usage.idle_of", { idle: hoursText(idleHours), hours: hoursText(hours) })}
              </span>
            </li>
          ))}
        </ol>
      </section>
    </div>
  );
}

function Words(props: { suggestion: Suggestion; idlePercent: number }) {
  const { hold, run, kind, stretch, isNow } = props.suggestion;
  const { t } = useTranslation();
  const device = hold.device
    ? `${deviceName(t, hold.device)} (${hold.host})`
    : t("usage.processors", { host: hold.host });
  const told = {
    device,
    run: run.name,
    duration: formatDuration(lengthOf(stretch)),
  };
  if (kind === "memory") {
    const [peak, whole] = [hold.memory_peak_bytes ?? 0, hold.memory_bytes ?? 0];
    return t("usage.says_memory", { ...told, peak: formatBytes(peak), whole: formatBytes(whole) });
  }
  const when = formatDate(stretch.start_ns);
  const idle = { ...told, percent: props.idlePercent, when };
  const what = t(isNow ? "usage.says_idle_now" : "usage.says_idle", idle);
  return isNow ? (
    <>
      <b className="warn">{t("usage.now")}</b> {what}
    </>
  ) : (
    what
  );
}
