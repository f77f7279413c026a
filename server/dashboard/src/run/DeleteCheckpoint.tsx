import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { deleteCheckpoint, fetchRetention } from "../api/client";
import { formatBytes } from "../api/number";
import type { CheckpointSummary } from "../api/types";
import { FormDialog } from "../shell/FormDialog";

/** Says what deleting a checkpoint's bytes means, and does it. */
export function DeleteCheckpoint(props: {
  run: string;
  checkpoint: CheckpointSummary;
  onClose: () => void;
}) {
  const { run, checkpoint, onClose } = props;
  const { t } = useTranslation();
  const client = useQueryClient();
  const only = [checkpoint.id];
  const plan = useQuery({
    queryKey: ["run", run, "retention", { only }],
    queryFn: ({ signal }) => fetchRetention({ runs: [run], only }, signal),
    staleTime: 0,
    gcTime: 0, // what it would free changes with every other checkpoint
  });
  const deleting = useMutation({
    mutationFn: async () => {
      const done = await deleteCheckpoint(run, checkpoint.id);
      // It was registered since it was asked for.
      if (done.items.some(({ kept_by }) => kept_by.length > 0))
        throw new Error(t("checkpoints.delete_registered"));
    },
    onSuccess: onClose,
    onSettled: () => client.invalidateQueries({ queryKey: ["run", run] }),
  });
  const item = plan.data?.items[0];
  const isKept = (item?.kept_by.length ?? 0) > 0;
  const step = checkpoint.step.toLocaleString("en-US");
  return (
    <FormDialog
      title={t("checkpoints.delete_title", { step })}
      action={t("checkpoints.delete_do")}
      sending={{ isPending: deleting.isPending, error: deleting.error ?? plan.error }}
      isReady={item !== undefined && !isKept}
      onSubmit={() => deleting.mutate()}
      onClose={onClose}
    >
      {isKept ? (
        <p className="bad">{t("checkpoints.delete_registered")}</p>
      ) : (
        plan.data && (
          <>
            <p>
              {item
                ? t("checkpoints.delete_frees", {
                    bytes: formatBytes(checkpoint.bytes),
                    freed: formatBytes(plan.data.bytes_freed),
                  })
                : t("checkpoints.delete_none")}
            </p>
            <p>{t("checkpoints.delete_what")}</p>
          </>
        )
      )}
    </FormDialog>
  );
}
