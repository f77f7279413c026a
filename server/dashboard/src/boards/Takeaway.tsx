import Button from "@mui/material/Button";
import { useIsFetching } from "@tanstack/react-query";
import { useCallback, useState, type RefObject } from "react";
import { useTranslation } from "react-i18next";

import type { Dashboard } from "../api/types";
import { download, fileName } from "../charts/exports/files";
import { CopyButton } from "../shell/CopyButton";
import { useServer } from "../shell/useServer";
import { addressOf } from "./address";
import { LinksDialog } from "./LinksDialog";
import type { BoardState } from "./useBoard";

interface TakeawayProps {
  article: RefObject<HTMLElement | null>;
  state: BoardState;
  stored: Dashboard;
}

/** Takes the report out of the page: to readers, onto paper, and as a file that needs no server. */
export function Takeaway({ article, state, stored }: TakeawayProps) {
  const { t } = useTranslation();
  const { data: server } = useServer();
  const isLoading = useIsFetching() > 0;
  const [failure, setFailure] = useState("");
  const [isSharing, setSharing] = useState(false);
  const { name } = state.board;
  const html = useCallback(async () => {
    const { reportHtml } = await import("./exports");
    const words = { leftOut: t("board.left_out"), numbers: t("board.numbers") };
    return reportHtml(article.current!, name, words);
  }, [article, name, t]);
  const save = async () => {
    setFailure("");
    try {
      download(new Blob([await html()], { type: "text/html" }), fileName(name, "html"));
    } catch (error) {
      setFailure(t("chart.export_failed", { reason: String(error) }));
    }
  };
  return (
    <>
      {server?.needs_token ? (
        <Button
          variant="outlined"
          disabled={isLoading || state.isChanged}
          title={state.isChanged ? t("board.share_first") : undefined}
          onClick={() => setSharing(true)}
        >
          {t("board.share")}
        </Button>
      ) : (
        <CopyButton
          label={t("board.copy_link")}
          text={`${location.origin}${addressOf(stored.summary)}?read=1`}
        />
      )}
      <Button variant="outlined" disabled={isLoading} onClick={() => void save()}>
        {t("board.as_html")}
      </Button>
      <Button variant="outlined" disabled={isLoading} onClick={() => window.print()}>
        {t("board.print")}
      </Button>
      {failure && (
        <span className="bad" role="alert">
          {failure}
        </span>
      )}
      {isSharing && <LinksDialog stored={stored} html={html} onClose={() => setSharing(false)} />}
    </>
  );
}
