import { useMutation, useQueryClient } from "@tanstack/react-query";

import { editRun } from "../api/client";
import type { RunEdit, RunSummary } from "../api/types";

/** Changes what a person may change of a run; done when the page has the run as it is then. */
export function useEdit(run: Pick<RunSummary, "id" | "project">) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (edit: RunEdit) => editRun(run.id, edit),
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: ["runs", run.project] }),
        client.invalidateQueries({ queryKey: ["run", run.id], exact: true }),
      ]),
  });
}
