// What stands around every page: the bar on top, the shortcuts, the state of the connection.

import Button from "@mui/material/Button";
import IconButton from "@mui/material/IconButton";
import Menu from "@mui/material/Menu";
import MenuItem from "@mui/material/MenuItem";
import Tooltip from "@mui/material/Tooltip";
import { useColorScheme } from "@mui/material/styles";
import { useQueryClient } from "@tanstack/react-query";
import {
  lazy,
  Suspense,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
  type ReactNode,
} from "react";
import { useTranslation } from "react-i18next";
import { Link, useLocation } from "wouter";

import { feed } from "../api/feed";
import type { Run, Server } from "../api/types";
import { changeLanguage, LANGUAGES, type Language } from "../i18n";
import { useProjects } from "../list/useProjects";
import { useIsTouring } from "../tour/tour";
import { useAddress, useAddressedProject } from "./address";
import { Boundary } from "./Boundary";
import { Icon, type IconName } from "./Icon";
import { KeySheet } from "./KeySheet";
import { PALETTE_KEY, useShortcuts } from "./shortcuts";

// Fetched by the first who opens it.
const Palette = lazy(() =>
  import("../palette/Palette").then(({ Palette }) => ({ default: Palette })),
);

const Tour = lazy(() => import("../tour/Tour").then(({ Tour }) => ({ default: Tour })));

export function Shell({ server, children }: { server: Server; children: ReactNode }) {
  const { t } = useTranslation();
  const [, navigate] = useLocation();
  const [isSheetOpen, setSheetOpen] = useState(false);
  const [isPaletteOpen, setPaletteOpen] = useState(false);
  const isTouring = useIsTouring();
  usePaletteKey(() => setPaletteOpen(true));
  const pages = useMemo(() => PAGES.map((name) => ({ name, text: t(`page.${name}`) })), [t]);
  const [location] = useLocation();
  const addressed = useAddressedProject();
  const { data } = useProjects();
  const client = useQueryClient();
  const goTo = (page: string) => {
    const id = /^\/r\/([^/]+)/.exec(location)?.[1];
    const run = client.getQueryData<Run>(["run", id])?.summary.project;
    const project = addressed ?? run ?? data?.projects[0]?.name;
    if (project !== undefined) navigate(`/p/${encodeURIComponent(project)}${page}`);
  };
  useShortcuts({
    "?": () => setSheetOpen(true),
    "g w": () => goTo(""),
    "g t": () => goTo("/table"),
    "g c": () => goTo("/compare"),
    "g p": () => goTo("/params"),
    "g d": () => goTo("/dashboards"),
    "g m": () => goTo("/models"),
    "g r": () => goTo("/resources"),
    "g s": () => goTo("/settings"),
  });
  return (
    <>
      <a className="skip" href="#content">
        {t("shell.skip")}
      </a>
      <header className="bar">
        <Link href="/" className="brand" title={`mltrack ${server.version}`}>
          <img src="/icon.svg" width="22" height="22" alt="" />
          <span>mltrack</span>
        </Link>
        <ProjectSwitch />
        <PageLinks />
        <span className="bar-space" />
        <FeedChip />
        <Tooltip title={`${t("palette.title")} (${PALETTE_KEY})`}>
          <IconButton
            aria-label={t("palette.title")}
            aria-haspopup="dialog"
            aria-keyshortcuts="Control+K Meta+K"
            onClick={() => setPaletteOpen(true)}
          >
            <Icon name="search" />
          </IconButton>
        </Tooltip>
        <ThemeSwitch />
        <LanguageSwitch />
        <Tooltip title={t("shell.keyboard")}>
          <IconButton
            aria-label={t("shell.keyboard")}
            onClick={() => setSheetOpen(true)}
            className="wide-only"
          >
            <Icon name="keyboard" />
          </IconButton>
        </Tooltip>
      </header>
      <main id="content" tabIndex={-1}>
        {children}
      </main>
      <KeySheet isOpen={isSheetOpen} onClose={() => setSheetOpen(false)} />
      <Boundary>
        <Suspense fallback={null}>
          {isTouring && <Tour />}
          {isPaletteOpen && (
            <Palette
              pages={pages}
              onHelp={() => setSheetOpen(true)}
              onClose={() => setPaletteOpen(false)}
            />
          )}
        </Suspense>
      </Boundary>
    </>
  );
}

/** Ctrl-K or ⌘-K, also in a field: nothing that is typed has it. */
function usePaletteKey(open: () => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
      if (event.altKey || event.shiftKey) return;
      event.preventDefault();
      open();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
    // `open` only sets a state.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);
}

