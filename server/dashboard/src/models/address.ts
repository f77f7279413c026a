import { usePathname } from "wouter/use-browser-location";

/** Where a model's page is. */
export function modelAddress(project: string, name: string): string {
  return `/p/${encodeURIComponent(project)}/models/${encodeURIComponent(name)}`;
}

/** The name of the model that the address is about. */
export function useAddressedModel(): string {
  const name = /^\/p\/[^/]+\/models\/([^/]+)/.exec(usePathname())?.[1] ?? "";
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // typed by hand: "50%"
  }
}
