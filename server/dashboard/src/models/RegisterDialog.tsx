import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import TextField from "@mui/material/TextField";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";

import { fetchModels, registerCheckpoint } from "../api/models";
import type { CheckpointSummary, RunSummary } from "../api/types";
import { usePerson } from "../boards/useBoard";

interface RegisterDialogProps {
  run: RunSummary;
  checkpoint: CheckpointSummary;
  onClose: () => void;
}

/** Makes a checkpoint a version of a model, and says where its bytes are held by nobody. */
export function RegisterDialog({ run, checkpoint, onClose }: RegisterDialogProps) {
  const { t } = useTranslation();
  const titleId = useId();
  const listId = useId();
  const client = useQueryClient();
  const { project } = run;
  const models = useQuery({
    queryKey: ["models", project],
    queryFn: ({ signal }) => fetchModels(project, signal),
    refetchOnMount: "always",
  });
  const [person, setPerson] = usePerson();
  const [author, setAuthor] = useState(person);
  const [name, setName] = useState("");
  const [alias, setAlias] = useState("");
  const [why, setWhy] = useState("");
  const making = useMutation({
    mutationFn: () =>
      registerCheckpoint({
        run: run.id,
        checkpoint: checkpoint.id,
        name: name.trim(),
        author: author.trim(),
        alias: alias.trim() || null,
        why: why.trim(),
        note: alias.trim() ? "" : why.trim(),
      }),
    onSuccess: async () => {
      setPerson(author.trim());
      await client.invalidateQueries({ queryKey: ["run", run.id, "models"] });
      onClose();
    },
  });
  const isHeld = checkpoint.status === "stored" || checkpoint.status === "waiting";
  return (
    <Dialog open onClose={onClose} aria-labelledby={titleId}>
      <form
        className="edit-form"
        onSubmit={(submit) => {
          submit.preventDefault();
          making.mutate();
        }}
      >
        <h2 id={titleId}>{t("models.register_step", { step: checkpoint.step })}</h2>
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
          slotProps={{ htmlInput: { maxLength: 64, pattern: "[A-Za-z][A-Za-z0-9._\\-]*" } }}
          onChange={(change) => setAlias(change.target.value)}
        />
        <TextField
          label={t("models.why")}
          size="small"
          multiline
          value={why}
          slotProps={{ htmlInput: { maxLength: 2000 } }}
          onChange={(change) => setWhy(change.target.value)}
        />
        <TextField
          label={t("board.your_name")}
          helperText={t("board.your_name_hint")}
          size="small"
          value={author}
          slotProps={{ htmlInput: { maxLength: 200 } }}
          onChange={(change) => setAuthor(change.target.value)}
        />
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
            {t("models.register")}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
