import MenuItem from "@mui/material/MenuItem";
import TextField from "@mui/material/TextField";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useContext, useState } from "react";
import { useTranslation } from "react-i18next";

import { annotate, fetchMoments } from "../../api/client";
import type { XAxis } from "../../api/types";
import { AuthorField } from "../../shell/AuthorField";
import { FormDialog } from "../../shell/FormDialog";
import { useAuthor } from "../../shell/usePerson";
import { ANNOTATION_CHARS_MAX, placesOf, readAt, writeAt } from "./annotations";
import type { ChartRun } from "../lines";
import { Completion } from "../usePins";

/** Where something is to be written. */
export interface Spot {
  x: XAxis;
  at: number | null; // null: nothing is pointed at
  run: string | null; // null: of all
}

interface AnnotateDialogProps {
  spot: Spot;
  runs: readonly ChartRun[];
  onClose: () => void;
}

const ALL = "all";

/** A short note at a place of a run, or of all that are drawn. */
export function AnnotateDialog({ spot, runs, onClose }: AnnotateDialogProps) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const complete = useContext(Completion);
  const author = useAuthor();
  const [text, setText] = useState("");
  const [atText, setAtText] = useState(writeAt(spot.x, spot.at));
  const [chosen, setChosen] = useState(runs.length === 1 ? runs[0]!.id : (spot.run ?? ALL));
  const at = readAt(spot.x, atText);
  const saving = useMutation({
    mutationFn: async () => {
      const ids = chosen === ALL ? runs.map((run) => run.id) : [chosen];
      // Since when the seconds of each of them count, the server knows.
      const { started_ns } = await fetchMoments(ids);
      const places = placesOf(ids, spot.x, at!, complete, started_ns);
      await annotate({ places, text: text.trim(), author: author.name });
      author.keep();
      await Promise.all([
        client.invalidateQueries({ queryKey: ["moments"] }),
        client.invalidateQueries({ queryKey: ["run"] }),
      ]);
    },
    onSuccess: onClose,
  });
  return (
    <FormDialog
      title={t("annotate.title")}
      action={t("list.edit_save")}
      sending={saving}
      isReady={text.trim() !== "" && at !== null}
      onSubmit={() => saving.mutate()}
      onClose={onClose}
    >
      <TextField
        label={t("annotate.text")}
        size="small"
        autoFocus
        multiline
        maxRows={6}
        value={text}
        slotProps={{ htmlInput: { maxLength: ANNOTATION_CHARS_MAX } }}
        onChange={(change) => setText(change.target.value)}
        onKeyDown={(key) => {
          if (key.key !== "Enter" || key.shiftKey) return;
          key.preventDefault();
          key.currentTarget.closest("form")?.requestSubmit();
        }}
      />
      <TextField
        label={t(`annotate.at_${spot.x}`)}
        size="small"
        type={spot.x === "time" ? "datetime-local" : "number"}
        value={atText}
        slotProps={{ htmlInput: { step: spot.x === "relative" ? "any" : 1 } }}
        onChange={(change) => setAtText(change.target.value)}
      />
      {runs.length > 1 && (
        <TextField
          select
          label={t("annotate.run")}
          size="small"
          value={chosen}
          onChange={(change) => setChosen(change.target.value)}
        >
          <MenuItem value={ALL}>{t("annotate.all", { count: runs.length })}</MenuItem>
          {runs.map((run) => (
            <MenuItem key={run.id} value={run.id}>
              {run.label}
            </MenuItem>
          ))}
        </TextField>
      )}
      <AuthorField author={author} />
    </FormDialog>
  );
}
