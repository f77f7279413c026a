import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useId } from "react";
import { useTranslation } from "react-i18next";

import { endReportLink, fetchReportLinks, makeReportLink, renewReportLink } from "../api/client";
import type { Dashboard } from "../api/types";
import { formatDate } from "../list/columns";
import { CopyButton } from "../shell/CopyButton";
import { Failure } from "../shell/Failure";
import { usePerson } from "../shell/usePerson";

interface LinksDialogProps {
  stored: Dashboard;
  /** Makes the report as readers get it. */
  html: () => Promise<string>;
  onClose: () => void;
}

/** Links by which this report, and nothing else, is read without the server's token. */
export function LinksDialog({ stored, html, onClose }: LinksDialogProps) {
  const { t } = useTranslation();
  const titleId = useId();
  const client = useQueryClient();
  const [author] = usePerson();
  const { id } = stored.summary;
  const { version } = stored;
  const key = ["report-links", id];
  const query = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => fetchReportLinks(id, signal),
    staleTime: 0,
  });
  const onSuccess = () => client.invalidateQueries({ queryKey: key });
  const page = async () => ({ html: await html(), version, author });
  const making = useMutation({
    mutationFn: async () => makeReportLink(id, await page()),
    onSuccess,
  });
  const renewing = useMutation({
    mutationFn: async (link: string) => renewReportLink(id, link, await page()),
    onSuccess,
  });
  const ending = useMutation({ mutationFn: (link: string) => endReportLink(id, link), onSuccess });
  const isBusy = making.isPending || renewing.isPending || ending.isPending;
  const failed = making.error ?? renewing.error ?? ending.error;
  const links = query.data?.links ?? [];
  const made = links.some((link) => link.id === making.data?.link.id) ? making.data : undefined;
  const url = made && `${location.origin}${made.url}`;
  return (
    <Dialog open onClose={onClose} aria-labelledby={titleId}>
      <div className="edit-form">
        <h2 id={titleId}>{t("board.share")}</h2>
        <p>{t("board.share_hint")}</p>
        {failed && (
          <p className="bad" role="alert">
            {failed.message}
          </p>
        )}
        {url && (
          <div className="board-link">
            <input
              readOnly
              aria-label={t("board.link")}
              value={url}
              onFocus={(focus) => focus.target.select()}
            />
            <CopyButton text={url} />
            <p className="muted" role="status">
              {t("board.link_once")}
            </p>
          </div>
        )}
        {query.isError && <Failure error={query.error} onRetry={() => void query.refetch()} />}
        <ul className="board-versions">
          {links.map((link) => {
            const named = { when: formatDate(link.made_ns) };
            return (
              <li key={link.id}>
                <b>{t("board.link_of", { ...named, version: link.version })}</b>
                <span className="muted">{link.author}</span>
                {link.version !== version && (
                  <button
                    type="button"
                    className="chip"
                    aria-label={t("board.link_renew_named", { ...named, version })}
                    disabled={isBusy}
                    onClick={() => renewing.mutate(link.id)}
                  >
                    {t("board.link_renew", { version })}
                  </button>
                )}
                <button
                  type="button"
                  className="chip"
                  aria-label={t("board.link_end_named", named)}
                  disabled={isBusy}
                  onClick={() => ending.mutate(link.id)}
                >
                  {t("board.link_end")}
                </button>
              </li>
            );
          })}
        </ul>
        <footer>
          <Button color="inherit" onClick={onClose}>
            {t("board.done")}
          </Button>
          <Button variant="contained" disabled={isBusy} onClick={() => making.mutate()}>
            {t("board.link_make")}
          </Button>
        </footer>
      </div>
    </Dialog>
  );
}
