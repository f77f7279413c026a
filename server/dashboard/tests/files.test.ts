import { describe, expect, it } from "vitest";

import type { CheckpointFile, FileSummary, Run } from "../src/api/types";
import { packagesOf } from "../src/files/ownFiles";
import { find, linesOf, treeOf, type Node } from "../src/files/tree";

let made = 0;

function file(name: string, fields: Partial<FileSummary> = {}): FileSummary {
  made += 1;
  return {
    id: made.toString(16).padStart(32, "0"),
    name,
    use: "output",
    bytes: 10,
    is_folder: false,
    ...fields,
  } as FileSummary;
}

function tree(
  files: FileSummary[],
  contents: ReadonlyMap<string, readonly CheckpointFile[]> = new Map(),
): Node[] {
  return treeOf({
    files,
    contents,
    checkpoints: [],
    own: [],
    label: (group) => group,
    describe: () => "",
  });
}

const labels = (nodes: readonly Node[], isOpen: (node: Node) => boolean = () => true) =>
  linesOf(nodes, isOpen).map(({ node, level }) => `${level} ${node.label}`);

describe("the tree of files", () => {
  it("has groups, folders first, and sums what is in them", () => {
    const found = tree([
      file("b.txt"),
      file("plots/roc.png", { bytes: 5 }),
      file("a.txt"),
      file("train.csv", { use: "input", bytes: null }),
    ]);

    expect(labels(found)).toEqual([
      "1 output",
      "2 plots",
      "3 roc.png",
      "2 a.txt",
      "2 b.txt",
      "1 input",
      "2 train.csv",
    ]);
    expect(found.map(({ bytes }) => bytes)).toEqual([25, 0]);
  });

  it("shows of several of one name the newest, and finds the others by their ids", () => {
    const [first, second] = [file("a.txt"), file("a.txt")];
    const found = tree([first, second]);

    expect(labels(found)).toEqual(["1 output", "2 a.txt"]);
    expect(find(found, second.id)?.key).toBe(second.id);
    expect(find(found, first.id)?.key).toBe(second.id);
    expect(find(found, "none")).toBeNull();
  });

  it("opens recorded folders once their files are there", () => {
    const folder = file("set", { is_folder: true });
    const parts = ["deep/b", "a"].map((path) => ({ path, bytes: 1 }) as CheckpointFile);
    const found = tree([folder], new Map([[folder.id, parts]]));

    expect(labels(found)).toEqual(["1 output", "2 set", "3 deep", "4 b", "3 a"]);
    expect(labels(found, ({ key }) => key !== folder.id)).toEqual(["1 output", "2 set"]);
    expect(find(found, `${folder.id}/deep/b`)?.label).toBe("b");
    expect(labels(tree([folder]))).toEqual(["1 output", "2 set"]);
  });

  it("takes names for names, whatever they look like", () => {
    const names = ["__proto__", "constructor/x", "<script>", "\u202egnp.exe"];
    const found = tree(names.map((name) => file(name)));

    expect(labels(found)).toEqual([
      "1 output",
      "2 constructor",
      "3 x",
      "2 <script>",
      "2 __proto__",
      "2 \u202egnp.exe",
    ]);
  });

  it("tells of each line how many are beside it, and where its parent is", () => {
    const found = tree([file("p/a"), file("p/b")]);

    expect(
      linesOf(found, () => true).map(({ position, size, parent }) => [position, size, parent]),
    ).toEqual([
      [1, 1, null],
      [1, 1, "group:output"],
      [1, 2, "output:p/"],
      [2, 2, "output:p/"],
    ]);
  });
});

describe("the packages", () => {
  it("are written as pip reads them, and nothing else is", () => {
    const facts = { environment: { torch: "2.9.0", evil: "1\n--index-url x", numpy: "2.4" } };

    expect(packagesOf({ facts } as unknown as Run)).toBe("numpy==2.4\ntorch==2.9.0\n");
  });
});
