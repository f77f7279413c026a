import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import { fetchProjects } from "../api/client";
import { feed } from "../api/feed";
import type { ProjectList } from "../api/types";

const PROJECTS_INTERVAL_MS = 3000;

/** All projects, fetched again some seconds after the feed spoke. */
export function useProjects() {
  const cache = useQueryClient();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = feed.onChanges(() => {
      // The first run of all is worth hurry.
      const isEmpty =
        cache.getQueryData<Partial<ProjectList>>(["projects"])?.projects?.length === 0;
      timer ??= setTimeout(
        () => {
          timer = undefined;
          void cache.invalidateQueries({ queryKey: ["projects"] });
        },
        isEmpty ? 100 : PROJECTS_INTERVAL_MS,
      );
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [cache]);
  return useQuery({
    queryKey: ["projects"],
    queryFn: ({ signal }) => fetchProjects(signal),
    staleTime: Infinity,
  });
}
