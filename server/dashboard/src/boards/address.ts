import type { DashboardSummary } from "../api/types";

/** Return where a dashboard or report is seen. */
export function addressOf({ project, id, kind }: DashboardSummary): string {
  const page = kind === "report" ? "reports" : "dashboards";
  return `/p/${encodeURIComponent(project)}/${page}/${id}`;
}
