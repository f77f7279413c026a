// Parameters as text for other programs.

import type { ParamValue } from "../api/types";

/** A nested object of parameters. */
type Nested = { readonly [key: string]: unknown };

/** What YAML reads as a text without quotes, and as nothing else. */
const PLAIN = /^[A-Za-z_][\w./+@-]*$/;
const YAML_WORDS = /^(?:true|false|yes|no|on|off|null|y|n|nan|inf)$/i;

/** Return *value* as JSON; numbers that JSON has no word for as the texts "NaN" and "Infinity". */
export function jsonOf(value: unknown): string {
  return JSON.stringify(
    value,
    (_, each: unknown) =>
      typeof each === "number" && !Number.isFinite(each) ? String(each) : each,
    2,
  );
}

/** Return nested parameters as YAML. */
export function yamlOf(tree: Nested, indent = ""): string {
  return Object.entries(tree)
    .map(([key, value]) => {
      const name = `${indent}${scalar(key)}:`;
      return isBranch(value)
        ? `${name}\n${yamlOf(value, `${indent}  `)}`
        : `${name} ${Array.isArray(value) ? `[${value.map(scalar).join(", ")}]` : scalar(value)}`;
    })
    .join("\n");
}

function isBranch(value: unknown): value is Nested {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function scalar(value: unknown): string {
  if (typeof value === "number" && !Number.isFinite(value))
    return Number.isNaN(value) ? ".nan" : value > 0 ? ".inf" : "-.inf";
  // YAML 1.1 takes "1e-05" for a text: it wants a point before the exponent.
  if (typeof value === "number") return String(value).replace(/^(-?\d+)e/, "$1.0e");
  if (typeof value === "string" && PLAIN.test(value) && !YAML_WORDS.test(value)) return value;
  return Array.isArray(value) ? `[${value.map(scalar).join(", ")}]` : JSON.stringify(value);
}

/** Return flat parameters as options of a command line: "--lr 0.001 --optimizer.name adam". */
export function optionsOf(params: Readonly<Record<string, ParamValue>>): string {
  return Object.entries(params)
    .map(([key, value]) => {
      const text = typeof value === "object" ? JSON.stringify(value) : String(value);
      return `${quoted(`--${key}`)} ${quoted(text)}`;
    })
    .join(" ");
}

/** Return *text* as one word of a POSIX shell. */
export function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
