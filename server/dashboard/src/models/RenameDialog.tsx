import TextField from "@mui/material/TextField";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";

import { renameModel } from "../api/models";
import type { Model } from "../api/types";
import { AuthorField } from "../shell/AuthorField";
import { FormDialog } from "../shell/FormDialog";
import { useAuthor } from "../shell/usePerson";
import { modelAddress } from "./address";

/** Gives a model another name; the page goes to where it is then. */
export function RenameDialog({ model, onClose }: { model: Model; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const author = useAuthor();
  const { id, name: before, project } = model.summary;
  const [name, setName] = useState(before);
  const renaming = useMutation({
    mutationFn: () => renameModel(id, { name: name.trim(), author: author.name }),
    onSuccess: async (renamed) => {
      author.keep();
      client.setQueryData(["model", project, renamed.summary.name], renamed);
      await client.invalidateQueries({ queryKey: ["models", project] });
      navigate(modelAddress(project, renamed.summary.name), { replace: true });
      onClose();
    },
  });
  return (
    <FormDialog
      title={t("models.rename_of", { name: before })}
      action={t("models.rename")}
      sending={renaming}
      isReady={name.trim() !== "" && name.trim() !== before}
      onSubmit={() => renaming.mutate()}
      onClose={onClose}
    >
      <p className="muted">{t("models.rename_hint")}</p>
      <TextField
        label={t("models.model")}
        helperText={t("models.name_hint")}
        size="small"
        required
        autoFocus
        value={name}
        slotProps={{ htmlInput: { maxLength: 128 } }}
        onChange={(change) => setName(change.target.value)}
      />
      <AuthorField author={author} />
    </FormDialog>
  );
}
