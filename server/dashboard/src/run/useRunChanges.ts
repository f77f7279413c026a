import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { feed } from "../api/feed";

const INTERVAL_MS = 1000;

/** Fetch the run's facts again when the feed says that it has changed, at most once a second. */
export function useRunChanges(id: string): void {
  const client = useQueryClient();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = feed.onChanges((changes, isReset) => {
      if (!isReset && !changes.some((change) => change.id === id)) return;
      timer ??= setTimeout(() => {
        timer = undefined;
        void client.invalidateQueries({ queryKey: ["run", id] });
      }, INTERVAL_MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [client, id]);
}
