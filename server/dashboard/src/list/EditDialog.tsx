import Button from "@mui/material/Button";
import TextField from "@mui/material/TextField";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { editOf } from "./edits";
import { useEdit } from "./useEdit";
import type { RunSummary } from "../api/types";
import { FormDialog } from "../shell/FormDialog";

/** Name, tags and notes of a run, and whether it is put away. */
export function EditDialog({ run, onClose }: { run: RunSummary; onClose: () => void }) {
  const { t } = useTranslation();
  const [form, setForm] = useState({
    name: run.name,
    tags: run.tags.join(", "),
    notes: run.notes,
  });
  const change = useEdit(run);
  const save = () => {
    const edit = editOf(run, form);
    if (Object.keys(edit).length === 0) onClose();
    else change.mutate(edit, { onSuccess: onClose });
  };
  const field = (key: keyof typeof form, label: string, rows = 1) => (
    <TextField
      label={label}
      size="small"
      fullWidth
      value={form[key]}
      autoFocus={key === "name"}
      multiline={rows > 1}
      minRows={rows}
      maxRows={12}
      onChange={(event) => setForm({ ...form, [key]: event.target.value })}
    />
  );
  return (
    <FormDialog
      title={t("list.edit_title")}
      action={t("list.edit_save")}
      sending={change}
      onSubmit={save}
      onClose={onClose}
      other={
        <Button
          color="inherit"
          title={t("list.edit_archive_hint")}
          disabled={change.isPending}
          onClick={() => change.mutate({ archived: !run.archived }, { onSuccess: onClose })}
        >
          {run.archived ? t("list.edit_restore") : t("list.edit_archive")}
        </Button>
      }
    >
      {field("name", t("list.edit_name"))}
      {field("tags", t("list.edit_tags"))}
      {field("notes", t("list.edit_notes"), 4)}
    </FormDialog>
  );
}
