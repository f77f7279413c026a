import { useMemo } from "react";

import "../styles/markdown.css";
import { htmlOf } from "./render";

/** Markdown as elements; all that is in it of HTML has been escaped. */
export function Rendered({ text }: { text: string }) {
  const html = useMemo(() => ({ __html: htmlOf(text) }), [text]);
  return <div className="markdown" dir="auto" dangerouslySetInnerHTML={html} />;
}
