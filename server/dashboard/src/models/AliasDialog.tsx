import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import TextField from "@mui/material/TextField";
import { useMutation } from "@tanstack/react-query";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";

import { moveAlias } from "../api/models";
import type { Model } from "../api/types";
import { usePerson } from "../boards/useBoard";

interface AliasDialogProps {
  model: Model;
  version: number;
  onMoved: () => Promise<unknown>;
  onClose: () => void;
}

/** Points an alias at a version, or takes one away from it; asks why. */
export function AliasDialog({ model, version, onMoved, onClose }: AliasDialogProps) {
  const { t } = useTranslation();
  const titleId = useId();
  const listId = useId();
  const { id, aliases } = model.summary;
  const [person, setPerson] = usePerson();
  const [author, setAuthor] = useState(person);
  const [alias, setAlias] = useState("");
  const [why, setWhy] = useState("");
  // Where it was when this was opened: what somebody does meanwhile is not undone unseen.
  const [known] = useState(() => new Map(aliases.map((one) => [one.alias, one.version])));
  const name = alias.trim();
  const isHere = known.get(name) === version;
  const moving = useMutation({
    mutationFn: () =>
      moveAlias(id, name, {
        version: isHere ? null : version,
        expected: known.get(name) ?? null,
        author: author.trim(),
        why: why.trim(),
      }),
    onSuccess: async () => {
      setPerson(author.trim());
      await onMoved();
      onClose();
    },
  });
  return (
    <Dialog open onClose={onClose} aria-labelledby={titleId}>
      <form
        className="edit-form"
        onSubmit={(submit) => {
          submit.preventDefault();
          moving.mutate();
        }}
      >
        <h2 id={titleId}>{t("models.alias_named", { version })}</h2>
        <TextField
          label={t("models.alias_name")}
          helperText={
            isHere
              ? t("models.alias_here")
              : known.has(name)
                ? t("models.alias_at", { version: known.get(name) })
                : t("models.alias_hint")
          }
          size="small"
          required
          autoFocus
          value={alias}
          slotProps={{
            htmlInput: { maxLength: 64, pattern: "[A-Za-z][A-Za-z0-9._\\-]*", list: listId },
          }}
          onChange={(change) => setAlias(change.target.value)}
        />
        <datalist id={listId}>
          {[...new Set([...known.keys(), "champion", "staging", "production"])].map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
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
        {moving.error && (
          <p className="bad" role="alert">
            {moving.error.message}
          </p>
        )}
        <footer>
          <Button color="inherit" onClick={onClose}>
            {t("list.edit_cancel")}
          </Button>
          <Button type="submit" variant="contained" disabled={moving.isPending || name === ""}>
            {isHere ? t("models.alias_remove") : t("models.alias_point")}
          </Button>
        </footer>
      </form>
    </Dialog>
  );
}
