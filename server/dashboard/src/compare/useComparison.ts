import { useQueries, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { feed } from "../api/feed";
import { runQuery } from "../run/runQuery";

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
    queries: ids.map(runQuery),
  });
}
