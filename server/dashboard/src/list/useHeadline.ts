import { useMemo } from "react";

import type { Headline } from "../series/metrics";
import { useProjects } from "./useProjects";

/** What *project* names for how its runs went; null where it leaves that to the metrics' names. */
export function useHeadline(project: string): Headline | null {
  const projects = useProjects().data?.projects ?? [];
  const { headline = "", better = "" } = projects.find(({ name }) => name === project) ?? {};
  return useMemo(
    () => (headline ? { name: headline, better: better || null } : null),
    [headline, better],
  );
}
