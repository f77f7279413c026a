// The wall as its project's people have arranged it, what is not saved of it yet included.

import { queryOptions, useQuery, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useReducer } from "react";

import { fetchWall, saveWall } from "../../api/client";
import { usePerson } from "../../shell/usePerson";
import { Changes } from "./changes";
import { changed, UNARRANGED, type Change } from "./layout";

/** One for each project, whatever page is shown: who leaves a page still saves what they did there. */
const all = new Map<string, Changes>();

function changesOf(project: string, client: QueryClient): Changes {
  const known = all.get(project);
  if (known) return known;
  const key = wallQuery(project).queryKey;
  const made = new Changes(project, {
    read: () => fetchWall(project),
    save: saveWall,
    known: () => client.getQueryData(key),
    take: (wall) => client.setQueryData(key, wall),
  });
  all.set(project, made);
  return made;
}

/** How the server is asked for a project's wall. */
export function wallQuery(project: string) {
  return queryOptions({
    queryKey: ["wall", project],
    queryFn: ({ signal }) => fetchWall(project, signal),
    staleTime: 1000, // what was asked for beside the runs need not be asked for again
  });
}

export function useArrangement(project: string) {
  const client = useQueryClient();
  const [person] = usePerson();
  const changes = changesOf(project, client);
  const [, render] = useReducer((count: number) => count + 1, 0);
  useEffect(() => changes.onChange(render), [changes]);
  const query = useQuery({
    ...wallQuery(project),
    // Somebody else may have arranged it while this page was in the background.
    refetchOnWindowFocus: true,
  });
  const { pending } = changes;
  const stored = query.data?.layout ?? UNARRANGED;
  const layout = useMemo(() => pending.reduce(changed, stored), [pending, stored]);
  return {
    layout,
    /** Whether it is known how the wall is arranged: nothing is drawn twice, here and there. */
    isKnown: !query.isPending,
    changes,
    change: (change: Change) => void changes.add(change, person),
    retry: () => void changes.save(person),
  };
}

export type Arrangement = ReturnType<typeof useArrangement>;
