import Button from "@mui/material/Button";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "wouter";

import { createDashboard, deleteDashboard, fetchDashboards } from "../api/client";
import type { DashboardSummary } from "../api/types";
import { isolated } from "../i18n";
import { formatDate } from "../list/columns";
import { Failure } from "../shell/Failure";
import { Icon } from "../shell/Icon";
import { usePerson } from "../shell/usePerson";
import { useTitle } from "../shell/useTitle";
import "../styles/boards.css";
import { addressOf } from "./address";
import { parseFile } from "./document";
import { NewBoard } from "./NewBoard";

/** A file longer than this is no dashboard: the server takes half of it. */
const FILE_BYTES_MAX = 1 << 20;

/** The dashboards and reports of a project: this person's, the project's, those of others. */
export function BoardsPage({ project }: { project: string }) {
  const { t } = useTranslation();
  useTitle(`${t("page.dashboards")} · ${project}`);
  const [isDeleted, setDeleted] = useState(false);
  const [isNewOpen, setNewOpen] = useState(false);
  const query = useQuery({
    queryKey: ["dashboards", project, isDeleted],
    queryFn: ({ signal }) => fetchDashboards(project, isDeleted, signal),
    refetchOnMount: "always",
  });
  if (query.isError && !query.data)
    return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  const all = query.data?.dashboards ?? [];
  const sections = [
    { name: t("board.dashboards"), found: all.filter(({ kind }) => kind === "dashboard") },
    { name: t("board.reports"), found: all.filter(({ kind }) => kind === "report") },
  ];
  return (
    <div className="boards-page">
      <div className="toolbar">
        <Button
          variant="contained"
          startIcon={<Icon name="plus" />}
          onClick={() => setNewOpen(true)}
        >
          {t("board.new")}
        </Button>
        <ImportButton project={project} />
        <label>
          <input
            type="checkbox"
            checked={isDeleted}
            onChange={(change) => setDeleted(change.target.checked)}
          />
          {t("board.deleted")}
        </label>
      </div>
      {query.isPending ? (
        <div className="page-loading">{t("loading")}</div>
      ) : all.length === 0 ? (
        <p className="no-match">{isDeleted ? t("board.none_deleted") : t("board.none")}</p>
      ) : (
        sections
          .filter(({ found }) => found.length > 0)
          .map(({ name, found }) => (
            <section key={name} className="boards-section" aria-label={name}>
              <h2>{name}</h2>
              <Rows project={project} found={found} isDeleted={isDeleted} />
            </section>
          ))
      )}
      {isNewOpen && <NewBoard project={project} onClose={() => setNewOpen(false)} />}
    </div>
  );
}

interface RowsProps {
  project: string;
  found: readonly DashboardSummary[];
  isDeleted: boolean;
}

function Rows({ project, found, isDeleted }: RowsProps) {
  const { t } = useTranslation();
  const [person] = usePerson();
  const client = useQueryClient();
  const moving = useMutation({
    mutationFn: (id: string) => deleteDashboard(id, isDeleted),
    onSuccess: () => client.invalidateQueries({ queryKey: ["dashboards", project] }),
  });
  // A person's own come first, then the project's.
  const rank = ({ owner }: DashboardSummary) => (owner === "" ? 1 : owner === person ? 0 : 2);
  const rows = [...found].sort((a, b) => rank(a) - rank(b));
  return (
    <div className="scroll-x">
      {moving.error && (
        <p className="bad" role="alert">
          {moving.error.message}
        </p>
      )}
      <table className="boards-table">
        <thead>
          <tr>
            <th scope="col">{t("list.name")}</th>
            <th scope="col">{t("board.owner")}</th>
            <th scope="col">{t("board.panels")}</th>
            <th scope="col">{t("board.saved")}</th>
            <th scope="col">
              <span className="only-said">{t("board.menu")}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((one) => (
            <tr key={one.id}>
              <th scope="row">
                <Link href={addressOf(one)}>{one.name}</Link>
              </th>
              <td>{one.owner || t("board.of_project")}</td>
              <td>{one.panels}</td>
              <td>
                {[
                  t("board.version", { version: one.version }),
                  isolated(one.author),
                  formatDate(one.saved_ns),
                ]
                  .filter(Boolean)
                  .join(" · ")}
              </td>
              <td>
                <button
                  type="button"
                  className="chip"
                  disabled={moving.isPending}
                  aria-label={t(isDeleted ? "board.restore_named" : "board.delete_named", {
                    name: one.name,
                  })}
                  onClick={() => moving.mutate(one.id)}
                >
                  {isDeleted ? t("board.restore") : t("board.delete")}
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Makes a dashboard of a file; the server says what is wrong with one that is none. */
function ImportButton({ project }: { project: string }) {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const client = useQueryClient();
  const [person] = usePerson();
  const field = useRef<HTMLInputElement>(null);
  const importing = useMutation({
    mutationFn: async (file: File) => {
      if (file.size > FILE_BYTES_MAX) throw new Error("json");
      const { name, document } = parseFile(await file.text());
      return createDashboard({
        project,
        name: (name || file.name.replace(/\.json$/, "") || t("board.new")).slice(0, 200),
        owner: "",
        author: person,
        document,
      });
    },
    onSuccess: async ({ summary }) => {
      await client.invalidateQueries({ queryKey: ["dashboards", project] });
      navigate(addressOf(summary));
    },
  });
  const reason = importing.error?.message;
  return (
    <>
      <Button variant="outlined" onClick={() => field.current?.click()}>
        {t("board.import")}
      </Button>
      <input
        ref={field}
        type="file"
        accept="application/json,.json"
        hidden
        aria-label={t("board.import")}
        onChange={(change) => {
          const file = change.target.files?.[0];
          if (file) importing.mutate(file);
          change.target.value = ""; // the same file may be chosen again
        }}
      />
      {reason && (
        <span className="bad" role="alert">
          {reason === "json"
            ? t("board.not_json")
            : reason === "version"
              ? t("board.other_version")
              : reason}
        </span>
      )}
    </>
  );
}
