import Button from "@mui/material/Button";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { loadDemo } from "../api/client";

/** Lets the server make the demo project; this page then turns into it. */
export function LoadDemo() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const load = useMutation({
    mutationFn: loadDemo,
    onSettled: () => client.invalidateQueries({ queryKey: ["projects"] }),
  });
  return (
    <div className="load-demo">
      <Button variant="contained" disabled={load.isPending} onClick={() => load.mutate()}>
        {t(load.isPending ? "empty.loading_demo" : "empty.load_demo")}
      </Button>
      <span className="muted" role="status">
        {load.error ? load.error.message : t("empty.demo_is")}
      </span>
    </div>
  );
}
