// Flat parameters as the tree they came from: "optimizer.lr" → optimizer → lr.

import type { ParamValue } from "../api/types";

export interface ParamNode {
  key: string; // the last part
  path: string;
  value: ParamValue | undefined; // undefined: only a branch
  children: ParamNode[];
}

/** Return the tree of those parameters whose path or value contains *search*. */
export function paramTree(params: Record<string, ParamValue>, search: string): ParamNode[] {
  const root: ParamNode[] = [];
  const wanted = search.toLowerCase();
  for (const path of Object.keys(params).sort((a, b) =>
    a.localeCompare(b, "en", { numeric: true }),
  )) {
    const value = params[path]!;
    if (!`${path} ${JSON.stringify(value)}`.toLowerCase().includes(wanted)) continue;
    let siblings = root;
    let node: ParamNode | undefined;
    const parts = path.split(".");
    for (const [depth, key] of parts.entries()) {
      node = siblings.find((one) => one.key === key);
      if (!node) {
        node = { key, path: parts.slice(0, depth + 1).join("."), value: undefined, children: [] };
        siblings.push(node);
      }
      siblings = node.children;
    }
    if (node) node.value = value;
  }
  return root;
}

/** Return the parameters nested again, for pasting into a program. */
export function nested(nodes: readonly ParamNode[]): Record<string, unknown> {
  return Object.fromEntries(
    nodes.map((node) => {
      if (node.children.length === 0) return [node.key, node.value];
      const branch = nested(node.children);
      // "a" and "a.b" can both be parameters; nothing is left out.
      return [node.key, node.value === undefined ? branch : { "": node.value, ...branch }];
    }),
  );
}
