import { useQueries, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { fetchRun } from "../api/client";
import { feed } from "../api/feed";

/** The runs to compare, each kept up to date. */
export function useComparison(ids: readonly string[]) {
  const client = useQueryClient();
  const key = ids.join(",");
  useEffect(() => {
    const watched = key.split(",");
    return feed.onChanges((changes, isReset) => {
      for (const id of watched)
        if (isReset || changes.some((change) => change.id === id))
          void client.invalidateQueries({ queryKey: ["run", id] });
    });
  }, [client, key]);
  return useQueries({
    queries: ids.map((id) => ({
      queryKey: ["run", id],
      queryFn: ({ signal }: { signal: AbortSignal }) => fetchRun(id, signal),
      staleTime: 1000,
    })),
  });
}
