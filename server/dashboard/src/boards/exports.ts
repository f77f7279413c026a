// A report as a file of its own: no script, no other file, nothing that asks anybody for anything.

import { fileName } from "../charts/exports/files";
import { numbersOf } from "./panels/StaticChart";

/** A file in the page that is longer is left out, and said to be. */
const MEDIA_BYTES_MAX = 8 << 20;

/** Nothing but what is in the file is shown, and no script runs, whatever is in it. */
const POLICY = "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'";

/** Elements that need a script, or are of no use on paper. */
const LIVE = "button, input, select, textarea, summary, script, iframe, object, embed, [data-live]";
const URLS = ["src", "href", "srcset", "poster", "action", "formaction", "data"] as const;

interface Words {
  /** Stands for a file that is not in the page. */
  leftOut: string;
  /** Text of the link to the numbers behind a chart. */
  numbers: string;
}

/** Return the report in *article* as an HTML document that shows the same, alone. */
export async function reportHtml(
  article: HTMLElement,
  title: string,
  words: Words,
): Promise<string> {
  const copy = article.cloneNode(true) as HTMLElement;
  copyPictures(article, copy);
  addNumbers(article, copy, words);
  await Promise.all(
    [...copy.querySelectorAll<HTMLElement>("img, audio, video, source")].map((element) =>
      embed(element, words),
    ),
  );
  clean(copy);
  const { lang } = document.documentElement;
  const page = document.implementation.createHTMLDocument(title);
  page.documentElement.lang = lang;
  page.documentElement.dataset["theme"] = document.documentElement.dataset["theme"] ?? "light";
  const policy = page.createElement("meta");
  policy.httpEquiv = "Content-Security-Policy";
  policy.content = POLICY;
  const charset = page.createElement("meta");
  charset.setAttribute("charset", "utf-8");
  const width = page.createElement("meta");
  width.name = "viewport";
  width.content = "width=device-width";
  const style = page.createElement("style");
  style.textContent = styles();
  page.head.prepend(charset, policy, width);
  page.head.append(style);
  page.body.className = "report-file";
  page.body.append(page.adoptNode(copy));
  return `<!doctype html>\n${page.documentElement.outerHTML}\n`;
}

/** A canvas is drawn by a script: what it shows now becomes a picture at its place. */
function copyPictures(from: HTMLElement, to: HTMLElement): void {
  const drawn = from.querySelectorAll("canvas");
  to.querySelectorAll("canvas").forEach((canvas, at) => {
    const source = drawn[at]!;
    const image = document.createElement("img");
    image.alt = source.getAttribute("aria-label") ?? "";
    if (source.width > 0 && source.height > 0) image.src = source.toDataURL("image/png");
    const { position, left, top } = getComputedStyle(source);
    Object.assign(image.style, { position, left, top });
    image.style.width = `${source.clientWidth}px`;
    image.style.height = `${source.clientHeight}px`;
    canvas.replaceWith(image);
  });
}

/** Below each chart its numbers, as a link that carries them. */
function addNumbers(from: HTMLElement, to: HTMLElement, { numbers }: Words): void {
  const charts = from.querySelectorAll("img.report-chart");
  to.querySelectorAll("img.report-chart").forEach((image, at) => {
    const found = numbersOf.get(charts[at]!);
    if (!found) return;
    const link = document.createElement("a");
    link.href = `data:text/csv;charset=utf-8,${encodeURIComponent(found.csv())}`;
    link.download = fileName(found.name, "csv");
    link.className = "report-numbers";
    link.textContent = numbers;
    image.after(link);
  });
}

/** Put the file that an element shows into the element. */
async function embed(element: HTMLElement, { leftOut }: Words): Promise<void> {
  const address = element.getAttribute("src");
  if (!address || address.startsWith("data:")) return;
  const { origin } = new URL(address, location.href);
  try {
    if (origin !== location.origin && origin !== "null") throw new Error("another host's");
    const answer = await fetch(address, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(answer.statusText);
    const file = await answer.blob();
    if (file.size > MEDIA_BYTES_MAX) throw new Error("too long");
    element.setAttribute("src", await dataUrlOf(file));
  } catch {
    const note = document.createElement("p");
    note.textContent = [element.getAttribute("alt"), leftOut].filter(Boolean).join(": ");
    element.replaceWith(note);
  }
}

function dataUrlOf(file: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(reader.error ?? new Error());
    reader.readAsDataURL(file);
  });
}

/** Take out what acts, asks or leads into the server. Of texts nothing is changed. */
function clean(copy: HTMLElement): void {
  for (const element of copy.querySelectorAll(LIVE)) {
    // A button that names something, as the head of an axis does, is its name.
    if (element.tagName === "BUTTON" && element.textContent && !element.closest("[data-live]")) {
      const name = document.createElement("span");
      name.className = element.className;
      name.style.cssText = (element as HTMLElement).style.cssText;
      name.textContent = element.textContent;
      element.replaceWith(name);
    } else element.remove();
  }
  for (const element of [copy, ...copy.querySelectorAll<HTMLElement>("*")]) {
    for (const { name } of [...element.attributes])
      if (name.startsWith("on") || name === "tabindex") element.removeAttribute(name);
    for (const name of URLS) {
      const value = element.getAttribute(name);
      if (value !== null && !isKept(element, name, value)) element.removeAttribute(name);
    }
  }
}

/** Tell whether an address may stay: what the file carries, and links of the web in texts. */
function isKept(element: Element, name: string, value: string): boolean {
  if (/^data:(?:image|audio|video)\//.test(value)) return name === "src";
  if (name !== "href" || element.tagName !== "A") return false;
  return value.startsWith("data:text/csv;") || /^(?:https?:\/\/|mailto:)/i.test(value);
}

/** Return all styles of the page. In one text an end tag would end them. */
function styles(): string {
  const rules = [...document.styleSheets].flatMap((sheet) => {
    try {
      return [...sheet.cssRules].map((rule) => rule.cssText);
    } catch {
      return []; // a browser extension's
    }
  });
  return rules.join("\n").replaceAll("</", "<\\/");
}
