import { describe, expect, it } from "vitest";

import { differencesOf, linesBetween } from "../src/patch/between";
import { countsOf, parsePatch } from "../src/patch/patch";

const PATCH = `diff --git a/train.py b/train.py
index 83db48f..bf269f4 100644
--- a/train.py
+++ b/train.py
@@ -1,4 +1,4 @@ def main():
 import os
--- a SQL comment
-lr = 0.1
+lr = 0.2
+++ counter
 end
@@ -90 +90 @@
-a
+b
\\ No newline at end of file
diff --git a/old name.txt b/new name.txt
similarity index 90%
rename from old name.txt
rename to new name.txt
diff --git "a/caf\\303\\251.txt" "b/caf\\303\\251.txt"
new file mode 100644
index 0000000..e69de29
diff --git a/gone.py b/gone.py
deleted file mode 100644
--- a/gone.py
+++ /dev/null
@@ -1 +0,0 @@
-print()
diff --git a/logo.png b/logo.png
Binary files a/logo.png and b/logo.png differ
`;

describe("parsePatch", () => {
  it("tells files, what happens to them, and how many lines", () => {
    const files = parsePatch(PATCH);

    expect(files.map(({ path, change, added, removed }) => [path, change, added, removed])).toEqual(
      [
        ["train.py", "changed", 3, 3],
        ["new name.txt", "renamed", 0, 0],
        ["café.txt", "added", 0, 0],
        ["gone.py", "deleted", 0, 1],
        ["logo.png", "changed", 0, 0],
      ],
    );
    expect(files[1]?.from).toBe("old name.txt");
    expect(files[4]?.isBinary).toBe(true);
    expect(countsOf(files)).toEqual({ added: 3, removed: 4 });
  });

  it("takes what looks like a head inside of a hunk for lines", () => {
    const lines = parsePatch(PATCH)[0]!.lines;

    expect(lines.map((line) => line.kind)).toEqual(
      "hunk same removed removed added added same hunk removed added note".split(" "),
    );
    expect(lines[2]!.text).toBe("-- a SQL comment");
    expect(lines.at(-1)!.text).toBe("\\ No newline at end of file");
  });

  it("shows what is no patch, and one that was cut", () => {
    expect(parsePatch("")).toEqual([]);
    expect(parsePatch("-a\n+b\n")).toMatchObject([{ path: "", added: 1, removed: 1 }]);
    const cut = PATCH.slice(0, PATCH.indexOf("+++ counter") - 3);
    expect(parsePatch(cut)).toMatchObject([{ path: "train.py", removed: 2 }]);
    for (let end = 0; end < PATCH.length; end += 1)
      expect(parsePatch(PATCH.slice(0, end)).length).toBeLessThanOrEqual(5);
  });
});

describe("linesBetween", () => {
  const signs = (before: string, after: string) =>
    linesBetween([...before], [...after])
      .map(
        ({ kind, text }) =>
          ({ same: " ", added: "+", removed: "-", hunk: "", note: "" })[kind] + text,
      )
      .join("");

  it.each([
    ["", ""],
    ["abc", "abc"],
    ["abc", ""],
    ["", "abc"],
    ["abcabba", "cbabac"],
    ["kitten", "sitting"],
  ])("makes %j to %j", (before, after) => {
    const lines = linesBetween([...before], [...after]);
    const side = (gone: string) =>
      lines
        .filter((line) => line.kind !== gone)
        .map((line) => line.text)
        .join("");

    expect(side("added")).toBe(before);
    expect(side("removed")).toBe(after);
  });

  it("changes no more than it must", () => {
    expect(signs("abcd", "abxd")).toBe(" a b-c+x d");
    const edits = linesBetween([..."abcabba"], [..."cbabac"]).filter(
      (line) => line.kind !== "same",
    );
    expect(edits.length).toBe(5);
  });

  it("gives up on texts that have nothing in common, and loses nothing", () => {
    const [before, after] = ["a", "b"].map((letter) =>
      Array.from({ length: 3000 }, (_, index) => `${letter}${index}`),
    );
    expect(linesBetween(before!, after!).length).toBe(6000);
  });
});

describe("differencesOf", () => {
  it("is of files that the patches change in different ways, wherever the lines are by now", () => {
    const left = PATCH;
    const right = PATCH.replace("lr = 0.2", "lr = 0.3")
      .replace("@@ -90 +90 @@", "@@ -95 +95 @@")
      .replace(/diff --git a\/gone[^]*-print\(\)\n/, "");

    expect(differencesOf(left, left)).toEqual([]);
    expect(
      differencesOf(left, right).map((file) => [file.path, file.in, file.added, file.removed]),
    ).toEqual([
      ["gone.py", "left", 0, 2],
      ["train.py", "both", 1, 1],
    ]);
    expect(differencesOf("", PATCH).map((file) => file.in)).toEqual(Array(5).fill("right"));
  });
});
