import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { saveCard } from "../api/models";
import type { Model } from "../api/types";
import { usePerson } from "../boards/useBoard";
import { isolated } from "../i18n";
import { formatDate } from "../list/columns";
import { Markdown } from "../markdown/Markdown";
import { Box } from "../run/Box";
import { Tool } from "../shell/Tool";

/** What people say of a model, as Markdown, and the way to change it. */
export function Card({ project, model }: { project: string; model: Model }) {
  const { t } = useTranslation();
  const { card, summary } = model;
  const client = useQueryClient();
  const [author] = usePerson();
  // With the version that it began from: what others save meanwhile is not overwritten.
  const [draft, setDraft] = useState<{ text: string; version: number } | null>(null);
  const saving = useMutation({
    mutationFn: (save: { text: string; version: number }) =>
      saveCard(summary.id, { ...save, author }),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["model", project, summary.name] });
      setDraft(null);
    },
  });
  const stop = () => {
    setDraft(null);
    saving.reset();
  };
  if (draft === null)
    return (
      <Box
        title={t("models.card")}
        tools={
          <Tool
            icon="edit"
            label={t("models.edit_card")}
            onClick={() => setDraft({ text: card.text, version: card.version })}
          />
        }
      >
        {card.text ? <Markdown text={card.text} /> : <p className="muted">{t("models.no_card")}</p>}
        {card.saved_ns !== null && (
          <p className="muted">
            {[
              t("models.version_of", { version: card.version }),
              isolated(card.author),
              formatDate(card.saved_ns),
            ]
              .filter(Boolean)
              .join(" · ")}
          </p>
        )}
      </Box>
    );
  const isChanged = draft.text !== card.text;
  const save = () => (isChanged ? saving.mutate(draft) : stop());
  return (
    <Box title={t("models.card")}>
      <form
        className="notes-form"
        onSubmit={(submit) => {
          submit.preventDefault();
          save();
        }}
      >
        <textarea
          autoFocus
          value={draft.text}
          rows={Math.min(24, Math.max(8, draft.text.split("\n").length + 1))}
          maxLength={100_000}
          aria-label={t("models.card")}
          onChange={(change) => setDraft({ ...draft, text: change.target.value })}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save();
            // A text that has been written is not thrown away by one key.
            if (event.key === "Escape" && !isChanged) stop();
          }}
        />
        {saving.error && (
          <p className="bad" role="alert">
            {saving.error.message}
          </p>
        )}
        <footer>
          <span className="muted">{t("overview.notes_hint")}</span>
          <button type="button" className="chip" onClick={stop}>
            {t("list.edit_cancel")}
          </button>
          <button type="submit" className="chip" disabled={saving.isPending}>
            {t("list.edit_save")}
          </button>
        </footer>
      </form>
    </Box>
  );
}
