import { useCallback, useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";

import type { RunSummary } from "../api/types";
import { useStored } from "../shell/useStored";
import { useUrl } from "../shell/useUrl";
import { columnOf } from "./columns";
import { arrange, parseLayout, PLAIN_LAYOUT, readLayout, writeLayout, type Layout } from "./layout";

/**
 * The columns of a project's run table: those proposed, as the address arranges them; where it does
 * not, as this person did last, and the address then says so.
 */
export function useColumns(
  project: string,
  runs: readonly RunSummary[],
  proposed: readonly string[],
) {
  const { t } = useTranslation();
  const [stored, setStored] = useStored<Layout>(`mltrack.columns.${project}`, PLAIN_LAYOUT);
  const [text, setText] = useUrl("c");
  const own = useMemo(() => readLayout(stored), [stored]);
  const layout = useMemo(() => (text ? parseLayout(text) : own), [text, own]);
  useEffect(() => {
    if (!text) setText(writeLayout(own) || null);
    // Only where the page is opened without: whoever arranges columns sets both.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [project]);
  const setLayout = useCallback(
    (next: Layout) => {
      setStored(next);
      setText(writeLayout(next) || null);
    },
    [setStored, setText],
  );
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
