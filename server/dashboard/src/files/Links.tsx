import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import type { FileLink, FileSummary } from "../api/types";

interface LinksProps {
  links: readonly FileLink[];
  /** What this run did with the file. */
  use: FileSummary["use"];
}

/** The runs that had the same bytes: where a file came from, and where it went. */
export function Links({ links, use }: LinksProps) {
  const { t } = useTranslation();
  const written = links.filter(({ other_use }) => other_use === "output");
  const read = links.filter(({ other_use }) => other_use === "input");
  if (links.length === 0) return null;
  return (
    <div className="file-links">
      <LinkList title={t("files.written_by")} links={written} />
      <LinkList title={t(use === "output" ? "files.read_by" : "files.also_read_by")} links={read} />
    </div>
  );
}

export function LinkList({ title, links }: { title: string; links: readonly FileLink[] }) {
  const { t } = useTranslation();
  if (links.length === 0) return null;
  return (
    <div>
      <h3>{title}</h3>
      <ul>
        {links.map((link) => (
          <li key={`${link.file} ${link.other_run} ${link.other}`}>
            <Link
              href={
                link.is_checkpoint
                  ? `/r/${link.other_run}/checkpoints?c=${link.other}`
                  : `/r/${link.other_run}/files?f=${link.other}`
              }
            >
              <bdi>{link.other_run_name}</bdi>
            </Link>{" "}
            <span className="muted">
              <bdi>{link.other_project}</bdi> · <bdi>{link.other_name}</bdi>
              {link.same > 1 && ` · ${t("files.same", { count: link.same })}`}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
