// react-i18next as this project uses it: tsconfig.json puts this in place of the package's own
// types. Those take a union of some 750 keys apart again at every call, which is beyond the
// compiler's bound ("instantiation is excessively deep") and most of the time of a check.

import type { ThirdPartyModule } from "i18next";

import type en from "./en";

/** The keys as they are asked for: of those for one and for many, what they have in common. */
type Asked<Key> = Key extends `${infer Stem}_${"one" | "other"}` ? Stem : Key;

/** Return the text of a key in the present language, with *values* in its places. */
export type Translate = (
  key: Asked<keyof typeof en>,
  values?: Readonly<Record<string, unknown>>,
) => string;

export function useTranslation(): { t: Translate; i18n: { language: string } };

export const initReactI18next: ThirdPartyModule;
