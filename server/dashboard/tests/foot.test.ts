import i18next from "i18next";
import { beforeAll, describe, expect, it } from "vitest";

import type { Moment, MomentList } from "../src/api/types";
import { footOf, gathered, signOf } from "../src/charts/foot/marks";
import en from "../src/i18n/en";

beforeAll(() =>
  i18next.init({
    resources: { en: { translation: en } },
    lng: "en",
    keySeparator: false,
    nsSeparator: false,
    interpolation: { escapeValue: false },
  }),
);

const RUN = { id: "r", label: "calm-fox", style: { colour: "--hue-1", dash: [] } };
const OTHER = { id: "s", label: "wild-owl", style: { colour: "--hue-2", dash: [] } };

function momentOf(over: Partial<Moment>): Moment {
  const { run = "r", kind = "alert", id = "alert-0-1", time_ns = 5e9, step = 10 } = over;
  return {
    level: null,
    attempt: null,
    text: "",
    author: "",
    ...over,
    run,
    kind,
    id,
    time_ns,
    step,
  };
}

function listOf(...moments: Moment[]): MomentList {
  return { moments, started_ns: { r: 2e9, s: 4e9 }, left_out: 0 };
}

const same = <Place>(place: Place) => place;

describe("marks at the foot", () => {
  it("stand where they are known to be, on each axis", () => {
    const alert = momentOf({ text: "<b>odd</b>", level: "warning" });
    const [first, second] = footOf(
      listOf(alert, momentOf({ id: "c1", kind: "checkpoint", step: null })),
      [RUN],
      same,
    );

    expect(first!.place).toEqual({ time: 5, relative: 3, step: 10 });
    expect(first!.label).toBe("<b>odd</b> · step 10");
    expect(second!.place).toEqual({ time: 5, relative: 3 });
    expect(second!.href).toBe("/r/r/checkpoints?c=c1");
  });

  it("name their run where there are several, and leave out those of no run", () => {
    const restart = momentOf({ run: "s", kind: "restart", attempt: 2 });
    const marks = footOf(listOf(restart, momentOf({ run: "gone" })), [RUN, OTHER], same);

    expect(marks.map((mark) => mark.label)).toEqual(["wild-owl · attempt 2 began · step 10"]);
    expect(marks[0]!.colour).toBe("--hue-2");
  });

  it("are one where they stand too close, with the gravest in front", () => {
    const steps = [0, 4, 12, 40, 41, 99, 101];
    const marks = footOf(
      listOf(
        ...steps.map((step, index) =>
          momentOf({
            id: `m${index}`,
            step,
            kind: index === 4 ? "alert" : "checkpoint",
          }),
        ),
      ),
      [RUN],
      same,
    );

    const groups = gathered(marks, "step", (at) => at, 100, 10);

    expect(groups.map(signOf)).toEqual(["◆2", "◆", "⚠2", "◆"]);
    expect(groups.map(({ left }) => left)).toEqual([2, 12, 40.5, 99]);
    expect(gathered(marks, "metric", (at) => at, 100, 10)).toEqual([]);
  });
});
