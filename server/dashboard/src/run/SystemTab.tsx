import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import type { Run } from "../api/types";
import { ChartCard, type ChartRun } from "../charts/ChartCard";
import { styleOf } from "../charts/colours";
import { PLAIN_VIEW, type ChartView } from "../charts/useView";
import { parseWindow, useWindow } from "../charts/useWindow";
import { deviceTitle, deviceUnit, groupDevices } from "./devices";

const CHART_PX = 120;

/** What the run's machines were doing, on one axis of time. */
export function SystemTab({ run }: { run: Run }) {
  const { t } = useTranslation();
  const [windowText, setWindow] = useWindow();
  const view = useMemo<ChartView>(
    () => ({ ...PLAIN_VIEW, x: "relative", window: parseWindow(windowText) }),
    [windowText],
  );
  const { id, name } = run.summary;
  const runs = useMemo<ChartRun[]>(() => [{ id, label: name, style: styleOf(0) }], [id, name]);
  return groupDevices(Object.keys(run.devices)).map((group) => (
    <details className="section" open key={`${group.kind} ${group.index}`}>
      <summary>
        <h2>{t(`system.${group.kind}`, { index: group.index })}</h2>
      </summary>
      <div className="cards">
        {group.names.map((metric) => (
          <ChartCard
            key={metric}
            name={metric}
            title={deviceTitle(metric, group) || t("system.use")}
            runs={runs}
            points={run.devices[metric]?.count ?? 0}
            view={view}
            onWindow={setWindow}
            height={CHART_PX}
            unit={deviceUnit(metric)}
          />
        ))}
      </div>
    </details>
  ));
}
