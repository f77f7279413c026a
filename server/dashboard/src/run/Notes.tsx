import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { RunSummary } from "../api/types";
import { Markdown } from "../markdown/Markdown";
import { Tool } from "../shell/Tool";
import { Box } from "./Box";
import { useEdit } from "./useEdit";

/** What people have written about the run, as Markdown, and the way to change it. */
export function Notes({ run }: { run: RunSummary }) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState<string | null>(null);
  const change = useEdit(run);
  const stop = () => {
    setDraft(null);
    change.reset();
  };
  const save = () => {
    if (draft === null || draft === run.notes) return stop();
    change.mutate({ notes: draft || null }, { onSuccess: stop });
  };
  if (draft === null)
    return (
      <Box
        title={t("overview.notes")}
        tools={
          <Tool icon="edit" label={t("overview.edit_notes")} onClick={() => setDraft(run.notes)} />
        }
      >
        {run.notes ? (
          <Markdown text={run.notes} />
        ) : (
          <p className="muted">{t("overview.no_notes")}</p>
        )}
      </Box>
    );
  return (
    <Box title={t("overview.notes")}>
      <form
        className="notes-form"
        onSubmit={(submit) => {
          submit.preventDefault();
          save();
        }}
      >
        <textarea
          autoFocus
          value={draft}
          rows={Math.min(24, Math.max(6, draft.split("\n").length + 1))}
          aria-label={t("overview.notes")}
          onChange={(event) => setDraft(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save();
            // A text that has been written is not thrown away by one key.
            if (event.key === "Escape" && draft === run.notes) stop();
          }}
        />
        {change.error && (
          <p className="bad" role="alert">
            {change.error.message}
          </p>
        )}
        <footer>
          <span className="muted">{t("overview.notes_hint")}</span>
          <button type="button" className="chip" onClick={stop}>
            {t("list.edit_cancel")}
          </button>
          <button type="submit" className="chip" disabled={change.isPending}>
            {t("list.edit_save")}
          </button>
        </footer>
      </form>
    </Box>
  );
}
