import { useTranslation } from "react-i18next";

import { labelOf, type Axis } from "./axes";
import type { PictureProps } from "./ParallelCoordinates";
import { ScatterPlot } from "./ScatterPlot";
import type { ParamsView } from "./view";

interface PanelProps extends PictureProps {
  x: Axis | undefined;
  y: Axis | undefined;
  offered: readonly string[];
  view: ParamsView;
}

/** Any two columns over each other. */
export function ScatterPanel(props: PanelProps) {
  const { x, y, view, offered, ...picture } = props;
  const { t } = useTranslation();
  if (!x || !y) return null;
  const keys = [...new Set([...offered, x.key, y.key])];
  const select = (label: string, axis: Axis, onChoose: (key: string) => void) => (
    <label>
      {label}
      <select value={axis.key} onChange={(change) => onChoose(change.target.value)}>
        {keys.map((key) => (
          <option key={key} value={key}>
            {labelOf(key)}
          </option>
        ))}
      </select>
    </label>
  );
  const log = (label: string, axis: Axis) =>
    axis.canBeLog && (
      <label>
        <input
          type="checkbox"
          checked={axis.scale === "log"}
          onChange={() => view.toggleScale(axis.key)}
        />
        {label}
      </label>
    );
  return (
    <section className="params-panel" aria-label={t("params.scatter")}>
      <h2>{t("params.scatter")}</h2>
      <div className="toolbar">
        {select(t("params.y"), y, view.setY)}
        {log(t("params.log_y"), y)}
        {select(t("params.x"), x, view.setX)}
        {log(t("params.log_x"), x)}
      </div>
      <ScatterPlot {...picture} x={x} y={y} />
    </section>
  );
}
