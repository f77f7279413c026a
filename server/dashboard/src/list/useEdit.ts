import { useMutation, useQueryClient, type InfiniteData } from "@tanstack/react-query";

import { editRun } from "../api/client";
import type { RunEdit, RunList, RunSummary } from "../api/types";
import { patched } from "./useRuns";

/** Changes what a person may change of a run; every list of it shows that as soon as it is kept. */
export function useEdit(run: RunSummary) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (edit: RunEdit) => editRun(run.id, edit),
    onSuccess: (summary) => {
      client.setQueriesData<InfiniteData<RunList, string | null>>(
        { queryKey: ["runs", run.project] },
        (list) => list && patched(list, [], list.pages.some(has(run.id)) ? [summary] : []),
      );
      void client.invalidateQueries({ queryKey: ["runs", run.project] });
      void client.invalidateQueries({ queryKey: ["run", run.id] });
    },
  });
}

function has(id: string) {
  return (page: RunList) => page.runs.some((run) => run.id === id);
}
