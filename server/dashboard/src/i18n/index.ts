// Strings by key; English is built in, other languages are fetched when they are chosen.

import i18next from "i18next";
import { initReactI18next } from "react-i18next";

import en from "./en";

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

/** Start with the language chosen before, else the browser's, else English. */
export async function startI18n(): Promise<void> {
  await i18next.use(initReactI18next).init({
    resources: { en: { translation: en } },
    lng: "en",
    fallbackLng: "en",
    keySeparator: false,
    nsSeparator: false,
    interpolation: { escapeValue: false }, // React escapes
  });
  const chosen = localStorage.getItem(LANGUAGE_KEY) ?? navigator.language;
  if (chosen.startsWith("zh")) await changeLanguage("zh-CN");
  else if (chosen === PSEUDO) await changeLanguage(PSEUDO);
}

/** Fetch *language* where needed and switch to it. */
export async function changeLanguage(language: Language | typeof PSEUDO): Promise<void> {
  const fetchStrings = FETCH[language];
  if (fetchStrings && !i18next.hasResourceBundle(language, "translation"))
    i18next.addResourceBundle(language, "translation", await fetchStrings());
  await i18next.changeLanguage(language);
  localStorage.setItem(LANGUAGE_KEY, language);
  document.documentElement.lang = language;
}
