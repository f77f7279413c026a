import { useCallback, useMemo } from "react";
import { useTranslation } from "react-i18next";

import type { RunSummary } from "../api/types";
import { useStored } from "../shell/useStored";
import { columnOf } from "./columns";
import { arrange, PLAIN_LAYOUT, readLayout, type Layout } from "./layout";

/** The columns of a project's run table: those proposed, as this person has arranged them. */
export function useColumns(
  project: string,
  runs: readonly RunSummary[],
  proposed: readonly string[],
) {
  const { t } = useTranslation();
  const [stored, setLayout] = useStored<Layout>(`mltrack.columns.${project}`, PLAIN_LAYOUT);
  const layout = useMemo(() => readLayout(stored), [stored]);
  const columnCalled = useCallback(
    (id: string) => columnOf(id, runs, (key) => t(`list.${key}`)),
    [runs, t],
  );
  const columns = useMemo(
    () => arrange(proposed, layout).flatMap((id) => columnCalled(id) ?? []),
    [proposed, layout, columnCalled],
  );
  return { layout, setLayout, columns, columnCalled };
}
