import TextField from "@mui/material/TextField";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";

import { createDashboard, fetchRuns, fetchVarying } from "../api/client";
import { keyText } from "../list/filterText";
import { resultOf } from "../params/results";
import { headlines } from "../series/metrics";
import { AuthorField } from "../shell/AuthorField";
import { FormDialog } from "../shell/FormDialog";
import { useAuthor } from "../shell/usePerson";
import { emptyDocument, startDocument } from "./document";

/** Charts that a new dashboard begins with, and columns of its table. */
const CHARTS = 6;
const PARAMS = 3;
const METRICS = 3;

/** Asks for what cannot be guessed: a name, whose it is, and whether to begin from nothing. */
export function NewBoard({ project, onClose }: { project: string; onClose: () => void }) {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const author = useAuthor();
  const [isOwn, setOwn] = useState(false);
  const [hasStart, setStart] = useState(true);
  const making = useMutation({
    mutationFn: async () =>
      createDashboard({
        project,
        name: name.trim(),
        owner: isOwn ? author.name : "",
        author: author.name,
        document: hasStart ? await startOf(project) : emptyDocument(),
      }),
    onSuccess: async ({ summary }) => {
      author.keep();
      await client.invalidateQueries({ queryKey: ["dashboards", project] });
      navigate(`/p/${encodeURIComponent(project)}/dashboards/${summary.id}?edit=1`);
    },
  });
  return (
    <FormDialog
      title={t("board.new")}
      action={t("board.create")}
      sending={making}
      isReady={name.trim() !== ""}
      onSubmit={() => making.mutate()}
      onClose={onClose}
    >
      <TextField
        label={t("board.name_of")}
        size="small"
        required
        autoFocus
        value={name}
        slotProps={{ htmlInput: { maxLength: 200 } }}
        onChange={(change) => setName(change.target.value)}
      />
      <AuthorField author={author} />
      <label className="panel-check">
        <input
          type="checkbox"
          checked={isOwn && author.name !== ""}
          disabled={author.name === ""}
          onChange={(change) => setOwn(change.target.checked)}
        />
        {t("board.own")}
      </label>
      <label className="panel-check">
        <input
          type="checkbox"
          checked={hasStart}
          onChange={(change) => setStart(change.target.checked)}
        />
        {t("board.start")}
      </label>
    </FormDialog>
  );
}

/** The charts that tell most, and the table of what was made different and what came out. */
async function startOf(project: string) {
  const [{ runs }, { keys }] = await Promise.all([
    fetchRuns(project, { q: "", sort: "" }, null),
    fetchVarying(project, ""),
  ]);
  const metrics = headlines(runs, CHARTS);
  const result = resultOf(metrics, null);
  return startDocument(metrics, [
    ...keys.slice(0, PARAMS).map((one) => one.key),
    ...(result ? [result.key] : []),
    ...metrics.slice(1, METRICS).map((metric) => keyText("metrics", metric)),
  ]);
}
