// What a person changes of a run, from what was typed.

import type { RunEdit, RunSummary } from "../api/types";

/** Return the tags that a text has, a comma between two. */
export function tagsIn(text: string): string[] {
  return [...new Set(text.split(",").map((tag) => tag.trim()))].filter(Boolean);
}

/** Return what the form changes of the run; an empty name is what the run itself said. */
export function editOf(
  run: Pick<RunSummary, "name" | "tags" | "notes">,
  form: { name: string; tags: string; notes: string },
): RunEdit {
  const name = form.name.trim();
  const tags = tagsIn(form.tags);
  return {
    ...(name !== run.name && { name: name || null }),
    ...(tags.join() !== run.tags.join() && { tags }),
    ...(form.notes !== run.notes && { notes: form.notes || null }),
  };
}
