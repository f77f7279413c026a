import { useColorScheme } from "@mui/material/styles";
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useDeferredValue, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";

import { fetchRuns } from "../api/client";
import type { Run, RunSummary } from "../api/types";
import { linkTo } from "../charts/exports/link";
import { changeLanguage, LANGUAGES, type Language } from "../i18n";
import { useProjects } from "../list/useProjects";
import { tour } from "../tour/tour";
import { KINDS, NOT_SMOOTHED, STOPS, writeSmoothing, type Smoothing } from "../series/smoothing";
import { useAddressedProject } from "../shell/address";
import { setDensity } from "../shell/density";
import { useUrl } from "../shell/useUrl";
import { findOffers, type Offer } from "./offers";

export interface PaletteProps {
  /** The pages of a project, by the last part of their addresses. */
  pages: readonly { name: string; text: string }[];
  onHelp: () => void;
  onClose: () => void;
}

/** Everything that can be gone to or done from here, and is called as *typed*. */
export function useOffers(typed: string, { pages, onHelp }: PaletteProps): Offer[] {
  const { t } = useTranslation();
  const [path, navigate] = useLocation();
  const { setMode } = useColorScheme();
  const [, setSmoothing] = useUrl("sm");
  const projects = useProjects().data?.projects;
  const project = useProject(path) ?? projects?.[0]?.name ?? null;
  const runs = useRunsCalled(project, typed);
  return useMemo(() => {
    const go = (kind: string, text: string, address: string, words = ""): Offer => ({
      id: `${kind} ${address}`,
      kind,
      text,
      words,
      choose: () => navigate(address),
    });
    const act = (id: string, text: string, choose: () => void): Offer => ({
      id,
      kind: t("palette.action"),
      text,
      choose,
    });
    const home = `/p/${encodeURIComponent(project ?? "")}`;
    const names = new Set(runs.flatMap((run) => Object.keys(run.metrics)));
    const onRun = path.startsWith("/r/");
    const chart = (name: string) =>
      linkTo(onRun ? path : home, "", {
        project: null,
        name,
        isLog: false,
        isFull: false,
        runs: [],
      });
    return findOffers(
      [
        ...(project === null ? [] : pages).map(({ name, text }) =>
          go(t("palette.page"), text, name === "workspace" ? home : `${home}/${name}`),
        ),
        ...(projects ?? []).map(({ name }) =>
          go(t("shell.project"), name, `/p/${encodeURIComponent(name)}`),
        ),
        ...runs.map((run) => go(t("list.name"), run.name, `/r/${run.id}`, run.tags.join(" "))),
        ...[...names].sort().map((name) => go(t("overview.metric"), name, chart(name))),
        ...(["light", "dark", "system"] as const).map((mode) =>
          act(mode, `${t("shell.theme")}: ${t(`shell.theme_${mode}`)}`, () => setMode(mode)),
        ),
        ...(Object.entries(LANGUAGES) as [Language, string][]).map(([language, name]) =>
          act(language, `${t("shell.language")}: ${name}`, () => void changeLanguage(language)),
        ),
        ...(hasCurves(path)
          ? smoothings().map((smoothing) =>
              act(
                `smoothing ${smoothing.kind} ${smoothing.amount}`,
                smoothingText(smoothing, t),
                () => setSmoothing(writeSmoothing(smoothing)),
              ),
            )
          : []),
        ...(["normal", "compact"] as const).map((density) =>
          act(density, t(`palette.${density}`), () => setDensity(density)),
        ),
        ...(onRun || project === null
          ? []
          : [
              act("tour", t("tour.start"), () => {
                navigate(home);
                // The page that it shows is there in the next frame, its runs are known already.
                requestAnimationFrame(() => requestAnimationFrame(tour.start));
              }),
            ]),
        act("keys", t("keys.title"), onHelp),
      ],
      typed,
    );
  }, [t, path, navigate, setMode, setSmoothing, projects, project, runs, pages, onHelp, typed]);
}

/** Tell whether the page at *path* draws curves as its address says: workspace, comparison, run. */
function hasCurves(path: string): boolean {
  return /^\/(p\/[^/]+(\/compare)?|r\/[^/]+(\/charts)?)?$/.test(path);
}

/** No smoothing, and each kind as strong as the keys make it. */
function smoothings(): Smoothing[] {
  return [
    NOT_SMOOTHED,
    ...KINDS.flatMap((kind) => STOPS[kind].slice(1).map((amount) => ({ kind, amount }))),
  ];
}

function smoothingText({ kind, amount }: Smoothing, t: ReturnType<typeof useTranslation>["t"]) {
  if (amount === 0) return t("palette.not_smoothed");
  const much = kind === "twema" ? String(amount) : t("smoothing.reach", { amount: amount / 10 });
  return `${t("view.smoothing")}: ${t(`smoothing.${kind}`)} ${much}`;
}

/** The project that the page is about; null where it is about none. */
function useProject(path: string): string | null {
  const client = useQueryClient();
  const addressed = useAddressedProject();
  const [, kind, name] = path.split("/");
  if (addressed !== null) return addressed;
  if (kind !== "r" || !name) return null;
  return client.getQueryData<Run>(["run", name])?.summary.project ?? null;
}

const NONE: readonly RunSummary[] = [];

/** The newest runs of the project with every word of *typed* in their names; the server finds them. */
function useRunsCalled(project: string | null, typed: string): readonly RunSummary[] {
  const words = useDeferredValue(typed).split(/\s+/).filter(Boolean);
  const q = words.map((word) => `name ~ ${JSON.stringify(word)}`).join(" and ");
  const all = useRunsFor(project, "");
  const called = useRunsFor(project, q);
  return useMemo(() => {
    // Metrics are those of any run, whatever is typed.
    const byId = new Map([...called, ...all].map((run) => [run.id, run]));
    return [...byId.values()];
  }, [called, all]);
}

function useRunsFor(project: string | null, q: string): readonly RunSummary[] {
  const { data } = useQuery({
    queryKey: ["palette", project, q],
    queryFn: ({ signal }) => fetchRuns(project ?? "", { q, sort: "" }, null, signal),
    enabled: project !== null,
    placeholderData: keepPreviousData,
  });
  return data?.runs ?? NONE;
}
