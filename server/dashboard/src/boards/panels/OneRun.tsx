// Panels that are a tab of one run's page, in a panel: what it shows there it shows here.

import { useTranslation } from "react-i18next";

import type { Run } from "../../api/types";
import { CheckpointsTab } from "../../run/CheckpointsTab";
import { Clocked } from "../../run/Clocked";
import { GradientsTab } from "../../run/GradientsTab";
import { FLOWS, hasFlow } from "../../run/flow";
import { SystemTab } from "../../run/SystemTab";
import { useMetricNames } from "../../series/useMetricNames";
import type { PanelOf } from "../document";
import { WithRun } from "./WithRun";

export function FlowBody({ panel }: { panel: PanelOf<"flow"> }) {
  return (
    <WithRun chosen={panel.run} what="flow">
      {(run) => <Flow run={run} wanted={panel.flow} />}
    </WithRun>
  );
}

/** The quantity *wanted*, or the first that the run has; which it is stands above it. */
function Flow({ run, wanted }: { run: Run; wanted: PanelOf<"flow">["flow"] }) {
  const { t } = useTranslation();
  const names = useMetricNames([run.summary]);
  const available = FLOWS.filter((flow) => hasFlow(names, flow));
  const flow = available.find((one) => one === wanted) ?? available[0];
  if (!flow) return <p className="panel-hint">{t("board.no_flow")}</p>;
  return (
    <>
      <p className="panel-run only-static">{t(`flow.${flow}`)}</p>
      <GradientsTab run={run} initial={flow} />
    </>
  );
}

export function DevicesBody({ panel }: { panel: PanelOf<"devices"> }) {
  return (
    <WithRun chosen={panel.run} what="devices">
      {(run) => <Clocked run={run}>{() => <SystemTab run={run} />}</Clocked>}
    </WithRun>
  );
}

export function CheckpointsBody({ panel }: { panel: PanelOf<"checkpoints"> }) {
  return (
    <WithRun chosen={panel.run} what="checkpoints">
      {(run) => <CheckpointsTab run={run} />}
    </WithRun>
  );
}
