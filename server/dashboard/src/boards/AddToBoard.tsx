import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";

import {
  ApiError,
  createDashboard,
  fetchDashboard,
  fetchDashboards,
  saveDashboard,
} from "../api/client";
import type { Dashboard } from "../api/types";
import type { SeenChart } from "../charts/seen";
import { addressOf } from "./address";
import { emptyDocument, withChart } from "./document";
import { Check, Field, Select } from "./fields";
import "../styles/boards.css";
import { usePerson } from "../shell/usePerson";

const NEW = "";

/** Puts a chart, as it is seen, onto a dashboard or into a report, or onto a new dashboard. */
export function AddToBoard({ chart, onClose }: { chart: SeenChart; onClose: () => void }) {
  const { t } = useTranslation();
  const titleId = useId();
  const client = useQueryClient();
  const [author] = usePerson();
  const { project, filter } = chart;
  const [id, setId] = useState(NEW);
  const [tabId, setTab] = useState("");
  const [name, setName] = useState(chart.metrics[0]!);
  const [isOnly, setOnly] = useState(true);
  const list = useQuery({
    queryKey: ["dashboards", project, false],
    queryFn: ({ signal }) => fetchDashboards(project, false, signal),
  });
  const chosen = useQuery({
    queryKey: ["dashboard", id],
    queryFn: ({ signal }) => fetchDashboard(id, null, signal),
    enabled: id !== NEW,
  });
  const tabs = id === NEW ? [] : (chosen.data?.document.tabs ?? []);
  const tab = tabs.find((one) => one.id === tabId) ?? tabs[0];
  const frozen = id === NEW ? null : (chosen.data?.document.frozen ?? null);
  const isForeign = frozen !== null && !chart.runs.some((run) => frozen.runs.includes(run));
  const shown = { ...chart, filter: isOnly ? filter : "" };
  const adding = useMutation({
    mutationFn: () =>
      id === NEW
        ? createDashboard({
            project,
            name: name.trim(),
            owner: "",
            author,
            document: withChart(emptyDocument(), "tab1", shown),
          })
        : addTo(id, tab!.id, shown, author),
    onSuccess: (saved) => {
      client.setQueryData(["dashboard", saved.summary.id], saved);
      void client.invalidateQueries({ queryKey: ["dashboards", project] });
    },
  });
  const error = adding.error ?? list.error ?? chosen.error;
  const isReady = id === NEW ? name.trim() !== "" : tab !== undefined;
  return (
    <Dialog open onClose={onClose} aria-labelledby={titleId}>
      <form
        className="edit-form panel-form"
        onSubmit={(submit) => {
          submit.preventDefault();
          adding.mutate();
        }}
      >
        <h2 id={titleId}>{t("board.add_chart")}</h2>
        {adding.data ? (
          <p role="status">
            {t("board.added", { name: adding.data.summary.name })}{" "}
            <Link href={addressOf(adding.data.summary)}>{t("board.open")}</Link>
          </p>
        ) : (
          <>
            <Select
              label={t("board.add_to")}
              value={id}
              options={[
                [NEW, t("board.add_new")] as const,
                ...(list.data?.dashboards ?? []).map((one) => [one.id, one.name] as const),
              ]}
              onChange={setId}
            />
            {id === NEW && (
              <Field label={t("board.name_of")}>
                <input
                  value={name}
                  maxLength={200}
                  onChange={(change) => setName(change.target.value)}
                />
              </Field>
            )}
            {tab && tabs.length > 1 && (
              <Select
                label={t("board.add_tab")}
                value={tab.id}
                options={tabs.map((one, at) => [
                  one.id,
                  one.title || t("board.tab", { number: at + 1 }),
                ])}
                onChange={setTab}
              />
            )}
            {filter !== "" && (
              <Check label={t("board.add_only")} isOn={isOnly} onChange={setOnly} />
            )}
            {isForeign && <p className="warn">{t("board.add_frozen")}</p>}
          </>
        )}
        {error && (
          <p className="bad" role="alert">
            {error.message}
          </p>
        )}
        <footer>
          <Button color="inherit" onClick={onClose}>
            {adding.data ? t("board.done") : t("list.edit_cancel")}
          </Button>
          {!adding.data && (
            <Button type="submit" variant="contained" disabled={!isReady || adding.isPending}>
              {t("board.add_it")}
            </Button>
          )}
        </footer>
      </form>
    </Dialog>
  );
}

/** Save a dashboard with a chart more; once again where somebody saved it in that moment. */
async function addTo(
  id: string,
  tab: string,
  chart: SeenChart,
  author: string,
  tries = 2,
): Promise<Dashboard> {
  const { summary, document } = await fetchDashboard(id, null);
  const { name, owner, version } = summary;
  const next = withChart(document, tab, chart);
  try {
    return await saveDashboard(id, { version, name, owner, author, document: next });
  } catch (error) {
    if (tries > 1 && error instanceof ApiError && error.status === 409)
      return addTo(id, tab, chart, author, tries - 1);
    throw error;
  }
}
