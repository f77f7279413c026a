// The tree of a run's files: who made what, in folders, as the names say.

import type { CheckpointFile, CheckpointSummary, FileSummary } from "../api/types";

/** A file that mltrack has recorded by itself, made or fetched when it is wanted. */
export interface OwnFile {
  name: string;
  /** Where it is; without one it is `text`. */
  url?: string;
  text?: string;
}

/** What a leaf of the tree is. */
export type Item =
  | { type: "file"; file: FileSummary; versions: FileSummary[] }
  /** One file in a folder that was recorded as one. */
  | { type: "part"; file: FileSummary; part: CheckpointFile }
  | { type: "checkpoint"; checkpoint: CheckpointSummary }
  | { type: "own"; own: OwnFile };

export interface Node {
  /** Within the tree, and in the page's address. */
  key: string;
  label: string;
  item: Item | null;
  /** None of a leaf. Of a recorded folder they are fetched when it is opened: empty until then. */
  children: Node[] | null;
  bytes: number | null;
}

export type Group = "output" | "input" | "checkpoints" | "own";

interface Sources {
  files: readonly FileSummary[];
  /** What is in recorded folders, as far as it was fetched, by the file's id. */
  contents: ReadonlyMap<string, readonly CheckpointFile[]>;
  checkpoints: readonly CheckpointSummary[];
  own: readonly OwnFile[];
  label: (group: Group) => string;
  describe: (checkpoint: CheckpointSummary) => string;
}

/** Return the groups that have anything in them. */
export function treeOf({ files, contents, checkpoints, own, label, describe }: Sources): Node[] {
  const groups: [Group, Node[]][] = [
    ["output", filesOf("output", files, contents)],
    ["input", filesOf("input", files, contents)],
    [
      "checkpoints",
      [...checkpoints].reverse().map((checkpoint) => ({
        key: checkpoint.id,
        label: describe(checkpoint),
        item: { type: "checkpoint", checkpoint },
        children: null,
        bytes: checkpoint.bytes,
      })),
    ],
    [
      "own",
      own.map((each) => ({
        key: `own:${each.name}`,
        label: each.name,
        item: { type: "own", own: each },
        children: null,
        bytes: each.text === undefined ? null : new Blob([each.text]).size,
      })),
    ],
  ];
  return groups
    .filter(([, nodes]) => nodes.length > 0)
    .map(([group, children]) => ({
      key: `group:${group}`,
      label: label(group),
      item: null,
      children,
      bytes: sum(children),
    }));
}

function filesOf(
  use: "output" | "input",
  files: readonly FileSummary[],
  contents: Sources["contents"],
): Node[] {
  const byName = new Map<string, FileSummary[]>();
  for (const file of files)
    if (file.use === use) byName.set(file.name, [file, ...(byName.get(file.name) ?? [])]);
  const root: Node[] = [];
  for (const [name, versions] of byName) {
    const file = versions[0]!;
    const { parent, label } = place(root, `${use}:`, name);
    parent.push({
      key: file.id,
      label,
      item: { type: "file", file, versions },
      children: file.is_folder ? partsOf(file, contents.get(file.id) ?? []) : null,
      bytes: file.bytes,
    });
  }
  return sorted(root);
}

function partsOf(file: FileSummary, parts: readonly CheckpointFile[]): Node[] {
  const root: Node[] = [];
  for (const part of parts) {
    const { parent, label } = place(root, `${file.id}/`, part.path);
    parent.push({
      key: `${file.id}/${part.path}`,
      label,
      item: { type: "part", file, part },
      children: null,
      bytes: part.bytes,
    });
  }
  return sorted(root);
}

/** Return where in the tree *name* stands, its folders made, and its last part. */
function place(root: Node[], prefix: string, name: string): { parent: Node[]; label: string } {
  const parts = name.split("/");
  const label = parts.pop()!;
  let parent = root;
  let key = prefix;
  for (const part of parts) {
    key += `${part}/`;
    let folder = parent.find((node) => node.key === key);
    if (!folder)
      parent.push((folder = { key, label: part, item: null, children: [], bytes: null }));
    parent = folder.children!;
  }
  return { parent, label };
}

/** Folders first, by name, with what they amount to. */
function sorted(nodes: Node[]): Node[] {
  for (const node of nodes)
    if (node.children && node.item === null) {
      node.children = sorted(node.children);
      node.bytes = sum(node.children);
    }
  return nodes.sort(
    (a, b) =>
      Number(b.children !== null) - Number(a.children !== null) || (a.label < b.label ? -1 : 1),
  );
}

function sum(nodes: readonly Node[]): number {
  return nodes.reduce((total, node) => total + (node.bytes ?? 0), 0);
}

/** One line of the tree as it is drawn. */
export interface Line {
  node: Node;
  level: number;
  /** Of the nodes beside it, from 1, and how many there are. */
  position: number;
  size: number;
  parent: string | null;
}

/** Return the lines that are in sight: those of closed nodes' children are not. */
export function linesOf(
  nodes: readonly Node[],
  isOpen: (node: Node) => boolean,
  level = 1,
  parent: string | null = null,
): Line[] {
  return nodes.flatMap((node, index) => [
    { node, level, position: index + 1, size: nodes.length, parent },
    ...(node.children && isOpen(node) ? linesOf(node.children, isOpen, level + 1, node.key) : []),
  ]);
}

/** Return the node of a key, or of an older version that it has. */
export function find(nodes: readonly Node[], key: string): Node | null {
  for (const node of nodes) {
    if (node.key === key) return node;
    if (node.item?.type === "file" && node.item.versions.some(({ id }) => id === key)) return node;
    const found = node.children && find(node.children, key);
    if (found) return found;
  }
  return null;
}
