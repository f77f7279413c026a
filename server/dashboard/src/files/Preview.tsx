import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { fetchFilePreview, fileImageUrl } from "../api/client";
import { formatBytes } from "../api/number";
import { Failure } from "../shell/Failure";

interface PreviewProps {
  run: string;
  file: string;
  /** Of the file, in a folder that was recorded as one or alone. */
  path: string;
}

/** How a stored file begins. */
export function Preview({ run, file, path }: PreviewProps) {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: ["file", run, file, path],
    queryFn: ({ signal }) => fetchFilePreview(run, file, path, signal),
    staleTime: Infinity, // what is stored never changes
  });
  if (query.isError && !query.data)
    return <Failure error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return <div className="page-loading">{t("loading")}</div>;
  const { kind, text, columns, rows, bytes, is_whole } = query.data;
  if (kind === "image")
    return <img className="file-image" src={fileImageUrl(run, file, path)} alt={path} />;
  if (kind === "none") return <p className="muted">{t("files.no_preview")}</p>;
  if (bytes === 0) return <p className="muted">{t("files.empty_file")}</p>;
  return (
    <>
      {!is_whole && <p className="muted">{t("files.beginning", { size: formatBytes(bytes) })}</p>}
      {kind === "table" ? <Rows columns={columns} rows={rows} /> : <Text text={text} />}
    </>
  );
}

/** Text as it is: nothing in it means anything to the page. */
export function Text({ text }: { text: string }) {
  const { t } = useTranslation();
  return (
    <pre className="file-text" tabIndex={0} role="region" aria-label={t("files.preview")}>
      {text}
    </pre>
  );
}

function Rows({ columns, rows }: { columns: readonly string[]; rows: readonly string[][] }) {
  const { t } = useTranslation();
  return (
    <div className="file-rows" tabIndex={0} role="region" aria-label={t("files.preview")}>
      <table>
        <thead>
          <tr>
            {columns.map((name, index) => (
              <th key={index} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, place) => (
                <td key={place}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
