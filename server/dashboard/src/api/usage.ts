// Who held which devices, asked.

import { get } from "./ask";
import type { Usage } from "./types";

/** Of the last *seconds*; of null the runs of all projects. */
export function fetchUsage(
  seconds: number,
  project: string | null,
  signal?: AbortSignal,
): Promise<Usage> {
  const end = Date.now();
  const query = new URLSearchParams({
    start_ns: `${Math.round(end - seconds * 1000)}000000`,
    end_ns: `${end}000000`,
  });
  if (project !== null) query.set("project", project);
  return get(`/usage?${query.toString()}`, signal);
}
