import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";

import { removeDemo } from "../api/client";
import type { RunSummary } from "../api/types";

/** What the ids of the server's own demo runs have in their middle; see demo/batches.py. */
const DEMO_ID = /^.{8}d3307eadd3307ead/;

/** Says that runs are the server's own demo, and removes all of them at once. */
export function DemoBanner({ shown }: { shown: readonly RunSummary[] }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [, go] = useLocation();
  const remove = useMutation({
    mutationFn: removeDemo,
    onSuccess: async () => {
      go("/");
      await client.invalidateQueries();
    },
  });
  if (!shown.some((run) => DEMO_ID.test(run.id))) return null;
  return (
    <span className="drawn-banner">
      <span role="status">{remove.error ? remove.error.message : t("list.demo")}</span>
      <button
        type="button"
        className="chip"
        disabled={remove.isPending}
        onClick={() => remove.mutate()}
      >
        {t("list.remove_demo")}
      </button>
    </span>
  );
}
