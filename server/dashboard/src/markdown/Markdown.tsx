import { lazy, Suspense } from "react";

// What reads Markdown is fetched by the first text.
const Rendered = lazy(() => import("./Rendered").then(({ Rendered }) => ({ default: Rendered })));

/** Text that somebody wrote as Markdown. Tags in it are text, and pictures are links. */
export function Markdown({ text }: { text: string }) {
  return (
    <Suspense fallback={<div className="markdown plain">{text}</div>}>
      <Rendered text={text} />
    </Suspense>
  );
}
