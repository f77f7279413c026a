import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";

import { formatBytes } from "../api/number";
import type { ParamValue } from "../api/types";
import { formatParam } from "../list/columns";
import { CopyButton } from "../shell/CopyButton";
import { SearchField } from "../shell/SearchField";
import { Box } from "./Box";
import { nested, paramTree, type ParamNode } from "./paramTree";
import { jsonOf, optionsOf, yamlOf } from "./paramText";

/** The run's parameters as a tree, to be searched and taken along. */
export function ParamsBox({ params }: { params: Record<string, ParamValue> }) {
  const { t } = useTranslation();
  const [search, setSearch] = useState("");
  const all = useMemo(() => paramTree(params, ""), [params]);
  const shown = useMemo(() => paramTree(params, search), [params, search]);
  if (all.length === 0)
    return (
      <Box title={t("overview.params")}>
        <p className="muted">{t("overview.no_params")}</p>
      </Box>
    );
  return (
    <Box
      title={t("overview.params")}
      tools={
        <>
          <SearchField label={t("overview.search")} value={search} onChange={setSearch} />
          <CopyButton
            label={t("overview.json")}
            title={t("overview.copy_json")}
            text={jsonOf(nested(all))}
          />
          <CopyButton
            label={t("overview.yaml")}
            title={t("overview.copy_yaml")}
            text={yamlOf(nested(all))}
          />
          <CopyButton
            label={t("overview.cli")}
            title={t("overview.copy_cli")}
            text={optionsOf(params)}
          />
        </>
      }
    >
      {shown.length === 0 && <p className="muted">{t("overview.no_param")}</p>}
      <ParamList nodes={shown} />
    </Box>
  );
}

export function ParamList({ nodes }: { nodes: readonly ParamNode[] }) {
  return (
    <ul className="params">
      {nodes.map((node) => (
        <li key={node.path}>
          {node.children.length > 0 ? (
            <details open>
              <summary>
                {node.key}
                {node.value !== undefined && <b>{formatParam(node.value)}</b>}
              </summary>
              <ParamList nodes={node.children} />
            </details>
          ) : isText(node.value) ? (
            <details>
              <summary>{node.key}</summary>
              <pre className="param-text">{node.value}</pre>
            </details>
          ) : (
            <div className="param-pair">
              <span>{node.key}</span>
              <b title={typeof node.value === "number" ? String(node.value) : undefined}>
                {node.value === undefined ? "" : formatFact(node.path, node.value)}
              </b>
            </div>
          )}
        </li>
      ))}
    </ul>
  );
}

/** Text of several lines, such as a model's summary, is shown as it was laid out. */
function isText(value: ParamValue | undefined): value is string {
  return typeof value === "string" && value.includes("\n");
}

/** A size in bytes is written as one, by the name of the parameter. */
function formatFact(path: string, value: ParamValue): string {
  return typeof value === "number" && path.endsWith("bytes")
    ? formatBytes(value)
    : formatParam(value);
}
