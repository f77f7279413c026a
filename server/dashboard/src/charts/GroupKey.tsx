import { useTranslation } from "react-i18next";

import { fullLabel, type Line } from "./model";
import { Swatch } from "./Swatch";

/** As many are told apart by their colours. */
const SHOWN_MAX = 24;

/** Which of a chart's lines is the mean of which group, where no table beside it says so. */
export function GroupKey({ lines }: { lines: readonly Line[] }) {
  const { t } = useTranslation();
  if (lines.length === 0) return null;
  return (
    <ul className="metric-key" aria-label={t("chart.groups")}>
      {lines.slice(0, SHOWN_MAX).map((line) => (
        <li key={`${line.track.run} ${line.track.name}`} title={fullLabel(line)}>
          <Swatch line={line.style} width={24} thickness={2} />
          {fullLabel(line)}
        </li>
      ))}
      {lines.length > SHOWN_MAX && <li>{t("bulk.more", { count: lines.length - SHOWN_MAX })}</li>}
    </ul>
  );
}
