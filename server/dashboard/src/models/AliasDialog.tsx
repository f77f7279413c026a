import TextField from "@mui/material/TextField";
import { useMutation } from "@tanstack/react-query";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";

import { moveAlias } from "../api/models";
import type { Model } from "../api/types";
import { AuthorField } from "../shell/AuthorField";
import { FormDialog } from "../shell/FormDialog";
import { useAuthor } from "../shell/usePerson";
import { ALIAS, WhyField } from "./fields";

interface AliasDialogProps {
  model: Model;
  version: number;
  onMoved: () => Promise<unknown>;
  onClose: () => void;
}

/** Points an alias at a version, or takes one away from it; asks why. */
export function AliasDialog({ model, version, onMoved, onClose }: AliasDialogProps) {
  const { t } = useTranslation();
  const listId = useId();
  const { id, aliases } = model.summary;
  const author = useAuthor();
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
        author: author.name,
        why: why.trim(),
      }),
    onSuccess: async () => {
      author.keep();
      await onMoved();
      onClose();
    },
  });
  return (
    <FormDialog
      title={t("models.alias_named", { version })}
      action={isHere ? t("models.alias_remove") : t("models.alias_point")}
      sending={moving}
      isReady={name !== ""}
      onSubmit={() => moving.mutate()}
      onClose={onClose}
    >
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
        slotProps={{ htmlInput: { ...ALIAS, list: listId } }}
        onChange={(change) => setAlias(change.target.value)}
      />
      <datalist id={listId}>
        {[...new Set([...known.keys(), "champion", "staging", "production"])].map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
      <WhyField why={why} onChange={setWhy} />
      <AuthorField author={author} />
    </FormDialog>
  );
}
