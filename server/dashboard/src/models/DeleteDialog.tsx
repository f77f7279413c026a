import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";

import { discardModel } from "../api/models";
import type { Model } from "../api/types";
import { FormDialog } from "../shell/FormDialog";

/** Says what deleting a model means, and does it; the page goes to the list. */
export function DeleteDialog({ model, onClose }: { model: Model; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const { id, name, project, versions, aliases } = model.summary;
  const deleting = useMutation({
    mutationFn: () => discardModel(id),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ["models", project] });
      navigate(`/p/${encodeURIComponent(project)}/models`);
    },
  });
  return (
    <FormDialog
      title={t("models.delete_of", { name })}
      action={t("board.delete")}
      sending={deleting}
      onSubmit={() => deleting.mutate()}
      onClose={onClose}
    >
      <p>{t("models.delete_hint", { count: versions })}</p>
      {aliases.length > 0 && (
        <p className="warn">
          {t("models.delete_aliases", { names: aliases.map(({ alias }) => alias).join(", ") })}
        </p>
      )}
    </FormDialog>
  );
}
