// Markdown to HTML that is safe to put into a page, whoever wrote it.

import MarkdownIt from "markdown-it";

// Tags are text. Addresses other than those of `isSafe` are no links.
const markdown = new MarkdownIt({ html: false, linkify: true });
// A picture would be fetched from wherever its writer says.
markdown.disable("image");
markdown.validateLink = isSafe;

const { rules } = markdown.renderer;
rules["link_open"] = (tokens, at, options, _env, self) => {
  tokens[at]!.attrSet("rel", "noopener noreferrer nofollow");
  return self.renderToken(tokens, at, options);
};
// A page has one first heading, and it is not a note's.
for (const rule of ["heading_open", "heading_close"] as const)
  rules[rule] = (tokens, at, options, _env, self) => {
    const token = tokens[at]!;
    token.tag = `h${Math.min(6, Number(token.tag.slice(1)) + 1)}`;
    return self.renderToken(tokens, at, options);
  };
// Whoever uses the keyboard alone scrolls what is wide.
rules["table_open"] = () => '<div class="scroll-x" tabindex="0"><table>\n';
rules["table_close"] = () => "</table></div>\n";

/** Return *text* as HTML without any tag, address or attribute that *text* itself has written. */
export function htmlOf(text: string): string {
  return markdown.render(text);
}

/** Tell whether an address is one of the web, of mail, or of this server. */
function isSafe(address: string): boolean {
  return /^(?:https?:\/\/|mailto:|\/(?!\/)|#)/i.test(address.trim());
}
