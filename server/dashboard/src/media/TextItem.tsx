import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { fetchText } from "../api/client";
import type { MediaItem } from "../api/types";
import { Failure } from "../shell/Failure";

/** A text, as it is: nothing in it is markup. */
export function TextItem({ run, item }: { run: string; item: MediaItem }) {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: ["media-text", run, item.file.sha256],
    queryFn: ({ signal }) => fetchText(run, item.file.sha256, signal),
    staleTime: Infinity,
  });
  if (query.isError) return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  if (query.data === undefined) return <p className="muted">{t("loading")}</p>;
  return (
    <pre className="media-text" tabIndex={0}>
      {query.data}
    </pre>
  );
}
