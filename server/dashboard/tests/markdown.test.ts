import { describe, expect, it } from "vitest";

import { htmlOf } from "../src/markdown/render";

describe("Markdown", () => {
  it("is rendered, its headings below those of the page", () => {
    const html = htmlOf("# Why\n\n**Less** is `more`.\n\n- one\n\n| a | b |\n|---|---|\n| 1 | 2 |");
    expect(html).toContain("<h2>Why</h2>");
    expect(html).toContain("<strong>Less</strong> is <code>more</code>");
    expect(html).toContain("<li>one</li>");
    expect(html).toContain("<td>1</td>");
  });

  it("links to the web, to mail and to this server, in one way only", () => {
    const html = htmlOf("[a](https://a.test/x) [b](/r/1) [c](mailto:a@b.test) https://d.test");
    expect(html.match(/href="[^"]*"/g)).toEqual([
      'href="https://a.test/x"',
      'href="/r/1"',
      'href="mailto:a@b.test"',
      'href="https://d.test"',
    ]);
    expect(html.match(/noopener noreferrer/g)).toHaveLength(4);
  });

  it.each([
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "[a](javascript:alert(1))",
    "[a](JaVaScRiPt:alert(1))",
    "[a](data:text/html,<script>alert(1)</script>)",
    "[a](//evil.test/x)",
    "![a](https://evil.test/track.png)",
    "![a](data:image/png;base64,AA)",
    '[a](https://a.test "x" onclick="alert(1)")',
    "`<b onclick=alert(1)>`",
    "```\n<script>alert(1)</script>\n```",
    "[a]: javascript:alert(1)\n[a]",
    '<https://a.test/"onmouseover="alert(1)>',
    "&lt;script&gt; &#60;script&#62;",
  ])("takes no tag, script, foreign picture or attribute from %s", (text) => {
    const html = htmlOf(text);
    const tags = html.match(/<[^>]*>/g) ?? [];
    for (const tag of tags) {
      expect(tag).toMatch(/^<\/?(?:p|a|code|pre|strong|em|h[2-6]|ul|ol|li|blockquote)[ >/]/);
      expect(tag).not.toMatch(/javascript:|\son\w+=|src=/i);
      if (tag.startsWith("<a ")) expect(tag).toMatch(/href="(?:https?:\/\/|mailto:|\/[^/])/);
    }
  });
});
