// One palette for MUI, for our own styles and for the canvases: the variables of styles.css.

import { createTheme } from "@mui/material/styles";

export const THEME_KEY = "mltrack.theme";

let inks = new Map<string, string>();
let inksOf: string | undefined;

/** Return the colour of a CSS variable in the present theme, for a canvas. */
export function ink(variable: string): string {
  const theme = document.documentElement.dataset["theme"];
  if (theme !== inksOf) {
    inks = new Map();
    inksOf = theme;
  }
  let colour = inks.get(variable);
  if (colour === undefined) {
    colour = getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
    inks.set(variable, colour);
  }
  return colour;
}

const FONT =
  'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Noto Sans SC", sans-serif';

export const muiTheme = createTheme({
  cssVariables: { colorSchemeSelector: "data-theme" },
  colorSchemes: {
    light: {
      palette: {
        primary: { main: "#b93c0a" },
        background: { default: "#f6f5f2", paper: "#ffffff" },
        text: { primary: "#1c1b19", secondary: "#5f5b53" },
        divider: "#e3e0d9",
      },
    },
    dark: {
      palette: {
        primary: { main: "#ff8f57" },
        background: { default: "#131416", paper: "#1b1d20" },
        text: { primary: "#e9e7e2", secondary: "#a5a29a" },
        divider: "#2d3034",
      },
    },
  },
  shape: { borderRadius: 6 },
  spacing: 4,
  typography: {
    fontFamily: FONT,
    fontSize: 13,
    htmlFontSize: 16,
    button: { textTransform: "none", fontWeight: 500 },
  },
  transitions: { create: () => "none" },
  components: {
    MuiButtonBase: { defaultProps: { disableRipple: true } },
    MuiButton: { defaultProps: { size: "small", disableElevation: true } },
    MuiIconButton: { defaultProps: { size: "small" } },
    MuiTooltip: {
      defaultProps: { enterDelay: 400, enterNextDelay: 100 },
      styleOverrides: { tooltip: { fontSize: 12 } },
    },
    MuiMenuItem: { styleOverrides: { root: { fontSize: 13, minHeight: 30 } } },
    MuiPaper: {
      defaultProps: { elevation: 0 },
      styleOverrides: { root: { backgroundImage: "none" } },
    },
    MuiPopover: {
      styleOverrides: { paper: { border: "1px solid var(--line)", boxShadow: "var(--shadow)" } },
    },
    MuiTab: {
      styleOverrides: { root: { minHeight: 38, padding: "0 12px", minWidth: 0, fontSize: 13 } },
    },
    MuiTabs: { styleOverrides: { root: { minHeight: 38 } } },
  },
});
