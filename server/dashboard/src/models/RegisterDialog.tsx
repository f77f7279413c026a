import TextField from "@mui/material/TextField";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";

import { fetchModels, registerCheckpoint } from "../api/models";
import type { CheckpointSummary, RunSummary } from "../api/types";
import { AuthorField } from "../shell/AuthorField";
import { FormDialog } from "../shell/FormDialog";
import { useAuthor } from "../shell/usePerson";
import { ALIAS, WhyField } from "./fields";

interface RegisterDialogProps {
  run: RunSummary;
  checkpoint: CheckpointSummary;
  onClose: () => void;
}

/** Makes a checkpoint a version of a model, and says where its bytes are held by nobody. */
export function RegisterDialog({ run, checkpoint, onClose }: RegisterDialogProps) {
  const { t } = useTranslation();
  const listId = useId();
  const client = useQueryClient();
  const { project } = run;
  const models = useQuery({
    queryKey: ["models", project],
    queryFn: ({ signal }) => fetchModels(project, signal),
    refetchOnMount: "always",
  });
  const author = useAuthor();
  const [name, setName] = useState("");
  const [alias, setAlias] = useState("");
  const [why, setWhy] = useState("");
  const making = useMutation({
    mutationFn: () =>
      registerCheckpoint({
        run: run.id,
        checkpoint: checkpoint.id,
        name: name.trim(),
        author: author.name,
        alias: alias.trim() || null,
        why: why.trim(),
        note: alias.trim() ? "" : why.trim(),
      }),
    onSuccess: async () => {
      author.keep();
      await client.invalidateQueries({ queryKey: ["run", run.id, "models"] });
      onClose();
    },
  });
  const isHeld = checkpoint.status === "stored" || checkpoint.status === "waiting";
  return (
    <FormDialog
      title={t("models.register_step", { step: checkpoint.step })}
      action={t("models.register")}
      sending={making}
      isReady={name.trim() !== ""}
      onSubmit={() => making.mutate()}
      onClose={onClose}
    >
      {!isHeld && <p className="muted">{t("models.not_held")}</p>}
      <TextField
        label={t("models.model")}
        helperText={t("models.model_hint")}
        size="small"
        required
        autoFocus
        value={name}
        slotProps={{ htmlInput: { maxLength: 128, list: listId } }}
        onChange={(change) => setName(change.target.value)}
      />
      <datalist id={listId}>
        {models.data?.models.map((model) => (
          <option key={model.id} value={model.name} />
        ))}
      </datalist>
      <TextField
        label={t("models.alias_name")}
        helperText={t("models.alias_hint")}
        size="small"
        value={alias}
        slotProps={{ htmlInput: ALIAS }}
        onChange={(change) => setAlias(change.target.value)}
      />
      <WhyField why={why} onChange={setWhy} />
      <AuthorField author={author} />
    </FormDialog>
  );
}
