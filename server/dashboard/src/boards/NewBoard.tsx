import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import TextField from "@mui/material/TextField";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";

import { createDashboard, fetchRuns, fetchVarying } from "../api/client";
import { keyText } from "../list/filterText";
import { resultOf } from "../params/results";
import { headlines } from "../series/metrics";
import { emptyDocument, startDocument } from "./document";
import { usePerson } from "./useBoard";

/** Charts that a new dashboard begins with, and columns of its table. */
const CHARTS = 6;
const PARAMS = 3;
const METRICS = 3;

/** Asks for what cannot be guessed: a name, whose it is, and whether to begin from nothing. */
export function NewBoard({ project, onClose }: { project: string; onClose: () => void }) {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const client = useQueryClient();
  const titleId = useId();
  const [person, setPerson] = usePerson();
  const [name, setName] = useState("");
  const [author, setAuthor] = useState(person);
  const [isOwn, setOwn] = useState(false);
  const [hasStart, setStart] = useState(true);
  const making = useMutation({
    mutationFn: async () =>
      createDashboard({
        project,
        name: name.trim(),
        owner: isOwn ? author.trim() : "",
        author: author.trim(),
        document: hasStart ? await startOf(project) : emptyDocument(),
      }),
    onSuccess: async ({ summary }) => {
      setPerson(author.trim());
      await client.invalidateQueries({ queryKey: ["dashboards", project] });
      navigate(`/p/${encodeURIComponent(project)}/dashboards/${summary.id}?edit=1`);
    },
  });
  return (
    <Dialog open onClose={onClose} aria-labelledby={titleId}>
      <form
        className="edit-form"
        onSubmit={(submit) => {
          submit.preventDefault();
          making.mutate();
        }}
      >
        <h2 id={titleId}>{t("board.new")}</h2>
        <TextField
          label={t("board.name_of")}
          size="small"
          required
          autoFocus
          value={name}
          slotProps={{ htmlInput: { maxLength: 200 } }}
          onChange={(change) => setName(change.target.value)}
        />
        <TextField
          label={t("board.your_name")}
          helperText={t("board.your_name_hint")}
          size="small"
          value={author}
          slotProps={{ htmlInput: { maxLength: 200 } }}
          onChange={(change) => setAuthor(change.target.value)}
        />
        <label className="panel-check">
          <input
            type="checkbox"
            checked={isOwn && author.trim() !== ""}
            disabled={author.trim() === ""}
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
        {making.error && (
          <p className="bad" role="alert">
            {making.error.message}
          </p>
        )}
        <footer>
          <Button color="inherit" onClick={onClose}>
            {t("list.edit_cancel")}
          </Button>
          <Button
            type="submit"
            variant="contained"
            disabled={making.isPending || name.trim() === ""}
          >
            {t("board.create")}
          </Button>
        </footer>
      </form>
    </Dialog>
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
