import { useTranslation } from "react-i18next";

import { formatNumber } from "../api/number";
import { Icon } from "../shell/Icon";
import { labelOf, type Axis } from "./axes";
import { inkOf, RAMP_STEPS } from "./colour";
import { resultKey, STATISTICS, type Result, type Statistic } from "./results";
import { AXES_MAX, type ParamsView } from "./view";

interface BarProps {
  view: ParamsView;
  metrics: readonly string[];
  result: Result | null;
  keys: readonly string[];
  /** Keys that could be axes too. */
  offered: readonly string[];
  /** Of the result. */
  axis: Axis | undefined;
  chosen: number;
  count: number;
  total: number;
}

/** Which result the runs are coloured and weighed by, what the colours are, and more axes. */
export function ParamsBar(props: BarProps) {
  const { view, metrics, result, keys } = props;
  const { t } = useTranslation();
  const setResult = (metric: string, statistic: Statistic) => {
    const key = resultKey(metric, statistic);
    view.set({
      of: key,
      // The axis of the result goes with it.
      ...(view.axes.length > 0 && {
        a: [...new Set(keys.map((one) => (one === result?.key ? key : one)))].join(","),
      }),
    });
  };
  const more = [...new Set(props.offered)].filter((key) => !keys.includes(key));
  return (
    <div className="toolbar params-bar" role="group" aria-label={t("page.params")}>
      {result ? (
        <>
          <label>
            {t("params.of")}
            <select
              value={result.metric}
              onChange={(change) => setResult(change.target.value, result.statistic)}
            >
              {result.metric === "" && <option value="">{labelOf(result.key)}</option>}
              {metrics.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
          {result.metric !== "" && (
            <select
              aria-label={t("params.statistic")}
              value={result.statistic}
              onChange={(change) => setResult(result.metric, change.target.value as Statistic)}
            >
              {STATISTICS.map((one) => (
                <option key={one} value={one}>
                  {t(`params.${one}`)}
                </option>
              ))}
            </select>
          )}
          <Ramp axis={props.axis} />
        </>
      ) : (
        <span className="muted">{t("params.no_metric")}</span>
      )}
      {more.length > 0 && keys.length < AXES_MAX && (
        <select
          aria-label={t("params.add_axis")}
          value=""
          onChange={(change) => view.setAxes([...keys, change.target.value])}
        >
          <option value="">{t("params.add_axis")}</option>
          {more.map((key) => (
            <option key={key} value={key}>
              {labelOf(key)}
            </option>
          ))}
        </select>
      )}
      <button
        type="button"
        className="chip"
        aria-pressed={view.isTable}
        onClick={() => view.setTable(!view.isTable)}
      >
        <Icon name={view.isTable ? "compare" : "table"} />{" "}
        {view.isTable ? t("params.as_picture") : t("params.as_table")}
      </button>
      <span className="muted" role="status">
        {t("params.chosen", { shown: props.chosen, count: props.count })}
        {props.total > props.count &&
          ` · ${t("params.cut", { shown: props.count, total: props.total })}`}
      </span>
    </div>
  );
}

/** What the colours mean. */
function Ramp({ axis }: { axis: Axis | undefined }) {
  if (!axis || axis.scale === "kinds" || axis.high === axis.low) return null;
  const colours = Array.from({ length: RAMP_STEPS }, (_, step) => `var(${inkOf(step)})`);
  return (
    <span className="params-ramp">
      {formatNumber(axis.low)}
      <i style={{ background: `linear-gradient(90deg, ${colours.join(", ")})` }} />
      {formatNumber(axis.high)}
      {axis.scale === "log" && <small>log</small>}
    </span>
  );
}
