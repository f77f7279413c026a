// Strings by key; English is built in, other languages are fetched when they are chosen.

import i18next from "i18next";
import { initReactI18next } from "react-i18next";

import en from "./en";
import { kept } from "../shell/kept";

export const LANGUAGES = { "en": "English", "zh-CN": "简体中文" } as const;
export type Language = keyof typeof LANGUAGES;

const LANGUAGE_KEY = "mltrack.language";

/** Not offered: for tests, and for who makes pages. */
const PSEUDO = "en-XA";

type Strings = Readonly<Record<string, string>>;

const FETCH: Readonly<Record<string, () => Promise<Strings>>> = {
  "zh-CN": async () => (await import("./zh-CN")).default,
  [PSEUDO]: async () => (await import("./pseudo")).pseudoLocale(en),
};

const TURNING = /[\u202a-\u202e\u2066-\u2069]/g;
const FROM_RIGHT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/** Keep a name that goes from right to left, or turns what follows, from turning its sentence. */
export function isolated(text: string): string {
  const plain = text.replace(TURNING, "");
  return FROM_RIGHT.test(plain) ? `\u2068${plain}\u2069` : plain;
}

/** Start with the language chosen before, else the browser's, else English. */
export async function startI18n(): Promise<void> {
  await i18next.use(initReactI18next).init({
    resources: { en: { translation: en } },
    lng: "en",
    fallbackLng: "en",
    keySeparator: false,
    nsSeparator: false,
    interpolation: { escape: isolated }, // React escapes what HTML knows
  });
  const chosen = kept.get(LANGUAGE_KEY) ?? navigator.language;
  const language = chosen.startsWith("zh") ? "zh-CN" : chosen === PSEUDO ? PSEUDO : "en";
  // One that cannot be fetched costs no page: English is there.
  if (language !== "en") await changeLanguage(language).catch(() => undefined);
}

/** Fetch *language* where needed and switch to it. */
export async function changeLanguage(language: Language | typeof PSEUDO): Promise<void> {
  const fetchStrings = FETCH[language];
  if (fetchStrings && !i18next.hasResourceBundle(language, "translation"))
    i18next.addResourceBundle(language, "translation", await fetchStrings());
  await i18next.changeLanguage(language);
  kept.set(LANGUAGE_KEY, language);
  document.documentElement.lang = language;
}
