import { useState } from "react";
import { useTranslation } from "react-i18next";

import type { RunSummary } from "../api/types";
import { Markdown } from "../markdown/Markdown";
import { MarkdownForm } from "../markdown/MarkdownForm";
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
      <MarkdownForm
        label={t("overview.notes")}
        text={draft}
        isChanged={draft !== run.notes}
        rowsMin={6}
        saving={change}
        onChange={setDraft}
        onSave={save}
        onStop={stop}
      />
    </Box>
  );
}
