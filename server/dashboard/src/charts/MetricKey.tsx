import { useTranslation } from "react-i18next";

import { dashOf, styleOf, type LineStyle } from "./colours";
import { Swatch } from "./Swatch";

interface MetricKeyProps {
  metrics: readonly string[];
  /** The chart draws one run: metrics have colours then, else dashes. */
  isOneRun: boolean;
}

/** Which of a chart's lines are of which metric. */
export function MetricKey({ metrics, isOneRun }: MetricKeyProps) {
  const { t } = useTranslation();
  return (
    <ul className="metric-key" aria-label={t("chart.metrics")}>
      {metrics.map((name, at) => {
        const style: LineStyle = isOneRun ? styleOf(at) : { colour: "--ink-2", dash: dashOf(at) };
        return (
          <li key={name} title={name}>
            <Swatch line={style} width={24} thickness={2} />
            {name}
          </li>
        );
      })}
    </ul>
  );
}
