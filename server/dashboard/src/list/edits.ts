// What a person changes of a run, from what was typed.

import type { RunEdit, RunSummary } from "../api/types";

/** What is edited in place, where the table shows it. */
export type EditField = "name" | "tags" | "notes" | "group";

export const EDIT_FIELDS: readonly string[] = [
  "name",
  "tags",
  "notes",
  "group",
] satisfies EditField[];

type Edited = Pick<RunSummary, "name" | "tags" | "notes">;

/** Return the tags that a text has, a comma between two. */
export function tagsIn(text: string): string[] {
  return [...new Set(text.split(",").map((tag) => tag.trim()))].filter(Boolean);
}

/** Return what the field of a run says, as it is typed. */
export function textOf(run: RunSummary, field: EditField): string {
  return field === "tags" ? run.tags.join(", ") : run[field];
}

/** Return what *text* changes of a field; nothing where it is so already. */
export function fieldEdit(run: RunSummary, field: EditField, text: string): RunEdit {
  if (field !== "group") return editOf(run, { ...plain(run), [field]: text });
  const group = text.trim();
  return group === run.group ? {} : { group };
}

function plain(run: Edited) {
  return { name: run.name, tags: run.tags.join(","), notes: run.notes };
}

/** Return what the form changes of the run; an empty name is what the run itself said. */
export function editOf(run: Edited, form: { name: string; tags: string; notes: string }): RunEdit {
  const name = form.name.trim();
  const tags = tagsIn(form.tags);
  return {
    ...(name !== run.name && { name: name || null }),
    ...(tags.join() !== run.tags.join() && { tags }),
    ...(form.notes !== run.notes && { notes: form.notes || null }),
  };
}