function ProjectSwitch() {
  const { t } = useTranslation();
  const [location, navigate] = useLocation();
  const projects = useProjects().data?.projects ?? [];
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const current = useAddressedProject() ?? projects[0]?.name;
  if (!current || location.startsWith("/r/")) return null;
  return (
    <>
      <Button
        color="inherit"
        aria-haspopup="menu"
        aria-label={`${t("shell.project")}: ${current}`}
        endIcon={<Icon name="down" />}
        onClick={(click) => setAnchor(click.currentTarget)}
      >
        {current}
      </Button>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)}>
        {projects.map((project) => (
          <MenuItem
            key={project.name}
            selected={project.name === current}
            onClick={() => {
              setAnchor(null);
              navigate(`/p/${encodeURIComponent(project.name)}`);
            }}
          >
            {project.name}
            <span className="menu-note">
              {project.live > 0 && (
                <b>
                  {project.live} {t("feed.live")} ·{" "}
                </b>
              )}
              {t("list.shown", { count: project.runs })}
            </span>
          </MenuItem>
        ))}
      </Menu>
    </>
  );
}

const PAGES = [
  "workspace",
  "table",
  "params",
  "compare",
  "dashboards",
  "models",
  "resources",
  "settings",
] as const;
/** Pages that show what one filter lets through, and hand it on to each other. */
const FILTERED: readonly string[] = ["workspace", "table", "params"];

/** The pages of the project. */
function PageLinks() {
  const { t } = useTranslation();
  const [location] = useLocation();
  const [params] = useAddress();
  const projects = useProjects().data?.projects ?? [];
  const addressed = useAddressedProject();
  const project = location === "/" ? projects[0]?.name : addressed;
  if (project == null) return null;
  const home = `/p/${encodeURIComponent(project)}`;
  const shown = /^\/p\/[^/]+\/([^/]+)/.exec(location)?.[1] ?? "workspace";
  const here = shown === "reports" ? "dashboards" : shown; // which lists them
  const filter = FILTERED.includes(here) ? params.get("q") : null;
  const query = filter ? `?${new URLSearchParams({ q: filter }).toString()}` : "";
  return (
    <nav className="pages" aria-label={t("shell.pages")}>
      {PAGES.map((page) => (
        <Link
          key={page}
          href={
            (page === "workspace" ? home : `${home}/${page}`) +
            (FILTERED.includes(page) ? query : "")
          }
          aria-current={page === here ? "page" : undefined}
        >
          {t(`page.${page}`)}
        </Link>
      ))}
    </nav>
  );
}

function FeedChip() {
  const { t } = useTranslation();
  const state = useSyncExternalStore(feed.onState, () => feed.state);
  const time = new Date(feed.lostAt ?? 0).toLocaleTimeString(undefined, { timeStyle: "short" });
  return (
    <span
      className={`feed feed-${state}`}
      role="status"
      title={state === "live" ? undefined : t("feed.hint")}
    >
      <i aria-hidden="true" />
      {state === "offline" ? t("feed.offline", { time }) : t(`feed.${state}`)}
    </span>
  );
}

const MODES: Record<"light" | "dark" | "system", IconName> = {
  light: "sun",
  dark: "moon",
  system: "system",
};

function ThemeSwitch() {
  const { t } = useTranslation();
  const { mode = "system", setMode } = useColorScheme();
  return (
    <MenuButton
      icon={MODES[mode]}
      label={t("shell.theme")}
      selected={mode}
      choices={{
        light: t("shell.theme_light"),
        dark: t("shell.theme_dark"),
        system: t("shell.theme_system"),
      }}
      onChoose={setMode}
    />
  );
}

function LanguageSwitch() {
  const { t, i18n } = useTranslation();
  return (
    <MenuButton
      icon="language"
      label={t("shell.language")}
      selected={i18n.language as Language}
      choices={LANGUAGES}
      onChoose={(language) => void changeLanguage(language)}
    />
  );
}

interface MenuButtonProps<Choice extends string> {
  icon: IconName;
  label: string;
  selected: Choice;
  choices: Record<Choice, string>;
  onChoose: (choice: Choice) => void;
}

function MenuButton<Choice extends string>(props: MenuButtonProps<Choice>) {
  const { icon, label, selected, choices, onChoose } = props;
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  return (
    <>
      <Tooltip title={label}>
        <IconButton
          aria-label={label}
          aria-haspopup="menu"
          onClick={(click) => setAnchor(click.currentTarget)}
        >
          <Icon name={icon} />
        </IconButton>
      </Tooltip>
      <Menu anchorEl={anchor} open={anchor !== null} onClose={() => setAnchor(null)}>
        {(Object.entries(choices) as [Choice, string][]).map(([choice, text]) => (
          <MenuItem
            key={choice}
            selected={choice === selected}
            onClick={() => {
              setAnchor(null);
              onChoose(choice);
            }}
          >
            {text}
          </MenuItem>
        ))}
      </Menu>
    </>
  );
}
