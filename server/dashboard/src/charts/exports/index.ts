export { chartCsv } from "./csv";
export { download, fileName, pngOf } from "./files";
export { chartSvg } from "./svg";
