import { describe, expect, it } from "vitest";

import type { Pen } from "../src/pictures/pen";
import { SvgPen, type Ruler } from "../src/pictures/SvgPen";

const RULER: Ruler = { width: (text) => 6 * text.length, colour: (css) => css };

function drawn(draw: (pen: Pen) => void): string {
  const pen = new SvgPen(RULER, "picture");
  draw(pen);
  return pen.elements;
}

describe("a picture's file is drawn as its canvas is", () => {
  it("has what is filled and what is outlined, in its colour and as faint", () => {
    const svg = drawn((pen) => {
      pen.fillStyle = "#123456";
      pen.globalAlpha = 0.5;
      pen.fillRect(1, 2, 3.004, 4);
      pen.globalAlpha = 1;
      pen.strokeStyle = "#abcdef";
      pen.lineWidth = 1.5;
      pen.setLineDash([4, 2]);
      pen.beginPath();
      pen.moveTo(0, 0);
      pen.lineTo(10, 5);
      pen.stroke();
    });

    expect(svg.split("\n")).toEqual([
      `<rect x="1" y="2" width="3" height="4" fill="#123456" opacity="0.5"/>`,
      `<path d="M0 0L10 5" fill="none" stroke="#abcdef" stroke-width="1.5" stroke-linejoin="miter" stroke-dasharray="4 2"/>`,
    ]);
  });

  it("begins a line where none was begun, as a canvas does", () => {
    const svg = drawn((pen) => {
      pen.beginPath();
      for (const x of [1, 2, 3]) pen.lineTo(x, 0);
      pen.closePath();
      pen.fill();
    });

    expect(svg).toContain(`d="M1 0L2 0L3 0Z"`);
  });

  it("turns, moves and cuts off what is drawn until that is taken back", () => {
    const svg = drawn((pen) => {
      pen.save();
      pen.beginPath();
      pen.rect(0, 0, 5, 5);
      pen.clip();
      pen.translate(2, 3);
      pen.rotate(-Math.PI / 2);
      pen.fillRect(0, 0, 1, 1);
      pen.restore();
      pen.fillRect(0, 0, 1, 1);
    });
    const [clip, inside, outside] = svg.split("\n");

    expect(clip).toBe(`<clipPath id="picture-clip-1"><path d="M0 0h5v5h-5Z"/></clipPath>`);
    expect(inside).toContain(`transform="translate(2 3) rotate(-90)"`);
    expect(inside).toContain(`clip-path="url(#picture-clip-1)"`);
    expect(outside).not.toMatch(/transform|clip/);
  });

  it("writes any text as text", () => {
    const svg = drawn((pen) => {
      pen.textAlign = "right";
      pen.textBaseline = "middle";
      pen.fillText(`<script>"&\u0007`, 1, 2);
    });

    expect(svg).toContain(`text-anchor="end" dominant-baseline="central"`);
    expect(svg).toContain("&lt;script&gt;&quot;&amp;</text>");
  });
});
