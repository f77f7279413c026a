import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";

import { useShortcuts } from "../../shell/shortcuts";
import { Tool } from "../../shell/Tool";
import type { Spot } from "./AnnotateDialog";
import { cursor } from "../cursor";
import { highlight } from "../highlight";
import type { ChartRun } from "../lines";
import { pointed } from "../pointed";
import type { ChartView } from "../useView";

// Fetched by the first who writes something.
const AnnotateDialog = lazy(() =>
  import("./AnnotateDialog").then(({ AnnotateDialog }) => ({ default: AnnotateDialog })),
);

/** Asks for a note where the cursor is, of the run whose line it is at, or of all. */
export function Annotate({ runs, view }: { runs: readonly ChartRun[]; view: ChartView }) {
  const { t } = useTranslation();
  const [spot, setSpot] = useState<Spot | null>(null);
  const open = () => {
    if (runs.length === 0) return;
    // Along a metric no place is known but its step, if that is.
    const x = view.by === null ? view.x : "step";
    const near = [highlight.get(), pointed.get()].find((id) => runs.some((run) => run.id === id));
    setSpot({ x, at: cursor.get()?.[x] ?? null, run: near ?? null });
  };
  useShortcuts({ n: open });
  return (
    <>
      <Tool icon="edit" label={t("annotate.title")} hint={t("annotate.hint")} onClick={open} />
      <Suspense fallback={null}>
        {spot && <AnnotateDialog spot={spot} runs={runs} onClose={() => setSpot(null)} />}
      </Suspense>
    </>
  );
}
