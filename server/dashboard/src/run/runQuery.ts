import { queryOptions } from "@tanstack/react-query";

import { fetchRun } from "../api/client";

/** Everything about one run; asked for when its page is opened, or seems about to be. */
export function runQuery(id: string) {
  return queryOptions({
    queryKey: ["run", id],
    queryFn: ({ signal }) => fetchRun(id, signal),
    // The list's patches put runs here too, but those may be old by now.
    staleTime: 1000,
  });
}
