import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { saveCard } from "../api/models";
import type { Model } from "../api/types";
import { isolated } from "../i18n";
import { formatDate } from "../list/columns";
import { Markdown } from "../markdown/Markdown";
import { MarkdownForm } from "../markdown/MarkdownForm";
import { Box } from "../run/Box";
import { Tool } from "../shell/Tool";
import { usePerson } from "../shell/usePerson";

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
  return (
    <Box title={t("models.card")}>
      <MarkdownForm
        label={t("models.card")}
        text={draft.text}
        isChanged={isChanged}
        rowsMin={8}
        charsMax={100_000}
        saving={saving}
        onChange={(text) => setDraft({ ...draft, text })}
        onSave={() => (isChanged ? saving.mutate(draft) : stop())}
        onStop={stop}
      />
    </Box>
  );
}
